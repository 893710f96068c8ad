"""What cures a network of a shortcut: which pictures to collect, and composed ones to train it on."""

import shutil
import sys
from collections.abc import Sequence

from emocam.cells.effects import effect_columns, read_trials
from emocam.data.base import Data
from emocam.errors import SettingError, nearest
from emocam.intervention.prescription import LEAST, prescribe
from emocam.predict.components import Components
from emocam.results.files import EFFECT, LABELS_FILE, PRESCRIPTION, WEIGHTS
from emocam.results.run import Run
from emocam.task.association import Association

SHORTCUT = "shortcut"
"""The role that data give a cell that should not decide."""
TOLD = 6
"""The most used cells that are named where the shortcuts are not."""


class Prescribe(Association):
    """An association with effects, and then pictures that make its shortcuts say nothing."""

    leaves = (PRESCRIPTION,)
    """What is made anew by each command."""

    def __init__(
        self,
        cells: Sequence[Sequence[str]] | None = None,
        images: int = 200,
        originals: bool = True,
    ) -> None:
        if isinstance(images, bool) or not isinstance(images, int) or images < 1:
            raise SettingError(f"prescribe.images must be a whole number of at least 1, got {images!r}")
        for cell in cells or ():
            if isinstance(cell, str) or len(cell) != 2:
                raise SettingError(
                    f"prescribe.cells must be pairs of an object and a label, as in [[Camera,Awe]], got {cell!r}"
                )
        self.cells = None if cells is None else [(str(object), str(label)) for object, label in cells]
        self.images, self.originals = images, bool(originals)

    def perform(self, components: Components) -> Data:
        if components.settings.get("effect") is None:
            raise SettingError(
                "task=prescribe cures what has an effect, and effect is null; give effect=erase"
            )
        if components.data.sequences_of_points:
            raise SettingError("task=prescribe composes pictures, and data=landmarks has none")
        if len(components.classifier.labels) < 2:
            raise SettingError(
                "task=prescribe moves objects between labels, and the classifier knows one label only"
            )
        data = super().perform(components)
        cells = self._shortcuts(components)
        with components.stage("prescribe"):
            shutil.rmtree(components.folder / PRESCRIPTION, ignore_errors=True)
            found = prescribe(components, cells, self.images, self.originals)
        folder = components.folder / PRESCRIPTION
        composed = sum(row["made"] != "original" for row in found.pictures)
        cured = ", ".join(f"{object} under {label}" for object, label in cells)
        lines = [*found.lines, f"prescription for {cured}: {composed:,} composed pictures in {folder}"]
        lines += [
            f"  {row['advice']}: {row['images']:,}"
            for row in found.advice
            if row["advice"].startswith("collect")
        ]
        lines.append(
            f"  then: emocam task=train data=table data.file={folder}/labels.csv classifier=... "
            f"classifier.labels={folder}/{LABELS_FILE}, the same run with classifier.weights=.../{WEIGHTS}, and "
            "emocam compare BEFORE AFTER --paired"
        )
        data.notes += lines
        sys.stderr.write("\n".join(lines) + "\n")
        return data

    def _shortcuts(self, components: Components) -> list[tuple[str, str]]:
        """Return the cells to cure: those that are named, or that the data call shortcuts."""
        run = Run(components.folder)
        if self.cells is not None:
            for object, label in self.cells:
                for name, known, what in (
                    (object, run.object_names, "object"),
                    (label, run.label_names, "label"),
                ):
                    if name not in known:
                        raise SettingError(f"prescribe.cells: {name!r} is no {what}; {nearest(name, known)}")
            return list(dict.fromkeys(self.cells))
        roles = components.data.truth_for(run.object_names)
        found = [(str(c["object"]), str(c["label"])) for c in roles if c["role"] == SHORTCUT]
        if found:
            return found
        raise SettingError(
            "prescribe.cells is not set, and these data do not say which objects should not decide; "
            f"{used_in_words(run)}give those that should not, as in prescribe.cells=[[OBJECT,LABEL]]"
        )


def used_in_words(run: Run) -> str:
    """Return the cells whose effect is beyond its control's, strongest first, as part of a sentence."""
    if not run.file(EFFECT).is_file():
        return ""
    table = effect_columns(read_trials(run.file(EFFECT)))
    beyond = (table["effect"] - table["effect_control"]).sort_values(ascending=False)
    named = [" under ".join(map(str, cell)) for cell in beyond.index[beyond > LEAST]][:TOLD]
    return f"an effect here have {', '.join(named)}: " if named else "no object has an effect here: "
