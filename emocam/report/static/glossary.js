"use strict";
/* The words and keys of the page, behind the key ? and a button. */

function listenGlossary() {
  const dialog = byId("glossary");
  const signs = Object.entries(VERDICTS).map(([words, sign]) => `${sign} ${words}`);
  byId("signs").textContent = run.cells?.verdict ? `verdicts: ${signs.join(", ")}` : "";
  byId("signs").hidden = !run.cells?.verdict;
  const open = () => dialog.open || dialog.showModal();
  byId("words").hidden = false;
  byId("words").addEventListener("click", open);
  byId("glossary-close").addEventListener("click", () => dialog.close());
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close()); // the backdrop
  document.addEventListener("keydown", (event) => {
    if (event.key !== "?" || event.target.matches("input:not([type=range], [type=radio], [type=checkbox]), textarea, select")) return;
    open();
    event.preventDefault();
  });
}
