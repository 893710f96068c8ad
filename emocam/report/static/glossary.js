"use strict";
/* The words and keys of the page, behind the key ? and a button. */

/** Builds the dialog and opens it; closed, it is gone again. */
function openGlossary() {
  if (byId("glossary")) return;
  document.body.append(byId("glossary-template").content.cloneNode(true));
  const dialog = byId("glossary");
  const signs = Object.entries(VERDICTS).map(([words, sign]) => `${sign} ${words}`);
  byId("signs").textContent = `verdicts: ${signs.join(", ")}`;
  byId("signs").hidden = !run.cells?.verdict;
  dialog.addEventListener("close", () => dialog.remove());
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close()); // the backdrop
  byId("glossary-close").addEventListener("click", () => dialog.close());
  dialog.showModal();
}

function listenGlossary() {
  byId("words").hidden = false;
  byId("words").addEventListener("click", openGlossary);
  document.addEventListener("keydown", (event) => {
    if (event.key !== "?" || event.target.matches("input:not([type=range], [type=radio], [type=checkbox]), textarea, select")) return;
    openGlossary();
    event.preventDefault();
  });
}
