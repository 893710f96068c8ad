"use strict";
/* The table: what its cells say, in which order its rows stand, which of them are seen. */

const table = byId("matrix");
const rows = new Map([...table.tBodies[0].rows].map((row) => [Number(row.dataset.object), row]));
const heads = [...table.tHead.rows[0].cells];
const DEPTHS = 9;
const SIDES = 4;
const FIRST_ROWS = 60;

/** A row for an object that had no count when the page was written. */
function addRow(object) {
  const row = make("tr", {}, make("th", { scope: "row", tabIndex: -1 }, make("bdi", {}, run.objects[object])));
  row.dataset.object = object;
  for (let label = 0; label < columns; label++) row.append(make("td", { tabIndex: -1 }, "0"));
  rows.set(object, row);
  table.tBodies[0].append(row);
}

/** The class of a cell's colour; `top` is the greatest value, or distance from neutral. */
function depthOf(value, top, two) {
  if (Number.isNaN(value)) return "none";
  if (!two) return `c${value > 0 ? Math.ceil((DEPTHS * value) / top - 1e-9) : 0}`;
  const steps = Math.round((SIDES * two(value)) / top);
  return steps > 0 ? `p${steps}` : steps < 0 ? `m${-steps}` : "c0";
}

function writeRow(object, row, { value, text, two }, top, verdicts) {
  for (let label = 0; label < columns; label++) {
    const cell = row.cells[label + 1];
    const v = value(object, label);
    const verdict = verdicts ? verdictOf(object, label) : "";
    const depth = verdicts ? `verdict ${verdict.replaceAll(" ", "-")}` : depthOf(v, top, two);
    const says = verdicts ? VERDICTS[verdict] ?? "" : text(v);
    if (cell.className !== depth) cell.className = depth;
    if (cell.firstChild?.data !== says) cell.textContent = says;
  }
}

let filling = 0;

/** Writes a measure into the cells: those in sight at once, the others in the next free moments. */
function fill(key) {
  const turn = ++filling;
  const measure = MEASURES[key] ?? MEASURES.percent;
  totals.forEach((sum, object) => sum && !rows.has(object) && addRow(object));
  let top = 0;
  for (const object of rows.keys())
    for (let label = 0; label < columns; label++) {
      const value = measure.value(object, label) || 0;
      top = Math.max(top, measure.two ? Math.abs(measure.two(value)) : value);
    }
  heads.slice(1).forEach((head, label) => (head.dataset.images = images[label]));
  byId("top").textContent = measure.unit(top);
  byId("legend").dataset.kind = key === "verdict" ? "words" : measure.two ? "two" : "one";
  const waiting = [...table.tBodies[0].rows].filter((row) => !row.hidden);
  const start = Math.floor(table.closest(".scroll").scrollTop / 28);
  const inSight = waiting.splice(Math.max(0, Math.min(start, waiting.length - FIRST_ROWS)), FIRST_ROWS);
  waiting.push(...[...table.tBodies[0].rows].filter((row) => row.hidden));
  const some = (part) => part.forEach((row) => writeRow(Number(row.dataset.object), row, measure, top, key === "verdict"));
  some(inSight);
  const others = () => {
    if (turn !== filling || !waiting.length) return;
    some(waiting.splice(0, FIRST_ROWS));
    setTimeout(others);
  };
  setTimeout(others);
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
    `${whole(shown)} of ${whole(counted)} objects with a count` + (silent ? `; ${whole(silent)} without` : "");
}

/** A head sorts: first from the highest (names: from A), then the other way round. */
function sortBy(head) {
  const sort = head === heads[0] ? "name" : `label:${run.labels[heads.indexOf(head) - 1]}`;
  const first = sort === "name" ? "ascending" : "descending";
  const other = first === "ascending" ? "descending" : "ascending";
  show({ sort, direction: view.sort === sort && view.direction === first ? other : first });
}
