"use strict";
/* Maps in colour: viridis over the photograph, clear where the map is zero. */

const VIRIDIS = [
  "440154", "48186a", "472d7b", "424086", "3b528b", "33638d", "2c728e", "26828e", "21918c",
  "1fa088", "28ae80", "3fbc73", "5ec962", "84d44b", "addc30", "d8e219", "fde725",
].map((hex) => [0, 2, 4].map((i) => parseInt(hex.slice(i, i + 2), 16)));

const LONGEST = 128;

/** The colour (r, g, b) of a value in [0, 1]. */
function viridis(value) {
  const place = value * (VIRIDIS.length - 1);
  const i = Math.min(VIRIDIS.length - 2, Math.floor(place));
  return VIRIDIS[i].map((low, c) => low + (place - i) * (VIRIDIS[i + 1][c] - low));
}

const TABLE = Array.from({ length: 256 }, (_, i) => viridis(i / 255));

/** For each of `pixels`, the two cells between whose centres it lies, and the share of the second. */
function between(pixels, cells) {
  return Array.from({ length: pixels }, (_, pixel) => {
    const place = Math.min(cells - 1, Math.max(0, ((pixel + 0.5) * cells) / pixels - 0.5));
    const first = Math.min(Math.floor(place), Math.max(0, cells - 2));
    return [first, Math.min(first + 1, cells - 1), place - first];
  });
}

/** Paints a map {cells: base64, shape: [h, w]} as the bilinear function that it is. */
function paint(canvas, map, size) {
  const [height, width] = map.shape;
  const cells = Uint8Array.from(atob(map.cells), (c) => c.charCodeAt(0));
  const scale = LONGEST / Math.max(...size);
  canvas.width = Math.max(1, Math.round(size[0] * scale));
  canvas.height = Math.max(1, Math.round(size[1] * scale));
  const context = canvas.getContext("2d");
  const picture = context.createImageData(canvas.width, canvas.height);
  const across = between(canvas.width, width);
  const down = between(canvas.height, height);
  let at = 0;
  for (const [y0, y1, fy] of down) {
    for (const [x0, x1, fx] of across) {
      const top = cells[y0 * width + x0] * (1 - fx) + cells[y0 * width + x1] * fx;
      const low = cells[y1 * width + x0] * (1 - fx) + cells[y1 * width + x1] * fx;
      const value = Math.round(top * (1 - fy) + low * fy);
      const colour = TABLE[value];
      picture.data[at] = colour[0];
      picture.data[at + 1] = colour[1];
      picture.data[at + 2] = colour[2];
      picture.data[at + 3] = value;
      at += 4;
    }
  }
  context.putImageData(picture, 0, 0);
}

const unpainted = [];

/** Paints in the next free moments, a few maps at a time, in the order of asking. */
function paintSoon(...what) {
  unpainted.push(what);
  if (unpainted.length > 1) return;
  const some = () => {
    for (const [canvas, map, size] of unpainted.splice(0, 6)) if (canvas.isConnected) paint(canvas, map, size);
    if (unpainted.length) setTimeout(some);
  };
  setTimeout(some);
}

const SVG = "http://www.w3.org/2000/svg";

/** Boxes (x0, y0, x1, y1 in [0, 1]) as an SVG over the photograph; a region with a mask ends with its outline. */
function outline(boxes) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 1 1");
  svg.setAttribute("preserveAspectRatio", "none");
  svg.setAttribute("aria-hidden", "true");
  for (const box of boxes) {
    const [x0, y0, x1, y1] = box;
    const path = box.at(-1);
    const drawn = typeof path === "string" && path;
    const shape = document.createElementNS(SVG, drawn ? "path" : "rect");
    const given = drawn ? { d: path } : { x: x0, y: y0, width: x1 - x0, height: y1 - y0 };
    for (const [key, value] of Object.entries(given)) shape.setAttribute(key, value);
    svg.append(shape);
  }
  return svg;
}
