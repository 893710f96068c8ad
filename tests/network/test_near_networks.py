"""A file of weights that does not fit names the networks that it is near to."""

from pathlib import Path

import pytest
import torch
from torchvision import models

from emocam.classifier.torchvision import TorchvisionClassifier
from emocam.errors import SettingError
from emocam.network.near_networks import alike_first, near_networks


def test_weights_of_another_network_name_it(tmp_path: Path) -> None:
    state = {
        f"model.{name}": t for name, t in models.resnet34(weights=None, num_classes=2).state_dict().items()
    }
    torch.save({"state_dict": state}, tmp_path / "net.ckpt")
    (tmp_path / "labels.txt").write_text("a\nb\n")
    words = {"weights": str(tmp_path / "net.ckpt"), "labels": str(tmp_path / "labels.txt")}
    with pytest.raises(
        SettingError, match=r"does not fit ResNet: .*; by its names and shapes it is resnet34 \(99 %\)$"
    ):
        TorchvisionClassifier("resnet18", **words)  # type: ignore[arg-type]


def test_what_is_near_none_is_called_nothing() -> None:
    assert near_networks({"a": torch.zeros(3)}, models.get_model, ["resnet18", "no such"], "resnet18") == ""


def test_names_that_begin_alike_come_first() -> None:
    assert alike_first("resnet50", ["vgg11", "resnext50", "resnet18", "resnet50"])[:3] == [
        "resnet50",
        "resnet18",
        "resnext50",
    ]
