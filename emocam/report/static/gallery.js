"use strict";
/* The pictures behind a cell, strongest first. */

const gallery = byId("gallery");
const shelf = byId("pictures");

/** The file of an object's pictures. */
const fileOf = (object) => `data/objects/${String(object).padStart(4, "0")}.js`;
const thumbnailOf = (id) => `thumbnails/${String(Math.floor(id / 1000)).padStart(3, "0")}/${String(id).padStart(6, "0")}.webp`;

/** How strongly a box counts: its importance, without a CAM its score. */
const strength = (box) => (run.explained ? box[5] : box[4]);

/** Whether a box passes the thresholds, compared as the stored numbers are. */
function passes(box, picture, at = thresholds) {
  const above = (value, least) => value > Math.fround(least);
  return above(box[4], at.score) && above(picture.confidence, at.confidence) && (!run.explained || above(box[5], at.importance));
}

/** The pictures of a cell that count, strongest first, each with the boxes that count. */
async function picturesOf(object, label) {
  if (!run.pictured.includes(object)) return [];
  const { cells } = await load(fileOf(object));
  return (cells[label] ?? [])
    .map((picture) => ({ ...picture, boxes: picture.boxes.filter((box) => passes(box, picture)) }))
    .filter((picture) => picture.boxes.length)
    .sort((a, b) => strength(b.boxes[0]) - strength(a.boxes[0]))
    .slice(0, run.most);
}

/** The canvas of a picture's map, laid over the window that the classifier saw. */
function heat(picture, size) {
  const canvas = make("canvas", { className: "heat" });
  canvas.setAttribute("aria-hidden", "true");
  if (!picture.map) return canvas;
  const [x0, y0, x1, y1] = picture.map.window ?? [0, 0, 1, 1];
  Object.assign(canvas.style, {
    left: `${100 * x0}%`, top: `${100 * y0}%`, width: `${100 * (x1 - x0)}%`, height: `${100 * (y1 - y0)}%`,
  });
  paintSoon(canvas, picture.map, [size[0] * (x1 - x0), size[1] * (y1 - y0)]);
  return canvas;
}

const two = (value) => value.toFixed(2);

/** A photograph with its map and boxes. */
function stage(picture, name) {
  const size = picture.size ?? [4, 3];
  const frame = make("div", { className: "frame" });
  frame.style.setProperty("--ratio", size[0] / size[1]);
  const alt = `${picture.path}, called ${run.labels[picture.label]}; ${name} in ${picture.boxes.length === 1 ? "1 box" : `${picture.boxes.length} boxes`}`;
  if (picture.size) frame.append(make("img", { src: thumbnailOf(picture.id), alt, width: size[0], height: size[1], decoding: "async" }));
  else frame.append(make("span", { className: "missing" }, "the picture could not be opened"));
  frame.append(heat(picture, size), outline(picture.boxes));
  for (const box of picture.boxes) {
    const tag = make("span", { className: "tag" }, two(strength(box)));
    tag.style.left = `${100 * box[0]}%`;
    tag.style.top = `${100 * box[1]}%`;
    frame.append(tag);
  }
  return frame;
}

function figureOf(picture, place, name) {
  const right = picture.truth === undefined ? [] : [picture.truth === run.labels[picture.label] ? "✓ true" : make("span", {}, "✗ truth: ", make("bdi", {}, picture.truth))];
  const original = run.originals && make("a", { href: run.originals + "/" + picture.path.split("/").map(encodeURIComponent).join("/"), target: "_blank" }, "original");
  const facts = [
    make("bdi", {}, run.labels[picture.label]), ` ${two(picture.confidence)}`,
    `${run.explained ? "importance" : "score"} ${two(strength(picture.boxes[0]))}`, ...right, ...(original ? [original] : []),
  ];
  const line = make("span", { className: "facts" });
  line.append(make("span", {}, facts[0], facts[1]), ...facts.slice(2).map((fact) => make("span", {}, fact)));
  const figure = make("figure", { tabIndex: place ? -1 : 0 });
  figure.dataset.picture = picture.id;
  figure.append(stage(picture, name), make("figcaption", {}, make("span", { className: "path", title: picture.path }, make("b", {}, `${place + 1}. `), make("bdi", {}, picture.path)), line));
  return figure;
}

const figures = () => [...shelf.children].filter((child) => child.tagName === "FIGURE");
const current = () => shelf.querySelector("[aria-current]");

/** Makes a picture the current one. */
function go(figure, focus = true) {
  if (!figure) return;
  const before = current();
  before?.removeAttribute("aria-current");
  if (before) before.tabIndex = -1;
  figure.setAttribute("aria-current", "true");
  figure.tabIndex = 0;
  if (focus) figure.focus({ preventScroll: true });
  figure.scrollIntoView({ block: "nearest" });
}

function move(by) {
  const all = figures();
  go(all[Math.min(all.length - 1, Math.max(0, all.indexOf(current()) + by))]);
}

/** How many pictures stand beside each other. */
function across() {
  const all = figures();
  const next = all.findIndex((figure) => figure.offsetTop > all[0].offsetTop);
  return next < 0 ? all.length : next;
}

const toggles = {
  heat: () => press("heat", shelf.classList.toggle("no-heat") === false),
  boxes: () => press("boxes", shelf.classList.toggle("no-boxes") === false),
  large: () => {
    press("large", shelf.classList.toggle("large"));
    current()?.scrollIntoView({ block: "nearest" });
    current()?.focus({ preventScroll: true });
  },
};
const press = (id, on) => byId(id).setAttribute("aria-pressed", on);

let opening = 0;

/** Opens the gallery of a cell; a later call wins. */
async function openGallery(object, label, picture) {
  const turn = ++opening;
  const name = run.objects[object];
  byId("gallery-name").replaceChildren(make("bdi", {}, name), make("span", { className: "hidden" }, " in "), make("span", { "aria-hidden": "true" }, " → "), make("bdi", {}, run.labels[label]));
  byId("gallery-told").textContent = sentence(object, label).slice(`${name}, ${run.labels[label]}: `.length);
  shelf.replaceChildren();
  reading.hidden = true;
  if (!gallery.open) gallery.showModal();
  const found = await picturesOf(object, label).catch((fault) => fault);
  if (turn !== opening) return;
  if (found instanceof Error) return void (byId("gallery-more").textContent = found.message);
  shelf.append(...found.map((one, place) => figureOf(one, place, name)));
  const more = count(object, label) - found.length;
  byId("gallery-more").textContent = !found.length
    ? "No picture of this cell counts."
    : more > 0 ? `and ${whole(more)} more in evidence.parquet` : "";
  go(shelf.querySelector(`[data-picture="${Number(picture)}"]`) ?? figures()[0]);
}

/** Closes the gallery, through the view. */
function leave() {
  if (view.object) show({ object: "", label: "", picture: "" }, true);
}

function listenGallery() {
  gallery.addEventListener("close", () => {
    opening++;
    shelf.replaceChildren();
    leave(); // where the browser closed it
    here?.focus();
  });
  byId("close").addEventListener("click", leave);
  byId("previous").addEventListener("click", () => move(-1));
  byId("next").addEventListener("click", () => move(1));
  for (const [id, toggle] of Object.entries(toggles)) byId(id).addEventListener("click", toggle);
  byId("opacity").addEventListener("input", (event) => shelf.style.setProperty("--opacity", event.target.value / 100));
  gallery.addEventListener("click", (event) => {
    if (event.target === gallery) leave(); // the backdrop
    const figure = event.target.closest("figure");
    if (!figure || event.target.closest("a")) return;
    const again = figure === current() && event.target.closest(".frame");
    go(figure);
    if (again || !shelf.classList.contains("large")) toggles.large();
  });
  gallery.addEventListener("keydown", (event) => {
    if ((event.target.matches("input") && event.key !== "Escape") || event.ctrlKey || event.metaKey || event.altKey) return;
    const line = shelf.classList.contains("large") ? 1 : across();
    const keys = {
      ArrowLeft: () => move(-1), ArrowRight: () => move(1), ArrowUp: () => move(-line), ArrowDown: () => move(line),
      Home: () => move(-figures().length), End: () => move(figures().length),
      h: toggles.heat, b: toggles.boxes, Escape: leave,
      ...(event.target.matches("figure") ? { Enter: toggles.large } : {}),
    };
    if (!keys[event.key]) return;
    keys[event.key]();
    event.preventDefault();
  });
}
