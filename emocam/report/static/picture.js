"use strict";
/* One picture: where its data lie, what counts in it, how it is drawn. */

const padded = (number, digits) => String(number).padStart(digits, "0");
const objectFile = (object) => `data/objects/${padded(object, 4)}.js`;
const thumbnailOf = (id) => `thumbnails/${padded(Math.floor(id / 1000), 3)}/${padded(id, 6)}.webp`;
const two = (value) => value.toFixed(2);

/** How strongly a box (x0, y0, x1, y1, score, importance) counts: its importance, without a CAM its score. */
const strength = (box) => (run.explained ? box[5] : box[4]);

/** Whether a box passes the thresholds, compared as the stored numbers are. */
function passes(box, picture) {
  const above = (value, least) => value > Math.fround(least);
  return above(box[4], thresholds.score) && above(picture.confidence, thresholds.confidence) && (!run.explained || above(box[5], thresholds.importance));
}

/** The pictures of a cell that count, strongest first, each with the boxes that count. */
async function picturesOf(object, label) {
  if (!run.pictured.includes(object)) return [];
  const { cells } = await load(objectFile(object));
  return (cells[label] ?? [])
    .map((picture) => ({ ...picture, object, boxes: picture.boxes.filter((box) => passes(box, picture)) }))
    .filter((picture) => picture.boxes.length)
    .sort((a, b) => strength(b.boxes[0]) - strength(a.boxes[0]))
    .slice(0, run.most);
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

/** A photograph with its map and boxes; `tag` is what a box says at its corner. */
function stage(picture, alt, tag = (box) => two(strength(box))) {
  const size = picture.size ?? [4, 3];
  const frame = make("div", { className: "frame" });
  frame.style.setProperty("--ratio", size[0] / size[1]);
  if (picture.size) frame.append(make("img", { src: thumbnailOf(picture.id), alt, width: size[0], height: size[1], decoding: "async" }));
  else frame.append(make("span", { className: "missing" }, "the picture could not be opened"));
  frame.append(heat(picture, size), outline(picture.boxes));
  for (const box of picture.boxes) {
    const corner = make("span", { className: "tag" }, tag(box));
    Object.assign(corner.style, { left: `${100 * box[0]}%`, top: `${100 * box[1]}%` });
    frame.append(corner);
  }
  return frame;
}

/** What is said under a picture: each a span, names as they are. */
function factsOf(picture) {
  const said = [[make("bdi", {}, run.labels[picture.label]), ` ${two(picture.confidence)}`]];
  if (picture.boxes.length) said.push([`${run.explained ? "importance" : "score"} ${two(strength(picture.boxes[0]))}`]);
  if (picture.truth !== undefined)
    said.push(picture.truth === run.labels[picture.label] ? ["✓ true"] : ["✗ truth: ", make("bdi", {}, picture.truth)]);
  if (run.originals) {
    const href = `${run.originals}/${picture.path.split("/").map(encodeURIComponent).join("/")}`;
    said.push([make("a", { href, target: "_blank", rel: "noreferrer" }, "original")]);
  }
  return make("span", { className: "facts" }, ...said.map((parts) => make("span", {}, ...parts)));
}

/** A picture of a gallery with its place in it. */
function figureOf(picture, place) {
  const name = run.objects[picture.object];
  const many = picture.boxes.length === 1 ? "1 box" : `${picture.boxes.length} boxes`;
  const figure = make("figure", { tabIndex: place ? -1 : 0 });
  figure.dataset.picture = picture.id;
  figure.append(
    stage(picture, `${picture.path}, called ${run.labels[picture.label]}; ${name} in ${many}`, view.object ? undefined : (box) => `${name} ${two(strength(box))}`),
    make("figcaption", {}, make("span", { className: "path", title: picture.path }, make("b", {}, `${place + 1}. `), make("bdi", {}, picture.path)), factsOf(picture)),
  );
  return figure;
}
