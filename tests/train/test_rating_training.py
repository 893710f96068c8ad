"""A training of a small network on ratings, by the command, and the weights that it leaves."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image
from safetensors import safe_open
from scipy.stats import pearsonr
from torch import nn

from emocam.data.table import Table
from emocam.errors import SettingError
from emocam.network.trained import read_trained
from emocam.network.values import Values, read_values
from emocam.train.rating_lesson import in_own_units, standardise
from emocam.train.ratings import list_rated, measure_ratings, rated_names

NETWORK = ("classifier=timm", "classifier.model=test_resnet", "trainer=cpu", "data.workers=0")


def write_rated(folder: Path, count: int = 30) -> Path:
    """Pictures whose warmth is rated, and whose blue patch is rated in all but every third."""
    draw = np.random.default_rng(0)
    folder.mkdir()
    rows = []
    for i in range(count):
        pixels = draw.integers(0, 90, (48, 48, 3)).astype(np.uint8)
        warm, size = int(draw.integers(0, 120)), int(draw.integers(4, 30))
        pixels[..., 0] += warm
        pixels[10 : 10 + size, 10 : 10 + size, 2] = 250
        Image.fromarray(pixels).save(folder / f"{i:02d}.png")
        rows.append({"path": f"{i:02d}.png", "truth_warm": warm / 10, "truth_blue": 100 + size})
    table = pd.DataFrame(rows)
    table.loc[::3, "truth_blue"] = np.nan
    table.loc[count - 1, ["truth_warm", "truth_blue"]] = np.nan
    table.to_csv(folder / "ratings.csv", index=False)
    return folder / "ratings.csv"


def test_a_network_trained_on_ratings_answers_in_their_units(emocam, tmp_path: Path, capsys) -> None:
    file = write_rated(tmp_path / "rated")
    data = ("data=table", f"data.file={file}", "logger=null", "quiet=true", "data.max_unreadable=1")
    asked = ("classifier.weights=random", "classifier.values=[warm,blue]")
    words = ("train.epochs=2", "train.hold=0.4", "train.correlation=0.5", "hydra.run.dir=out")
    assert emocam("task=train", *NETWORK, *data, *asked, *words) == 0
    said = capsys.readouterr()
    assert "the mean r with the ratings is" in said.out and "held-out r with the ratings: warm" in said.out
    assert "1 picture has no rating" in said.err and "only some have a rating: blue 19" in said.err
    out, weights = tmp_path / "out", tmp_path / "out" / "weights.safetensors"
    split = pd.read_csv(out / "split.csv").set_index("image")["split"]
    table = pd.read_csv(file).set_index("path")
    learnt = table.loc[split.index[split == "train"]]
    values, trained = read_values(weights), read_trained(weights)
    assert values.centre == pytest.approx(learnt.mean().tolist(), rel=1e-5)
    assert values.scale == pytest.approx(learnt.std(ddof=0).tolist(), rel=1e-5)
    rows = pd.read_csv(out / "training.csv").set_index("epoch")
    assert trained.epoch == rows["r"].idxmax() and trained.settings["keep"] == "r"
    assert {"images": 30, "done": 29, "refused": 1}.items() <= json.loads(
        (out / "summary.json").read_text()
    ).items()

    assert (
        emocam(
            "task=evaluate",
            *NETWORK,
            *data,
            f"classifier.weights={weights}",
            "evaluate.csv=true",
            "hydra.run.dir=answers",
        )
        == 0
    )
    said = capsys.readouterr().out
    assert "of these pictures, or nearly the same ones, were trained on" in said
    answers = pd.read_csv(tmp_path / "answers" / "scores.csv").set_index("filepath")
    found = json.loads((tmp_path / "answers" / "evaluation.json").read_text())
    assert found["evaluated"] == 29 and found["left_out"] == 1
    for row in found["per_value"]:
        pair = pd.DataFrame(
            {"a": answers[row["attribute"]], "b": table[f"truth_{row['attribute']}"]}
        ).dropna()
        assert row["r"] == pytest.approx(pearsonr(pair["a"], pair["b"])[0], abs=1e-3)  # of six digits
        assert row["bias"] == pytest.approx((pair["a"] - pair["b"]).mean(), abs=1e-3)
        assert row["images"] == len(pair)
    # what the training said of its held-out part, found again from the weights that it left
    held = pd.DataFrame({"a": answers["warm"], "b": table["truth_warm"], "split": split})
    held = held[held["split"] == "held"].dropna()
    told = pd.read_csv(out / "agreement.csv").set_index("attribute")
    assert told.loc["warm", "r"] == pytest.approx(pearsonr(held["a"], held["b"])[0], abs=1e-3)


@pytest.mark.parametrize(
    ("change", "names", "told"),
    [
        (("truth_warm", 3.0), "warm,blue", "truth_warm is 3 in all 29 pictures to learn from"),
        (("truth_warm", "warm"), "warm,blue", "line 2, truth_warm must be a number"),
        (("truth_warm", np.inf), "warm,blue", "line 2, truth_warm must be a number"),
        (("path", "01.png"), "warm,blue", "of a picture that no line before it names"),
        (("truth_warm", None), "warm,bleu", "no column truth_bleu; did you mean blue?"),
        (("truth_blue", None), "warm,blue", "0 pictures to learn from have a rating truth_blue"),
    ],
)
def test_ratings_that_cannot_be_learnt_are_one_sentence(tmp_path: Path, change, names, told) -> None:
    file = write_rated(tmp_path / "rated")
    table = pd.read_csv(file)
    column, value = change
    if value is not None or column == "truth_blue":
        table[column] = value
    table.loc[29, ["truth_warm", "truth_blue"]] = np.nan
    table.to_csv(file, index=False)
    with pytest.raises(SettingError) as error:
        data = Table(file=file)
        listed = list_rated(data, data.listing(), names.split(","), "train")
        measure_ratings(listed.names, listed.ratings, "train")
    assert told in str(error.value).replace("expected a number", "must be a number")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (
            ["classifier.values=[a+b]"],
            "classifier.values must be different plain names, and 'a+b' holds a sign",
        ),
        (["classifier.values=[warm]", "train.adjust=1"], "train.adjust=1 balances labels"),
        (
            ["classifier.values=[warm]", "train.keep=accuracy"],
            "train.keep=accuracy is no figure of a training on values",
        ),
        (["train.keep=r"], "needs true labels, and these data have none"),
        (
            ["classifier.values=[warm]", "train.correlation=-1"],
            "train.correlation must be a number of at least 0",
        ),
    ],
)
def test_settings_that_do_not_fit_ratings_are_one_sentence(
    emocam, tmp_path: Path, capsys, words, told
) -> None:
    file = write_rated(tmp_path / "rated", 12)
    data = (
        "data=table",
        f"data.file={file}",
        "logger=null",
        "hydra.run.dir=out",
        "classifier.weights=random",
    )
    assert emocam("task=train", *NETWORK, *data, *words) == 1
    error = capsys.readouterr().err
    assert told in error and "Traceback" not in error and not Path("out/weights.safetensors").exists()


def test_a_last_layer_goes_to_own_units_and_back() -> None:
    layer = nn.Linear(4, 2)
    values = Values(("a", "b"), (3.0, -1.0), (2.0, 0.5))
    x, weight = torch.randn(5, 4), layer.weight.detach().clone()
    z = layer(x)
    with in_own_units(layer, values):
        own = layer(x)
        assert torch.allclose(own, z * torch.tensor([2.0, 0.5]) + torch.tensor([3.0, -1.0]), atol=1e-6)
        with torch.no_grad():
            kept = [tensor.detach().clone() for tensor in (layer.weight, layer.bias)]
    assert torch.equal(layer.weight, weight)
    with torch.no_grad():
        layer.weight.copy_(kept[0])
        layer.bias.copy_(kept[1])
    standardise(layer, values)
    assert torch.allclose(layer(x), z, atol=1e-5)


def test_reliabilities_are_no_ratings() -> None:
    assert rated_names([{"truth": "x", "truth_a": 1.0, "truth_a_reliability": 0.8}]) == ["a"]


def test_the_file_says_its_values_once_and_its_labels_too(tmp_path: Path) -> None:
    from emocam.network.trained import Trained, file_bytes

    values = Values(("a", "b"), (0.0, 1.0), (1.0, 2.0))
    trained = Trained(labels=["a", "b"], view="v")
    file = tmp_path / "weights.safetensors"
    file.write_bytes(file_bytes({"x": torch.zeros(1)}, trained.metadata() | values.metadata()))
    with safe_open(file, "pt") as opened:
        assert opened.metadata()["values"] == "a\nb"
    assert read_trained(file) == trained and read_values(file) == values
