"""Detectors on an accelerator that is only pretended: how often each makes the host wait for a batch."""

from collections import Counter
from collections.abc import Callable

import pytest
import torch

from emocam.detector.annotations import Annotations
from emocam.detector.base import Detector
from emocam.detector.nothing import Nothing
from emocam.detector.postprocess import pack_regions
from emocam.detector.torchvision import TorchvisionDetector
from emocam.detector.vocabulary import Vocabulary
from emocam.records.base import WHOLE
from emocam.records.detections import Detections
from emocam.records.picture import Batch


def pictures(images: int) -> Batch:
    dice = torch.Generator().manual_seed(0)
    view = torch.randint(0, 256, (images, 3, 64, 96), generator=dice).to(torch.uint8)
    window = torch.tensor(WHOLE).repeat(images, 1)
    corner = torch.rand(2 * images, 2, generator=dice) / 2
    image = torch.arange(images).repeat_interleave(2)
    known = Detections(torch.cat([corner, corner + 0.4], 1), image % 2, torch.ones(len(image)), image)
    paths = [f"{i}.jpg" for i in range(images)]
    return Batch(paths, torch.arange(images), view[:, :0], window, view, window, known, {}, [])


def annotations() -> Detector:
    detector = Annotations()
    detector.set_annotated_objects(["ball", "tree"])
    return detector


def same(one: Detections, other: Detections) -> None:
    for name in ("boxes", "object", "score", "image"):
        torch.testing.assert_close(getattr(one, name), getattr(other, name), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("build", "waits_for"),
    [
        (Nothing, {}),
        (annotations, {}),
        (lambda: Vocabulary(annotations(), rename={"ball": "Ball"}), {}),
        (lambda: Vocabulary(annotations(), only=["tree"]), {"nonzero": 1}),
    ],
    ids=["nothing", "annotations", "vocabulary", "vocabulary, only"],
)
def test_what_is_known_is_not_waited_for(
    build: Callable[[], Detector],
    waits_for: dict[str, int],
    pretended: Callable,
    host: Callable,
    watch: Callable,
) -> None:
    detector, batch = build().eval(), pictures(3)
    expected = detector(batch)
    with watch() as waits, torch.no_grad():
        there = pretended(batch)
        pretended(detector)(there)
        waits.clear()
        found = detector(there)
    assert Counter(wait.name for wait in waits) == waits_for, waits
    same(host(found), expected)


@pytest.mark.parametrize(
    ("iou", "waits_for"), [(0.3, {"nms": 1, "__getitem__": 1}), (None, {"__getitem__": 1})]
)
def test_regions_are_packed_with_one_count_each_for_overlaps_and_for_those_outside(
    iou: float | None, waits_for: dict[str, int], pretended: Callable, host: Callable, watch: Callable
) -> None:
    dice = torch.Generator().manual_seed(1)
    corner = torch.rand(300, 2, generator=dice) * 1.4 - 0.2
    boxes = torch.cat([corner, corner + torch.rand(300, 2, generator=dice) / 2], 1)
    object, image = (torch.randint(0, 3, (300,), generator=dice) for _ in range(2))
    given = boxes, object, torch.rand(300, generator=dice), image, torch.tensor(WHOLE).repeat(3, 1)
    expected = pack_regions(*given, iou)
    with watch() as waits:
        there = [pretended(part) for part in given]
        waits.clear()
        found = pack_regions(*there, iou)
    assert Counter(wait.name for wait in waits) == waits_for, waits
    assert 20 < len(expected) < 300
    same(host(found), expected)


def test_around_torchvision_s_own_steps_a_batch_is_counted_once(
    pretended: Callable, host: Callable, watch: Callable
) -> None:
    detector = TorchvisionDetector("ssdlite320_mobilenet_v3_large", "random", score=0.01, iou=0.4).eval()
    batch = pictures(2)
    with torch.no_grad():
        expected = detector(batch)
        with watch() as waits:
            there = pretended(batch)
            pretended(detector)
            waits.clear()
            found = detector(there)
    ours = [wait for wait in waits if "self.network(" not in wait.line]
    assert [wait.name for wait in ours] == ["nonzero"], ours
    assert len(waits) > 1  # torchvision's are noticed
    assert len(expected) > 10
    same(host(found), expected)
