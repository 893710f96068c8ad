"""`task=train classifier=landmarks`: each label against all others, and weights that a run reads."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from hydra.core.global_hydra import GlobalHydra
from torch import nn

from emocam.api.run import run as run_words
from emocam.cli.main import answer
from emocam.errors import SettingError
from emocam.results.verify import folder_faults
from emocam.train.landmarks import one_against_others

WORDS = ("data.world=sequences", "classifier=landmarks", "logger=null", "cache=null")


def test_the_loss_weighs_a_label_s_own_sequences_as_much_as_all_others() -> None:
    scores, label = torch.randn(40, 3, generator=torch.Generator().manual_seed(0)), torch.arange(40) % 3
    share = torch.bincount(label) / 40
    total = []
    for number in range(3):
        own = label == number
        parts = [
            nn.functional.softplus(-scores[own, number]).mean(),
            nn.functional.softplus(scores[~own, number]).mean(),
        ]
        total.append(sum(parts) / 2)
    assert torch.allclose(
        one_against_others(scores, nn.functional.one_hot(label).float(), share),
        torch.stack(total).mean(),
        atol=1e-5,
    )


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Weights of the random network on 240 sequences."""
    folder = tmp_path_factory.mktemp("train") / "run"
    words = ("task=train", "data.images=240", "classifier.kind=random", "classifier.weights=random")
    GlobalHydra.instance().clear()
    assert answer([*WORDS, *words, f"hydra.run.dir={folder}"]) == 0
    return folder / "weights.safetensors"


def test_a_closed_form_is_trained_in_one_epoch(weights: Path) -> None:
    rows = pd.read_csv(weights.parent / "training.csv")
    assert len(rows) == 1 and rows["balanced_accuracy"][0] > 0.4
    assert list(folder_faults(weights.parent)) == []


def test_its_weights_answer_other_people_s_sequences(weights: Path, tmp_path: Path) -> None:
    words = ("data.images=60", "seed=3", "classifier.kind=random", f"classifier.weights={weights}")
    run = run_words(*WORDS, *words, f"hydra.run.dir={tmp_path / 'run'}")
    rows = run.predictions
    assert (rows["label"].astype(str) == rows["truth"]).mean() > 0.4
    assert set(run.evidence["object"].astype(str)) == {"jaw", "chin", "brows", "nose", "eyes", "mouth"}
    assert list(folder_faults(tmp_path / "run")) == []
    with pytest.raises(SettingError, match="was trained on NormalisedPoints"):
        run_words(*WORDS, *words, "classifier.length=20", f"hydra.run.dir={tmp_path / 'other'}")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("data.world=sequences",), "no network of pictures reads; add classifier=landmarks"),
        (
            ("classifier=landmarks", "classifier.weights=random"),
            "these data are pictures; take data=landmarks",
        ),
        (
            ("data.world=sequences", "classifier=landmarks", "classifier.weights=random", "+cam=gradcam"),
            "cam changes or looks at pictures",
        ),
        (("data.world=sequences", "classifier=landmarks"), "classifier.weights must be random or a file"),
    ],
)
def test_points_and_pictures_are_not_taken_for_each_other(
    words: tuple[str, ...], told: str, tmp_path: Path
) -> None:
    with pytest.raises(SettingError, match=told):
        run_words(*words, "data.images=4", "logger=null", f"hydra.run.dir={tmp_path / 'run'}")


def test_mlp_and_gru_are_trained_by_the_loop(emocam: Any, tmp_path: Path) -> None:
    words = (
        "task=train",
        "data.images=200",
        "classifier.kind=gru",
        "classifier.weights=random",
        "train.epochs=2",
    )
    assert emocam(*WORDS, *words, f"hydra.run.dir={tmp_path / 'run'}") == 0
    rows = pd.read_csv(tmp_path / "run/training.csv")
    assert len(rows) == 2 and np.isfinite(rows["loss"]).all() and rows["loss"][1] < rows["loss"][0]


def test_a_network_of_one_s_own_is_weighed_as_its_page_says(
    emocam: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = (Path(__file__).parents[2] / "docs/models/landmarks.md").read_text()
    code = page.partition("```python\n")[2].partition("```")[0]
    (tmp_path / "lastframe.py").write_text(code)
    monkeypatch.syspath_prepend(str(tmp_path))
    words = (
        "data.world=sequences",
        "classifier._target_=lastframe.LastFrame",
        "allow=[lastframe]",
        "data.images=30",
    )
    settings = ("attribution=permutation", "logger=null", "cache=null", f"hydra.run.dir={tmp_path / 'run'}")
    assert f"{words[1]} 'allow=[lastframe]' attribution=permutation" in page
    assert emocam(*words, *settings) == 0
    weights = pd.read_parquet(tmp_path / "run/points.parquet")["weight"]
    assert len(weights) == 6 * 68 and np.isfinite(weights).all() and weights.abs().max() > 0
    shown = (tmp_path / "run/report/index.html").read_text()
    assert "The points of a face" in shown and "Permutation over" in shown
