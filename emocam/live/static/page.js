"use strict";
const frame = document.getElementById("frame");
const stop = document.getElementById("stop");
const numbers = document.getElementById("numbers");
const kept = document.getElementById("kept");
let running = true;

function end() {
  running = false;
  stop.disabled = true;
  document.getElementById("ended").hidden = false;
}

function put(state) {
  numbers.replaceChildren(...Object.entries(state.numbers ?? {}).map(([name, value]) => {
    const row = document.createElement("div");
    const term = document.createElement("dt");
    const shown = document.createElement("dd");
    term.textContent = name;
    shown.textContent = value;
    row.append(term, shown);
    return row;
  }));
  if (!kept.childElementCount) {
    kept.replaceChildren(...(state.kept ?? []).map((sentence) => {
      const row = document.createElement("li");
      row.textContent = sentence;
      return row;
    }));
  }
}

async function ask() {
  try {
    const answer = await fetch("state");
    if (!answer.ok) throw new Error(answer.statusText);
    put(await answer.json());
  } catch {
    end();
  }
  if (running) setTimeout(ask, 500);
}

function quit() {
  if (running) fetch("stop", { method: "POST" }).catch(end);
}

stop.addEventListener("click", quit);
document.addEventListener("keydown", (event) => {
  if (event.key === "q" && !event.ctrlKey && !event.metaKey) quit();
});
frame.addEventListener("error", () => { frame.hidden = true; });
ask();
