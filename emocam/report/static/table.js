"use strict";
/* The table: which objects and labels stand in it, in which order, and what its cells say. Of a large one only
   what is in sight is built, and a little around it; the others have their place, and no cells. */

const table = byId("matrix");
const body = table.tBodies[0];
const scroll = table.closest(".scroll");
const heads = [...table.tHead.rows[0].cells];
const DEPTHS = 9;
const SIDES = 4;
const WHOLE = 20000; // with no more cells than this, all are built
const AROUND = { rows: 10, columns: 6 };

/** Labels with the most pictures first; those that no picture is called come last. */
const labelsInOrder = run.labels.map((_, label) => label).sort((a, b) => run.images[b] - run.images[a] || a - b);
const isPredicted = (label) => run.images[label] > 0 || images[label] > 0;

/** What the view leaves, from first to last; `part` of it are the rows and columns that are built. */
const seen = { objects: [], labels: [] };
let part = { top: 0, bottom: 0, left: 0, right: 0 };
let order = [];

/** The table in a box of the size that it would have with all its rows and columns. */
const sizer = make("div");
table.replaceWith(sizer);
sizer.append(table);

/** The class of a cell's colour; `top` is the greatest value, or distance from neutral. */
function depthOf(value, top, two) {
  if (Number.isNaN(value)) return "none";
  if (!two) return `c${value > 0 ? Math.ceil((DEPTHS * value) / top - 1e-9) : 0}`;
  const steps = Math.round((SIDES * two(value)) / top);
  return steps > 0 ? `p${steps}` : steps < 0 ? `m${-steps}` : "c0";
}

/** What the cells show now: a measure, and its greatest value of any object with a count. */
let shown = { measure: MEASURES.percent, top: 0, verdicts: false };

function writeCell(cell, object, label) {
  const { measure, top, verdicts } = shown;
  const v = measure.value(object, label);
  const verdict = verdicts ? verdictOf(object, label) : "";
  const depth = verdicts ? `verdict ${verdict.replaceAll(" ", "-")}` : depthOf(v, top, measure.two);
  const says = verdicts ? VERDICTS[verdict] ?? "" : measure.text(v);
  if (cell.className !== depth) cell.className = depth;
  if (cell.firstChild?.data !== says) cell.textContent = says;
  if (cell.ariaLabel !== null) cell.ariaLabel = null; // of what stood here before
}

/** A head's buttons: what sorts, and under it what opens the label. */
function dressHead(head, words) {
  head.append(make("button", { type: "button", tabIndex: -1 }, ...words));
  if (head !== heads[0]) head.append(make("button", { type: "button", tabIndex: -1, className: "about" }));
  return head;
}
heads.forEach((head) => dressHead(head, head.childNodes));
heads[0].firstChild.title = "sort by name";

function writeHead(head, label) {
  const name = run.labels[label];
  const sorted = view.sort === `label:${name}`;
  head.querySelector("bdi").textContent = name;
  head.dataset.images = images[label];
  head.firstChild.title = `sort by ${name}`;
  head.lastChild.title = head.lastChild.ariaLabel = `about ${name}`;
  head.ariaSort = sorted ? view.direction : null;
}

/** Leaves so many children, or adds some. */
function fit(parent, many, add) {
  while (parent.children.length > many) parent.lastChild.remove();
  while (parent.children.length < many) parent.append(add());
}

const cellsAcross = (row) => fit(row, 1 + part.right - part.left, () => make("td", { tabIndex: -1 }));
const newRow = () => make("tr", {}, make("th", { scope: "row", tabIndex: -1 }, make("bdi")));

/** How high a row and how wide a column is, in pixels. */
function measures() {
  const row = body.rows[0]?.getBoundingClientRect().height || 28;
  const column = heads[1]?.getBoundingClientRect().width || 50;
  return { row, column, name: heads[0].offsetWidth, head: table.tHead.offsetHeight, foot: table.tFoot?.offsetHeight ?? 0 };
}

/** The rows and columns that are in sight, with `more` around them. */
function inSight(size, more) {
  const some = (start, length, unit, around, all) => {
    const many = Math.ceil(length / unit) + 1 + 2 * around;
    const first = Math.max(0, Math.min(Math.floor(start / unit) - around, all - many));
    return [first, Math.min(all, first + many)];
  };
  const [top, bottom] = some(scroll.scrollTop, scroll.clientHeight - size.head, size.row, more * AROUND.rows, seen.objects.length);
  const [left, right] = some(scroll.scrollLeft, scroll.clientWidth - size.name, size.column, more * AROUND.columns, seen.labels.length);
  return { top, bottom, left, right };
}

/** Whether only a part is built: of a table that is large before it is filtered also where a tenth is left. */
const isLarge = () => seen.objects.length * seen.labels.length > (run.objects.length * columns > WHOLE ? WHOLE / 10 : WHOLE);

/** Gives the table the place of its part within the whole, and says how much the whole is. */
function place(size) {
  const large = isLarge();
  const [rows, columns] = [seen.objects.length, seen.labels.length];
  sizer.style.width = large ? `${size.name + columns * size.column}px` : "";
  sizer.style.height = large ? `${size.head + rows * size.row + size.foot}px` : "";
  table.style.marginLeft = large ? `${part.left * size.column}px` : "";
  table.style.marginTop = large ? `${part.top * size.row}px` : "";
  table.style.setProperty("--labels", part.right - part.left);
  table.ariaRowCount = large ? rows + 1 : null;
  table.ariaColCount = large ? columns + 1 : null;
}

/** Builds what is in sight, of a small table all, and writes it. */
function build() {
  const large = isLarge();
  const size = large ? measures() : null;
  part = large ? inSight(size, 1) : { top: 0, bottom: seen.objects.length, left: 0, right: seen.labels.length };
  const line = table.tHead.rows[0];
  fit(line, 1 + part.right - part.left, () => dressHead(make("th", { scope: "col" }), [make("bdi")]));
  heads.splice(0, heads.length, ...line.cells);
  heads[0].ariaSort = view.sort === "name" ? view.direction : null;
  const labels = seen.labels.slice(part.left, part.right);
  labels.forEach((label, at) => writeHead(heads[at + 1], label));
  fit(body, part.bottom - part.top, newRow);
  seen.objects.slice(part.top, part.bottom).forEach((object, at) => {
    const row = body.rows[at];
    row.dataset.object = object;
    row.ariaRowIndex = large ? part.top + at + 2 : null;
    row.cells[0].firstChild.textContent = run.objects[object];
    cellsAcross(row);
    labels.forEach((label, of) => writeCell(row.cells[of + 1], object, label));
    if (large) labels.forEach((_, of) => (row.cells[of + 1].ariaColIndex = part.left + of + 2));
  });
  if (table.tFoot) {
    cellsAcross(table.tFoot.rows[0]);
    labels.forEach((label, at) => (table.tFoot.rows[0].cells[at + 1].textContent = run.outside[label]));
  }
  place(size);
  keepPlace();
}

/** Builds on where a person has scrolled beyond what is built. */
function followScroll() {
  if (!isLarge()) return;
  const now = inSight(measures(), 0);
  if (now.top < part.top || now.bottom > part.bottom || now.left < part.left || now.right > part.right) build();
}

/** Takes what the cells show, and its greatest value. */
function fill(key) {
  const measure = MEASURES[key] ?? MEASURES.percent;
  let top = 0;
  for (let object = 0; object < totals.length; object++)
    for (let label = 0; totals[object] && label < columns; label++) {
      const value = measure.value(object, label) || 0;
      top = Math.max(top, measure.two ? Math.abs(measure.two(value)) : value);
    }
  shown = { measure, top, verdicts: key === "verdict" };
  byId("top").textContent = measure.unit(top);
  byId("legend").dataset.kind = key === "verdict" ? "words" : measure.two ? "two" : "one";
}

function sortRows(now) {
  order = ordered(run.objects.map((_, object) => object), now);
}

/** Leaves the objects and labels that the view asks for, and says how many these are. */
function filterTable({ filter, least, among, every }) {
  const has = (name, part) => name.toLocaleLowerCase().includes(part.trim().toLocaleLowerCase());
  seen.objects = order.filter((object) => total(object) >= Math.max(1, Number(least)) && has(run.objects[object], filter));
  const some = labelsInOrder.some(isPredicted);
  seen.labels = labelsInOrder.filter((label) => (every || !some || isPredicted(label)) && has(run.labels[label], among));
  const counted = totals.filter((sum) => sum).length;
  const silent = run.objects.length - counted;
  const unpredicted = run.labels.filter((_, label) => !isPredicted(label)).length;
  byId("shown").textContent =
    objectsInWords(seen.objects.length, counted, silent) +
    ` ${whole(seen.labels.length)} of ${whole(columns)} labels` + (unpredicted ? `; ${whole(unpredicted)} that no picture is called.` : ".");
}

/** How many objects stand in the table, of those that count, and how many never do. */
function objectsInWords(shown, counted, silent) {
  const part = shown === counted ? `All ${whole(counted)}` : `${whole(shown)} of ${whole(counted)}`;
  const never = silent ? `; ${whole(silent)} never ${silent === 1 ? "was" : "were"}` : "";
  return `${part} objects that ${run.explained ? "were looked at" : "were found"}${never}.`;
}

/** A head sorts: first from the highest (names: from A), then the other way round. */
function sortBy(head) {
  const sort = head === heads[0] ? "name" : `label:${run.labels[labelOf(head)]}`;
  const first = sort === "name" ? "ascending" : "descending";
  const other = first === "ascending" ? "descending" : "ascending";
  show({ sort, direction: view.sort === sort && view.direction === first ? other : first });
}

/** The label of a cell's column. */
const labelOf = (cell) => seen.labels[part.left + cell.cellIndex - 1];
