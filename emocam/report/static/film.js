"use strict";
/* The section along a film's time: rows of labels and of what is looked at, one cell a frame; the
   frame of a cell is shown in the film, and the film's place is shown in the rows. */

const SCALE = 254;
const clock = (seconds) => {
  const [minutes, rest] = [Math.floor(seconds / 60), (seconds % 60).toFixed(2)];
  return minutes ? `${minutes}:${rest.padStart(5, "0")}` : `${rest} s`;
};

/** The last of ascending numbers that is not above a value; the first where all are. */
function placeIn(numbers, value) {
  let [low, high] = [0, numbers.length - 1];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (numbers[middle] <= value) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** One film, or one face of it, with its two canvases and its cursor. */
function lane(data, along, film) {
  const [odds, strip] = [bytes(data.odds), bytes(data.strip ?? "")];
  const labels = data.labels ?? along.labels; // observers have words of their own, and look at nothing
  const objects = data.strip ? along.objects : [];
  const cells = data.time.length;
  const end = data.time[cells - 1] + data.step;
  const [from, to] = along.range.get(data.source);
  const share = (time) => (100 * (time - from)) / (to - from || 1);
  const cursor = make("i", { className: "cursor", hidden: true });
  const says = (cell) => {
    const likely = labels.map((name, row) => [odds[row * cells + cell] / SCALE, name]).sort((a, b) => b[0] - a[0]);
    const looked = objects.map((name, row) => [strip[row * cells + cell], name]).filter(([value]) => value <= SCALE).sort((a, b) => b[0] - a[0]);
    const top = looked.slice(0, 3).map(([value, name]) => `${name} ${two(value / SCALE)}`).join(", ");
    return `${data.name}, ${clock(data.time[cell])}: ${likely.slice(0, 2).map(([value, name]) => `${name} ${two(value)}`).join(", ")}${top ? `; ${along.weight}: ${top}` : ""}`;
  };
  let here = 0;
  const slider = make("div", { className: "cells", role: "slider", tabIndex: 0, "aria-label": `${data.name}: frames`, "aria-valuemin": 0, "aria-valuemax": cells - 1, "aria-orientation": "horizontal" });
  const stand = (cell) => {
    here = Math.max(0, Math.min(cells - 1, cell));
    cursor.hidden = false;
    cursor.style.left = `${share(data.time[here] + Math.min(data.step, end - data.time[here]) / 2)}%`;
    slider.setAttribute("aria-valuenow", here);
    slider.setAttribute("aria-valuetext", says(here));
  };
  const seek = (cell) => {
    stand(cell);
    for (const other of along.shown) if (other.source !== data.source || !other.at(data.time[here])) other.hide();
    cursor.hidden = false;
    byId("film-says").textContent = says(here);
    if (!film || !data.shown) return;
    film.pause();
    film.currentTime = data.shown[here] + Math.min(0.005, data.step / 4);
  };
  slider.addEventListener("click", (event) => {
    const box = slider.getBoundingClientRect();
    slider.focus({ preventScroll: true });
    seek(placeIn(data.time, from + ((event.clientX - box.left) / box.width) * (to - from)));
  });
  slider.addEventListener("keydown", (event) => {
    const far = Math.max(2, Math.round(cells / 20));
    const by = { ArrowLeft: -1, ArrowRight: 1, ArrowDown: -1, ArrowUp: 1, PageDown: -far, PageUp: far, Home: -cells, End: cells, Enter: 0 };
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    if (event.key === " " && film) film.paused ? film.play() : film.pause();
    else if (event.key in by) seek(here + by[event.key]);
    else return;
    event.preventDefault();
  });
  /** Shows a second of the film if the lane has a frame then. */
  const at = (time) => {
    const cell = placeIn(data.time, time + 0.0005);
    const there = time > data.time[0] - 0.0005 && time - data.time[cell] <= 3 * data.step;
    if (there) stand(cell);
    return there;
  };
  /** overlay.mp4 has come to a second, which may be one of this lane's film. */
  const follow = (second) => {
    if (!data.shown) return false;
    const cell = placeIn(data.shown, second + 0.001);
    return at(data.time[cell] + second - data.shown[cell]);
  };
  slider.append(rowsOf(odds, labels.length, data, [from, to], "odds"));
  if (objects.length) slider.append(rowsOf(strip, objects.length, data, [from, to], "strip"));
  slider.append(cursor);
  const names = [labels, objects].map((list) => make("ul", { "aria-hidden": "true" }, ...list.map((name) => make("li", {}, make("bdi", {}, name)))));
  const ticks = make("p", { className: "ticks", "aria-hidden": "true" }, make("span", {}, clock(from)), make("span", {}, clock((from + to) / 2)), make("span", {}, clock(to)));
  const figure = make("div", { className: "lane" }, make("h3", {}, make("bdi", {}, data.name)), make("div", { className: "names" }, ...names), slider, ticks);
  stand(0);
  cursor.hidden = true;
  return { figure, follow, at, source: data.source, hide: () => (cursor.hidden = true) };
}

/** A canvas with a row a label or an object, and a pixel column a small part of the time. */
function rowsOf(values, rows, data, [from, to], kind) {
  const cells = data.time.length;
  const width = Math.min(2000, Math.max(600, cells));
  const canvas = make("canvas", { className: kind, "aria-hidden": "true", width, height: Math.max(1, rows) });
  canvas.style.setProperty("--rows", rows);
  const context = canvas.getContext("2d");
  const style = getComputedStyle(document.documentElement);
  const [ground, ink] = ["--card", kind === "odds" ? "--mark" : "--ink"].map((name) => style.getPropertyValue(name));
  const place = (time) => ((time - from) / (to - from || 1)) * width;
  for (let cell = 0; cell < cells; cell++) {
    const begin = data.time[cell];
    const next = cell + 1 < cells ? data.time[cell + 1] : Infinity;
    const end = next - begin > 3 * data.step ? begin + data.step : next;
    const left = Math.floor(place(begin));
    const wide = Math.max(1, Math.ceil(place(Math.min(end, to))) - left);
    context.clearRect(left, 0, wide, rows);
    for (let row = 0; row < rows; row++) {
      const value = values[row * cells + cell];
      if (value > SCALE) continue;
      context.globalAlpha = 1;
      context.fillStyle = ground;
      context.fillRect(left, row, wide, 1);
      context.globalAlpha = value / SCALE;
      context.fillStyle = ink;
      context.fillRect(left, row, wide, 1);
    }
  }
  return canvas;
}

async function filmSection() {
  const along = await load("data/film.js");
  const film = byId("film");
  along.range = new Map();
  for (const { source, time, step } of along.lanes) {
    const [from, to] = along.range.get(source) ?? [Infinity, -Infinity];
    along.range.set(source, [Math.min(from, time[0]), Math.max(to, time[time.length - 1] + step)]);
  }
  const lanes = along.lanes.map((data) => lane(data, along, film));
  along.shown = lanes;
  byId("lanes").append(...lanes.map(({ figure }) => figure));
  byId("film-section").hidden = false;
  film?.addEventListener("timeupdate", () => {
    if (!film.paused) for (const { follow, hide } of lanes) if (!follow(film.currentTime)) hide();
  });
  film?.addEventListener("error", () => (byId("film-says").textContent = "overlay.mp4 is not beside this page, or this browser does not play it."));
}

if (byId("film-section")) filmSection();
