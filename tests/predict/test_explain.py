"""A run over a network that cannot be explained as it is says so."""

import json
from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from emocam.classifier.planted import PlantedClassifier

QUICK = ["logger=null", "cache=null", "trainer=cpu", "data.workers=0", "quiet=true", "data.images=4"]


SOFTENED = """
import torch
from emocam.classifier.planted import PlantedClassifier


class Softened(PlantedClassifier):
    def __init__(self, **given):
        super().__init__()
        self.head.output = torch.nn.Sequential(self.head.output, torch.nn.Softmax(-1))
"""


def weights(file: Path, change: Callable[[Tensor], Tensor]) -> list[str]:
    """The network with its last weights changed, and names for its labels."""
    network = PlantedClassifier()
    state = network.state_dict()
    state["head.output.weight"] = change(state["head.output.weight"])
    save_file(state, file, {"labels": "\n".join(network.labels)})
    return [f"classifier.weights={file}"]


def test_weights_that_are_no_numbers_are_named_before_the_work(
    emocam: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = weights(tmp_path / "nan.safetensors", lambda w: w * torch.nan)
    assert emocam("cam=gradcam", *QUICK, *words) == 1
    assert (
        "classifier.weights: the network's head.output.weight holds NaN or infinity"
        in capsys.readouterr().err
    )


def test_answers_that_are_no_numbers_fail_their_pictures_and_the_run_ends_in_order(
    emocam: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = weights(tmp_path / "huge.safetensors", lambda w: torch.full_like(w, 3e38))
    assert emocam("cam=gradcam", *QUICK, *words, "hydra.run.dir=run") == 2
    told = capsys.readouterr()
    assert "4 images: 0 explained, 0 unreadable, 0 refused, 4 failed, 0 lost" in told.out
    ledger = pq.read_table(tmp_path / "run/ledger.parquet")
    assert set(ledger["reason"].to_pylist()) == {"the classifier's logits are not finite"}
    assert json.loads((tmp_path / "run/summary.json").read_text())["done"] == 0


@pytest.mark.parametrize("cam", [["cam=gradcam"], []])
def test_a_network_that_ends_in_a_softmax_is_refused(
    emocam: Callable[..., int], cam: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "softened.py").write_text(SOFTENED)
    words = ["classifier._target_=softened.Softened", "allow=[softened]"]
    assert emocam(*cam, *QUICK, *words) == 1
    assert "classifier: the network ends in a softmax" in capsys.readouterr().err


def test_a_network_that_answers_the_same_to_every_picture_is_noted(
    emocam: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = weights(tmp_path / "zero.safetensors", lambda w: 0 * w)
    assert emocam("cam=gradcam", *QUICK, *words, "hydra.run.dir=run") == 0
    assert "the network answers the same to every picture" in capsys.readouterr().err
    told = json.loads((tmp_path / "run/summary.json").read_text())["notes"]
    assert any("answers the same to every picture" in note for note in told)
