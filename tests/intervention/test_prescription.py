"""The experiment as a command on a small corpus, and what a comparison of two runs makes of it."""

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hydra.core.global_hydra import GlobalHydra
from hydra.core.hydra_config import HydraConfig
from PIL import Image
from scipy.stats import ttest_1samp

from emocam.cells.paired_effects import paired_effects
from emocam.cli.main import answer
from emocam.data.planted import Planted
from emocam.errors import SettingError
from emocam.results.run import Run

WORDS = ["+experiment=prescribe", "data.images=90", "effect.images=8", "effect.cells=8", "effect.random=0"]
WORDS += [
    "effect.fills=[grey]",
    "~callback.report",
    "logger=null",
    "cache=null",
    "data.workers=0",
    "quiet=true",
]


def run_words(*words: str) -> int:
    GlobalHydra.instance().clear()
    HydraConfig.instance().cfg = None
    return answer(list(words))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("prescribe") / "run"
    assert run_words(*WORDS, "prescribe.images=12", f"hydra.run.dir={folder}") == 0
    return folder


@pytest.fixture(scope="module")
def rows(folder: Path) -> pd.DataFrame:
    return pd.read_csv(folder / "prescription" / "labels.csv", dtype=str, keep_default_na=False)


def test_every_composed_picture_is_there_with_the_label_that_it_should_have(
    folder: Path, rows: pd.DataFrame
) -> None:
    data = Planted(images=90)
    assert all((folder / "prescription" / path).is_file() for path in rows["path"])
    for row in rows.itertuples():
        assert data.known(row.source)["truth"] == row.truth
    assert (rows["made"] == "original").sum() == 90
    assert set(rows.loc[rows["made"] == "taken out", "truth"]) == {"Awe"}
    assert "Awe" not in set(rows.loc[rows["made"] == "put in", "truth"])
    assert set(rows["made"]) == {
        "original", "taken out", "as much taken out elsewhere", "put in", "as much put in"
    }  # fmt: skip


def test_what_is_taken_out_is_the_object_and_what_is_put_in_leaves_the_rest_alone(
    folder: Path, rows: pd.DataFrame
) -> None:
    data = Planted(images=90)
    for made, holds in (("taken out", True), ("put in", False)):
        for row in rows[rows["made"] == made].head(6).itertuples():
            scene = data.scene(row.source)
            assert ("Camera" in [thing.object for thing in scene.things]) == holds
            first = np.asarray(data.open(row.source).image, int)
            second = np.asarray(Image.open(folder / "prescription" / row.path), int)
            assert first.shape == second.shape
            changed = np.abs(first - second).max(-1) > 3
            assert 0 < changed.mean() < 0.1


def test_the_table_counts_what_was_written_and_what_to_collect(folder: Path, rows: pd.DataFrame) -> None:
    table = pd.read_csv(folder / "prescription" / "prescription.csv").set_index("advice")
    assert set(table["object"]) == {"Camera"} and set(table["label"]) == {"Awe"}
    assert table.loc["composed: Camera taken out", "images"] == (rows["made"] == "taken out").sum()
    assert table.loc["composed: Camera put in", "images"] == (rows["made"] == "put in").sum() == 12
    truth = {
        path: Planted(images=90).known(path)["truth"] for path in Run(folder).predictions["image"].astype(str)
    }
    evidence = Run(folder).evidence.astype({"image": str, "object": str})
    held = set(evidence.loc[evidence["object"] == "Camera", "image"])
    awe = [image for image, label in truth.items() if label == "Awe"]
    share = sum(image in held for image in awe) / len(awe)
    expected = round(share * (len(truth) - len(awe))) - sum(
        image in held for image in truth if image not in awe
    )
    assert table.loc["collect pictures of other labels with Camera", "images"] == expected


def with_effects_shifted(folder: Path, into: Path, object: str, by: float) -> Run:
    """Copy a run with other effects of one object."""
    shutil.copytree(folder, into)
    table = pq.read_table(into / "effect.parquet")
    frame = table.to_pandas()
    rng = np.random.default_rng(0)
    own = frame["object"].astype(str) == object
    frame.loc[own, "effect"] += (by + 0.05 * rng.standard_normal(own.sum())).astype(np.float32)
    changed = pa.Table.from_pandas(frame, preserve_index=False).replace_schema_metadata(table.schema.metadata)
    pq.write_table(changed, into / "effect.parquet", write_page_checksum=True)
    return Run(into)


def test_a_change_is_scipys_of_the_same_trials(folder: Path, tmp_path: Path) -> None:
    before, after = Run(folder), with_effects_shifted(folder, tmp_path / "after", "Camera", -3.0)
    found = paired_effects(before, after)
    first, second = (
        pd.read_parquet(run.path / "effect.parquet").astype({"object": str, "label": str})
        for run in (before, after)
    )
    own = (first["object"] == "Camera") & (first["label"] == "Awe")
    own &= np.isfinite(first["effect_control"])
    change = (second["effect"] - first["effect"])[own].to_numpy(float)
    row = found.table.iloc[0]
    assert (row["object"], row["label"], bool(row["shortcut"])) == ("Camera", "Awe", True)
    assert row["images"] == len(change) and row["change"] == pytest.approx(change.mean(), rel=1e-5)
    interval = ttest_1samp(change, 0).confidence_interval()
    assert (row["low"], row["high"]) == pytest.approx((interval.low, interval.high), rel=1e-4)
    assert row["p"] == pytest.approx(ttest_1samp(change, 0).pvalue, abs=1e-9)
    assert "Camera under Awe: taking it away cost" in found.sentences[0]
    assert found.sentences[0].endswith("it is still used")
    assert "no object weighs more than before" in found.sentences
    assert found.sentences[-1].startswith("accuracy") and "+0.0 points" in found.sentences[-1]


def test_a_shortcut_that_lost_its_effect_is_gone_and_what_rose_is_named(folder: Path, tmp_path: Path) -> None:
    mean = pd.read_parquet(folder / "effect.parquet").query("object == 'Camera' and label == 'Awe'")["effect"]
    gone = with_effects_shifted(folder, tmp_path / "gone", "Camera", 0)
    frame = pq.read_table(gone.path / "effect.parquet")
    table = frame.to_pandas()
    own = table["object"].astype(str) == "Camera"
    table.loc[own, "effect"] = table.loc[own, "effect_control"] + np.float32(0.01)
    table.loc[~own, "effect"] += np.float32(2) + np.random.default_rng(0).normal(0, 0.1, (~own).sum()).astype(
        np.float32
    )
    kept = pa.Table.from_pandas(table, preserve_index=False).replace_schema_metadata(frame.schema.metadata)
    pq.write_table(kept, gone.path / "effect.parquet", write_page_checksum=True)
    found = paired_effects(Run(folder), gone)
    assert mean.mean() > 1 and found.sentences[0].endswith("it is gone")
    assert found.sentences[1].startswith("weighs more than before: ")
    assert "Camera" not in found.sentences[1]


def test_a_comparison_says_so_on_its_page(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    after = with_effects_shifted(folder, tmp_path / "after", "Camera", -3.0)
    assert run_words("compare", str(folder), str(after.path), "--paired", "--out", str(tmp_path / "out")) == 0
    assert "Camera under Awe" in capsys.readouterr().out
    page = (tmp_path / "out" / "report" / "index.html").read_text()
    assert "What became of each effect" in page and "it is still used" in page
    assert len(pd.read_csv(tmp_path / "out" / "effects_paired.csv")) >= 1


def test_a_run_without_effects_is_refused(folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder, tmp_path / "bare")
    (tmp_path / "bare" / "effect.parquet").unlink()
    with pytest.raises(SettingError, match=r"has none; run it with \+effect=erase"):
        paired_effects(Run(folder), Run(tmp_path / "bare"))


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["prescribe.cells=[[Camara,Awe]]"], "prescribe.cells: 'Camara' is no object"),
        (["prescribe.cells=[Camera]"], "prescribe.cells must be pairs of an object and a label"),
        (["prescribe.images=0"], "prescribe.images must be a whole number of at least 1"),
    ],
)
def test_a_wrong_prescription_is_one_sentence(
    words: list[str], told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_words(*WORDS, *words, f"hydra.run.dir={tmp_path / 'run'}", "data.images=20") == 1
    assert told in capsys.readouterr().err
