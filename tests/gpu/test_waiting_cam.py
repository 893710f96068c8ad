"""CAM methods on an accelerator that is only pretended: nobody waits for it, and it answers what a processor does."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from hydra.utils import instantiate
from omegaconf import OmegaConf
from torch import Tensor, nn
from torchvision.ops import boxes as box_ops

from emocam.cam import completeness
from emocam.classifier.base import Classifier
from emocam.errors import SettingError
from emocam.records.base import WHOLE
from emocam.records.detections import Detections
from emocam.records.picture import Batch
from emocam.view.crops import Stretch

CONF = Path(__file__).parents[2] / "conf/cam"
READ = ("gaze", "given")
"""What reads maps from files, and asks no network: tests/compare/test_gaze.py."""
METHODS = sorted(
    path.stem for path in CONF.glob("*.yaml") if "_target_" in path.read_text() and path.stem not in READ
)
QUICK = {"masks": 24, "cells": 4}
WAITS = {
    "eigencam": {"eigh"},
    "eigengradcam": {"eigh"},
    "kpcacam": {"eigh"},
    "regions": {"nonzero", "tolist"},
}
"""Methods that ask torch for eigenvectors, which checks on the host whether it found them: once a batch.

And one whose questions depend on how many regions each picture has.
"""
SIZE = (24, 32)


def pictures(images: int) -> Batch:
    view = torch.randint(0, 256, (images, 3, *SIZE), generator=torch.Generator().manual_seed(0))
    window = torch.tensor(WHOLE).repeat(images, 1)
    nothing = torch.zeros(images, 0)
    paths = [f"{i}.jpg" for i in range(images)]
    boxes = torch.tensor([[0.1, 0.1, 0.6, 0.5], [0.4, 0.3, 0.9, 0.9]]).repeat(images, 1)
    image = torch.arange(images).repeat_interleave(2)
    found = Detections(boxes, image * 0, torch.linspace(0.9, 0.5, len(image)), image)
    return Batch(paths, torch.arange(images), view.to(torch.uint8), window, nothing, window, found, {}, [])


class Aside(nn.Module):
    """What is explained, and what flows around it."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.Conv2d(3, 8, 5, 2), nn.Conv2d(8, 8, 3, padding=1)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        x = torch.relu(self.first(x))
        return self.second(x), x


class Meeting(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.last = nn.Linear(8, 3)

    def forward(self, activation: Tensor, aside: Tensor) -> Tensor:
        return self.last(torch.relu(activation + aside).mean((2, 3)))


def small(kind: str) -> Classifier:
    """Two convolutions; behind what is explained linear layers, or a residual path."""
    classifier = Classifier()
    classifier.labels, classifier.view, classifier.layer = ["awe", "fear", "joy"], Stretch(SIZE), "the second"
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        if kind == "a residual path":
            classifier.features, classifier.head = Aside(), Meeting()
        else:
            classifier.features = nn.Sequential(
                nn.Conv2d(3, 6, 5, 2), nn.ReLU(), nn.Conv2d(6, 8, 3, padding=1)
            )
            classifier.head = nn.Sequential(
                *(nn.ReLU(), nn.MaxPool2d(2), nn.Flatten()),
                *(nn.Linear(8 * 5 * 7, 16), nn.ReLU(), nn.Linear(16, 3)),
            )
    return classifier.freeze()


def method(name: str) -> Any:
    own = OmegaConf.load(CONF / f"{name}.yaml")
    quick = {key: value for key, value in QUICK.items() if key in own}
    whole = OmegaConf.create({"seed": 0, "cam": OmegaConf.merge(own, quick)})
    return instantiate(whole.cam, _convert_="all")


@pytest.mark.parametrize("kind", ["linear layers", "a residual path"])
@pytest.mark.parametrize("name", METHODS)
def test_a_method_never_waits_and_draws_what_a_processor_draws(
    name: str, kind: str, pretended: Callable, host: Callable, watch: Callable
) -> None:
    classifier, batch, cam = small(kind), pictures(3), method(name)
    _, expected = cam(classifier, batch)  # the first pass also traces and tries the head
    there = pretended(classifier)
    with watch() as waits:
        moved = pretended(batch)
        cam(there, moved)
        waits.clear()
        _, explanation = cam(there, moved)
    assert {wait.name for wait in waits} <= WAITS.get(name, set()), waits
    torch.testing.assert_close(host(explanation.maps), expected.maps, rtol=1e-3, atol=1e-4)
    completeness.read_checks()


def test_a_sum_that_is_wrong_stops_the_run_once_it_is_read(pretended: Callable, watch: Callable) -> None:
    with watch() as waits:
        parts, expected = pretended(torch.ones(2, 3)), pretended(torch.tensor([3.0, 5.0]))
        completeness.check_sums("ig", [parts], expected, expected, "take more steps")
        assert not waits
    (check,) = completeness.take_unread()
    with pytest.raises(
        SettingError, match=r"cam=ig: .* 1 of 2 images do not add up; expected 5, found 3; take"
    ):
        check.read()
    assert not completeness.take_unread()


def test_what_waits_is_noticed(pretended: Callable, watch: Callable) -> None:
    """The list knows what CUDA waits for, and a real one refuses what the pretended one refuses."""
    x, usual = pretended(torch.arange(6.0)), torch.arange(6)
    waiting = {
        "item": lambda: x.sum().item(),
        "a truth": lambda: bool((x > 2).any()),
        "tolist": lambda: x.tolist(),
        "numpy": lambda: x.numpy(),
        "nonzero": lambda: (x > 2).nonzero(),
        "a mask": lambda: x[x > 2],
        "numbers of the host": lambda: x[usual],
        "a list": lambda: x[[1, 2]],
        "to the host": lambda: x.cpu(),
        "from the host": lambda: usual.to(x.device),
        "a new tensor": lambda: torch.tensor([1, 2], device=x.device),
        "repeats": lambda: x.repeat_interleave(x.long()),
        "in a function of torch": lambda: torch.where(x > 2),
        "in one of torchvision": lambda: box_ops.remove_small_boxes(x[:4].view(1, 4), 0.5),
    }
    free = [
        lambda: x.to("cpu", non_blocking=True),
        lambda: usual.to(x.device, non_blocking=True),
        lambda: torch.where(x > 2, x, 0.0),
        lambda: x[x.long()],
        lambda: x[1:3] + torch.arange(2, device=x.device),
        lambda: x.long().repeat_interleave(2),
        lambda: torch.nn.functional.one_hot(x.long(), 6),
    ]
    with watch() as waits:
        for name, ask in waiting.items():
            waits.clear()
            ask()
            assert len(waits) == 1, name
        waits.clear()
        for ask in free:
            ask()
        assert not waits
        with pytest.raises(AssertionError, match="of the host and of the accelerator"):
            _ = x + usual
