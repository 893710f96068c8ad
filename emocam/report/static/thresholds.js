"use strict";
/* The sliders: the matrix counted again, in the page, from the stored evidence. */

const SAME = 128;
const sliders = [run.weight, "score", "confidence"].map(byId).filter(Boolean);
let evidence = null;

/** The evidence, loaded when a slider is first touched. */
async function loadEvidence() {
  if (evidence) return evidence;
  const data = await load("data/evidence.js");
  if (!data.ends) return (evidence = { ...data, ends: run.objects.map(() => 0), label: [], score: [], weight: [], confidence: [] });
  const [score, weight, confidence, label] = ["score", run.weight, "confidence", "label"].map((key) => bytes(data[key]));
  evidence = { ...data, score, weight, confidence, label: data.wide ? new Uint16Array(label.buffer) : label };
  return evidence;
}

/** Counts at the sliders' places; a picture counts once for an object, whichever region passes. */
function recount({ ends, label, score, weight, confidence }, at) {
  const found = new Int32Array(run.objects.length * columns);
  const least = run.explained ? at[run.weight] : -1;
  for (let object = 0; object < run.objects.length; object++) {
    let counted = false;
    for (let i = ends[object]; i < ends[object + 1]; i++) {
      const level = score[i];
      if (level < SAME) counted = false;
      if (counted || (level & (SAME - 1)) <= at.score || weight[i] <= least || confidence[i] <= at.confidence) continue;
      found[object * columns + label[i]]++;
      counted = true;
    }
  }
  return found;
}

/** The thresholds of a view: its own where it has them, else the run's. */
function wanted(now) {
  return Object.fromEntries(Object.keys(run.thresholds).map((key) => [key, now[key] === "" ? run.thresholds[key] : Number(now[key])]));
}

/** Where on its slider a threshold stands: the last position not stricter. Those of chance fall. */
function placeOf(positions, value) {
  const sign = positions[0] > positions.at(-1) ? -1 : 1;
  return Math.max(0, positions.findLastIndex((position) => sign * position <= sign * value));
}

let moving = 0;

/** Brings table, legend and open gallery to the thresholds of a view. */
async function moveThresholds(now) {
  const at = wanted(now);
  const own = Object.keys(at).every((key) => at[key] === run.thresholds[key]);
  for (const slider of sliders) byId(`${slider.id}-says`).textContent = at[slider.id];
  for (const id of ["reset", "command"]) if (byId(id)) byId(id).hidden = own;
  const turn = ++moving;
  if (own && thresholds === run.thresholds) return;
  const data = await loadEvidence();
  if (turn !== moving) return;
  const places = Object.fromEntries(Object.keys(at).map((key) => [key, placeOf(data.positions[key], at[key])]));
  const exact = Object.fromEntries(Object.keys(at).map((key) => [key, data.positions[key][places[key]]]));
  if (own) setCounts(run.counts, run.images, run.thresholds);
  else setCounts(recount(data, places), data.images.map((of) => of[places.confidence]), exact);
  for (const slider of sliders) slider.value = places[slider.id];
  fill(view.measure);
  refresh(view);
}

/** Gives the sliders their positions; before, they stand where the run does. */
async function readySliders() {
  const { positions } = await loadEvidence();
  for (const slider of sliders) {
    slider.max = positions[slider.id].length - 1;
    slider.value = placeOf(positions[slider.id], wanted(view)[slider.id]);
  }
}

function sortAgain() {
  sortRows(view);
  refresh(view);
}

function listenThresholds() {
  if (!sliders.length) return;
  document.querySelector(".thresholds").hidden = false;
  document.querySelector(".thresholds").addEventListener("submit", (event) => event.preventDefault());
  for (const slider of sliders) {
    slider.addEventListener("input", () => {
      const value = evidence.positions[slider.id][slider.value];
      slider.setAttribute("aria-valuetext", value);
      show({ [slider.id]: value === run.thresholds[slider.id] ? "" : String(value) });
    });
    slider.addEventListener("change", () => sortAgain()); // not while it moves: rows would run away
  }
  byId("reset").addEventListener("click", () => {
    show({ score: "", importance: "", chance: "", confidence: "" });
    sortAgain();
  });
  byId("command").addEventListener("click", (event) => {
    const folder = table.closest(".scroll").dataset.run;
    const words = Object.entries(thresholds); // all: a replay begins with the usual ones, not with the run's
    copy(event.target, `python -m emocam task=replay evidence='${folder.replaceAll("'", "'\\''")}' ${words.map(([k, v]) => `threshold.${k}=${v}`).join(" ")}`);
  });
}
