"""A head on frozen features, by the command, and an ordinary run that answers with it."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from scipy.stats import pearsonr

from emocam.classifier.timm import TimmClassifier
from emocam.errors import SettingError
from emocam.results.verify import folder_faults

NETWORK = ("classifier=timm", "classifier.model=test_resnet", "classifier.weights=random", "trainer=cpu")
QUICK = ("data.workers=0", "quiet=true", "logger=null", "data.max_unreadable=1")


def write_rated(folder: Path, count: int = 24) -> Path:
    """Pictures with a tone that is rated, a rating of dice, and a label by the tone."""
    draw = np.random.default_rng(0)
    folder.mkdir()
    rows = []
    for i in range(count):
        warm = int(draw.integers(0, 160))
        pixels = draw.integers(0, 90, (48, 48, 3)).astype(np.uint8)
        pixels[..., 0] += warm
        Image.fromarray(pixels).save(folder / f"{i:02d}.png")
        rows.append({"path": f"{i:02d}.png", "truth_warm": warm / 10, "truth_luck": draw.normal()})
    table = pd.DataFrame(rows)
    table["person"] = [f"p{i // 2}" for i in range(count)]
    table["hue"] = np.where(table["truth_warm"] > table["truth_warm"].median(), "red", "grey")
    table.loc[0, "truth_warm"] = np.nan
    table.to_csv(folder / "ratings.csv", index=False)
    return folder / "ratings.csv"


def test_a_head_on_ratings_is_honest_and_answers_in_an_ordinary_run(emocam, tmp_path: Path, capsys) -> None:
    file = write_rated(tmp_path / "rated")
    data = ("data=table", f"data.file={file}", *QUICK)
    assert emocam("task=probe", *NETWORK, *data, "hydra.run.dir=out") == 0
    said = capsys.readouterr().out
    assert "left-out folds: r with the ratings: warm 0." in said and "whole by person" in said
    out, head = tmp_path / "out", tmp_path / "out" / "probe.safetensors"
    rows = pd.read_parquet(out / "probe.parquet")
    persons = pd.read_csv(file).set_index("path")["person"]
    assert (rows["fold"].groupby(persons[rows["image"]].to_numpy()).nunique() == 1).all()
    given = rows.dropna()
    table = pd.read_csv(out / "agreement.csv").set_index("attribute")
    assert table.loc["warm", "r"] == pytest.approx(pearsonr(given["warm"], given["truth_warm"])[0], abs=1e-6)
    assert table.loc["warm", "r"] > 0.8 and table.loc["luck", "r"] < 0.6
    assert table["images"].tolist() == [23, 24]
    assert {"probed": 24, "folds": 5, "lost": 0}.items() <= json.loads(
        (out / "summary.json").read_text()
    ).items()

    words = (
        "cam=gradcam",
        "detector=nothing",
        f"classifier.head={head}",
        "~callback.report",
        "hydra.run.dir=run",
    )
    assert emocam(*NETWORK, *data, *words) == 0
    answers = pd.read_parquet(tmp_path / "run" / "predictions.parquet")
    assert pd.read_csv(tmp_path / "run" / "labels.csv")["label"].tolist() == [
        "warm +",
        "warm -",
        "luck +",
        "luck -",
    ]
    state = load_file(head)
    network = TimmClassifier(model="test_resnet", weights="random")
    image = Image.open(file.parent / answers["image"][3]).convert("RGB")
    x = network.prepare(network.view(image)[0][None])
    features = network.head[:-1](network.features(x)) if hasattr(network.head, "__getitem__") else None
    if features is not None:
        own = features.flatten(1) @ state["weight"].T + state["bias"]
        assert answers.loc[3, ["warm", "luck"]].tolist() == pytest.approx(own[0].tolist(), rel=1e-3, abs=1e-3)
    both = answers.set_index("image").loc[rows["image"]]
    assert pearsonr(both["warm"], rows["warm"])[0] > 0.8  # folds' heads, and the head of all

    # a head is part of what the evidence is kept by: another one finds no evidence
    state["bias"] += 1
    other = tmp_path / "other.safetensors"
    with safe_open(head, "pt") as opened:
        save_file(state, other, opened.metadata())
    words = ("detector=nothing", "~callback.report")
    assert emocam(*NETWORK, *data, *words, f"classifier.head={other}", "hydra.run.dir=moved") == 0
    moved = pd.read_parquet(tmp_path / "moved" / "predictions.parquet")
    assert (moved["warm"] - answers["warm"]).to_numpy() == pytest.approx(1.0, abs=1e-3)

    # of a network with other weights the head says nothing
    with pytest.raises(SettingError, match="fitted to other weights"):
        TimmClassifier(model="test_resnet", weights="random", seed=1, head=str(head))
    with pytest.raises(SettingError, match=r"leave classifier\.values away"):
        TimmClassifier(model="test_resnet", weights="random", values=["warm"], head=str(head))


def test_a_head_on_labels_leaves_what_an_evaluation_leaves(emocam, tmp_path: Path, capsys) -> None:
    file = write_rated(tmp_path / "rated")
    data = ("data=table", f"data.file={file}", "data.label=hue", *QUICK)
    assert emocam("task=probe", *NETWORK, *data, "hydra.run.dir=out") == 0
    assert "left-out folds: accuracy" in capsys.readouterr().out
    rows = pd.read_parquet("out/probe.parquet")
    found = json.loads(Path("out/evaluation.json").read_text())
    assert (
        found["accuracy"] == pytest.approx((rows["label"] == rows["truth"]).mean())
        and found["accuracy"] > 0.6
    )
    head = TimmClassifier(model="test_resnet", weights="random", head="out/probe.safetensors")
    assert head.labels == ["grey", "red"] and head.values is None
    before = Path("out/probe.safetensors").read_bytes()
    assert emocam("task=probe", *NETWORK, *data, "hydra.run.dir=out") == 0  # done already
    assert Path("out/probe.safetensors").read_bytes() == before
    assert not list(folder_faults(Path("out")))
    Path("out/probe.parquet").write_bytes(b"")
    assert list(folder_faults(Path("out")))


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["classifier=planted"], "needs a classifier that takes classifier.head"),
        (["classifier.values=[wram]"], "the data have no column truth_wram; did you mean warm?"),
        (["task.folds=1"], "task.folds must be a whole number of at least 2, got 1"),
        (["classifier.head=x.safetensors"], "task=probe fits a head of its own"),
    ],
)
def test_what_cannot_be_probed_is_one_sentence(emocam, tmp_path: Path, capsys, words, told) -> None:
    file = write_rated(tmp_path / "rated", 12)
    network = NETWORK if words != ["classifier=planted"] else ("trainer=cpu",)
    assert emocam("task=probe", *network, "data=table", f"data.file={file}", *QUICK, *words) == 1
    error = capsys.readouterr().err
    assert told in error and "Traceback" not in error


def test_a_file_that_is_no_head_is_one_sentence(tmp_path: Path) -> None:
    save_file({"weight": torch.zeros(2, 3)}, tmp_path / "x.safetensors")
    with pytest.raises(SettingError, match=r"x\.safetensors is no head that task=probe left"):
        TimmClassifier(model="test_resnet", weights="random", head=str(tmp_path / "x.safetensors"))
