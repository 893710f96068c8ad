"use strict";
/* What is counted, what a cell can show of it, and in which order objects stand. */

const run = loaded.get("data/run.js");
const columns = run.labels.length;
const Z = 1.959963984540054;

/** In how many pictures of each label each object counts, at which thresholds. */
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

/** Percent of all images with another label. */
function elsewhere(object, label) {
  const others = allImages - images[label];
  return others ? (100 * (total(object) - count(object, label))) / others : 0;
}

const contrast = (object, label) => (images[label] ? share(object, label) - elsewhere(object, label) : NaN);

/** How sure a share of `k` in `n` is: Wilson's interval, in percent. */
function wilson(k, n) {
  const middle = (k + (Z * Z) / 2) / (n + Z * Z);
  const half = (Z / (n + Z * Z)) * Math.sqrt((k * (n - k)) / n + (Z * Z) / 4);
  return [100 * Math.max(0, middle - half), 100 * Math.min(1, middle + half)];
}

function percentText(value) {
  if (Number.isNaN(value)) return "–";
  const text = value.toFixed(1);
  return value === 0 ? "0" : text === "100.0" ? "100" : text;
}

/** Reads the further columns of a large matrix, which do not stand in the page's own data. */
async function loadCells() {
  const { columns: packed } = await load("data/cells.js");
  loaded.delete("data/cells.js");
  for (const [name, column] of Object.entries(packed)) {
    const stream = new Blob([bytes(column.packed)]).stream().pipeThrough(new DecompressionStream("deflate"));
    const buffer = await new Response(stream).arrayBuffer();
    const values = column.names.length ? Array.from(new Uint16Array(buffer), (code) => column.names[code]) : new Float32Array(buffer);
    run.cells[name] = values;
  }
}
const comesLater = Object.values(run.cells ?? {}).some((column) => !column.length) && run.objects.length * columns > 0;

/** A column of cells.parquet at a cell; NaN where it was not measured. */
const told = (column, object, label) => run.cells?.[column]?.[object * columns + label] ?? NaN;

const signed = (value) => (Number.isNaN(value) ? "–" : value.toFixed(2).replace("-", "−"));

/** The verdicts of a cell: the sign in the table, from what deserves a look to what does not. */
const VERDICTS = {
  "looked at without effect": "◐", "effect without being looked at": "◍", used: "●",
  "present only": "·", "not distinguishable from chance": "~", "too few pictures": "?",
};

/**
 * What cells can show: `value` of a cell, its `text`, the legend's `unit` for the greatest, and, for
 * what can be below a neutral point, `side` in [-1, 1] of the greatest distance from it.
 */
const dropping = (run.unit ?? "log-odds") === "log-odds" ? "the label's log-odds" : `the value's ${run.unit}`;
const MEASURES = {
  percent: { name: "percent", value: share, text: percentText, unit: (top) => `${percentText(top)} % of the label's images` },
  count: { name: "count", value: count, text: whole, unit: (top) => `${whole(top)} images` },
};
if (run.cells?.use)
  MEASURES.use = {
    name: "use", text: percentText, value: (o, l) => 100 * told("use", o, l),
    unit: (top) => `${percentText(top)} % of the images that hold it: there it is looked at`,
  };
if (run.cells?.lift)
  MEASURES.lift = {
    name: "lift", text: signed, value: (o, l) => told("lift", o, l), two: (value) => Math.log2(Math.max(value, 1 / 64)),
    unit: () => "times as often as under the other labels, whether by the object or by broader maps; 1 is neutral",
  };
if (run.cells?.effect)
  MEASURES.effect = {
    name: "effect", text: signed, value: (o, l) => told("effect", o, l), two: (value) => value,
    unit: () => `drop of ${dropping} when the object is taken away; 0 is neutral`,
  };
if (run.cells?.verdict)
  MEASURES.verdict = {
    name: "verdict", value: (o, l) => Object.keys(VERDICTS).length - Object.keys(VERDICTS).indexOf(verdictOf(o, l)) || NaN,
    text: () => "", unit: () => Object.entries(VERDICTS).map(([words, sign]) => `${sign} ${words}`).join("   "),
  };

/** The verdict of a cell in words, or nothing. */
const verdictOf = (object, label) => run.cells?.verdict?.[object * columns + label] ?? "";

const interval = (low, high, digits = 0, factor = 1) =>
  Number.isNaN(low) || Number.isNaN(high) ? "" : ` (${(factor * low).toFixed(digits)}–${(factor * high).toFixed(digits)})`;

const roles = new Map(run.roles.map(([object, label, role]) => [object * columns + label, role]));
const roleOf = (object, label) => roles.get(object * columns + label) ?? "";

/** How often an object is looked at where it is there, and how often it would be by chance. */
function usedWords(at, k) {
  if (Number.isNaN(at("use"))) return "";
  const holding = thresholds === run.thresholds && at("use") > 0 ? `the ${whole(Math.round(k / at("use")))}` : "those";
  const chance = Number.isNaN(at("use_chance")) ? "" : `, by chance ${(100 * at("use_chance")).toFixed(0)} %`;
  if (at("use") === 0) return `looked at in none of those that hold it${chance}`;
  return `looked at in ${(100 * at("use")).toFixed(0)} %${interval(at("use_low"), at("use_high"), 0, 100)} of ${holding} that hold it${chance}`;
}

/** How many times as often it counts here as under other labels, as far as it counts there at all. */
function liftWords(lift, countHere, countElsewhere) {
  if (Number.isNaN(lift) || !countHere || !countElsewhere) return "";
  return `${lift >= 10 ? whole(Math.round(lift)) : lift.toPrecision(2)} times as often as under other labels`;
}

const VISIBLE = 0.05;

/** What taking the object away does to the answer, and what the control does. */
function effectWords(effect, control) {
  if (Number.isNaN(effect)) return "";
  if (run.unit && run.unit !== "log-odds") return `taken away, ${dropping} drop by ${signed(effect)}, by the control ${signed(control)}`;
  const does = effect >= VISIBLE ? `makes the answer less likely by ${signed(effect)} log-odds` : effect > -VISIBLE ? "leaves the answer as likely" : `makes the answer likelier by ${signed(-effect)} log-odds, which is no effect of it`;
  const there = Number.isNaN(control) ? "" : ` (as much taken away elsewhere: ${control >= VISIBLE ? `less likely by ${signed(control)}` : control > -VISIBLE ? "as likely" : `likelier by ${signed(-control)}`})`;
  return `removing it ${does}${there}`;
}

const chanceWords = (q) => (Number.isNaN(q) ? "" : q < 0.001 ? "q below 0.001" : `q ${q.toPrecision(2)}`);

/** A cell in words. */
function sentence(object, label) {
  const n = images[label];
  const names = `${run.objects[object]}, ${run.labels[label]}`;
  if (!n) return `${names}: no image counts for this label`;
  const k = count(object, label);
  const [low, high] = wilson(k, n);
  const at = (column) => told(column, object, label);
  const others = allImages - n;
  const measured = [usedWords(at, k), liftWords(at("lift"), k, total(object) - k), effectWords(at("effect"), at("effect_control")), chanceWords(at("q")), verdictOf(object, label)].filter(Boolean);
  if (measured.length && thresholds !== run.thresholds) measured[0] = `at the run's own thresholds: ${measured[0]}`;
  const more = [
    others > 0 && `elsewhere ${whole(total(object) - k)} of ${whole(others)}, ${percentText(elsewhere(object, label))} %`,
    ...measured,
    roleOf(object, label) && `planted as ${roleOf(object, label)}`,
  ];
  return `${names}: ${whole(k)} of ${whole(n)} images, ${percentText(share(object, label))} %${interval(low, high)}; ${more.filter(Boolean).join("; ")}`;
}

/** How an object is placed by a kind of order; rows stand from the highest to the lowest. */
const ORDERS = {
  mean: (object) => run.labels.reduce((sum, _, label) => sum + (share(object, label) || 0), 0),
  total,
  contrast: (object) => Math.max(...run.labels.map((_, label) => contrast(object, label) || -100)),
  disagreement: (object) => run.labels.filter((_, label) => / without /.test(verdictOf(object, label))).length,
  own: (object) => -object,
};

/** Objects from first to last under the view's order. */
function ordered(objects, { sort, direction, measure }) {
  const sign = direction === "ascending" ? -1 : 1;
  if (sort === "name") {
    const compare = new Intl.Collator("en", { numeric: true }).compare;
    return [...objects].sort((a, b) => -sign * compare(run.objects[a], run.objects[b]));
  }
  if (sort === "cluster") return clustered(objects);
  const label = sort.startsWith("label:") ? run.labels.indexOf(sort.slice(6)) : -1;
  const value = MEASURES[measure]?.value ?? share;
  const place = label >= 0 ? (object) => value(object, label) || 0 : ORDERS[sort] ?? ORDERS.mean;
  const keys = new Map(objects.map((object) => [object, place(object)]));
  return [...objects].sort((a, b) => sign * (keys.get(b) - keys.get(a)) || a - b);
}

/** Objects whose labels are alike stand together: grouped by their strongest label, strongest first. */
function clustered(objects) {
  const leads = new Map(objects.map((object) => {
    const found = run.labels.map((_, label) => contrast(object, label) || -100);
    const lead = found.indexOf(Math.max(...found));
    return [object, [lead, -found[lead]]];
  }));
  return [...objects].sort((a, b) => leads.get(a)[0] - leads.get(b)[0] || leads.get(a)[1] - leads.get(b)[1] || a - b);
}
