"use strict";
/* The dialog: the pictures of a cell, of an object or of a label, or all about one picture. */

const gallery = byId("gallery");
const shelf = byId("pictures");
const figures = () => [...shelf.querySelectorAll("figure[data-picture]")];
const current = () => shelf.querySelector("figure[aria-current]");

/** Makes a picture the current one. */
function go(figure) {
  if (!figure) return;
  const before = current();
  before?.removeAttribute("aria-current");
  if (before) before.tabIndex = -1;
  figure.setAttribute("aria-current", "true");
  figure.tabIndex = 0;
  figure.focus({ preventScroll: true });
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

const press = (id, on) => byId(id).setAttribute("aria-pressed", on);

const toggles = {
  heat: () => press("heat", !shelf.classList.toggle("no-heat")),
  boxes: () => press("boxes", !shelf.classList.toggle("no-boxes")),
  large: () => {
    press("large", shelf.classList.toggle("large"));
    current()?.scrollIntoView({ block: "nearest" });
    current()?.focus({ preventScroll: true });
  },
};

/** All about the current picture. */
function about() {
  const figure = current();
  if (figure && !view.image) show({ picture: figure.dataset.picture, image: figure.dataset.picture }, true);
}

/** One step back: from a picture to its gallery, from a gallery to the page. */
function leave() {
  if (view.image && (view.object || view.label || view.list)) show({ image: "" }, true);
  else if (view.object || view.label || view.image || view.list) show(CLOSED, true);
}

let opening = 0;

/** Says under the heading what is shown: the first part always, the rest behind it where there is little room. */
function tell(sentence) {
  const [first, ...rest] = sentence.split("; ");
  byId("gallery-told").textContent = first;
  byId("gallery-rest").textContent = rest.join("; ");
  byId("gallery-facts").classList.toggle("short", !rest.length);
}

/**
 * Opens the dialog with a heading, a sentence, and what `fill` puts on the shelf when it is there;
 * a later call wins.
 */
async function openDialog(heading, sentenceUnder, fill) {
  const turn = ++opening;
  byId("gallery-name").replaceChildren(...heading);
  tell(sentenceUnder);
  byId("gallery-more").textContent = "";
  shelf.replaceChildren();
  shelf.className = [...shelf.classList].filter((name) => name !== "large").join(" ");
  press("large", false);
  reading.hidden = true;
  if (!gallery.open) gallery.showModal();
  try {
    const { parts, more = "" } = await fill();
    if (turn !== opening) return;
    shelf.append(...parts);
    gallery.classList.toggle("bare", !figures().length);
    byId("gallery-more").textContent = more;
  } catch (fault) {
    if (turn === opening) byId("gallery-more").textContent = fault.message;
    gallery.classList.add("bare");
  }
  go(shelf.querySelector(`[data-picture="${Number(view.picture || -1)}"]`) ?? figures()[0]);
  if (!figures().length) byId("close").focus();
}

/** A name in a heading that leads to all about it. */
function nameButton(name, changes) {
  const button = make("button", { type: "button", className: "name", title: `about ${name}` }, make("bdi", {}, name));
  button.addEventListener("click", () => show({ ...CLOSED, ...changes }, true));
  return button;
}

function openCell(object, label) {
  const [name, called] = [run.objects[object], run.labels[label]];
  const arrow = [make("span", { className: "hidden" }, " in "), make("span", { "aria-hidden": "true" }, " → ")];
  const heading = [nameButton(name, { object: name }), ...arrow, nameButton(called, { label: called })];
  return openDialog(heading, sentence(object, label).slice(`${name}, ${called}: `.length), async () => {
    const found = await picturesOf(object, label);
    const against = await counterExamples(object, label);
    shelf.style.setProperty("--hold", shapeFor([...found, ...against.pictures]));
    const parts = found.map(figureOf);
    if (against.pictures.length) {
      const pictures = against.pictures.map((picture, place) => figureOf(picture, found.length + place));
      parts.push(headingAgainst(against, name, found.length ? pictures : []), ...(found.length ? [] : pictures));
    }
    return { parts, more: moreOfCell(object, label, found.length, against) };
  });
}

/** The heading of the counter-examples of a cell, and how many there are; it is a button where it must first show them. */
function headingAgainst({ pictures, held }, name, hidden) {
  const some = held > pictures.length ? `${whole(pictures.length)} of ${whole(held)} pictures` : pictures.length === 1 ? "1 picture" : `${whole(pictures.length)} pictures`;
  const words = [`Counter-examples: ${some} that ${pictures.length === 1 ? "holds" : "hold"} `, make("bdi", {}, name), " without its being looked at"];
  if (!hidden.length) return make("h3", { className: "wide" }, ...words);
  const button = make("button", { type: "button", "aria-expanded": "false" }, ...words);
  const head = make("h3", { className: "wide" }, button);
  button.addEventListener("click", () => {
    button.replaceWith(...button.childNodes);
    head.after(...hidden);
    go(hidden[0]);
  });
  return head;
}

/** What is left to say of a cell's pictures: how many more there are and where, or why there is none. */
function moreOfCell(object, label, shown, { pictures, held }) {
  const more = count(object, label) - shown;
  const strongest = shown === 1 ? `The strongest of ${whole(1 + more)} is here` : `The ${whole(shown)} strongest of ${whole(shown + more)} are here`;
  if (shown) return more > 0 ? `${strongest}; evidence.parquet names all, and emocam export --to csv writes them for a spreadsheet.` : "";
  if (more > 0) return `The page has no room for its ${whole(more)} pictures; callback.report.pictures shows more.`;
  if (pictures.length) return "";
  if (held) return `${whole(held)} of the pictures hold it, and the page has no room for them; callback.report.pictures shows more.`;
  return images[label] ? `None of the ${whole(images[label])} pictures called ${run.labels[label]} holds ${run.objects[object]}.` : `No picture is called ${run.labels[label]}.`;
}

/** Opens what a view names, or closes the dialog. */
function openView(now) {
  const object = run.objects.indexOf(now.object);
  const label = run.labels.indexOf(now.label);
  if (now.image !== "") return openPicture(Number(now.image));
  if (object >= 0 && label >= 0) return openCell(object, label);
  if (object >= 0) return openObject(object);
  if (label >= 0) return openLabel(label);
  if (now.list) return openList(now.list);
  return gallery.open && gallery.close();
}

function listenGallery() {
  byId("gallery-facts").open = innerWidth > 640;
  gallery.addEventListener("close", () => {
    opening++;
    shelf.replaceChildren();
    // where the browser closed it
    if (view.object || view.label || view.image || view.list) show(CLOSED, true);
    focusHere();
  });
  byId("close").addEventListener("click", () => show(CLOSED, true));
  byId("previous").addEventListener("click", () => move(-1));
  byId("next").addEventListener("click", () => move(1));
  byId("all-about").addEventListener("click", about);
  for (const [id, toggle] of Object.entries(toggles)) byId(id).addEventListener("click", toggle);
  byId("opacity").addEventListener("input", (event) => shelf.style.setProperty("--opacity", event.target.value / 100));
  gallery.addEventListener("click", (event) => {
    if (event.target === gallery) return leave(); // the backdrop
    const figure = event.target.closest("figure[data-picture]");
    if (!figure || event.target.closest("a, button")) return;
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
      h: toggles.heat, b: toggles.boxes, i: about, Escape: leave,
      ...(event.target.matches("figure") ? { Enter: toggles.large } : {}),
    };
    if (!keys[event.key]) return;
    keys[event.key]();
    event.preventDefault();
  });
}
