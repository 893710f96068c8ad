"""A classifier's answers alone: a pass over a corpus without detector and CAM."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from scipy.special import softmax

from emocam.functional.statistics.near_duplicates import near_between
from emocam.functional.thumbnail import COLUMNS, ROWS
from emocam.predict.components import Components
from emocam.predict.evidence import find_evidence, prepare_data
from emocam.predict.groups import write_groups
from emocam.predict.keys import evidence_key
from emocam.results.files import GROUP, PREDICTIONS, PROBE_HEAD, THUMBNAILS, WEIGHTS, parquet
from emocam.results.parquet_file import read_parquet, read_schema
from emocam.results.run import Run, encode_names

LOOKS_AT_NOTHING = {"_target_": "emocam.detector.nothing.Nothing"}
TRUTH = "truth"


def answers_alone(components: Components) -> Components:
    """Return the same components without what a matrix needs: no object, no CAM, nothing pasted."""
    settings = components.settings | {
        "detector": LOOKS_AT_NOTHING,
        "cam": None,
        "paste": None,
        "effect": None,
    }

    def build(name: str) -> Any:
        if name == "detector":
            return components.build_with("detector", settings)
        return None if name in ("cam", "paste", "effect") else components.build(name)

    return replace(components, settings=settings, build=build)


def find_answers(components: Components) -> None:
    """Leave the predictions of every image in the folder; what is there already is not computed again."""
    with components.stage("build"):
        prepare_data(components)
        key = evidence_key(components)
    find_evidence([components], [key])
    write_groups(components.folder, components.data)


def read_called(folder: Path) -> np.ndarray:
    """Return what each picture is called, as a place among the labels (N,)."""
    return encode_names(
        read_parquet(folder / parquet(PREDICTIONS), columns=["label"]), "label", Run(folder).label_names
    )


def read_answers(folder: Path) -> tuple[list[str], np.ndarray, list[str], list[str] | None, list[str] | None]:
    """Return images, probabilities (N, L), labels, and the true labels and groups where there are any."""
    file = folder / parquet(PREDICTIONS)
    names = read_schema(file).names
    columns = ["image", "logits", *[name for name in (TRUTH, GROUP) if name in names]]
    rows = read_parquet(file, columns=columns)
    labels = Run(folder).label_names
    logits = np.array(rows["logits"].to_pylist(), np.float64).reshape(-1, len(labels))
    truth, group = (
        [str(value or "") for value in rows[name].to_pylist()] if name in names else None
        for name in (TRUTH, GROUP)
    )
    return rows["image"].to_pylist(), softmax(logits, axis=1), labels, truth, group


def trained_on(weights: str | None, folder: Path) -> int | None:
    """Count the pictures of a folder's predictions that weights, or a head, were trained on, or nearly so.

    None where nobody knows: a file that lies in no training's or probe's folder, or a run without thumbnails.
    """
    if weights is None:
        return None
    files = [Path(weights).expanduser().parent / parquet(THUMBNAILS), folder / parquet(THUMBNAILS)]
    if Path(weights).name not in (WEIGHTS, PROBE_HEAD) or not all(file.is_file() for file in files):
        return None
    training, own = (_thumbnails(file) for file in files)
    return len(np.unique(near_between(own, training)[:, 0]))


def _thumbnails(file: Path) -> np.ndarray:
    pixels = read_parquet(file, columns=["thumbnail"])["thumbnail"].to_pylist()
    return np.frombuffer(b"".join(pixels), np.uint8).reshape(-1, ROWS, COLUMNS)
