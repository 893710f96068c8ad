"""Gradients for several labels at once."""

import torch

from emocam.cam.base import ForwardPass
from emocam.classifier.planted import PlantedClassifier


def test_gradients_for_several_labels_at_once_are_those_of_each_alone() -> None:
    classifier = PlantedClassifier("values")
    x = torch.randn(3, 3, 112, 112, generator=torch.Generator().manual_seed(0))
    forward = ForwardPass(classifier, x, target=0)
    forward.together = [0, 1, 4, 7]
    found = {label: forward.asked_about(label).gradient for label in forward.together}
    for label, gradient in found.items():
        alone = ForwardPass(classifier, x, target=label)
        torch.testing.assert_close(gradient, alone.gradient, atol=1e-6, rtol=1e-5)
        assert (alone.target == label).all() and alone.gradient.abs().sum() > 0
    assert torch.equal(found[0], -found[1])
