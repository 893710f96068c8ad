"""What every CAM method owes, whatever it does: parametrised by conf/cam."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from hydra.utils import instantiate
from omegaconf import OmegaConf

from emocam.cam.base import CAM, ForwardPass
from emocam.errors import SettingError

CONF = Path(__file__).parents[2] / "conf/cam"
READ = ("gaze", "given")
"""What reads maps from files, and asks no network: tests/compare/test_gaze.py."""
METHODS = sorted(
    path.stem for path in CONF.glob("*.yaml") if "_target_" in path.read_text() and path.stem not in READ
)
QUICK = {"masks": 24, "channels": 6, "cells": 4}
"""Settings that cost time and change nothing that is promised here."""


def method(name, **settings):
    own = OmegaConf.load(CONF / f"{name}.yaml")
    quick = {key: value for key, value in QUICK.items() if key in own}
    whole = OmegaConf.create({"seed": 0, "cam": OmegaConf.merge(own, quick, settings)})
    return instantiate(whole.cam, _convert_="all")


def one(batch, i):
    """The batch that holds picture i alone."""
    rows = ("index", "classifier_view", "classifier_window", "detector_view", "detector_window")
    return replace(batch, paths=[batch.paths[i]], **{name: getattr(batch, name)[[i]] for name in rows})


@pytest.mark.parametrize("name", METHODS)
def test_a_method_keeps_the_contract(name, classifier, batch):
    with torch.no_grad():
        logits = classifier(classifier.prepare(batch.classifier_view))
    cam = method(name)
    prediction, explanation = cam(classifier, batch)
    maps = explanation.maps
    assert torch.allclose(prediction.logits, logits, atol=1e-5), "explaining changed the prediction"
    activation, _ = classifier.cut(classifier.prepare(batch.classifier_view))
    assert maps.shape == (3, *(cam.grid or activation.shape[-2:]))
    assert maps.isfinite().all() and maps.min() >= 0 and maps.max() <= 1
    assert not maps.requires_grad and not prediction.logits.requires_grad
    with torch.no_grad():
        singles = [cam(classifier, one(batch, i)) for i in range(3)]
    for i, (alone, map_alone) in enumerate(singles):
        assert torch.allclose(alone.logits[0], logits[i], atol=1e-5)
        assert (map_alone.maps[0] - maps[i]).abs().max() < 2e-3, "a picture's company changed its map"
    with torch.no_grad():
        after = classifier(classifier.prepare(batch.classifier_view))
    assert torch.equal(after, logits), "explaining left something behind in the classifier"


@pytest.mark.parametrize("name", METHODS)
def test_probabilities_and_named_labels_can_be_explained(name, classifier, batch):
    first, label = one(batch, 0), classifier.labels[1]
    for score in ("logit", "probability"):
        for target in ("predicted", label):
            maps = method(name, score=score, target=target)(classifier, first)[1].maps
            assert maps.isfinite().all() and maps.min() >= 0 and maps.max() <= 1


@pytest.mark.parametrize("name", METHODS)
def test_parameters_may_want_gradients(name, small, small_batch):
    frozen = method(name)(small, small_batch)[1].maps
    small.requires_grad_(True)
    try:
        free = method(name)(small, small_batch)[1].maps
        assert all(parameter.grad is None for parameter in small.parameters())
    finally:
        small.requires_grad_(False)
    assert torch.allclose(frozen, free, atol=1e-5)


@pytest.mark.parametrize("name", METHODS)
def test_a_setting_that_cannot_be_is_named(name):
    with pytest.raises(Exception, match=r"cam\.score must be logit or probability, got 'loss'"):
        method(name, score="loss")


class Misshapen(CAM):
    """Returns whatever it is given for channel weights."""

    def __init__(self, weights: torch.Tensor) -> None:
        super().__init__()
        self.weights = weights

    def channel_weights(self, forward: ForwardPass) -> torch.Tensor:
        return self.weights


class Flat(Misshapen):
    """Returns it for the map instead."""

    def raw(self, forward: ForwardPass) -> torch.Tensor:
        return self.weights


def misshapen(method: CAM) -> str:
    forward = SimpleNamespace(activation=torch.zeros(2, 5, 3, 3))
    with pytest.raises(SettingError) as caught:
        method.maps(forward)  # type: ignore[arg-type]
    return str(caught.value)


def test_a_method_of_a_wrong_shape_is_named_with_the_right_one() -> None:
    told = misshapen(Misshapen(torch.zeros(5, 2)))
    assert told == "cam: Misshapen.channel_weights must return (B, C), here (2, 5), got (5, 2)"
    assert (
        misshapen(Flat(torch.zeros(2, 9)))
        == "cam: Flat.raw must return (B, h, w), here (2, h, w), got (2, 9)"
    )
    assert "here (2, h, w), got (1, 3, 3)" in misshapen(Flat(torch.zeros(1, 3, 3)))


def test_a_method_without_weights_or_map_is_told() -> None:
    assert misshapen(CAM()) == "cam: CAM overrides neither channel_weights nor raw; one is needed"
