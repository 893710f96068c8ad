"use strict";
/* All about an object, a label or a picture: ranked bars, then what they rest on. */

const RANKED = 20;
const EXAMPLES = 6;

/** Bars (name, percent, interval, action), each a button. */
function ranks(heading, entries) {
  const list = make("ol", { className: "ranks" });
  for (const { name, value, low = NaN, high = NaN, says, out, act } of entries) {
    const bar = make("span", { className: "bar-track", "aria-hidden": "true" }, make("i", {}), make("u", {}));
    const width = (percent) => `${Math.max(0, Math.min(100, percent || 0))}%`;
    bar.firstChild.style.width = width(value);
    Object.assign(bar.lastChild.style, { left: width(low), width: width(high - low) });
    const line = make(act ? "button" : "div", { className: out ? "rank out" : "rank", ...(act ? { type: "button" } : {}) }, make("bdi", {}, name), bar, make("span", {}, says));
    if (act) line.addEventListener("click", act);
    list.append(make("li", {}, line));
  }
  return make("section", { className: "ranked" }, make("h3", {}, heading), list);
}

const heading = (text) => make("h3", { className: "wide" }, text);

function rankOf(object, label, name, changes) {
  const [low, high] = wilson(count(object, label), images[label]);
  const says = `${whole(count(object, label))} of ${whole(images[label])}, ${percentText(share(object, label))} %${interval(low, high)}, elsewhere ${elsewhere(object, label).toFixed(0)} %`;
  return { name, value: share(object, label), low, high, says, act: () => show(changes, true) };
}

/** What an object does across labels. */
function openObject(object) {
  const name = run.objects[object];
  const labels = run.labels.map((_, label) => label).filter((label) => images[label]);
  labels.sort((a, b) => share(object, b) - share(object, a));
  return openDialog([make("bdi", {}, name)], `${whole(total(object))} of ${whole(allImages)} images, across ${labels.length} labels`, async () => {
    const bars = ranks("In how many of each label's images it counts", labels.map((label) =>
      rankOf(object, label, run.labels[label], { object: name, label: run.labels[label] })));
    const found = await Promise.all(labels.slice(0, EXAMPLES).map((label) => picturesOf(object, label)));
    const strongest = found.flatMap((pictures) => pictures.slice(0, 4));
    shelf.style.setProperty("--hold", shapeFor(strongest));
    return { parts: [bars, heading("Strongest pictures of its strongest labels"), ...strongest.map(figureOf)] };
  });
}

/** What drives a label: objects by contrast, with pictures for it and against it. */
function openLabel(label) {
  const name = run.labels[label];
  const objects = run.objects.map((_, object) => object).filter((object) => count(object, label));
  objects.sort((a, b) => contrast(b, label) - contrast(a, label));
  const best = objects.filter((object, place) => place < 1 || contrast(object, label) > 0).slice(0, RANKED);
  return openDialog([make("bdi", {}, name)], `${whole(images[label])} of ${whole(allImages)} images`, async () => {
    const bars = ranks("What stands out under this label", best.map((object) =>
      rankOf(object, label, run.objects[object], { object: run.objects[object], label: name })));
    const found = await Promise.all(best.slice(0, EXAMPLES).map((object) => picturesOf(object, label)));
    const favour = found.flatMap((pictures) => pictures.slice(0, 3));
    shelf.style.setProperty("--hold", shapeFor(favour));
    const against = best.length ? await otherLabels(best[0], label) : [];
    const parts = [bars, heading("For it: strongest pictures of these objects"), ...favour.map(figureOf)];
    if (against.length) {
      const first = make("bdi", {}, run.objects[best[0]]);
      parts.push(make("h3", { className: "wide" }, "Against it: ", first, " counts as strongly, and the picture is called something else"));
      parts.push(...against.map((picture, place) => figureOf(picture, favour.length + place)));
    }
    return { parts };
  });
}

/** The strongest pictures of an object under all labels but one. */
async function otherLabels(object, label) {
  const others = run.labels.map((_, other) => other).filter((other) => other !== label && count(object, other));
  const found = (await Promise.all(others.map((other) => picturesOf(object, other)))).flat();
  return found.sort((a, b) => strength(b.boxes[0]) - strength(a.boxes[0])).slice(0, EXAMPLES);
}

/** All about one picture: every region, and how likely each label was. */
function openPicture(id) {
  const file = `data/pictures/${padded(Math.floor(id / run.chunk), 4)}.js`;
  return openDialog(["One picture"], "", async () => {
    const picture = (await load(file)).pictures[id];
    if (!picture) throw new Error("This picture is not among those that the page shows.");
    byId("gallery-name").replaceChildren(pathLine(picture.path));
    const regions = regionsOf(picture);
    const counted = regions.filter((box) => passes(box, picture));
    tell(`called ${run.labels[picture.label]} (${two(picture.confidence)}); ${counted.length} of ${regions.length} regions count`);
    const shown = { ...picture, object: counted[0]?.[6] ?? 0, boxes: counted };
    const figure = make("figure", { className: "whole", tabIndex: 0 });
    figure.dataset.picture = id;
    figure.append(stage(shown, `${picture.path} with ${counted.length} boxes`, (box) => `${run.objects[box[6]]} ${weightOf(box)}`), make("figcaption", {}, factsOf(shown)));
    // of many labels the likeliest alone, as pairs
    const likely = picture.probabilities.map((told, place) => (told.length ? told : [place, told])).map(([label, value]) => ({ name: run.labels[label], value: 100 * value, says: `${percentText(100 * value)} %` }));
    likely.sort((a, b) => b.value - a.value);
    const found = regions.slice(0, 60).map((box) => ({
      name: run.objects[box[6]], value: 100 * (strength(box) || 0), says: run.explained ? `${weightOf(box)}, score ${two(box[4])}` : two(box[4]), out: !passes(box, picture),
      act: () => show({ object: run.objects[box[6]], label: run.labels[picture.label], image: "", picture: String(id) }, true),
    }));
    return { parts: [figure, ranks("How likely each label was", likely.slice(0, RANKED)), ranks(`Its regions by ${run.explained ? run.weight : "score"}; pale ones do not count`, found)] };
  });
}
