"""A few pictures with their maps and boxes, the same ones for every CAM method, to be compared."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import repeat
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from PIL import Image

from emocam.callback.base import Finished
from emocam.data.printed import unprinted
from emocam.face.blur import check_faces_setting, without_faces
from emocam.plot.overlay import overlay_figure
from emocam.plot.save import save_png
from emocam.records.base import WHOLE
from emocam.records.thresholds import Thresholds
from emocam.results.files import BOX, COUNTED, LABELLED, MASK
from emocam.results.pairs import picture_of
from emocam.results.run import Run, encode_names, image_rows, read_boxes, read_masks

MOST_BOXES = 6
WAITING = 4_096
"""Pictures that wait before they are held to the surest of each label."""


@dataclass(frozen=True)
class MapAndBoxes:
    """A picture's label and confidence, its map over its window, and the strongest boxes (n, 4) that count.

    `masks` (n, m, m), where the evidence has them, lie in their boxes.
    """

    says: str
    map: NDArray[np.floating] | None
    window: Sequence[float]
    boxes: NDArray[np.floating]
    names: list[str]
    importance: list[float]
    masks: NDArray[np.floating] | None = None


class Overlay:
    """A callback that writes overlays/1.png and so on: of each label in turn the surest picture with an object.

    `faces` are blurred or left out as in the report.
    """

    def __init__(self, images: int = 8, faces: str | None = None) -> None:
        self.images = images
        self.faces = faces
        if faces is not None:
            check_faces_setting(faces)

    def on_run_end(self, finished: Finished) -> dict[str, Any]:
        if finished.data is None:
            return {}
        data = finished.data

        def open_picture(path: str) -> Image.Image:
            return data.open_again(unprinted(picture_of(path))).image

        shown = open_picture if self.faces is None else without_faces(open_picture, self.faces)
        folder = finished.folder / "overlays"
        paths = surest(finished.run, self.images)
        for path, seen in look_up(finished.run, paths, finished.thresholds):
            try:
                picture = shown(path)
            except Exception:  # gone since the run, or it shows a face; the others are there
                continue
            folder.mkdir(exist_ok=True)
            shape = seen.map, seen.window, seen.boxes, seen.names, seen.importance
            figure = overlay_figure(picture, *shape, seen.says, seen.masks)
            # a third of the time for a tenth more bytes, and the same picture
            save_png(figure, folder / f"{paths.index(path) + 1}.png", compress_level=3)
        return {}


def surest(run: Run, count: int) -> list[str]:
    """Choose pictures by label and confidence alone, so that all methods over one classifier show the same."""
    kept: list[pd.DataFrame] = []
    least = np.full(
        len(run.label_names), -np.inf
    )  # of a label that has enough, what a surer one must be above
    for images, regions in run.blocks(LABELLED, ["image"]):
        place = np.unique(image_rows(regions, images))
        label = encode_names(images, "label", run.label_names)[place]
        sure = images["confidence"].to_numpy()[place] > least[label]
        kept.append(images.take(place[sure]).to_pandas())
        if sum(map(len, kept)) > max(WAITING, 2 * count * len(least)):
            kept = [_surest_first(pd.concat(kept)).groupby("label", observed=True).head(count)]
            of_label = kept[0].groupby("label", observed=True)["confidence"].agg(["size", "min"])
            enough = of_label[of_label["size"] >= count]
            least[[run.label_names.index(name) for name in enough.index]] = enough["min"]
    rows = _surest_first(pd.concat(kept)) if kept else pd.DataFrame(columns=["image", "label"])
    label = rows["label"].astype(object).map({name: i for i, name in enumerate(run.label_names)})
    order = np.lexsort((label, rows.groupby("label", observed=True).cumcount()))
    return rows["image"].iloc[order].head(count).tolist()


def _surest_first(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.sort_values("confidence", ascending=False, kind="stable")


def look_up(run: Run, paths: list[str], thresholds: Thresholds) -> Iterator[tuple[str, MapAndBoxes]]:
    """Yield these pictures in the run's order, with one block in memory at a time."""
    maps = run.explanations() if run.explained else repeat(None)
    asked = set(paths)
    for (images, regions), explanation in zip(
        run.blocks(LABELLED, [*COUNTED, *BOX, *([MASK] if run.masked else [])]), maps, strict=False
    ):
        names = images["image"].to_pylist()
        if asked.isdisjoint(names):
            continue
        numbers = run.tensors_of(images, regions)
        sure = numbers["confidence"][numbers["image"]]
        counts = thresholds.kept(
            numbers["score"], sure, numbers["importance"], numbers.get("chance"), run.explained
        )
        for place in [i for i, name in enumerate(names) if name in paths]:
            rows = (counts & (numbers["image"] == place)).nonzero().flatten()
            strength = numbers["importance" if run.explained else "score"][rows]
            rows = rows[strength.argsort(descending=True, stable=True)[:MOST_BOXES]]
            label, confidence = images["label"][place].as_py(), images["confidence"][place].as_py()
            yield (
                names[place],
                MapAndBoxes(
                    f"{label} {confidence:.2f}",
                    explanation[0][place].numpy() if explanation else None,
                    explanation[1][place].tolist() if explanation else WHOLE,
                    read_boxes(regions.take(rows.numpy())),
                    [run.object_names[i] for i in numbers["object"][rows].tolist()],
                    numbers["importance"][rows].tolist(),
                    read_masks(regions.take(rows.numpy())),
                ),
            )
