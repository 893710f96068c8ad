"use strict";
// shows of each face as many points as the slider says, from the first ranked on
const slider = document.getElementById("number");
const told = document.getElementById("told");
function show() {
  const number = Number(slider.value);
  told.textContent = number;
  for (const dot of document.querySelectorAll("circle[data-rank]")) {
    dot.classList.toggle("left-out", Number(dot.dataset.rank) >= number);
  }
}
slider.addEventListener("input", show);
show();
