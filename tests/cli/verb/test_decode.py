"""`emocam decode`: a run whose objects are regions, its verdicts, its page, and what it refuses."""

import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest
from hydra.core.global_hydra import GlobalHydra
from hydra.core.hydra_config import HydraConfig

from emocam.cli.main import answer
from emocam.cli.verb.decode import composed_words, hydra_text
from emocam.data.planted import Planted
from emocam.data.regions import Regions
from emocam.errors import SettingError
from emocam.results.run import Run
from emocam.task.decode import Decode, checked_regions

Command = Callable[..., int]
FEW = ("data.volumes=60", "task.draws=99", "cache=null", "logger=null", "quiet=true")


def start(*words: str) -> int:
    GlobalHydra.instance().clear()
    HydraConfig.instance().cfg = None
    return answer(list(words))


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("decoded")
    assert start("decode", f"data.export={folder / 'tables'}", f"hydra.run.dir={folder / 'run'}", *FEW) == 0
    return folder / "run"


def test_a_planted_brain_becomes_a_run_whose_objects_are_regions(run: Path) -> None:
    cells, truth = Run(run).cells, json.loads((run / "truth.json").read_text())["cells"]
    planted = {(cell["object"], cell["label"]) for cell in truth}
    used = cells[cells["verdict"] == "used"]
    found = set(zip(used["object"], used["label"], strict=True))
    assert len(found & planted) >= 12 and len(found - planted) <= 1
    assert set(cells["p_rule"]) == {"time"} and set(cells["effect_rule"].dropna()) == {"series, regions"}
    decoding = pd.read_csv(run / "decoding.csv")
    assert list(decoding) == ["label", "auc", "low", "high", "p", "runs"] and (decoding["auc"] > 0.75).all()
    evidence = Run(run).evidence
    assert len(evidence) == 8 * 60 * 48 and evidence["image"].iloc[48] == "run-1/0001"
    assert (evidence["importance"].between(0, 1)).all() and (evidence["score"] == 1).all()
    assert start("verify", str(run)) == 0


def test_the_page_speaks_of_regions_and_shows_their_bars(run: Path) -> None:
    page = (run / "report" / "index.html").read_text(encoding="utf-8")
    assert (
        "When the decoder says" in page
        and "it goes by" in page
        and "where observers say it, the region adds" in page
    )
    assert len(list((run / "report").rglob("*.webp"))) >= 5


def test_the_terminal_says_how_well_each_word_is_decoded(run: Path) -> None:
    summary = json.loads((run / "summary.json").read_text())
    assert summary["decoding_in_words"][0].startswith("Awe: decoded with an AUC of 0.")
    assert set(summary["decoding"]) == {"Awe", "Calm", "Fear", "Joy", "Sadness"}
    assert {"decoding.csv", "decoding_regions.csv", "effect.parquet"} <= set(
        json.loads((run / "files.json").read_text())["files"]
    )


def test_its_evidence_is_replayed_with_other_thresholds(run: Path, tmp_path: Path) -> None:
    words = ("task=replay", f"evidence={run}", "threshold.chance=0.3", f"hydra.run.dir={tmp_path / 'again'}")
    assert start(*words, "logger=null", "quiet=true", "~callback.report", "~callback.overlay") == 0
    assert Run(tmp_path / "again").matrix.counts.sum() > 2 * Run(run).matrix.counts.sum()


def test_pictures_parts_and_other_folders_are_refused(
    run: Path, emocam: Command, capsys: pytest.CaptureFixture[str]
) -> None:
    refused = {
        (
            "decode",
            *FEW,
            "cam=gradcam",
        ): "cam is for pictures, and task=decode decodes series of brain regions",
        ("decode", *FEW, "data.lag=4", f"hydra.run.dir={run}"): "holds a run of other settings",
        ("data=regions", "logger=null"): "which no network of pictures reads; emocam decode",
        ("decode", "--timelime", "x"): "--timelime is no option",
        ("decode", "-m"): "emocam decode is one run",
    }
    for words, sentence in refused.items():
        assert emocam(*words) == 1
        told = capsys.readouterr().err
        assert sentence in told and "Traceback" not in told, (words, told)


def test_a_part_of_the_runs_or_too_few_moves_are_refused() -> None:
    with pytest.raises(SettingError, match=r"task\.draws must be a whole number of at least 19, got 3"):
        Decode(draws=3)
    for data, sentence in (
        (Regions(limit=5), "data.limit: runs are decoded as a whole; leave it out"),
        (Planted(), "task=decode needs data=regions"),
    ):
        with pytest.raises(SettingError, match=sentence):
            checked_regions(SimpleNamespace(settings={}, data=data))  # type: ignore[arg-type]


def test_tables_and_settings_are_told_apart(tmp_path: Path) -> None:
    odd = tmp_path / "a=b.csv"
    odd.touch()
    words = composed_words(["x.csv", str(odd), "--lag", "4", "logger=null", "--timeline", "it's here"])
    assert words[-4:] == [
        f"data.tables=['x.csv','{odd}']",
        r"data.timeline='it\'s here'",
        "data.lag=4",
        "logger=null",
    ]
    assert hydra_text("a\\") == r"'a\\'"
