"use strict";
/* A photograph with what the classifier looked at. */

const padded = (number, digits) => String(number).padStart(digits, "0");
const thumbnailOf = (id) => `thumbnails/${padded(Math.floor(id / 1000), 3)}/${padded(id, 6)}.webp`;
/** A picture's path, after a number where it has one: where room is short its beginning is cut, never its own name. */
function pathLine(path, number = "") {
  const folders = path.lastIndexOf("/") + 1;
  const within = make("span", { className: "within" }, make("bdi", { dir: "ltr" }, path.slice(0, folders)));
  return make("span", { className: "path", title: path }, make("b", {}, number), within, make("bdi", { className: "own" }, path.slice(folders)));
}

const two = (value) => value.toFixed(2);

const ratioOf = (picture) => (picture.size ? picture.size[0] / picture.size[1] : 4 / 3);

/** The shape of a shelf's places, so that most of its pictures fill theirs. */
function shapeFor(pictures) {
  const ratios = pictures.map(ratioOf).sort((a, b) => a - b);
  return Math.min(1.5, Math.max(0.8, ratios[Math.floor(ratios.length / 2)] ?? 4 / 3));
}

/** The canvas of a picture's map, laid over the window that the classifier saw. */
function heat(picture, size) {
  const canvas = make("canvas", { className: "heat", "aria-hidden": "true" });
  if (!picture.map) return canvas;
  const [x0, y0, x1, y1] = picture.map.window ?? [0, 0, 1, 1];
  Object.assign(canvas.style, {
    left: `${100 * x0}%`, top: `${100 * y0}%`, width: `${100 * (x1 - x0)}%`, height: `${100 * (y1 - y0)}%`,
  });
  paintSoon(canvas, picture.map, [size[0] * (x1 - x0), size[1] * (y1 - y0)]);
  return canvas;
}

/** A photograph with its map and boxes; `tag` tells what a box says at its corner. */
function stage(picture, alt, tag) {
  const size = picture.size ?? [4, 3];
  const frame = make("div", { className: "frame" });
  frame.style.setProperty("--ratio", ratioOf(picture));
  if (picture.size) frame.append(make("img", { src: thumbnailOf(picture.id), alt, width: size[0], height: size[1], decoding: "async" }));
  else frame.append(make("span", { className: "missing" }, "this picture is not shown"));
  frame.append(heat(picture, size), outline(picture.boxes));
  for (const box of picture.boxes) {
    const corner = make("span", { className: box[1] > 0.09 ? "tag above" : "tag" }, tag(box));
    Object.assign(corner.style, { left: `${100 * box[0]}%`, top: `${100 * box[1]}%` });
    frame.append(corner);
  }
  const hold = make("div", { className: "hold" }, frame);
  hold.style.setProperty("--ratio", ratioOf(picture));
  return hold;
}
