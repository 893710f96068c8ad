"""A training of a few small pictures: the same whether or not it was interrupted."""

import json
import os
import signal
from dataclasses import replace
from itertools import chain
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from mlflow import MlflowClient
from PIL import Image
from safetensors.torch import load_file

from emocam.classifier.compact_face import CompactFace
from emocam.data.planted import Planted
from emocam.functional.thumbnail import thumbnail
from emocam.network.trained import read_trained
from emocam.results.verify import folder_faults
from emocam.train import telling
from emocam.train.classifier import in_order_of, take_fitting
from emocam.train.loop import EpochBatches, InTurn
from emocam.train.pictures import TrainingPictures, group_pictures

QUICK = (
    "task=train",
    "classifier=compact_face",
    "classifier.weights=random",
    "trainer=cpu",
    "data=imagefolder",
)


def write_pictures(folder: Path, labels: dict[str, int], seed: int = 0) -> Path:
    """Each label a grey level and a patch of its own, with noise: easy, and no two the same."""
    draw = np.random.default_rng(seed)
    for number, (label, count) in enumerate(labels.items()):
        (folder / label).mkdir(parents=True)
        for i in range(count):
            pixels = draw.integers(0, 120, (64, 64)).astype(np.uint8)
            pixels[10 * number : 10 * number + 20, 8:56] += 110
            Image.fromarray(pixels).save(folder / label / f"{i:02d}.png")
    return folder


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    return write_pictures(tmp_path_factory.mktemp("faces"), {"anger": 24, "fear": 10, "joy": 14})


@pytest.fixture
def train(emocam, pictures):
    def command(folder, *words):
        given = [f"data.root={pictures}", f"hydra.run.dir={folder}", "logger=null", "train.epochs=3"]
        named = {word.partition("=")[0] for word in words}
        return emocam(*QUICK, *(word for word in given if word.partition("=")[0] not in named), *words)

    return command


class Stop(BaseException):
    """What nobody catches."""


@pytest.mark.slow
@pytest.mark.parametrize("adjust", [0, 1])
def test_a_training_killed_at_any_epoch_ends_with_the_same_bytes(train, monkeypatch, adjust):
    word = f"train.adjust={adjust}"
    assert train("whole", word) == 0
    whole = Path("whole/weights.safetensors").read_bytes()
    plain = telling.Telling.__call__
    for epoch in (1, 2, 3):

        def stop(self, rows, at=epoch):
            plain(self, rows)
            if len(rows) == at:
                raise Stop

        monkeypatch.setattr(telling.Telling, "__call__", stop)
        with pytest.raises(Stop):
            train(f"cut{epoch}", word)
        assert Path(f"cut{epoch}/weights.safetensors").is_file()  # what there is is kept
        monkeypatch.setattr(telling.Telling, "__call__", plain)
        assert train(f"cut{epoch}", word) == 0
        assert Path(f"cut{epoch}/weights.safetensors").read_bytes() == whole
        assert Path(f"cut{epoch}/training.csv").read_bytes() == Path("whole/training.csv").read_bytes()
        assert not Path(f"cut{epoch}/training").exists()


def test_ctrl_c_keeps_what_there_is_and_the_training_goes_on_in_its_run_of_the_store(
    train, monkeypatch, capsys, tmp_path
):
    store = f"sqlite:///{tmp_path / 'mlflow.db'}"
    tracked = ("logger=mlflow", f"logger.uri={store}")
    plain = telling.Telling.__call__

    def stop(self, rows):
        plain(self, rows)
        if len(rows) == 2:
            os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr(telling.Telling, "__call__", stop)
    assert train("cut", *tracked) == 130
    assert "hydra.run.dir=" in capsys.readouterr().err  # how to go on
    kept = read_trained("cut/weights.safetensors")
    assert kept.epoch in (1, 2) and len(pd.read_csv("cut/training.csv")) == 2
    monkeypatch.setattr(telling.Telling, "__call__", plain)
    client = MlflowClient(store)
    (experiment,) = (one for one in client.search_experiments() if one.name != "Default")
    (killed,) = client.search_runs([experiment.experiment_id])
    live = client.get_metric_history(killed.info.run_id, "training/loss")
    assert killed.info.status == "KILLED" and [point.step for point in live] == [1, 2]  # as they ended
    assert train("cut", *tracked, "train.rate=1e-3") == 1  # another training is another run
    client.set_tag(killed.info.run_id, "emocam.error", "what ended it")
    assert train("cut", *tracked) == 0
    rows = pd.read_csv("cut/training.csv")
    runs = {run.info.status: run for run in client.search_runs([experiment.experiment_id])}
    assert runs.keys() == {"FAILED", "FINISHED"} and runs["FINISHED"].info.run_id == killed.info.run_id
    assert "emocam.error" not in runs["FINISHED"].data.tags
    for name in ("loss", "held_loss", "accuracy", "rate"):
        curve = client.get_metric_history(killed.info.run_id, f"training/{name}")
        assert [point.step for point in curve] == [1, 2, 3], name
        assert [point.value for point in curve] == pytest.approx(rows[name].tolist(), abs=1e-6)


def test_a_training_killed_before_a_checkpoint_is_written_begins_that_epoch_anew(train, monkeypatch):
    assert train("whole") == 0
    kept = torch.save
    with monkeypatch.context() as patch:
        patch.setattr(
            "pytorch_lightning.Trainer.save_checkpoint", lambda *_, **__: (_ for _ in ()).throw(Stop)
        )
        with pytest.raises(Stop):
            train("cut")
    assert torch.save is kept and train("cut") == 0
    assert Path("cut/weights.safetensors").read_bytes() == Path("whole/weights.safetensors").read_bytes()


def test_what_a_training_leaves(train, capsys):
    assert train("out", "train.epochs=2") == 0
    said = capsys.readouterr()
    assert "of 4 pictures held back" in said.out and "weights.safetensors" in said.out
    assert "epoch 2 of 2: loss" in said.err and "were not audited; `emocam audit" in said.out
    split = pd.read_csv("out/split.csv")
    assert list(split) == ["image", "split"] and split["split"].value_counts().to_dict() == {
        "train": 44,
        "held": 4,
    }
    held = split[split["split"] == "held"]["image"].str.split("/").str[0].value_counts().to_dict()
    assert held == {"anger": 2, "fear": 1, "joy": 1}
    rows = pd.read_csv("out/training.csv")
    assert list(rows["epoch"]) == [1, 2]
    assert {"loss", "held_loss", "accuracy", "balanced_accuracy", "macro_f1", "rate"} <= set(rows)
    trained = read_trained("out/weights.safetensors")
    assert trained.labels == ["anger", "fear", "joy"] and trained.mean == pytest.approx([0.5], abs=1e-3)
    trained_of = split[split["split"] == "train"]["image"].str.split("/").str[0].value_counts()
    assert trained.prior == pytest.approx([trained_of[label] / 44 for label in trained.labels], abs=1e-5)
    assert trained.settings["epochs"] == 2 and trained.settings["seed"] == 0 and len(trained.digest) == 64
    assert "GreyStretch" in trained.view and trained.network == "CompactFace" and not trained.balanced
    summary = json.loads(Path("out/summary.json").read_text())
    assert summary["images"] == summary["done"] == 48 and summary["held"] == 4 and summary["lost"] == 0
    assert Path("out/training.png").stat().st_size > 5000
    assert not list(folder_faults(Path("out")))
    Path("out/training.csv").write_text("epoch\n")
    assert list(folder_faults(Path("out")))


def test_the_same_command_again_trains_no_second_time(train, monkeypatch, capsys):
    assert train("out", "train.epochs=1") == 0
    first = capsys.readouterr().out
    monkeypatch.setattr("emocam.task.train.train_classifier", None)
    assert train("out", "train.epochs=1") == 0
    assert capsys.readouterr().out == first


def test_the_file_s_weights_answer_as_the_network_did(train, emocam, pictures):
    assert train("out", "train.epochs=2", "train.hold=0.3") == 0
    rows = pd.read_csv("out/training.csv")
    trained = read_trained("out/weights.safetensors")
    net = CompactFace(weights="out/weights.safetensors")
    split = pd.read_csv("out/split.csv")
    held = split[split["split"] == "held"]["image"]
    views = torch.stack([net.view(Image.open(pictures / path).convert("RGB"))[0] for path in held])
    answers = net(net.prepare(views)).argmax(-1)
    right = [net.labels[a] == path.split("/")[0] for a, path in zip(answers.tolist(), held, strict=True)]
    best = rows["balanced_accuracy"].idxmax()
    assert trained.epoch == best + 1
    assert sum(right) / len(right) == pytest.approx(rows["accuracy"][best])


def test_weights_are_taken_on_by_another_training_and_other_labels_get_a_new_last_layer(train):
    assert train("first", "train.epochs=1") == 0
    assert train("second", "train.epochs=1", "classifier.weights=first/weights.safetensors") == 0
    start = load_file("first/weights.safetensors")
    fresh = CompactFace(weights="random")  # six labels
    state = fresh.file_state()
    trained = replace(read_trained("first/weights.safetensors"))
    take_fitting(fresh, start, "first", trained, fresh.labels)
    after = fresh.file_state()
    assert torch.equal(after["stem.0.weight"], start["stem.0.weight"])
    assert torch.equal(after["output.weight"], state["output.weight"])


@pytest.mark.slow
def test_two_processes_train_one_network_and_examine_every_held_picture(train):
    assert train("out", "train.epochs=2", "trainer=ddp_sim", "train.hold=0.3") == 0
    rows = pd.read_csv("out/training.csv")
    assert len(rows) == 2 and read_trained("out/weights.safetensors").epoch in (1, 2)
    held = int((pd.read_csv("out/split.csv")["split"] == "held").sum())
    assert (rows["accuracy"] * held % 1).round(6).isin([0.0, 1.0]).all()


def test_a_held_part_is_gone_through_once_by_every_number_of_processes(monkeypatch):
    for world in (1, 2, 3):
        monkeypatch.setattr("emocam.train.loop._world", lambda world=world: world)
        seen = []
        for rank in range(world):
            monkeypatch.setattr("emocam.train.loop._rank", lambda rank=rank: rank)
            part = InTurn(11, 4)
            assert len(list(part)) == len(part)
            seen += chain(*part)
        assert sorted(seen) == list(range(11))


def test_aligned_faces_that_look_alike_do_not_join_all_persons():
    world = Planted(world="faces", images=240, seed=11)
    opened = [world.open(path).image.convert("RGB").resize((48, 48)) for path in world.paths()]
    opened[1] = opened[0].resize((40, 40))  # a copy, under another person's name
    views = [torch.from_numpy(np.asarray(image, np.float32) / 255).permute(2, 0, 1) for image in opened]
    greys = np.stack([thumbnail(view).numpy() for view in views])
    label = np.zeros(240, np.int64)
    pictures = TrainingPictures(world.paths(), label, greys, label, [], None, "")
    group, words = group_pictures(world, pictures)
    persons = {path: str(world.known(path)["person"]) for path in world.paths()}
    assert words == "person and near-duplicates" and group[0] == group[1]
    assert len(set(group.tolist())) >= len(set(persons.values())) - 2


def test_patience_ends_a_training_that_gets_no_better(train):
    assert train("out", "train.epochs=6", "train.patience=1", "train.rate=1e-12") == 0
    assert len(pd.read_csv("out/training.csv")) == 2  # the second was no better than the first


def test_batches_of_an_epoch_hold_every_picture_once_and_the_next_epoch_has_another_order():
    batches = EpochBatches(12, 4, seed=3)
    first = list(batches)
    assert sorted(chain(*first)) == list(range(12)) and list(batches) == first
    batches.set_epoch(1)
    assert list(batches) != first
    weighted = EpochBatches(3000, 10, 0, torch.tensor([1.0] * 1500 + [3.0] * 1500))
    drawn = torch.tensor(list(chain(*weighted)))
    assert float((drawn >= 1500).float().mean()) == pytest.approx(0.75, abs=0.03)


@pytest.mark.parametrize(
    ("labels", "words", "told"),
    [
        ({"a": 20, "b": 3}, [], "the label 'b' has 3 pictures to train on, and needs at least 5"),
        ({"a": 20}, [], "needs pictures of two labels or more, and all of these are 'a'"),
        (
            {"train/a": 6, "train/b": 6, "test/a": 6},
            [],
            "test pictures must not be trained on; give data.root=",
        ),
        ({"a": 6, "b": 6, "test/a": 6}, [], "holds a folder 'test' among the labels' folders"),
        (
            {"a": 9, "b": 9},
            ["train.keep=acuracy"],
            "train.keep 'acuracy' is no figure; did you mean accuracy?",
        ),
        ({"a": 9, "b": 9}, ["train.hold=0"], "train.hold=0 holds no picture back"),
        ({"a": 9, "b": 9}, ["train.augment.flop=1"], "flop"),
        ({"a": 9, "b": 9}, ["train.adjust=1", "train.balance=sampler"], "both balance the answers"),
        (
            {"a": 9, "b": 9},
            ["data=folder"],
            "needs true labels, and these data have none: take data=imagefolder",
        ),
    ],
)
def test_what_cannot_be_trained_is_one_sentence(emocam, tmp_path, capsys, labels, words, told):
    root = write_pictures(tmp_path / "own", labels)
    assert (
        emocam(*QUICK, f"data.root={root}", "logger=null", "train.epochs=1", "hydra.run.dir=out", *words) == 1
    )
    error = capsys.readouterr().err
    assert told in error and "Traceback" not in error
    assert not Path("out/weights.safetensors").exists()


def test_weights_of_another_network_are_one_sentence(train, capsys):
    torch.save({"weight": torch.zeros(2, 3)}, "other.pth")
    assert train("out", "classifier.weights=other.pth") == 1
    assert "other.pth does not fit CompactFace: 68 missing" in capsys.readouterr().err


def test_a_folder_of_another_training_is_left_alone(train, capsys):
    assert train("out", "train.epochs=1") == 0
    before = Path("out/weights.safetensors").read_bytes()
    assert train("out", "train.epochs=2") == 1
    assert "holds weights of another training" in capsys.readouterr().err
    assert Path("out/weights.safetensors").read_bytes() == before


def test_labels_in_another_order_keep_their_rows_of_the_last_layer() -> None:
    fresh = {"body": torch.zeros(4, 2), "head.weight": torch.zeros(3, 2), "head.bias": torch.zeros(3)}
    state = {
        "body": torch.ones(4, 2),
        "head.weight": torch.arange(6.0).reshape(3, 2),
        "head.bias": torch.arange(3.0),
    }
    found = in_order_of(state, fresh, ["joy", "awe", "fear"], ["awe", "fear", "joy"])
    assert found["head.bias"].tolist() == [1, 2, 0] and found["head.weight"][2].tolist() == [0, 1]
    assert torch.equal(found["body"], state["body"])
    assert in_order_of(state, fresh, ["joy", "awe", "calm"], ["awe", "fear", "joy"]) is state
    assert in_order_of(state, fresh, None, ["awe", "fear", "joy"]) is state
