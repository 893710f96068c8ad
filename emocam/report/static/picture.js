"use strict";
/* The pictures of this run: where their data lie, what counts in them, what is said under them. */

const objectFile = (object) => `data/objects/${padded(object, 4)}.js`;

const FEWEST_AGAINST = 12;

const byChance = run.weight === "chance";

/** How strongly a box (x0, y0, x1, y1, score, importance or chance) counts; without a CAM it is its score. */
const strength = (box) => (!run.explained ? box[4] : byChance ? 1 - box[5] : box[5]);

/** The number behind it. */
const weightOf = (box) => (run.explained && byChance ? box[5].toFixed(3) : two(strength(box)));

/** Whether a box passes the thresholds, compared as the stored numbers are. */
function passes(box, picture) {
  const above = (value, least) => value > Math.fround(least);
  const looked = (value) => (byChance ? value !== null && value < Math.fround(thresholds.chance) : above(value, thresholds.importance));
  return above(box[4], thresholds.score) && above(picture.confidence, thresholds.confidence) && (!run.explained || looked(box[5]));
}

/** The pictures of a cell that count, strongest first, each with the boxes that count. */
async function picturesOf(object, label) {
  if (!run.pictured.includes(object)) return [];
  const { cells } = await load(objectFile(object));
  return (cells[label] ?? [])
    .map((picture) => ({ ...picture, object, boxes: picture.boxes.filter((box) => passes(box, picture)) }))
    .filter((picture) => picture.boxes.length)
    .sort((a, b) => strength(b.boxes[0]) - strength(a.boxes[0]))
    .slice(0, run.most);
}

/** The pictures of a cell that hold the object without being looked at, least looked at first, and how many there are. */
async function counterExamples(object, label) {
  if (!run.explained || !run.pictured.includes(object)) return { pictures: [], held: 0 };
  const { cells, held } = await load(objectFile(object));
  const detected = (box) => box[4] > Math.fround(thresholds.score);
  const pictures = (cells[label] ?? [])
    .filter((picture) => picture.confidence > Math.fround(thresholds.confidence))
    .filter((picture) => picture.boxes.some(detected) && !picture.boxes.some((box) => passes(box, picture)))
    .map((picture) => ({ ...picture, object, against: true, boxes: picture.boxes.filter(detected) }))
    .sort((a, b) => strength(a.boxes[0]) - strength(b.boxes[0]));
  // how many hold it was counted at the run's own thresholds
  return { pictures: pictures.slice(0, FEWEST_AGAINST), held: thresholds === run.thresholds ? (held[label] ?? 0) - count(object, label) : 0 };
}

/** What is said under a picture: each a span, names as they are. */
function factsOf(picture) {
  const said = [[make("bdi", {}, run.labels[picture.label]), ` ${two(picture.confidence)}`]];
  if (picture.boxes.length) said.push([`${run.explained ? run.weight : "score"} ${weightOf(picture.boxes[0])}`]);
  if (picture.truth !== undefined)
    said.push(picture.truth === run.labels[picture.label] ? ["correct"] : ["people say: ", make("bdi", {}, picture.truth)]);
  if (run.originals) {
    // of a film the address ends in the second, which a browser goes to
    const [, file, part] = /^(.*?)(#(?:t=-?\d+\.\d{6}(?:&face=\d+)?|face=\d+))?$/s.exec(picture.path);
    const href = `${run.originals}/${file.split("/").map(encodeURIComponent).join("/")}${part ?? ""}`;
    said.push([make("a", { href, target: "_blank", rel: "noreferrer" }, "original")]);
  }
  return make("span", { className: "facts" }, ...said.map((parts) => make("span", {}, ...parts)));
}

/** A picture of a gallery with its place in it. */
function figureOf(picture, place) {
  const name = run.objects[picture.object];
  const many = picture.boxes.length === 1 ? "1 box" : `${picture.boxes.length} boxes`;
  const figure = make("figure", { tabIndex: place ? -1 : 0 });
  figure.dataset.picture = picture.id;
  if (picture.against) figure.className = "against";
  figure.style.setProperty("--ratio", ratioOf(picture));
  figure.append(
    stage(picture, `${picture.path}, called ${run.labels[picture.label]}; ${name} in ${many}`, (box) => `${view.object ? "" : `${name} `}${weightOf(box)}`),
    make("figcaption", {}, pathLine(picture.path, `${place + 1}. `), factsOf(picture)),
  );
  return figure;
}
