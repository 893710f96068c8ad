"use strict";
/* A picture of a corpus: points, colours, a lasso, and what the chosen pictures hold beside all others. */

const FINEST = 65535, CELLS = 64, SHEET = 400, ACROSS = 20, SIDE = 48, MOST_TILES = 60, MOST_ROWS = 25;
const NAMED = ["#0072b2", "#e69f00", "#009e73", "#d55e00", "#cc79a7", "#56b4e9", "#7a5195", "#8c8c00", "#a0522d", "#17a398", "#e5446d", "#6b7280"];
const RAMP = ["#440154", "#482878", "#3e4989", "#31688e", "#26828e", "#1f9e89", "#35b779", "#6ece58", "#b5de2b", "#fde725"];
const find = (id) => document.getElementById(id);
let names = [];
let run = null;

/** Called by points.js with all that is drawn, and by names.js with the pictures' names. */
function emocam(data) {
  if (data.names) names = data.names;
  else run = read(data);
  if (data.points) start();
}

function bytes(text, kind) {
  return new kind(Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0)).buffer);
}

function read(data) {
  const points = bytes(data.points, Uint16Array), count = points.length / 2;
  const columns = data.columns.map((column) => ({ ...column, codes: bytes(column.codes, Uint16Array) }));
  const objects = {
    names: data.objects.names,
    begins: bytes(data.objects.begins, Uint32Array),
    object: bytes(data.objects.object, Uint16Array),
    kept: bytes(data.objects.kept, Uint8Array),
  };
  return { ...data, points, count, columns, objects, grid: gridOf(points, count), chosen: new Uint8Array(count), any: 0 };
}

/** The points of each cell of CELLS x CELLS, so that the nearest is found among few. */
function gridOf(points, count) {
  const cells = Array.from({ length: CELLS * CELLS }, () => []);
  for (let i = 0; i < count; i++) cells[cellOf(points[2 * i]) + CELLS * cellOf(points[2 * i + 1])].push(i);
  return cells;
}

function cellOf(place) {
  return Math.min(CELLS - 1, Math.floor((place / (FINEST + 1)) * CELLS));
}

const view = { zoom: 1, x: 0, y: 0 };
let column = 0, lasso = null, dragged = null, canvas, context;

/** From a point's place to the canvas, in its own pixels, and back. */
function across(place) {
  return ((place / FINEST - 0.5 - view.x) * view.zoom * 0.94 + 0.5) * canvas.width;
}
function down(place) {
  return ((0.5 - place / FINEST - view.y) * view.zoom * 0.94 + 0.5) * canvas.height;
}
function back(x, y) {
  return [
    ((x / canvas.width - 0.5) / (view.zoom * 0.94) + 0.5 + view.x) * FINEST,
    (0.5 - (y / canvas.height - 0.5) / (view.zoom * 0.94) - view.y) * FINEST,
  ];
}

function colourOf(names, place) {
  return names <= NAMED.length ? NAMED[place] : `hsl(${Math.round((place * 360) / names)} 65% ${place % 2 ? 42 : 60}%)`;
}

/** One number a colour, as the canvas's bytes hold it. */
function packedColour(text) {
  context.fillStyle = text;
  context.fillRect(0, 0, 1, 1);
  return new Uint32Array(context.getImageData(0, 0, 1, 1).data.buffer)[0];
}

function coloursOf(shown) {
  return shown.values
    ? shown.values.map((_, i) => packedColour(colourOf(shown.values.length, i)))
    : Array.from({ length: 256 }, (_, i) => packedColour(RAMP[Math.round((i / 255) * (RAMP.length - 1))]));
}

function draw() {
  const size = Math.round(canvas.clientWidth * (window.devicePixelRatio || 1));
  if (canvas.width !== size) canvas.width = canvas.height = size;
  if (!size) return;
  const { points, count, chosen, any } = run, { codes } = run.columns[column];
  const colours = coloursOf(run.columns[column]), quiet = packedColour("#9aa1ab66");
  const picture = new ImageData(size, size), pixels = new Uint32Array(picture.data.buffer);
  const half = Math.max(1, Math.round((size / 700) * (count > 5000 ? 1 : 2)));
  for (const turn of any ? [0, 1] : [0]) {
    for (let i = 0; i < count; i++) {
      if (any && chosen[i] !== turn) continue;
      const x = Math.round(across(points[2 * i])), y = Math.round(down(points[2 * i + 1]));
      if (x < half || y < half || x >= size - half || y >= size - half) continue;
      const colour = any && !turn ? quiet : codes[i] === FINEST ? quiet : colours[codes[i]];
      for (let row = y - half; row <= y + half; row++) pixels.fill(colour, row * size + x - half, row * size + x + half + 1);
    }
  }
  context.putImageData(picture, 0, 0);
  if (lasso) outline();
}

function outline() {
  context.strokeStyle = getComputedStyle(document.body).color;
  context.lineWidth = 2;
  context.setLineDash([6, 4]);
  context.beginPath();
  lasso.forEach(([x, y], i) => context[i ? "lineTo" : "moveTo"](across(x), down(y)));
  context.closePath();
  context.stroke();
  context.setLineDash([]);
}

function inside(ring, x, y) {
  let within = false;
  for (let i = 0, j = ring.length - 1; i < ring.length; j = i++) {
    const [ax, ay] = ring[i], [bx, by] = ring[j];
    if (ay > y !== by > y && x < ((bx - ax) * (y - ay)) / (by - ay) + ax) within = !within;
  }
  return within;
}

function nearest(x, y) {
  const reach = (FINEST * 0.02) / view.zoom;
  let best = -1, least = reach * reach;
  const low = (place) => Math.max(0, cellOf(Math.max(0, place - reach))), high = (place) => Math.max(0, cellOf(place + reach));
  for (let across = low(x); across <= high(x); across++) {
    for (let along = low(y); along <= high(y); along++) {
      for (const i of run.grid[across + CELLS * along]) {
        const square = (run.points[2 * i] - x) ** 2 + (run.points[2 * i + 1] - y) ** 2;
        if (square < least) [least, best] = [square, i];
      }
    }
  }
  return best;
}

function tile(i) {
  const box = document.createElement("span"), place = i % SHEET;
  box.className = "tile";
  box.style.backgroundImage = `url(sheets/${Math.floor(i / SHEET)}.jpg)`;
  box.style.backgroundPosition = `${-(place % ACROSS) * SIDE}px ${-Math.floor(place / ACROSS) * SIDE}px`;
  box.title = names[i] || "";
  return box;
}

function said(shown, i) {
  const code = shown.codes[i];
  if (code === FINEST) return "unknown";
  return shown.values ? shown.values[code] : (shown.low + (code / 255) * (shown.high - shown.low)).toPrecision(3);
}

function hover(event) {
  const box = find("small"), frame = canvas.getBoundingClientRect();
  const ratio = canvas.width / frame.width;
  const i = nearest(...back((event.clientX - frame.left) * ratio, (event.clientY - frame.top) * ratio));
  box.hidden = i < 0;
  if (i < 0) return;
  box.replaceChildren();
  if (run.sheets) box.append(tile(i), document.createElement("br"));
  const name = document.createElement("bdi");
  name.textContent = names[i] || "";
  box.append(name);
  for (const place of new Set([0, column])) {
    box.append(document.createElement("br"), `${run.columns[place].name}: ${said(run.columns[place], i)}`);
  }
  const x = event.clientX - frame.left, y = event.clientY - frame.top;
  box.style.left = `${Math.max(0, Math.min(x + 14, frame.width - box.offsetWidth))}px`;
  box.style.top = `${y + 14 + box.offsetHeight > frame.height ? Math.max(0, y - box.offsetHeight - 8) : y + 14}px`;
}

function choose(test, words) {
  run.any = 0;
  for (let i = 0; i < run.count; i++) run.any += run.chosen[i] = test(i) ? 1 : 0;
  find("which").textContent = run.any
    ? `${run.any.toLocaleString("en")} of ${run.count.toLocaleString("en")} pictures: ${words}`
    : "Nothing is chosen yet. The objects of the chosen pictures are then listed beside those of all others.";
  tell();
  draw();
}

/** Counts the objects of the chosen pictures, and of all others. */
function held() {
  const { begins, object, kept, names } = run.objects, only = find("counting").checked;
  const chosen = new Uint32Array(names.length), others = new Uint32Array(names.length);
  for (let i = 0; i < run.count; i++) {
    const into = run.chosen[i] ? chosen : others;
    for (let at = begins[i]; at < begins[i + 1]; at++) if (!only || kept[at]) into[object[at]]++;
  }
  const rest = run.count - run.any;
  return names
    .map((name, i) => ({ name, here: chosen[i], there: others[i], difference: chosen[i] / run.any - (rest ? others[i] / rest : 0) }))
    .filter((row) => row.here || row.there)
    .sort((a, b) => Math.abs(b.difference) - Math.abs(a.difference))
    .slice(0, MOST_ROWS);
}

function tell() {
  const table = find("held"), body = table.tBodies[0], tiles = find("tiles"), rest = run.count - run.any;
  table.hidden = find("caution").hidden = !run.any;
  body.replaceChildren();
  tiles.replaceChildren();
  if (!run.any) return;
  for (const row of held()) {
    const line = body.insertRow(), head = document.createElement("th");
    head.scope = "row";
    head.textContent = row.name;
    line.append(head);
    for (const [number, of] of [[row.here, run.any], [row.there, rest]]) {
      const small = document.createElement("small");
      small.textContent = ` ${number.toLocaleString("en")} of ${of.toLocaleString("en")}`;
      line.insertCell().append(of ? `${((100 * number) / of).toFixed(0)} %` : "", small);
    }
    line.insertCell().textContent = rest ? `${row.difference > 0 ? "+" : "−"}${Math.abs(100 * row.difference).toFixed(0)}` : "";
  }
  if (!run.sheets) return;
  for (let i = 0, shown = 0; i < run.count && shown < MOST_TILES; i++) {
    if (run.chosen[i]) shown += tiles.append(tile(i)) || 1;
  }
}

function legend() {
  const box = find("legend"), shown = run.columns[column];
  box.replaceChildren();
  if (!shown.values) {
    const ramp = document.createElement("span");
    ramp.className = "ramp";
    ramp.style.background = `linear-gradient(90deg, ${RAMP.join(",")})`;
    box.append(shown.low.toPrecision(3), ramp, shown.high.toPrecision(3));
    return;
  }
  shown.values.forEach((name, i) => {
    const button = document.createElement("button"), dot = document.createElement("i"), word = document.createElement("bdi");
    button.type = "button";
    dot.style.background = colourOf(shown.values.length, i);
    word.textContent = name;
    button.append(dot, word);
    button.addEventListener("click", () => choose((at) => shown.codes[at] === i, `${shown.name} is ${name}`));
    box.append(button);
  });
}

function placeOf(event) {
  const frame = canvas.getBoundingClientRect(), ratio = canvas.width / frame.width;
  return back((event.clientX - frame.left) * ratio, (event.clientY - frame.top) * ratio);
}

function press(event) {
  canvas.setPointerCapture(event.pointerId);
  if (event.shiftKey) dragged = [event.clientX, event.clientY];
  else lasso = [placeOf(event)];
}

function move(event) {
  if (dragged) {
    const frame = canvas.getBoundingClientRect();
    view.x -= (event.clientX - dragged[0]) / frame.width / view.zoom;
    view.y -= (event.clientY - dragged[1]) / frame.height / view.zoom;
    dragged = [event.clientX, event.clientY];
  } else if (lasso) lasso.push(placeOf(event));
  else return hover(event);
  find("small").hidden = true;
  draw();
}

function release() {
  const ring = lasso;
  dragged = lasso = null;
  if (ring && ring.length > 3) choose((i) => inside(ring, run.points[2 * i], run.points[2 * i + 1]), "inside the lasso");
}

function wheel(event) {
  event.preventDefault();
  const frame = canvas.getBoundingClientRect(), before = view.zoom;
  view.zoom = Math.min(64, Math.max(1, view.zoom * Math.exp(-event.deltaY / 400)));
  const x = (event.clientX - frame.left) / frame.width - 0.5, y = (event.clientY - frame.top) / frame.height - 0.5;
  view.x += (x / 0.94) * (1 / before - 1 / view.zoom);
  view.y += (y / 0.94) * (1 / before - 1 / view.zoom);
  if (view.zoom === 1) view.x = view.y = 0;
  draw();
}

function start() {
  canvas = find("cloud");
  context = canvas.getContext("2d", { willReadFrequently: true });
  const select = find("colour");
  run.columns.forEach((shown, i) => select.add(new Option(shown.name, i)));
  select.addEventListener("change", () => {
    column = Number(select.value);
    legend();
    draw();
  });
  find("counting").closest(".toolbar").hidden = !run.explained;
  find("counting").addEventListener("change", tell);
  find("none").addEventListener("click", () => choose(() => false, ""));
  find("all").addEventListener("click", () => {
    Object.assign(view, { zoom: 1, x: 0, y: 0 });
    draw();
  });
  canvas.addEventListener("pointerdown", press);
  canvas.addEventListener("pointermove", move);
  canvas.addEventListener("pointerup", release);
  canvas.addEventListener("pointerleave", () => (find("small").hidden = true));
  canvas.addEventListener("wheel", wheel, { passive: false });
  document.addEventListener("keydown", (event) => event.key === "Escape" && choose(() => false, ""));
  new ResizeObserver(draw).observe(canvas);
  legend();
  draw();
}
