"use strict";
/* What the page knows and what it shows: data that came from files, the view that stands in the
   URL's hash. A page opened from disk may not fetch, so data are scripts that call emocam(). */

const loaded = new Map();

/** Takes the data of a file; the only function that data files call. */
function emocam(data) {
  loaded.set(data.name, data);
}

/** The data of a file beside the page, loaded once. At most `keep` files are remembered. */
function load(name, keep = 40) {
  if (loaded.has(name)) return Promise.resolve(loaded.get(name));
  return new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = name;
    script.onload = () => {
      script.remove();
      const data = loaded.get(name);
      const old = [...loaded.keys()].filter((key) => key.startsWith("data/objects/"));
      for (const key of old.slice(0, Math.max(0, old.length - keep))) loaded.delete(key);
      resolve(data);
    };
    script.onerror = () => reject(new Error(`${name} is missing beside this page`));
    document.head.append(script);
  });
}

/** The view: what is sorted, filtered and open. Only what differs from this is in the hash. */
const FIRST = {
  object: "", label: "", picture: "", image: "", list: "", sort: "mean", direction: "descending",
  measure: "percent", filter: "", least: "0", among: "", every: "",
  score: "", importance: "", chance: "", confidence: "", // empty: the run's own thresholds
};
/** The view without an open gallery. */
const CLOSED = { object: "", label: "", picture: "", image: "", list: "" };
const watchers = [];
let view = readHash();

function readHash() {
  const said = new URLSearchParams(location.hash.slice(1));
  return Object.fromEntries(Object.keys(FIRST).map((key) => [key, said.get(key) ?? FIRST[key]]));
}

function hashOf(changes) {
  const next = { ...view, ...changes };
  const said = new URLSearchParams();
  for (const key of Object.keys(FIRST)) if (next[key] !== FIRST[key]) said.set(key, next[key]);
  return `#${said}`;
}

/** Changes the view. With `step` the browser's way back leads to the view before. */
function show(changes, step = false) {
  const before = view;
  const hash = hashOf(changes);
  view = { ...view, ...changes };
  if (step) clearTimeout(late);
  if (step) history.pushState(null, "", hash);
  else write(hash);
  for (const watch of watchers) watch(view, before);
}

let written = 0;
let late = 0;

/** Puts the view into the URL; browsers refuse hundreds of changes in a row, as a slider makes. */
function write(hash) {
  clearTimeout(late);
  const wait = written + 120 - performance.now();
  if (wait > 0) late = setTimeout(write, wait, hash);
  else {
    written = performance.now();
    history.replaceState(null, "", hash);
  }
}

/** Calls `watch(view, before)` after every change, from the page or from the browser's buttons. */
function onView(watch) {
  watchers.push(watch);
}

window.addEventListener("popstate", () => {
  const before = view;
  view = readHash();
  for (const watch of watchers) watch(view, before);
});

/** An element with properties and children; text is always text. */
function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [key, value] of Object.entries(properties)) {
    if (key in element) element[key] = value;
    else element.setAttribute(key, value);
  }
  element.append(...children);
  return element;
}

const byId = (id) => document.getElementById(id);

/** The bytes of base64. */
const bytes = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
const whole = (number) => number.toLocaleString("en-US");
