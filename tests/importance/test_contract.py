"""What every weight of a region promises."""

from pathlib import Path

import hydra
import pytest
import torch
from omegaconf import OmegaConf

from emocam.importance.base import Importance
from emocam.records.detections import Detections
from emocam.records.evidence import Explanation

CONF = Path(__file__).parents[2] / "conf/importance"
pytestmark = pytest.mark.parametrize("name", sorted(file.stem for file in CONF.glob("*.yaml")))


def build(name: str) -> Importance:
    return hydra.utils.instantiate(OmegaConf.load(CONF / f"{name}.yaml"))


def with_masks(detections: Detections, masks: torch.Tensor) -> Detections:
    return Detections(detections.boxes, detections.object, detections.score, detections.image, masks)


@pytest.mark.parametrize("masked", [False, True])
def test_weights_lie_in_0_to_1(name: str, scene, masked: bool) -> None:
    for seed in range(5):
        explained, found = scene(seed)
        if masked:
            found = with_masks(found, torch.rand(30, 28, 28).round())
        weights = build(name)(explained, found)
        assert weights.shape == (30,) and weights.dtype == torch.float32
        assert torch.isfinite(weights).all() and weights.min() >= 0 and weights.max() <= 1


def test_a_flat_map_gives_nothing(name: str, scene) -> None:
    explained, found = scene(0)
    weights = build(name)(Explanation(torch.zeros_like(explained.maps), explained.window), found)
    assert (weights == 0).all()


def test_no_regions_give_no_weights(name: str, scene) -> None:
    weights = build(name)(scene(0)[0], Detections.none())
    assert weights.shape == (0,)
    empty = with_masks(Detections.none(), torch.zeros(0, 28, 28))
    assert build(name)(scene(0)[0], empty).shape == (0,)


def test_a_box_that_the_classifier_did_not_see_weighs_nothing(name: str, made) -> None:
    left = made["explanation"]([1.0, 0.5], [0.5, 1.0], window=(0.0, 0.0, 0.4, 1.0))
    assert build(name)(left, made["regions"]((0.5, 0.2, 0.9, 0.8))).item() == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize(
    "box", [(0.3, 0.3, 0.3, 0.3), (1.0, 1.0, 1.0, 1.0), (0.0, 0.2, 0.0, 0.9), (0.0, 0.0, 1.0, 1.0)]
)
def test_boxes_without_area_and_of_all_area_have_a_weight(name: str, scene, made, box) -> None:
    weights = build(name)(scene(1)[0], made["regions"](box))
    assert torch.isfinite(weights).all() and 0 <= weights.item() <= 1


def test_a_region_s_weight_does_not_hang_on_the_others(name: str, scene) -> None:
    explained, found = scene(2)
    together = build(name)(explained, found)
    for i in (0, 7, 29):
        one = slice(i, i + 1)
        alone = Detections(found.boxes[one], found.object[one], found.score[one], found.image[one])
        torch.testing.assert_close(build(name)(explained, alone), together[one])


def test_flipping_the_picture_changes_no_weight(name: str, scene) -> None:
    explained, found = scene(3)
    window, boxes = explained.window, found.boxes
    across = torch.tensor([2, 1, 0, 3])
    sign = torch.tensor([-1.0, 1.0, -1.0, 1.0])
    start = torch.tensor([1.0, 0.0, 1.0, 0.0])
    flipped = Explanation(explained.maps.flip(-1), (start + sign * window)[:, across])
    mirrored = Detections((start + sign * boxes)[:, across], found.object, found.score, found.image)
    torch.testing.assert_close(
        build(name)(flipped, mirrored), build(name)(explained, found), atol=1e-5, rtol=1e-4
    )


def test_a_full_mask_is_its_box(name: str, scene) -> None:
    explained, found = scene(4)
    full = with_masks(found, torch.ones(30, 28, 28))
    # a peak is read at the middles of a mask's cells only
    tolerance = 0.08 if name == "peak" else 1e-5
    torch.testing.assert_close(
        build(name)(explained, full), build(name)(explained, found), atol=tolerance, rtol=0
    )


def test_an_empty_mask_is_its_box(name: str, scene) -> None:
    explained, found = scene(4)
    empty = with_masks(found, torch.zeros(30, 28, 28))
    torch.testing.assert_close(build(name)(explained, empty), build(name)(explained, found))
