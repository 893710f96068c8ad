"use strict";
/* On paper nothing can be opened: what is folded away and has no pictures is unfolded while the page is printed. */

const unfolded = [];

window.addEventListener("beforeprint", () => {
  for (const folded of document.querySelectorAll("main details:not([open]), header details:not([open])")) {
    if (folded.querySelector("img")) continue; // they would be many pages
    folded.open = true;
    unfolded.push(folded);
  }
});

window.addEventListener("afterprint", () => {
  for (const folded of unfolded.splice(0)) folded.open = false;
});
