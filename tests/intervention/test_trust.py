"""The experiment as a command, on a small corpus: every figure is derived again from the run's own tables."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hydra.core.global_hydra import GlobalHydra
from hydra.core.hydra_config import HydraConfig
from scipy.stats import spearmanr

from emocam.cli.main import answer
from emocam.results.run import Run

WORDS = ["+experiment=trust", "data.images=50", "effect.images=12", "effect.fills=[grey]", "trust.again=3"]
WORDS += [
    "trust.only=[gradcam,xgradcam]",
    "effect.composed=true",
    "logger=null",
    "cache=null",
    "data.workers=0",
    "quiet=true",
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("trust") / "run"
    GlobalHydra.instance().clear()
    HydraConfig.instance().cfg = None
    assert answer([*WORDS, f"hydra.run.dir={folder}"]) == 0
    return folder


@pytest.fixture(scope="module")
def table(folder: Path) -> pd.DataFrame:
    return pd.read_csv(folder / "trust.csv", dtype={"layer": str}).set_index(["method", "layer"])


def test_faithfulness_is_scipys_over_pictures_with_three_tried_objects(
    folder: Path, table: pd.DataFrame
) -> None:
    tried = pd.read_parquet(folder / "effect.parquet").astype({"image": str, "object": str})
    tried["difference"] = tried["effect"].astype(float) - tried["effect_control"]
    weighed = pd.read_parquet(folder / "trust.parquet").astype({"image": str, "object": str})
    for (method, layer), row in table.iterrows():
        own = weighed[(weighed["method"] == method) & (weighed["layer"] == layer)]
        both = own.merge(tried.dropna(subset="difference"), on=["image", "object"])
        found = []
        for _, of_picture in both.groupby("image"):
            if len(of_picture) >= 3:
                flat = of_picture["importance"].nunique() == 1
                agree = (
                    spearmanr(of_picture["importance"], of_picture["difference"]).statistic if not flat else 0
                )
                found.append(agree)
        assert len(found) == row["images"] >= 10
        assert row["faithfulness"] == pytest.approx(np.mean(found))
        assert row["low"] <= row["faithfulness"] <= row["high"]


def test_the_explained_layer_weighs_as_the_run_itself_does(folder: Path, table: pd.DataFrame) -> None:
    weighed, run = pd.read_parquet(folder / "trust.parquet"), Run(folder)
    own = weighed[(weighed["method"] == "gradcam") & weighed["layer"].str.startswith("the last")]
    once = own.set_index(["image", "object"])["importance"]
    evidence = run.evidence.astype({"image": str, "object": str})
    expected = evidence.groupby(["image", "object"])["importance"].max()
    assert len(once) and np.allclose(once, expected.reindex(once.index), atol=1e-6)


def test_gradcam_is_recommended_and_xgradcam_warned_of_on_the_embedded_network(
    folder: Path, table: pd.DataFrame
) -> None:
    summary = Run(folder).summary
    assert summary["recommendation"].startswith("believe gradcam at layer")
    assert "xgradcam at the last convolution" in summary["trust_notes"][0]
    best = table.loc[table.index.get_level_values("method") == "gradcam"].iloc[0]
    assert summary["trust_faithfulness"] == pytest.approx(best["faithfulness"])
    assert best["above_low"] > 0 and best["sanity"] > 0.5 and best["stability"] > 0.8
    page = (folder / "report" / "index.html").read_text()
    assert "Believe gradcam at layer" in page and (folder / "report" / "trust.webp").is_file()
    assert "..<" not in page
    assert (folder / "trust.png").is_file()


def test_the_order_of_methods_is_held_against_that_by_pictures_composed_again(
    folder: Path, table: pd.DataFrame
) -> None:
    summary = Run(folder).summary
    own = table[table.index.get_level_values("method").isin(["gradcam", "xgradcam"])]
    agree = spearmanr(own["faithfulness"], own["faithfulness_truth"]).statistic
    assert len(own) == summary["trust_as_truth_rows"] == 4
    assert summary["trust_as_truth"] == pytest.approx(agree)
    assert -1 <= summary["trust_as_truth_low"] <= agree <= summary["trust_as_truth_high"] <= 1


def test_controls_depend_on_no_weight(table: pd.DataFrame) -> None:
    for control in ("centre", "uniform", "edges"):
        rows = table.loc[control]
        assert (rows["sanity_all"] == 0).all() and (rows["sanity_head"] == 0).all()
    assert (table.loc["uniform", "chance_level"] > 0.99).all()
    assert table.loc["uniform", "faithfulness"].abs().max() < 0.35


def test_the_same_command_measures_nothing_again(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from emocam.intervention import trust

    def refuse(*_: object) -> None:
        raise AssertionError("explained again")

    monkeypatch.setattr(trust, "explained_layers", refuse)
    before = (folder / "trust.parquet").read_bytes(), (folder / "trust.csv").read_bytes()
    GlobalHydra.instance().clear()
    HydraConfig.instance().cfg = None
    assert answer([*WORDS, f"hydra.run.dir={folder}"]) == 0
    assert ((folder / "trust.parquet").read_bytes(), (folder / "trust.csv").read_bytes()) == before


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["effect=null"], "effect is null"),
        (["trust.only=[gradcan]"], "trust.only: 'gradcan' is none of trust.methods"),
        (["trust.images=0"], "trust.images must be a whole number of at least 1"),
        (["trust.noise=2"], "trust.noise must be a share of white"),
        (["trust.layers=[99]"], "classifier.layer: '99' is no step"),
    ],
)
def test_a_mistake_is_one_sentence(
    words: list[str], told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    GlobalHydra.instance().clear()
    HydraConfig.instance().cfg = None
    given = [*(word for word in WORDS if not word.startswith(words[0].partition("=")[0])), *words]
    assert answer([*given, f"hydra.run.dir={tmp_path / 'run'}", "data.images=6"]) == 1
    assert told in capsys.readouterr().err
