"use strict";
/* The comparison of runs: rows that sort, and all maps of a picture side by side. */

const compared = loaded.get("data/compare.js");
const gallery = byId("gallery");
const shelf = byId("pictures");
const differences = byId("differences");
const runNames = [...document.querySelectorAll("#runs ~ .scroll tbody th")].map((head) => head.textContent);

const nameOf = ({ object, label }) => [compared.objects[object], compared.labels[label]];

/** One run's view of a picture. */
function viewOf(picture, seen, place) {
  const explained = compared.explained[place];
  const value = (box) => (explained ? box[5] : box[4]);
  const figure = make("figure", {});
  const frame = stage({ ...picture, ...seen }, `${picture.path} as ${runNames[place]} sees it`, (box) => two(value(box)));
  frame.querySelectorAll(".frame > svg > *").forEach((rect, i) => rect.classList.toggle("out", !seen.boxes[i][6]));
  frame.querySelectorAll(".tag").forEach((tag, i) => tag.classList.toggle("out", !seen.boxes[i][6]));
  const called = seen.label === undefined ? "" : `${compared.labels[seen.label]} ${two(seen.confidence)}`;
  figure.append(frame, make("figcaption", {}, make("b", {}, make("bdi", {}, runNames[place])), make("span", { className: "facts" }, called)));
  return figure;
}

let opening = 0;

function openCell(number) {
  const [object, label] = nameOf(compared.cells[number]);
  const heading = [make("bdi", {}, object), " → ", make("bdi", {}, label)];
  return openPictures(heading, "pictures on which the runs differ most, first", `data/cells/${padded(number, 4)}.js`);
}

const openMoved = () => openPictures(["Where the focus moved most"], "the farthest first", "data/moved.js");

async function openPictures(heading, told, file) {
  const turn = ++opening;
  byId("gallery-name").replaceChildren(...heading);
  byId("gallery-told").textContent = told;
  shelf.replaceChildren();
  if (!gallery.open) gallery.showModal();
  const { pictures } = await load(file);
  if (turn !== opening) return;
  for (const picture of pictures) {
    const line = make("div", { className: "line" }, ...picture.views.map((seen, place) => viewOf(picture, seen, place)));
    shelf.append(make("section", {}, make("h3", {}, make("bdi", {}, picture.path)), line));
  }
}

function sortBy(head) {
  const place = head.cellIndex;
  const before = head.getAttribute("aria-sort");
  for (const other of differences.tHead.rows[0].cells) other.removeAttribute("aria-sort");
  const direction = before === "descending" || (!place && !before) ? "ascending" : "descending";
  head.setAttribute("aria-sort", direction);
  const sign = direction === "ascending" ? 1 : -1;
  const key = (row) => (place ? Number(row.cells[place].textContent) : row.cells[0].textContent);
  const compare = place ? (a, b) => key(a) - key(b) : (a, b) => key(a).localeCompare(key(b));
  differences.tBodies[0].append(...[...differences.tBodies[0].rows].sort((a, b) => sign * compare(a, b)));
}

function follow(now) {
  const number = compared.cells.findIndex((cell) => nameOf(cell)[0] === now.object && nameOf(cell)[1] === now.label);
  if (number >= 0) openCell(number);
  else if (gallery.open) gallery.close();
}

function leave() {
  if (view.object) show({ object: "", label: "" }, true);
  else if (gallery.open) gallery.close();
}

const toggles = {
  heat: () => byId("heat").setAttribute("aria-pressed", !shelf.classList.toggle("no-heat")),
  boxes: () => byId("boxes").setAttribute("aria-pressed", !shelf.classList.toggle("no-boxes")),
};

function listen() {
  for (const head of differences?.tHead.rows[0].cells ?? []) {
    const button = make("button", { type: "button" }, ...head.childNodes);
    button.addEventListener("click", () => sortBy(head));
    head.append(button);
  }
  for (const row of differences?.tBodies[0].rows ?? []) {
    const cell = compared.cells[row.dataset.cell];
    row.cells[0].replaceChildren(make("button", { type: "button", className: "name" }, ...row.cells[0].childNodes));
    row.addEventListener("click", () => show({ object: nameOf(cell)[0], label: nameOf(cell)[1] }, true));
  }
  byId("open-moved")?.addEventListener("click", openMoved);
  gallery.addEventListener("close", () => (opening++, shelf.replaceChildren(), leave()));
  gallery.addEventListener("click", (event) => event.target === gallery && leave());
  byId("close").addEventListener("click", leave);
  byId("heat").addEventListener("click", toggles.heat);
  byId("boxes").addEventListener("click", toggles.boxes);
  byId("opacity").addEventListener("input", (event) => shelf.style.setProperty("--opacity", event.target.value / 100));
  gallery.addEventListener("keydown", (event) => {
    const act = { h: toggles.heat, b: toggles.boxes, Escape: leave }[event.key];
    if (!act || event.ctrlKey || event.metaKey) return;
    act();
    event.preventDefault();
  });
}

listen();
onView(follow);
follow(view);
