"""What was found once is not looked for again, and is the same."""

import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from emocam.detector.base import Detector
from emocam.detector.cached import CachedDetector
from emocam.errors import SettingError
from emocam.records.detections import Detections
from emocam.records.picture import Batch


class Brightness(Detector):
    """As many regions as the first pixel says; counts the images it is asked about."""

    def __init__(self, identity: str = "brightness", masks: bool = False) -> None:
        super().__init__()
        self.objects, self.identity, self.masks, self.asked = ["spot"], identity, masks, 0

    def forward(self, batch: Batch) -> Detections:
        self.asked += len(batch)
        image = torch.cat(
            [torch.full((int(view[0, 0, 0]),), i) for i, view in enumerate(batch.detector_view)]
        )
        count = len(image)
        value = batch.detector_view[image, 0, 0, 0].float() / 255
        boxes = torch.stack([value, value, value + 0.1, value + 0.1], 1)
        masks = value[:, None, None].expand(count, 3, 3) if self.masks else None
        return Detections(boxes, torch.zeros(count, dtype=torch.int64), value, image.long(), masks)


def batch(*values: int) -> Batch:
    view = torch.tensor(values, dtype=torch.uint8)[:, None, None, None].expand(-1, 3, 2, 2)
    count, nothing = len(values), torch.zeros(0)
    window = torch.tensor([[0.0, 0, 1, 1]] * count)
    names = [f"{i}.png" for i in range(count)]
    return Batch(names, torch.arange(count), nothing, nothing, view, window, Detections.none(), {}, [])


def same(one: Detections, other: Detections) -> None:
    for name in ("boxes", "object", "score", "image"):
        torch.testing.assert_close(getattr(one, name), getattr(other, name), rtol=0, atol=0)
    if one.masks is not None or other.masks is not None:
        torch.testing.assert_close(one.masks, other.masks, rtol=0, atol=0)


@pytest.mark.parametrize("masks", [False, True])
def test_each_picture_is_asked_about_once(tmp_path: Path, masks: bool) -> None:
    detector = Brightness(masks=masks)
    remembered = CachedDetector(detector, tmp_path)
    same(remembered(batch(1, 0, 3)), Brightness(masks=masks)(batch(1, 0, 3)))
    assert detector.asked == 3
    same(remembered(batch(3, 2, 0, 3)), Brightness(masks=masks)(batch(3, 2, 0, 3)))
    assert detector.asked == 4
    again = Brightness(masks=masks)
    same(CachedDetector(again, tmp_path)(batch(2, 1)), Brightness(masks=masks)(batch(2, 1)))
    assert again.asked == 0


def test_another_identity_remembers_apart(tmp_path: Path) -> None:
    CachedDetector(Brightness("one"), tmp_path)(batch(1))
    other = Brightness("two")
    CachedDetector(other, tmp_path)(batch(1))
    assert other.asked == 1


def test_another_window_is_another_picture(tmp_path: Path) -> None:
    detector = Brightness()
    remembered = CachedDetector(detector, tmp_path)
    remembered(batch(1))
    remembered(replace(batch(1), detector_window=torch.tensor([[0.0, 0, 1, 0.5]])))
    assert detector.asked == 2


def test_views_of_many_sizes_are_told_apart(tmp_path: Path) -> None:
    detector = Brightness()
    remembered = CachedDetector(detector, tmp_path)
    wide = replace(batch(1, 1), detector_view=[torch.ones(3, 2, 4).byte(), torch.ones(3, 4, 2).byte()])
    detector.forward = lambda b: Detections.pack([Detections.none() for _ in range(len(b))])  # type: ignore
    remembered(wide)
    rows = sqlite3.connect(remembered.file).execute("SELECT COUNT(*) FROM sealed_regions").fetchone()
    assert rows == (2,)


def test_cache_that_cannot_be_written_to_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SettingError, match=r"cache .*file cannot be written to .* cache=null"):
        CachedDetector(Brightness(), tmp_path / "file")
