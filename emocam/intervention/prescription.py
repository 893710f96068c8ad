"""Pictures that cure a network of a shortcut: the object taken out of its label's pictures, and put into others.

Each kind comes with pictures that are changed as much without the object, so that what is learned is not the mark
of the change.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd
from PIL import Image

from emocam.cells.effects import read_trials
from emocam.data.printed import printable
from emocam.effect.base import Cell, Trial
from emocam.effect.erase import Erase
from emocam.effect.insert import Insert
from emocam.effect.parts import NO_REGIONS, PictureRegions
from emocam.effect.picture import TriedPicture
from emocam.effect.sampling import dice_for, some
from emocam.intervention.plan import corpus_of, regions_of_pictures
from emocam.paste.base import Box
from emocam.paste.patch import patched
from emocam.predict.components import Components
from emocam.records.base import WHOLE
from emocam.results.files import EFFECT, LABELS_FILE, PREDICTIONS, PRESCRIPTION
from emocam.results.parquet_file import read_frame
from emocam.results.run import Run
from emocam.results.spreadsheet import write_csv

OUT, OUT_CONTROL, IN, IN_CONTROL = "taken out", "as much taken out elsewhere", "put in", "as much put in"
KINDS_COMPOSED = (OUT, OUT_CONTROL, IN, IN_CONTROL)
LEAST = 0.5
"""Log-odds beyond the control's: a cell with less is not used, and needs no cure."""


@dataclass
class Prescribed:
    """What was written: rows of prescription.csv and of labels.csv, and sentences."""

    advice: list[dict[str, Any]] = field(default_factory=list)
    pictures: list[dict[str, str]] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Shortcuts:
    """What is known of the run's pictures: the label that each should have, and where objects stand."""

    components: Components
    run: Run
    truth: dict[str, str]
    regions: dict[str, dict[str, tuple[Box, ...]]]
    neighbours: dict[str, PictureRegions]

    def held(self, object: str, label: str | None, holds: bool = True) -> list[str]:
        """Return the pictures of a label, or with None of any, that hold an object, or do not."""
        own = self.regions.get(object, {})
        return [
            image
            for image, truth in self.truth.items()
            if (label is None or truth == label) and (image in own) == holds
        ]

    def picture(self, image: str) -> TriedPicture:
        """Open a picture with all its regions."""
        listed = {printable(path): path for path in self.components.listing}
        return TriedPicture(
            self.components.data.open_again(listed[image]).image, self.neighbours.get(image, NO_REGIONS)
        )


def read_shortcuts(components: Components, cells: Sequence[tuple[str, str]]) -> Shortcuts:
    """Read what composing needs from the finished tables of the run."""
    run = Run(components.folder)
    predictions = read_frame(run.file(PREDICTIONS))
    own = "truth" if "truth" in predictions else "label"
    truth = {str(row.image): str(getattr(row, own)) for row in predictions.itertuples()}
    truth = {image: label for image, label in truth.items() if label not in ("", "None", "nan")}
    corpus = corpus_of(run, {object for object, _ in cells}, components.thresholds)
    neighbours = regions_of_pictures(run, list(truth), components.thresholds)
    return Shortcuts(components, run, truth, corpus.regions, neighbours)


def prescribe(
    components: Components, cells: Sequence[tuple[str, str]], images: int, originals: bool
) -> Prescribed:
    """Write the folder `prescription/`: composed pictures, their labels, and which pictures to collect."""
    known, found = read_shortcuts(components, cells), Prescribed()
    into = components.folder / PRESCRIPTION
    (into / "pictures").mkdir(parents=True, exist_ok=True)
    for object, label in cells:
        effect = effect_of(known.run, object, label)
        if effect is not None and effect < LEAST:
            found.lines.append(
                f"{object} under {label} is not used here (effect beyond its control {effect:.2f}), so there is "
                "nothing to cure"
            )
            continue
        found.advice += collecting(known, object, label)
        compose_cell(known, Cell(object, label, "rank"), images, into, found)
    if originals and found.pictures:
        write_originals(known, into, found)
    columns = ["object", "label", "advice", "images"]
    write_csv(pd.DataFrame(found.advice, columns=columns), into / "prescription.csv", index=False)
    rows = pd.DataFrame(found.pictures, columns=["path", "truth", "made", "object", "source"])
    write_csv(rows, into / "labels.csv", index=False)
    (into / LABELS_FILE).write_text("\n".join(known.run.label_names) + "\n", encoding="utf-8")
    return found


def effect_of(run: Run, object: str, label: str) -> float | None:
    """Return the mean effect of a cell beyond its control's; None where it was not tried."""
    rows = read_trials(run.file(EFFECT)).astype({"object": str, "label": str})
    rows = rows[(rows["object"] == object) & (rows["label"] == label)]
    beyond = (rows["effect"].astype(float) - rows["effect_control"].astype(float)).dropna()
    return float(beyond.mean()) if len(beyond) else None


def collecting(known: Shortcuts, object: str, label: str) -> list[dict[str, Any]]:
    """Return which pictures would make the object say nothing of the label, and how many of each."""
    with_it, without = len(known.held(object, label)), len(known.held(object, label, False))
    share = with_it / max(1, with_it + without)
    elsewhere = len(known.held(object, None)) - with_it
    others = len(known.truth) - with_it - without
    need_without = max(0, with_it - without)
    need_with = max(0, round(share * others) - elsewhere)
    base = {"object": object, "label": label}
    return [
        {**base, "advice": f"collect pictures of {label} without {object}", "images": need_without},
        {**base, "advice": f"collect pictures of other labels with {object}", "images": need_with},
    ]


def compose_cell(known: Shortcuts, cell: Cell, images: int, into: Path, found: Prescribed) -> None:
    """Write the composed pictures of one shortcut, as many of a kind as there are of its counterpart."""
    missed = 0
    for kind in KINDS_COMPOSED:
        written = 0
        for trial in trials_of(known, cell, kind, images):
            images_of = composed(known, trial, kind)
            missed += not images_of
            for image in images_of:
                keep(image, known.truth[trial.image], f"{kind}, {cell.object}", trial.image, into, found)
            written += len(images_of)
        advice = f"composed: {cell.object} {kind}" if kind in (OUT, IN) else f"composed: {kind}"
        found.advice.append({"object": cell.object, "label": cell.label, "advice": advice, "images": written})
    if missed:
        found.lines.append(
            f"{cell.object} under {cell.label}: {missed:,} pictures could not be composed, since nothing of the object "
            "was to be seen, or no other place had room"
        )


def trials_of(known: Shortcuts, cell: Cell, kind: str, images: int) -> list[Trial]:
    """Draw the pictures of a kind: those with the object, those of other labels, or any without it."""
    own = known.regions.get(cell.object, {})
    sources = known.held(cell.object, cell.label)
    dice = dice_for(known.components.seed, "prescribe", cell.object, cell.label, kind)
    if kind == OUT:
        return [Trial(image, cell, image, own[image]) for image in some(sources, images, dice)]
    if kind == OUT_CONTROL:
        others = [image for image in known.truth if known.truth[image] != cell.label]
        return list(_elsewhere(known, some(others, min(images, len(sources)), dice), cell))
    targets = known.held(cell.object, None, False)
    targets = [image for image in targets if kind == IN_CONTROL or known.truth[image] != cell.label]
    if not sources:
        return []
    drawn = [(image, dice.one(sources)) for image in some(targets, images, dice)]
    return [Trial(image, cell, source, own[source]) for image, source in drawn]


def _elsewhere(known: Shortcuts, images: Sequence[str], cell: Cell) -> Iterator[Trial]:
    """Yield a trial on some object of each picture, whose place tells how much is filled at a bare one."""
    for image in images:
        regions = known.neighbours.get(image, NO_REGIONS)
        names = [name for name in dict.fromkeys(regions.objects) if name != cell.object]
        if names:
            name = dice_for(known.components.seed, "elsewhere", image).one(names)
            boxes = tuple(
                tuple(map(float, box))
                for one, box in zip(regions.objects, regions.boxes, strict=True)
                if one == name
            )
            yield Trial(image, Cell(name, cell.label, "rank"), image, boxes)  # type: ignore[arg-type]


def composed(known: Shortcuts, trial: Trial, kind: str) -> list[Image.Image]:
    """Compose a picture, once for each fill of what is taken out; none where that cannot be done within it."""
    picture = known.picture(trial.image)
    source = picture if trial.source == trial.image else known.picture(trial.source)
    dice = dice_for(known.components.seed, "places", trial.image, trial.cell.object, kind)
    change = Erase() if kind in (OUT, OUT_CONTROL) else Insert()
    pairs = change.pairs(trial, picture, source, WHOLE, dice)
    patches = [pair.changed if kind in (OUT, IN) else pair.control for pair in pairs]
    return [patched(picture.image, of_one) for of_one in patches if of_one]


def keep(image: Image.Image, label: str, made: str, source: str, into: Path, found: Prescribed) -> None:
    """Write a picture and its row of labels.csv."""
    path = f"pictures/{len(found.pictures):06}.png"
    image.convert("RGB").save(into / path)
    object = made.partition(", ")[2]
    found.pictures.append(
        {"path": path, "truth": label, "made": made.partition(", ")[0], "object": object, "source": source}
    )


def write_originals(known: Shortcuts, into: Path, found: Prescribed) -> None:
    """Write the run's own pictures beside the composed ones."""
    for image, label in known.truth.items():
        keep(known.picture(image).image, label, "original, ", image, into, found)
