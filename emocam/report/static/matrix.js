"use strict";
/* The table: what its cells show, in which order its rows stand, how a person moves in it. */

const run = loaded.get("data/run.js");
const table = byId("matrix");
const columns = run.labels.length;
const DEPTHS = 9;
const Z = 1.959963984540054;

/** What is counted: in how many pictures of each label each object counts, at which thresholds. */
let counts, images, totals, allImages;
let thresholds = run.thresholds;

function setCounts(newCounts, newImages, at) {
  [counts, images, thresholds] = [newCounts, newImages, at];
  totals = run.objects.map((_, object) => {
    let sum = 0;
    for (let label = 0; label < columns; label++) sum += counts[object * columns + label];
    return sum;
  });
  allImages = images.reduce((sum, n) => sum + n, 0);
}
setCounts(run.counts, run.images, run.thresholds);

const count = (object, label) => counts[object * columns + label];
const total = (object) => totals[object];
const share = (object, label) => (images[label] ? (100 * count(object, label)) / images[label] : NaN);

/** How sure a share of `k` in `n` is: Wilson's interval, in percent. */
function wilson(k, n) {
  const middle = (k + (Z * Z) / 2) / (n + Z * Z);
  const half = (Z / (n + Z * Z)) * Math.sqrt((k * (n - k)) / n + (Z * Z) / 4);
  return [100 * Math.max(0, middle - half), 100 * Math.min(1, middle + half)];
}

/** Percent of all images with another label. */
function elsewhere(object, label) {
  const others = allImages - images[label];
  return others ? (100 * (total(object) - count(object, label))) / others : 0;
}

function percentText(value) {
  if (Number.isNaN(value)) return "–";
  const text = value.toFixed(1);
  return value === 0 ? "0" : text === "100.0" ? "100" : text;
}

/** What a cell can show: the number, its text, the unit of the legend. */
const MEASURES = {
  percent: { name: "percent", value: share, text: percentText, unit: (top) => `${percentText(top)} % of the label's images` },
  count: { name: "count", value: count, text: whole, unit: (top) => `${whole(top)} images` },
};

/** A cell in words. */
function sentence(object, label) {
  const n = images[label];
  const names = `${run.objects[object]}, ${run.labels[label]}`;
  if (!n) return `${names}: no image counts for this label`;
  const k = count(object, label);
  const [low, high] = wilson(k, n).map((value) => value.toFixed(0));
  return `${names}: ${whole(k)} of ${whole(n)} images, ${percentText(share(object, label))} % (${low}–${high}); elsewhere ${elsewhere(object, label).toFixed(1)} %`;
}

/** How an object is placed by a kind of order; rows stand from the highest to the lowest. */
const ORDERS = {
  mean: (object) => run.labels.reduce((sum, _, label) => sum + (share(object, label) || 0), 0),
  total,
  contrast: (object) =>
    Math.max(...run.labels.map((_, label) => (images[label] ? share(object, label) - elsewhere(object, label) : -100))),
  own: (object) => -object,
};

/** Objects from first to last under the view's order. */
function ordered(objects, { sort, direction, measure }) {
  const sign = direction === "ascending" ? -1 : 1;
  if (sort === "name") {
    const compare = new Intl.Collator("en", { numeric: true }).compare;
    return [...objects].sort((a, b) => -sign * compare(run.objects[a], run.objects[b]));
  }
  const label = sort.startsWith("label:") ? run.labels.indexOf(sort.slice(6)) : -1;
  const value = MEASURES[measure]?.value ?? share;
  const place = label >= 0 ? (object) => value(object, label) || 0 : ORDERS[sort] ?? ORDERS.mean;
  const keys = new Map(objects.map((object) => [object, place(object)]));
  return [...objects].sort((a, b) => sign * (keys.get(b) - keys.get(a)) || a - b);
}

const rows = new Map([...table.tBodies[0].rows].map((row) => [Number(row.dataset.object), row]));
const heads = [...table.tHead.rows[0].cells];
let here = null;

/** A row for an object that had no count when the page was written. */
function addRow(object) {
  const row = make("tr", {}, make("th", { scope: "row", tabIndex: -1 }, make("bdi", {}, run.objects[object])));
  row.dataset.object = object;
  for (let label = 0; label < columns; label++) row.append(make("td", { tabIndex: -1 }, "0"));
  rows.set(object, row);
  table.tBodies[0].append(row);
}

/** Writes a measure into the cells that stand in the table. */
function fill(measure) {
  const { value, text, unit } = MEASURES[measure] ?? MEASURES.percent;
  totals.forEach((sum, object) => sum && !rows.has(object) && addRow(object));
  let top = 0;
  for (const object of rows.keys())
    for (let label = 0; label < columns; label++) top = Math.max(top, value(object, label) || 0);
  for (const [object, row] of rows)
    for (let label = 0; label < columns; label++) {
      const cell = row.cells[label + 1];
      const v = value(object, label);
      const depth = Number.isNaN(v) ? "none" : `c${v > 0 ? Math.ceil((DEPTHS * v) / top - 1e-9) : 0}`;
      const says = text(v);
      if (cell.className !== depth) cell.className = depth;
      if (cell.firstChild.data !== says) cell.firstChild.data = says;
    }
  heads.slice(1).forEach((head, label) => (head.dataset.images = images[label]));
  byId("top").textContent = unit(top);
}

function sortRows(now) {
  table.tBodies[0].append(...ordered([...rows.keys()], now).map((object) => rows.get(object)));
  for (const head of heads) head.removeAttribute("aria-sort");
  const label = now.sort.startsWith("label:") ? run.labels.indexOf(now.sort.slice(6)) + 1 : 0;
  const sorted = now.sort === "name" ? heads[0] : label ? heads[label] : null;
  sorted?.setAttribute("aria-sort", now.direction);
}

function filterRows({ filter, least }) {
  const part = filter.trim().toLocaleLowerCase();
  let shown = 0;
  for (const [object, row] of rows) {
    const hide = !run.objects[object].toLocaleLowerCase().includes(part) || total(object) < Math.max(1, Number(least));
    if (row.hidden !== hide) row.hidden = hide;
    shown += hide ? 0 : 1;
  }
  const counted = totals.filter((sum) => sum).length;
  const silent = run.objects.length - counted;
  byId("shown").textContent =
    `${whole(shown)} of ${whole(counted)} objects with a count` + (silent ? `; ${whole(silent)} more have none` : "");
}

/** A head sorts: first from the highest (names: from A), then the other way round. */
function sortBy(head) {
  const sort = head === heads[0] ? "name" : `label:${run.labels[heads.indexOf(head) - 1]}`;
  const first = sort === "name" ? "ascending" : "descending";
  const other = first === "ascending" ? "descending" : "ascending";
  show({ sort, direction: view.sort === sort && view.direction === first ? other : first });
}

/** Object and label of a cell of the body, or null. */
function cellAt(cell) {
  const object = cell?.closest("tbody tr")?.dataset.object;
  return object === undefined || cell.tagName !== "TD" ? null : { object: Number(object), label: cell.cellIndex - 1 };
}

/** Makes one cell, head or row name the place where the Tab key enters the table. */
function stand(cell) {
  const target = cell.closest("thead") ? cell.firstElementChild : cell;
  if (here && here !== target) here.tabIndex = -1;
  here = target;
  here.tabIndex = 0;
  return target;
}

/** The cell that an arrow key leads to. */
function step(cell, key, far) {
  const lines = [table.tHead.rows[0], ...[...table.tBodies[0].rows].filter((row) => !row.hidden)];
  const line = lines.indexOf(cell.parentElement);
  const last = cell.parentElement.cells.length - 1;
  const to = {
    ArrowLeft: [line, cell.cellIndex - 1], ArrowRight: [line, cell.cellIndex + 1],
    ArrowUp: [line - 1, cell.cellIndex], ArrowDown: [line + 1, cell.cellIndex],
    Home: [far ? 0 : line, 0], End: [far ? lines.length - 1 : line, last],
    PageUp: [Math.max(1, line - 12), cell.cellIndex], PageDown: [line + 12, cell.cellIndex],
  }[key];
  const within = (value, most) => Math.min(most, Math.max(0, value));
  return to && lines[within(to[0], lines.length - 1)].cells[within(to[1], last)];
}

const reading = byId("reading");

/** Tells a cell in words beside it, and to who listens. */
function read(cell) {
  const at = cellAt(cell);
  reading.hidden = !at;
  if (!at) return;
  reading.textContent = sentence(at.object, at.label);
  const place = cell.getBoundingClientRect();
  const width = Math.min(reading.offsetWidth, innerWidth - 16);
  reading.style.left = `${Math.max(8, Math.min(innerWidth - width - 8, place.left + place.width / 2 - width / 2))}px`;
  const above = place.top - reading.offsetHeight - 6;
  reading.style.top = `${above > 4 ? above : place.bottom + 6}px`;
}

function listen() {
  for (const head of heads) {
    const button = make("button", { type: "button", tabIndex: -1 }, ...head.childNodes);
    button.title = head === heads[0] ? "sort by name" : `sort by ${run.labels[heads.indexOf(head) - 1]}`;
    head.append(button);
  }
  table.setAttribute("role", "grid");
  for (const row of rows.values()) for (const cell of row.cells) cell.tabIndex = -1;
  stand(table.tBodies[0].rows[0]?.cells[1] ?? heads[0]);
  table.addEventListener("click", (event) => {
    const cell = event.target.closest("th, td");
    if (!cell) return;
    if (cell.closest("thead")) return sortBy(cell);
    const at = cellAt(cell);
    if (at) show({ object: run.objects[at.object], label: run.labels[at.label], picture: "" }, true);
  });
  table.addEventListener("keydown", (event) => {
    const cell = event.target.closest("th, td");
    const to = !event.altKey && !event.metaKey && step(cell, event.key, event.ctrlKey);
    if (to) stand(to).focus();
    else if (["Enter", " "].includes(event.key) && cellAt(cell)) cell.click();
    else if (event.key === "Escape") reading.hidden = true;
    else return;
    event.preventDefault();
  });
  table.addEventListener("focusin", (event) => {
    const cell = event.target.closest("th, td");
    stand(cell);
    const at = cellAt(cell);
    if (at) cell.setAttribute("aria-label", sentence(at.object, at.label));
    read(cell);
  });
  table.addEventListener("focusout", () => (reading.hidden = true));
  table.addEventListener("mouseover", (event) => read(event.target.closest("td")));
  table.addEventListener("mouseleave", () => (reading.hidden = true));
  table.closest(".scroll").addEventListener("scroll", () => (reading.hidden = true), { passive: true });
}
