"""The pictures in which the focus moved most, with the map of each run, for the page of a comparison."""

from pathlib import Path
from typing import Any

import pandas as pd
from PIL import Image

from emocam.data.film import open_image
from emocam.report.examples import Example, box_counts, find_examples
from emocam.report.scripts import write_script
from emocam.report.thumbnails import copy_thumbnail, shrink
from emocam.results.parquet_file import read_frame
from emocam.results.run import Run
from emocam.settings.recorded import kept_settings, recorded_settings, tell_foreign_paths

FIRST = 900_000
"""The number of the first of these pictures' thumbnails; lower ones belong to the cells' pictures."""
BOXES = 6
"""The most boxes shown of each picture: of those that count, the strongest."""
SIDE, MAX_PIXELS = 320, 40_000_000


def write_moved(folder: Path, comparison: Path, runs: list[Run]) -> list[dict[str, Any]]:
    """Write `data/moved.js` from the comparison's moved.parquet, and return its rows, one per picture."""
    file = comparison / "moved.parquet"
    table = read_frame(file) if file.is_file() else pd.DataFrame()
    if table.empty:
        return []
    examples = [find_examples(run, table[["image"]])[0] for run in runs]
    lends = lenders(runs)
    told: set[Path] = set()
    pictures = []
    for place, path in enumerate(table["image"], FIRST):
        views = [_view(run, known[path]) for run, known in zip(runs, examples, strict=True)]
        lending = [(run, known[path]) for run, known, may in zip(runs, examples, lends, strict=True) if may]
        size = lent_thumbnail(folder, place, path, lending, told)
        pictures.append({"id": place, "path": path, "views": views} | ({"size": size} if size else {}))
    write_script(folder / "data" / "moved.js", {"name": "data/moved.js", "pictures": pictures})
    return [{str(key): value for key, value in row.items()} for row in table.to_dict("records")]


def _view(run: Run, example: Example) -> dict[str, Any]:
    """Return a run's answer, map and strongest boxes for a picture."""
    boxes = [box for of_object in example.boxes.values() for box in of_object if box_counts(run, box)]
    boxes.sort(key=lambda box: -(box[5] if run.explained else box[4]))
    view: dict[str, Any] = {"label": example.label, "confidence": example.confidence}
    view |= {"boxes": [[*box[:6], 1, *box[6:]] for box in boxes[:BOXES]]}
    return view | ({"map": example.map} if example.map else {})


def lent_thumbnail(
    folder: Path, place: int, path: str, lending: list[tuple[Run, Example]], told: set[Path]
) -> tuple[int, int] | None:
    """Write a thumbnail and return its size; None if there is none.

    It comes from the first run whose report has it, else from the picture itself; `told` are the runs of
    which was said where their pictures are opened.
    """
    target = folder / f"thumbnails/{place // 1000:03d}/{place:06d}.webp"
    target.parent.mkdir(parents=True, exist_ok=True)
    for run, example in lending:
        if size := copy_thumbnail(run.path, example.thumbnail, target):
            return size
    small = next((opened for run, _ in lending if (opened := _original(run, path, told))), None)
    if small is None:
        return None
    small.save(target, "WEBP", quality=75, method=2)
    return small.size


def lenders(runs: list[Run]) -> list[bool]:
    """Return which runs' pictures are shown: where any run hides faces, only those of runs that do."""
    hiding = [hides_faces(run) for run in runs]
    return hiding if any(hiding) else [True] * len(runs)


def hides_faces(run: Run) -> bool:
    """Return whether the run's page blurs faces, so that it may be shared."""
    callbacks = kept_settings(run.path).get("callback") or {}
    return bool((callbacks.get("report") or {}).get("faces"))


def _original(run: Run, path: str, told: set[Path]) -> Image.Image | None:
    """Read the picture in the folder of the run's data, made small; None where it is gone or hides faces."""
    try:
        if hides_faces(run):
            return None
        settings = recorded_settings(run.path)
        root = settings["data"]["root"]
        if root is None:
            return None
        if run.path not in told:
            told.add(run.path)
            tell_foreign_paths(run.path, settings, run.names.get("made_of", {}).get("source"), "RUN")
        return shrink(open_image(Path(root).expanduser(), path, MAX_PIXELS), SIDE)
    except Exception:  # whatever happened to the file since the run; the page says what is missing
        return None
