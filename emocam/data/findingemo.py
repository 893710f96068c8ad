"""FindingEmo, Mertens et al. 2024, https://arxiv.org/abs/2402.01355: public pictures, one annotation each."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from emocam.data.annotations.matching import match_images
from emocam.data.annotations.records import NO_REGIONS, AnnotationTable
from emocam.data.annotations.rows import find_column, numbers, place, read_rows, texts
from emocam.data.annotations.source import Source
from emocam.data.folder import Folder
from emocam.errors import SettingError, nearest

FILE = "annotations_single.ann"
# Plutchik's wheel: eight petals, each from weak to strong
EMOTIONS = (
    *("Serenity", "Joy", "Ecstasy", "Acceptance", "Trust", "Admiration"),
    *("Apprehension", "Fear", "Terror", "Distraction", "Surprise", "Amazement"),
    *("Pensiveness", "Sadness", "Grief", "Boredom", "Disgust", "Loathing"),
    *("Annoyance", "Anger", "Rage", "Interest", "Anticipation", "Vigilance"),
)
REJECTED = ("reject", "rejected", "true", "yes", "1")
KEPT = ("keep", "kept", "false", "no", "0", "")


def read_rejects(source: Source, rows: pd.DataFrame) -> np.ndarray:
    """Return which rows annotators rejected (n,); the public file, which has no such column, rejects none."""
    if "reject" not in rows:
        return np.zeros(len(rows), bool)
    words = [word.lower() for word in texts(source, rows, "reject", empty=True)]
    for row, word in enumerate(words):
        if word not in REJECTED + KEPT:
            raise source.fault(f"{place(row)}, reject", "Keep or Reject", rows["reject"].iloc[row])
    return np.array([word in REJECTED for word in words], bool)


def read_emotions(source: Source, rows: pd.DataFrame) -> list[str]:
    found = texts(source, rows, "emotion")
    for row, emotion in enumerate(found):
        if emotion not in EMOTIONS:
            said = source.fault(f"{place(row)}, emotion", "one of FindingEmo's 24", emotion)
            raise SettingError(f"{said}; {nearest(emotion, EMOTIONS, listed=24)}")
    return found


def read_images(source: Source, rows: pd.DataFrame) -> list[str]:
    """Return the images as `Run_1/Adults park/x.jpg`; no image has two rows."""
    found = [name.lstrip("/") for name in texts(source, rows, "image_path")]
    first: dict[str, int] = {}
    for row, name in enumerate(found):
        if name in first:
            raise source.fault(f"{place(row)}, image_path", f"another than on {place(first[name])}", name)
        first[name] = row
    return found


@dataclass(kw_only=True)
class FindingEmo(Folder):
    """The annotated pictures in the file's order; those not downloaded end in the ledger.

    `ambiguity` keeps annotations below it, on their scale of 0 to 6; `reject` leaves out what
    annotators rejected, where the file still says so.
    """

    ambiguity: float | None = None
    reject: bool = True

    def __post_init__(self) -> None:
        super().__post_init__()
        self.labels = list(EMOTIONS)

    def annotated(self) -> AnnotationTable:
        default = Path(self.root or ".") / FILE
        file = Path(self.annotations).expanduser() if self.annotations else default
        if not file.is_file():
            raise SettingError(f"data.annotations: there is no file {file}; give FindingEmo's {FILE}")
        source = Source(file)
        rows = read_rows(source)
        for column in ("image_path", "emotion", "valence", "arousal", "ambiguity"):
            find_column(source, rows, [column])
        emotions, images = read_emotions(source, rows), read_images(source, rows)
        valence, arousal, ambiguity = (
            numbers(source, rows, column) for column in ("valence", "arousal", "ambiguity")
        )
        tag = next((column for column in ("tag", "tags") if column in rows), None)
        tags = texts(source, rows, tag, empty=True) if tag else [""] * len(rows)
        rejected = read_rejects(source, rows) & self.reject
        ambiguous = ~rejected & (ambiguity >= (np.inf if self.ambiguity is None else self.ambiguity))
        left = np.flatnonzero(~rejected & ~ambiguous).tolist()
        path = self.places([images[row] for row in left], file)
        self.facts: dict[str, dict[str, str | float]] = {
            path[images[row]]: {
                "truth": emotions[row],
                "truth_valence": float(valence[row]),
                "truth_arousal": float(arousal[row]),
                "ambiguity": float(ambiguity[row]),
                "tag": tags[row],
            }
            for row in left
        }
        note = f"{file}: {len(rows):,} annotations, {rejected.sum():,} rejected, {ambiguous.sum():,} too ambiguous"
        truth = {name: str(fact["truth"]) for name, fact in self.facts.items()}
        return AnnotationTable([], dict.fromkeys(self.facts, NO_REGIONS), truth, [note])

    def places(self, images: list[str], file: Path) -> dict[str, str]:
        """Return where each image is under root: its folder and its name are the key.

        What is not there keeps its name, under which the ledger tells of it.
        """
        root = Path(self.root or ".")
        # pictures of one folder and name occur in both runs of the study, so the run counts, too
        found = match_images(images, root, self.files, f"data.annotations {file}", least=1)
        first: dict[str, str] = {}
        for name, path in found.items():
            if (other := first.setdefault(path, name)) != name:
                raise SettingError(
                    f"data.annotations {file}: image_path must differ from row to row, and {other!r} and {name!r} are "
                    f"one picture, {path!r}"
                )
        if not found:
            raise SettingError(
                f"data.root {root} holds none of the {len(images):,} pictures chosen from {file}; expected "
                f"the folders as they are downloaded, such as {images[0] if images else 'Run_1/...'}"
            )
        return {name: found.get(name, name) for name in images}

    def paths(self) -> list[str]:
        return list(self.facts)

    def known(self, path: str) -> dict[str, str | float]:
        return self.facts[path]
