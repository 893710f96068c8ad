"use strict";
/* The page put together: what stands above the matrix, and what follows from a change of the view. */

function cardsInColour() {
  for (const button of document.querySelectorAll("[data-card]")) {
    const card = run.cards[button.dataset.card];
    const size = card.picture.size ?? [4, 3];
    const photo = button.querySelector(".photo");
    const frame = make("span", { className: "frame" }, ...photo.childNodes, heat(card.picture, size), outline(card.picture.boxes.filter((box) => passes(box, card.picture))));
    frame.style.setProperty("--ratio", size[0] / size[1]);
    photo.append(frame);
    button.addEventListener("click", () => show({ object: run.objects[card.object], label: run.labels[card.label], picture: "", image: "" }, true));
  }
}

function verdictsLead() {
  for (const button of document.querySelectorAll(".verdicts [data-object]"))
    button.addEventListener("click", () => show({ object: run.objects[button.dataset.object], label: run.labels[button.dataset.label], picture: "", image: "" }, true));
}

function measureButtons() {
  const place = byId("measures");
  for (const [key, { name }] of Object.entries(MEASURES)) {
    const radio = make("input", { type: "radio", name: "measure", value: key });
    radio.addEventListener("change", () => show({ measure: key }));
    place.append(make("label", {}, radio, make("span", {}, name)));
  }
}

/** Text for a spreadsheet: a cell that would begin a formula gets an apostrophe. */
const safe = (text) => (/^[=+\-@\t\r]/.test(text) ? `'${text}` : text);

/** The table as it stands, built or not, as lines of cells. */
function asLines() {
  const { value } = MEASURES[view.measure] ?? MEASURES.percent;
  const numbers = (object) => seen.labels.map((label) => value(object, label)).map((v) => (Number.isNaN(v) ? "" : String(v)));
  return [
    ["object", ...seen.labels.map((label) => safe(run.labels[label]))],
    ...seen.objects.map((object) => [safe(run.objects[object]), ...numbers(object)]),
  ];
}

const quoted = (text) => (/[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);

/** Puts text on the clipboard and says so on the button. */
async function copy(button, text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const area = make("textarea", { value: text });
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
  const before = button.dataset.says ?? button.textContent;
  button.dataset.says = before;
  button.textContent = "Copied";
  setTimeout(() => (button.textContent = before), 1500);
}

function save(text, name) {
  const link = make("a", { href: URL.createObjectURL(new Blob([text], { type: "text/csv" })), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}

function listenToolbar() {
  byId("filter").addEventListener("input", (event) => show({ filter: event.target.value }));
  byId("among").addEventListener("input", (event) => show({ among: event.target.value }));
  byId("every").addEventListener("change", (event) => show({ every: event.target.checked ? "1" : "" }));
  byId("least").addEventListener("input", (event) => show({ least: String(Math.max(0, Number(event.target.value) || 0)) }));
  byId("order").addEventListener("change", (event) =>
    show({ sort: event.target.value, direction: event.target.value === "name" ? "ascending" : "descending" }));
  byId("copy").addEventListener("click", (event) => copy(event.target, asLines().map((line) => line.map((c) => c.replace(/\s+/g, " ")).join("\t")).join("\n")));
  byId("save").addEventListener("click", () => save(asLines().map((line) => line.map(quoted).join(",")).join("\n") + "\n", `${view.measure}.csv`));
  byId("link").addEventListener("click", (event) => copy(event.target, location.href));
  document.querySelector(".toolbar").addEventListener("submit", (event) => event.preventDefault());
}

/** What the cells say, above the table: it follows the switch. */
const SAYS = {
  use: "A cell says in how many percent of the pictures that hold the object it is looked at.",
  lift: "A cell says how many times as often the object counts under this label as under all others.",
  effect: "A cell says by how much the answer becomes less likely when the object is taken away.",
  verdict: "A cell says what attention and effect together allow to be said.",
};

function saysOf(measure) {
  const line = byId("cells-say");
  line.dataset.first ??= line.textContent;
  const own = SAYS[measure] && thresholds !== run.thresholds ? " It was measured at the run's own thresholds, whatever the sliders say." : "";
  line.textContent = SAYS[measure] ? SAYS[measure] + own : line.dataset.first;
}

/** Leaves what the view asks for, and builds it. */
function refresh(now) {
  filterTable(now);
  build();
}

/** Brings the page from one view to another, and does only what differs. */
function follow(now, before = {}) {
  const changed = (...keys) => keys.some((key) => now[key] !== before[key]);
  if (changed("score", "importance", "chance", "confidence")) moveThresholds(now);
  if (changed("measure")) fill(now.measure);
  saysOf(now.measure);
  if (changed("sort", "direction", "measure")) sortRows(now);
  if (changed("sort", "direction", "measure", "filter", "least", "among", "every")) refresh(now);
  const order = byId("order");
  order.value = now.sort.startsWith("label:") ? "label" : now.sort;
  order.querySelector('[value="label"]').hidden = !now.sort.startsWith("label:");
  for (const id of ["filter", "among"]) if (byId(id).value !== now[id]) byId(id).value = now[id];
  byId("every").checked = now.every !== "";
  if (Number(byId("least").value) !== Number(now.least)) byId("least").value = now.least;
  const radio = document.querySelector(`#measures [value="${CSS.escape(now.measure)}"]`);
  if (radio) radio.checked = true;
  if (changed("object", "label", "image", "list")) openView(now);
}

/** When the table is painted: what is not seen of it at once is read now. */
function tableStands() {
  performance.mark("ready"); // read by benchmarks/labels.py
  if (sliders.length) readySliders();
  if (comesLater) loadCells().then(() => (fill(view.measure), sortRows(view), refresh(view)));
}

document.querySelector(".toolbar").hidden = false;
measureButtons();
listen();
listenGallery();
listenToolbar();
listenThresholds();
listenGlossary();
listenFinder();
onView(follow);
follow(view);
requestAnimationFrame(() => setTimeout(tableStands));
cardsInColour();
verdictsLead();
