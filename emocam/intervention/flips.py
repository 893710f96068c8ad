"""The strongest flips as pictures: before and after, where the classifier looked, all probabilities."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from PIL import Image
from torch import Tensor

from emocam.cam.base import CAM
from emocam.classifier.base import Classifier
from emocam.data.printed import printable
from emocam.network.values import answer_strengths
from emocam.paste.base import Box, Region, Variant
from emocam.paste.patch import patched
from emocam.plot.flips import FlipShown, flip_figure
from emocam.plot.save import save_png
from emocam.predict.components import Components
from emocam.records.detections import Detections
from emocam.records.picture import Batch
from emocam.results.parquet_file import read_frame

MOST_FLIPS = 8
COLUMNS = ["image", "object", "position", "x", "y", "label_before", "label_after", "confidence_after"]


def strongest_flips(folder: Path) -> pd.DataFrame:
    """Return one flip of each picture, the surest of its new label first."""
    rows = read_frame(folder / "paste.parquet", columns=COLUMNS)
    flips = rows[rows["label_before"].astype(str) != rows["label_after"].astype(str)]
    return flips.sort_values("confidence_after", ascending=False, kind="stable").drop_duplicates("image")[
        :MOST_FLIPS
    ]


def flips_are_there(folder: Path) -> bool:
    """Return whether the figures of a finished paste are there; a kill may have come between."""
    wanted = {f"{number}.png" for number in range(1, len(strongest_flips(folder)) + 1)}
    return wanted == {file.name for file in (folder / "flips").glob("*.png")}


def leave_flips(components: Components, listing: Sequence[str], regions: dict[str, list[Region]]) -> None:
    """Write flips/1.png and on, of the pictures that can still be opened."""
    change = components.paste
    assert change is not None
    flips = strongest_flips(components.folder)
    target = components.folder / "flips"
    for old in target.glob("*.png"):  # of pictures that flip no longer
        old.unlink()
    if len(flips):
        target.mkdir(exist_ok=True)
    places = {printable(path): path for path in listing}
    for number, flip in enumerate(flips.itertuples(), 1):
        image = components.data.open_again(places[str(flip.image)]).image
        variants = change(image, regions.get(str(flip.image), []))
        variant = next(v for v in variants if _is(v, flip))
        changed = patched(image, variant.patches), variant.box
        shown = [
            look(components.classifier, components.cam, *seen) for seen in ((image, (0, 0, 0, 0)), changed)
        ]
        renamed = components.classifier.renamed
        labels = components.classifier.labels if renamed is None else renamed.names
        figure = flip_figure(shown[0], shown[1], labels, f"{variant.object}, {variant.position}")
        save_png(figure, target / f"{number}.png")


def _is(variant: Variant, row: object) -> bool:
    same = (variant.object, variant.position) == (row.object, row.position)  # type: ignore[attr-defined]
    return same and np.allclose(variant.centre, (row.x, row.y))  # type: ignore[attr-defined]


def look(classifier: Classifier, cam: CAM | None, image: Image.Image, box: Box) -> FlipShown:
    """Compute what the classifier answers for one picture, and where the CAM looks."""
    view, window = classifier.view(image)
    views, windows = view[None].to(device(classifier)), window[None].to(device(classifier))
    if cam is None:
        with torch.no_grad():
            logits = classifier(classifier.prepare(views))
        return FlipShown(image, box, strengths(classifier, logits), None, window.numpy())
    place = torch.zeros(1, dtype=torch.int64)
    batch = Batch([""], place, views, windows, views[:, :0], windows, Detections.none(), {}, [])
    prediction, explanation = cam(classifier, batch)
    return FlipShown(
        image,
        box,
        strengths(classifier, prediction.own_logits),
        explanation.maps[0].cpu().numpy(),
        window.numpy(),
    )


def strengths(classifier: Classifier, logits: Tensor) -> np.ndarray:
    """Return how sure each answer of the one picture is (L,), by the names that labels have."""
    named = logits if classifier.renamed is None else classifier.renamed.together(logits)
    return answer_strengths(named[0], classifier.values is not None).cpu().numpy()


def device(classifier: Classifier) -> torch.device:
    return next(iter(classifier.parameters())).device
