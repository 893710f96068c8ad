"use strict";
/* How a person moves in the table and what it tells on the way: one stop for the Tab key, arrow
   keys from there. The heads are two lines: what sorts, and what opens a label. */

const reading = byId("reading");
const SORTS = -2;
const ABOUT = -1;

/** Where a person stands: an object (or a line of the heads), and a label (or -1 for the names). */
let here = { object: null, label: -1 };

/** Object and label of a cell of the body, or null. */
function cellAt(cell) {
  const object = cell?.closest("tbody tr")?.dataset.object;
  return object === undefined || cell.tagName !== "TD" ? null : { object: Number(object), label: labelOf(cell) };
}

/** The line and column of a place, counted in what is seen; null where it is not seen any more. */
function lineOf({ object, label }) {
  const line = object < 0 ? object : seen.objects.indexOf(object);
  const column = label < 0 ? 0 : seen.labels.indexOf(label) + 1;
  return object === null || (object >= 0 && line < 0) || (label >= 0 && !column) ? null : [line, column];
}

/** The element of a line and column, if it is built. */
function elementAt([line, column]) {
  const row = line < 0 ? table.tHead.rows[0] : body.rows[line - part.top];
  const cell = column === 0 ? row?.cells[0] : column - 1 < part.left ? null : row?.cells[column - part.left];
  return line === SORTS ? cell?.firstElementChild : line === ABOUT ? cell?.lastElementChild : cell;
}

/** Of an element of the table, the place. */
function placeOfElement(target) {
  const cell = target.closest("th, td");
  const object = cell.closest("tbody") ? Number(cell.parentElement.dataset.object) : target.matches(".about") ? ABOUT : SORTS;
  return { object, label: cell.cellIndex ? labelOf(cell) : -1 };
}

let stop = null;

/** Makes an element the place where the Tab key enters the table. */
function enterAt(element) {
  if (stop && stop !== element) stop.tabIndex = -1;
  stop = element;
  if (stop) stop.tabIndex = 0;
}

/** After the table was built anew, a person stands where they stood, or where the table begins. */
function keepPlace() {
  const focused = table.contains(document.activeElement) || document.activeElement === scroll;
  const at = lineOf(here);
  const element = at && elementAt(at);
  enterAt(element ?? body.rows[0]?.cells[1] ?? heads[0].firstElementChild);
  if (!focused || document.activeElement === element) return;
  if (element) element.focus({ preventScroll: true });
  else scroll.focus({ preventScroll: true }); // the keys go on from there
}

/** Scrolls a large table until a line and column are in sight. */
function bring([line, column]) {
  if (!isLarge()) return;
  const size = measures();
  const into = (now, room, start, length) => (start < now ? start : start + length > now + room ? start + length - room : now);
  if (line >= 0) scroll.scrollTop = into(scroll.scrollTop, scroll.clientHeight - size.head - size.foot, line * size.row, size.row);
  if (column > 0) scroll.scrollLeft = into(scroll.scrollLeft, scroll.clientWidth - size.name, (column - 1) * size.column, size.column);
  followScroll();
}

/** Goes to a line and column: scrolled to, built, focused. */
function goTo(at) {
  bring(at);
  elementAt(at)?.focus(isLarge() ? { preventScroll: true } : {});
}

const focusHere = () => lineOf(here) && goTo(lineOf(here));

/** The line and column that a key leads to from where a person stands, or null. */
function step(key, far) {
  const [line, column] = lineOf(here) ?? [0, 1];
  const [lines, last] = [seen.objects.length - 1, seen.labels.length];
  const to = {
    ArrowLeft: [line, column - 1], ArrowRight: [line, column + 1], ArrowUp: [line - 1, column], ArrowDown: [line + 1, column],
    Home: [far ? SORTS : line, 0], End: [far ? lines : line, last],
    PageUp: [Math.max(0, line - 12), column], PageDown: [line + 12, column],
  }[key];
  if (!to) return null;
  const within = (value, least, most) => Math.min(most, Math.max(least, value));
  return [within(to[0], SORTS, lines), within(to[1], 0, last)];
}

/** Tells a cell in words beside it. */
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

/** What a click or Enter does: heads sort or open their label, names their object, cells their pictures. */
function act(target) {
  const cell = target.closest("th, td");
  if (!cell || cell.closest("tfoot")) return;
  if (target.closest(".about")) show({ object: "", label: run.labels[labelOf(cell)], image: "" }, true);
  else if (cell.closest("thead")) sortBy(cell);
  else {
    const object = run.objects[cell.parentElement.dataset.object];
    show({ object, label: cell.tagName === "TD" ? run.labels[labelOf(cell)] : "", picture: "", image: "" }, true);
  }
}

function listen() {
  table.setAttribute("role", "grid");
  scroll.tabIndex = -1;
  for (const row of body.rows) for (const cell of row.cells) cell.tabIndex = -1;
  table.addEventListener("click", (event) => act(event.target));
  scroll.addEventListener("keydown", (event) => {
    const to = !event.altKey && !event.metaKey && step(event.key, event.ctrlKey);
    if (to) goTo(to);
    else if (["Enter", " "].includes(event.key) && event.target !== scroll) act(event.target);
    else if (event.key === "Escape") reading.hidden = true;
    else return;
    event.preventDefault();
  });
  table.addEventListener("focusin", (event) => {
    const target = event.target.closest("button, th, td");
    here = placeOfElement(target);
    enterAt(target);
    const at = cellAt(target);
    if (at) target.ariaLabel = sentence(at.object, at.label);
    read(target.closest("td"));
  });
  table.addEventListener("focusout", () => (reading.hidden = true));
  table.addEventListener("mouseover", (event) => read(event.target.closest("td")));
  table.addEventListener("mouseleave", () => (reading.hidden = true));
  scroll.addEventListener("scroll", () => {
    reading.hidden = true;
    followScroll();
  }, { passive: true });
  addEventListener("resize", followScroll);
}
