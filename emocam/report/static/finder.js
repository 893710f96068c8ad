"use strict";
/* Single pictures: any by a part of its file's name, and those that people call something else. */

const FOUND = 60;

/** All regions of a picture that count, strongest first, each with its object at the seventh place. */
function regionsOf(picture) {
  const regions = Object.entries(picture.objects).flatMap(([object, boxes]) => boxes.map((box) => [...box.slice(0, 6), Number(object), ...box.slice(6)]));
  return regions.sort((a, b) => strength(b) - strength(a));
}

/** A picture with all that counts in it. */
function wholeFigure(picture, place) {
  const boxes = regionsOf(picture).filter((box) => passes(box, picture));
  const shown = { ...picture, boxes };
  const figure = make("figure", { tabIndex: place ? -1 : 0 });
  figure.dataset.picture = picture.id;
  figure.style.setProperty("--ratio", ratioOf(picture));
  const alt = `${picture.path}, called ${run.labels[picture.label]}; ${boxes.length === 1 ? "1 box" : `${boxes.length} boxes`}`;
  figure.append(
    stage(shown, alt, (box) => run.objects[box[6]]),
    make("figcaption", {}, pathLine(picture.path, `${place + 1}. `), factsOf({ ...shown, boxes: [] })),
  );
  return figure;
}

/** The pictures of these numbers, each from its file. */
async function picturesAt(ids) {
  const file = (id) => `data/pictures/${padded(Math.floor(id / run.chunk), 4)}.js`;
  const files = await Promise.all([...new Set(ids.map(file))].map(async (name) => [name, await load(name)]));
  const parts = new Map(files);
  return ids.map((id) => parts.get(file(id)).pictures[id]).filter(Boolean);
}

/** Pictures whose file's name holds a text. */
function openFound(text) {
  return openDialog([`Pictures named “${text}”`], "", async () => {
    const { paths, labels, confidence, shown } = await load("data/names.js");
    const part = text.trim().toLocaleLowerCase();
    const found = paths.map((_, id) => id).filter((id) => paths[id].toLocaleLowerCase().includes(part));
    const here = new Set(shown);
    const pictures = await picturesAt(found.filter((id) => here.has(id)).slice(0, FOUND));
    const others = found.filter((id) => !here.has(id));
    tell(`${whole(found.length)} of ${whole(paths.length)} pictures`);
    shelf.style.setProperty("--hold", shapeFor(pictures));
    const parts = pictures.map(wholeFigure);
    if (others.length)
      parts.push(
        heading("Not shown on this page"),
        make("ul", { className: "wide" }, ...others.slice(0, FOUND).map((id) => make("li", {}, make("bdi", {}, paths[id]), ": ", make("bdi", {}, run.labels[labels[id]] ?? ""), ` ${two(confidence[id])}`))),
      );
    const left = found.length - pictures.length - Math.min(FOUND, others.length);
    return { parts, more: !found.length ? "No picture has this in its name." : left > 0 ? `and ${whole(left)} more: give a longer part of the name` : "" };
  });
}

/** Pictures that people call something else, of one kind of mistake or of all. */
function openWrong(kind) {
  return openDialog(["Answers that people would not give"], "", async () => {
    const { kinds, pictures } = await load("data/wrong.js");
    const total = kinds.reduce((sum, [, , n]) => sum + n, 0);
    const chosen = kinds[kind];
    const found = chosen ? pictures.filter((picture) => picture.truth === chosen[0] && run.labels[picture.label] === chosen[1]) : pictures;
    tell(chosen ? `people say ${chosen[0]}, the classifier ${chosen[1]}: ${whole(chosen[2])} of ${whole(total)}` : `${whole(total)} pictures; the surest of each kind first`);
    const bars = ranks("People say → the classifier says", kinds.slice(0, RANKED).map(([truth, label, n], place) => ({
      name: `${truth} → ${label}`, value: (100 * n) / kinds[0][2], says: n === 1 ? "1 picture" : `${whole(n)} pictures`, out: chosen && place !== kind,
      act: () => show({ ...CLOSED, list: place === kind ? "wrong" : `wrong:${place}` }, true),
    })));
    shelf.style.setProperty("--hold", shapeFor(found));
    const left = (chosen ? chosen[2] : total) - found.length;
    return { parts: [bars, ...found.map(wholeFigure)], more: left > 0 ? `and ${whole(left)} more in predictions.parquet` : "" };
  });
}

/** Opens what a list's name asks for. */
function openList(list) {
  if (list.startsWith("find:")) return openFound(list.slice(5));
  return openWrong(list.startsWith("wrong:") ? Number(list.slice(6)) : -1);
}

function listenFinder() {
  const form = byId("finder");
  if (!form) return;
  form.closest("section").hidden = false;
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const text = byId("find")?.value.trim();
    if (text) show({ ...CLOSED, list: `find:${text}` }, true);
  });
  byId("wrong")?.addEventListener("click", () => show({ ...CLOSED, list: "wrong" }, true));
}
