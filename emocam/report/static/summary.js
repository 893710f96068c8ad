"use strict";
/* The one script of summary.html: the maps of its examples, in colour. */

for (const canvas of document.querySelectorAll("canvas[data-map]")) {
  const map = JSON.parse(canvas.dataset.map);
  const [x0, y0, x1, y1] = map.window ?? [0, 0, 1, 1];
  const [width, height] = JSON.parse(canvas.dataset.size);
  Object.assign(canvas.style, {
    left: `${100 * x0}%`, top: `${100 * y0}%`, width: `${100 * (x1 - x0)}%`, height: `${100 * (y1 - y0)}%`,
  });
  paint(canvas, map, [width * (x1 - x0), height * (y1 - y0)]);
}
