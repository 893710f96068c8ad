"""What a region's level of chance adds to a step, and what the verdict adds to the end of a run."""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import evidence
import networks
import torch
from racing import Agreement, Contest, Way, race
from telling import table_of
from torch import Tensor

from emocam.callback.cells import count
from emocam.cam.gradcam import GradCAM
from emocam.cells.table import cell_columns
from emocam.detector.base import Detector
from emocam.functional.map.chance import box_chance
from emocam.functional.map.maps import normalise
from emocam.importance.mean import Mean
from emocam.predict.explain import Explain
from emocam.records.base import WHOLE
from emocam.records.detections import Detections
from emocam.records.evidence import Evidence, Explanation, Prediction
from emocam.records.picture import Batch
from emocam.records.thresholds import Thresholds
from emocam.results.run import Run

WITHOUT = "the same step without it"


class Drawn(Detector):
    """Boxes that cost nothing: what is measured is what comes after them."""

    def __init__(self, boxes: int) -> None:
        super().__init__()
        self.objects, self.boxes = [f"Object {i}" for i in range(601)], boxes

    def forward(self, batch: Batch) -> Detections:
        dice, count = torch.Generator().manual_seed(0), len(batch) * self.boxes
        corners = torch.rand(2, count, 2, generator=dice).sort(0).values
        image = torch.arange(len(batch)).repeat_interleave(self.boxes)
        object = torch.randint(0, 601, (count,), generator=dice)
        return Detections(torch.cat([corners[0], corners[1]], 1), object, torch.ones(count), image)


class Unasked(Explain):
    """The step without levels of chance."""

    def weigh(
        self, batch: Batch, prediction: Prediction, explanation: Explanation | None, detections: Detections
    ) -> Evidence:
        assert explanation is not None
        importance = self.importance(explanation, detections)
        return Evidence(
            batch.paths, batch.index, prediction, explanation, detections, importance, batch.known
        )


def one_by_one(maps: Tensor, window: Tensor, boxes: Tensor, image: Tensor) -> Tensor:
    """Each map and its boxes by themselves."""
    parts = [
        box_chance(maps[[i]], window[[i]], boxes[image == i], torch.zeros(int((image == i).sum())).long())
        for i in range(len(maps))
    ]
    return torch.cat([part.anywhere for part in parts])


def step(images: int, boxes: int) -> Contest:
    batch, net = networks.pictures(images, (227, 227)), networks.emonet()
    with_chance, without = (kind(net, Drawn(boxes), [GradCAM()], Mean()) for kind in (Explain, Unasked))

    def agree() -> Agreement:
        maps = normalise(torch.randn(images, 13, 13, generator=torch.Generator().manual_seed(0)))
        found, window = Drawn(boxes)(batch), torch.tensor(WHOLE).repeat(images, 1)
        ours = box_chance(maps, window, found.boxes, found.image).anywhere
        theirs = one_by_one(maps, window, found.boxes, found.image)
        return Agreement(float((ours - theirs).abs().max()), 1e-6, "levels, of a batch and one by one")

    return Contest(
        f"a Grad-CAM step on EmoNet, batch {images}, {boxes} boxes an image, with levels of chance",
        Way(lambda: with_chance.predict_step(batch), images),
        {WITHOUT: Way(lambda: without.predict_step(batch), images)},
        agree,
        told="cost",
    )


def contests(small: bool = False) -> Iterator[Contest]:
    for boxes in (3,) if small else (10, 60):
        yield step(2 if small else 32, boxes)


def cells(images: int = 2_000) -> str:
    """What `callback.cells` computes, on a synthetic run of EmoNet's labels and 601 objects."""
    with tempfile.TemporaryDirectory(prefix="emocam-bench-") as name:
        folder = Path(name)
        evidence.leave_run(folder, images)
        run, thresholds = Run(folder), Thresholds()
        tally = count(run, thresholds)
        times = race(
            {
                "count": Way(lambda: count(run, thresholds), images),
                "columns": Way(lambda: cell_columns(tally)),
            }
        )
    return (
        f"\nAt the end of a run of {images:,} images with {evidence.REGIONS} regions each, counting the cells and "
        f"their levels of chance takes {times['count']} an image, and the intervals and tests of 601 x 20 "
        f"cells {median(times['columns'].seconds):.2f} s once."
    )


def table() -> str:
    return table_of(contests()) + "\n" + cells()


if __name__ == "__main__":
    print(table())
