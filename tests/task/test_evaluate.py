"""Figures of an evaluation, each against scikit-learn or torchmetrics on the same predictions."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file
from scipy.special import softmax
from scipy.stats import binomtest
from sklearn import metrics
from torchmetrics.functional.classification import multiclass_calibration_error

from emocam.classifier.compact_face import CompactFace
from emocam.functional.statistics.figure_intervals import figure_intervals, redrawn_counts
from emocam.network.trained import Trained
from emocam.results.scores import read_scores
from emocam.task.cross import path_ends

LABELS = ["anger", "fear", "joy"]


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    folder = tmp_path_factory.mktemp("test") / "faces"
    draw = np.random.default_rng(5)
    for label, count in (("anger", 9), ("fear", 7), ("joy", 12), ("neutral", 2)):
        (folder / label).mkdir(parents=True)
        for i in range(count):
            small = Image.fromarray(draw.integers(0, 256, (6, 6), dtype=np.uint8))
            small.resize((64, 64), Image.Resampling.BICUBIC).save(folder / label / f"{i}.png")
    return folder


@pytest.fixture
def weights(tmp_path):
    (tmp_path / "labels.txt").write_text("\n".join(LABELS))
    net = CompactFace(weights="random", labels=str(tmp_path / "labels.txt"), seed=3)
    state = net.file_state()
    state["output.weight"] = 40 * state["output.weight"]
    trained = Trained(labels=LABELS, prior=[0.2, 0.3, 0.5], balanced=True, temperature_corpus=2.0)
    save_file(state, tmp_path / "weights.safetensors", trained.metadata())
    return tmp_path / "weights.safetensors"


@pytest.fixture
def evaluate(emocam, pictures, weights):
    def command(folder, *words):
        given = [
            "task=evaluate",
            "classifier=compact_face",
            f"classifier.weights={weights}",
            "data=imagefolder",
        ]
        given += [f"data.root={pictures}", f"hydra.run.dir={folder}", "logger=null", "trainer=cpu"]
        return emocam(*given, *words)

    return command


@pytest.mark.filterwarnings("ignore")
def test_every_figure_is_scikit_learn_s_or_torchmetrics_s(evaluate, capsys):
    assert evaluate("out") == 0
    said = capsys.readouterr().out
    rows = pd.read_parquet("out/predictions.parquet")
    rows = rows[rows["truth"] != "neutral"]
    shares = softmax(np.stack(rows["logits"]).astype(np.float64), axis=1)
    truth = rows["truth"].map(LABELS.index).to_numpy()
    predicted = shares.argmax(1)
    found = json.loads(Path("out/evaluation.json").read_text())
    assert found["evaluated"] == 28 and found["left_out"] == 2 and found["strange_labels"] == {"neutral": 2}
    assert found["accuracy"] == pytest.approx(metrics.accuracy_score(truth, predicted))
    assert found["balanced_accuracy"] == pytest.approx(metrics.balanced_accuracy_score(truth, predicted))
    assert found["macro_f1"] == pytest.approx(metrics.f1_score(truth, predicted, average="macro"))
    assert found["log_loss"] == pytest.approx(metrics.log_loss(truth, shares, labels=range(3)), rel=1e-5)
    error = multiclass_calibration_error(torch.from_numpy(shares), torch.from_numpy(truth), 3, n_bins=15)
    assert found["calibration_error"] == pytest.approx(float(error), abs=1e-6)
    recall, precision = (
        score(truth, predicted, average=None, labels=range(3), zero_division=np.nan)
        for score in (metrics.recall_score, metrics.precision_score)
    )
    for i, row in enumerate(found["per_label"]):
        assert row["label"] == LABELS[i] and row["images"] == (truth == i).sum()
        assert row["recall"] == pytest.approx(recall[i])
        right = int(((truth == i) & (predicted == i)).sum())
        ends = binomtest(right, int((truth == i).sum())).proportion_ci(method="wilson")
        assert (row["recall_low"], row["recall_high"]) == pytest.approx(tuple(ends))
        assert (row["precision"] is None and np.isnan(precision[i])) or row["precision"] == pytest.approx(
            precision[i]
        )
    ends = binomtest(int((truth == predicted).sum()), 28).proportion_ci(method="wilson")
    assert (found["accuracy_low"], found["accuracy_high"]) == pytest.approx(tuple(ends))
    table = pd.read_csv("out/confusion.csv", index_col=0)
    assert np.array_equal(table.to_numpy().T, metrics.confusion_matrix(truth, predicted, labels=range(3)))
    assert (
        "2 of 'neutral'" in said
        and "28 pictures tell accuracies apart" in said
        and "were not audited" in said
    )
    for name in ("confusion.png", "reliability.png"):
        assert Path("out", name).stat().st_size > 5000


def test_scores_go_out_and_come_back_with_two_decimals(evaluate):
    assert evaluate("out", "evaluate.csv=true") == 0
    written = pd.read_csv("out/scores.csv")
    assert list(written) == ["filepath", *LABELS] and len(written) == 30
    rows = pd.read_parquet("out/predictions.parquet").set_index("image")
    shares = softmax(np.stack(rows.loc[written["filepath"], "logits"]).astype(np.float64), axis=1)
    np.testing.assert_allclose(written[LABELS], shares, atol=0.00501)
    assert evaluate("back", "evaluate.against=out/scores.csv") == 0
    first, second = (json.loads(Path(run, "evaluation.json").read_text()) for run in ("out", "back"))
    assert second["evaluated"] == 28 and second["accuracy"] == pytest.approx(first["accuracy"], abs=1 / 28)
    assert not Path("back/predictions.parquet").exists()


def test_an_operating_point_is_asked_of_the_weights(evaluate):
    evaluate("plain")
    evaluate("corpus", "classifier.adjust=1")
    plain, corpus = (
        np.stack(pd.read_parquet(f"{run}/predictions.parquet")["logits"]) for run in ("plain", "corpus")
    )
    np.testing.assert_allclose(corpus, (plain + np.log([0.2, 0.3, 0.5])) / 2, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (None, "there is no file"),
        ("image,anger\na.png,1\n", "needs a column filepath and a column a label, two or more"),
        ("filepath,anger,fear\nanger/0.png,.9,.9\n", "line 2 must hold probabilities that sum to 1"),
        ("filepath,anger,fear\nanger/0.png,no,.9\n", "must hold probabilities"),
        ("filepath,anger,fear\nx.png,.5,.5\n", "names no picture of these data; its first is 'x.png'"),
        ("filepath,anger,fear\nanger/0.png,.5,.5\nanger/0.png,.5,.5\n", "has two rows of anger/0.png"),
        (
            "filepath,a,b\nanger/0.png,.5,.5\n",
            "no picture has one of the labels a, b; the first true label is 'anger'",
        ),
    ],
)
def test_a_file_of_scores_that_cannot_be_is_one_sentence(evaluate, capsys, text, told):
    if text is not None:
        Path("scores.csv").write_text(text)
    assert evaluate("out", "evaluate.against=scores.csv") == 1
    error = capsys.readouterr().err
    assert told in error and error.count("\n") <= 4 and "Traceback" not in error


def test_without_true_labels_no_picture_is_answered_for(evaluate, capsys, monkeypatch):
    monkeypatch.setattr("emocam.task.evaluate.find_answers", None)
    assert evaluate("out", "data=folder") == 1
    assert "task=evaluate needs true labels, and these data have none" in capsys.readouterr().err


def test_a_row_is_found_by_the_end_of_its_path(tmp_path):
    (tmp_path / "s.csv").write_text("filepath,a,b\n/data/x/1.png,1,0\n2.png,0,1\n3.png,0,1\n")
    labels, shares, strange = read_scores(tmp_path / "s.csv", ["x/1.png", "y/2.png", "y/3.png", "z/3.png"])
    assert labels == ["a", "b"] and strange == ["3.png"]  # two pictures are called so
    assert shares[:2].tolist() == [[1, 0], [0, 1]] and np.isnan(shares[2:]).all()


def test_whole_groups_are_drawn_again():
    draw = np.random.default_rng(0)
    group = np.repeat(np.arange(30), 20)
    right = np.repeat(draw.random(30) < 0.7, 20)  # a person is always right or always wrong
    truth = draw.integers(0, 2, 600)
    predicted = np.where(right, truth, 1 - truth)
    by_group = figure_intervals(redrawn_counts(truth, predicted, 2, group))["accuracy"]
    by_picture = figure_intervals(redrawn_counts(truth, predicted, 2))["accuracy"]
    slow = [right.reshape(30, 20)[draw.integers(0, 30, 30)].mean() for _ in range(4000)]
    assert by_group == pytest.approx(np.percentile(slow, [2.5, 97.5]), abs=0.03)
    assert by_group[1] - by_group[0] > 3 * (by_picture[1] - by_picture[0])
    slow = [right[draw.integers(0, 600, 600)].mean() for _ in range(4000)]
    assert by_picture == pytest.approx(np.percentile(slow, [2.5, 97.5]), abs=0.01)


def test_cross_evaluation_strikes_out_what_was_trained_on(emocam, pictures, tmp_path, capsys):
    quick = ["trainer=cpu", "logger=null", "train.epochs=1", "classifier=compact_face", "data=imagefolder"]
    other = tmp_path / "others"
    draw = np.random.default_rng(9)
    for label in LABELS:
        (other / label).mkdir(parents=True)
        for i in range(6):
            small = Image.fromarray(draw.integers(0, 256, (6, 6), dtype=np.uint8))
            small.resize((64, 64), Image.Resampling.BICUBIC).save(other / label / f"{i}.png")
    for name in ("a", "b"):
        root = other if name == "a" else pictures
        if name == "b":
            (tmp_path / "own").mkdir()
            for label in LABELS:
                (tmp_path / "own" / label).symlink_to(pictures / label)
            root = tmp_path / "own"
        words = ["task=train", "classifier.weights=random", f"data.root={root}", f"hydra.run.dir={name}"]
        assert emocam(*quick, *words, *(["data.follow_links=true"] if name == "b" else [])) == 0
    capsys.readouterr()
    words = [
        "+experiment=cross",
        "classifier=compact_face",
        "trainer=cpu",
        "logger=null",
        "hydra.run.dir=cross",
    ]
    words += ["evaluate.weights=[a/weights.safetensors,b/weights.safetensors]"]
    assert emocam(*words, f"evaluate.roots=[{other},{pictures}]") == 0
    table = pd.read_csv("cross/cross.csv")
    assert table["weights"].tolist()[::2] == ["a/weights.safetensors", "b/weights.safetensors"]
    assert table["trained_on"].tolist() == [18, 0, 0, 28] and table["struck"].tolist() == [
        True,
        False,
        False,
        True,
    ]
    assert table["own"].tolist() == [True, False, False, True]
    one = json.loads(Path("cross/cells/0-1/evaluation.json").read_text())
    assert table["accuracy"][1] == pytest.approx(one["accuracy"]) and table["low"][1] == pytest.approx(
        one["accuracy_low"]
    )
    assert (
        "2 cells are struck out" in capsys.readouterr().out and Path("cross/cross.png").stat().st_size > 5000
    )


def test_names_are_as_long_as_it_takes():
    assert path_ends(["a/x.pth", "b/y.pth"]) == ["x.pth", "y.pth"]
    assert path_ends(["a/x.pth", "b/x.pth"]) == ["a/x.pth", "b/x.pth"]
