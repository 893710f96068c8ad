"use strict";
/* How a person moves in the table and what it tells on the way: one stop for the Tab key, arrow
   keys from there. The heads are two lines: what sorts, and what opens a label. */

const reading = byId("reading");
let here = null;

/** Object and label of a cell of the body, or null. */
function cellAt(cell) {
  const object = cell?.closest("tbody tr")?.dataset.object;
  return object === undefined || cell.tagName !== "TD" ? null : { object: Number(object), label: cell.cellIndex - 1 };
}

/** Makes an element of the table the place where the Tab key enters it. */
function stand(target) {
  if (here && here !== target) here.tabIndex = -1;
  here = target;
  here.tabIndex = 0;
  return target;
}

/** What an arrow key leads to from an element of the table. */
function step(target, key, far) {
  const cell = target.closest("th, td");
  const lines = [table.tHead.rows[0], table.tHead.rows[0], ...[...table.tBodies[0].rows].filter((row) => !row.hidden)];
  const line = target.matches(".about") ? 1 : lines.indexOf(cell.parentElement);
  const last = cell.parentElement.cells.length - 1;
  const to = {
    ArrowLeft: [line, cell.cellIndex - 1], ArrowRight: [line, cell.cellIndex + 1],
    ArrowUp: [line - 1, cell.cellIndex], ArrowDown: [line + 1, cell.cellIndex],
    Home: [far ? 0 : line, 0], End: [far ? lines.length - 1 : line, last],
    PageUp: [Math.max(2, line - 12), cell.cellIndex], PageDown: [line + 12, cell.cellIndex],
  }[key];
  if (!to) return null;
  const within = (value, most) => Math.min(most, Math.max(0, value));
  const [down, across] = [within(to[0], lines.length - 1), within(to[1], last)];
  const found = lines[down].cells[across];
  return down === 0 ? found.firstElementChild : down === 1 ? found.lastElementChild : found;
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
  const label = cell.cellIndex - 1;
  if (target.closest(".about")) show({ object: "", label: run.labels[label], image: "" }, true);
  else if (cell.closest("thead")) sortBy(cell);
  else {
    const object = run.objects[cell.parentElement.dataset.object];
    show({ object, label: cell.tagName === "TD" ? run.labels[label] : "", picture: "", image: "" }, true);
  }
}

/** Turns heads into buttons: what sorts, and under it what opens the label. */
function dressHeads() {
  heads.forEach((head, place) => {
    const name = place ? run.labels[place - 1] : "name";
    head.append(make("button", { type: "button", tabIndex: -1, title: `sort by ${name}` }, ...head.childNodes));
    if (place) head.append(make("button", { type: "button", tabIndex: -1, className: "about", "aria-label": `about ${name}`, title: `about ${name}` }));
  });
}

function listen() {
  dressHeads();
  table.setAttribute("role", "grid");
  for (const row of rows.values()) for (const cell of row.cells) cell.tabIndex = -1;
  stand(table.tBodies[0].rows[0]?.cells[1] ?? heads[0].firstElementChild);
  table.addEventListener("click", (event) => act(event.target));
  table.addEventListener("keydown", (event) => {
    const to = !event.altKey && !event.metaKey && step(event.target, event.key, event.ctrlKey);
    if (to) stand(to).focus();
    else if (["Enter", " "].includes(event.key)) act(event.target);
    else if (event.key === "Escape") reading.hidden = true;
    else return;
    event.preventDefault();
  });
  table.addEventListener("focusin", (event) => {
    stand(event.target.closest("button, th, td"));
    const at = cellAt(event.target);
    if (at) event.target.setAttribute("aria-label", sentence(at.object, at.label));
    read(event.target.closest("td"));
  });
  table.addEventListener("focusout", () => (reading.hidden = true));
  table.addEventListener("mouseover", (event) => read(event.target.closest("td")));
  table.addEventListener("mouseleave", () => (reading.hidden = true));
  table.closest(".scroll").addEventListener("scroll", () => (reading.hidden = true), { passive: true });
}
