"""What every callback owes: entries of its own that are JSON, and the same files in any order, twice."""

import json
import shutil
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import hydra
import pyarrow.parquet as pq
import pytest
from hydra.core.global_hydra import GlobalHydra
from hydra.core.hydra_config import HydraConfig

from emocam.callback.base import Finished, RunCallback
from emocam.cli.main import answer
from emocam.data.planted import Planted
from emocam.errors import SettingError
from emocam.records.thresholds import Thresholds
from emocam.results import parquet_file
from emocam.results.run import Run
from emocam.runner.kinds import KINDS
from emocam.runner.single import run_callbacks
from emocam.settings.build import build
from emocam.settings.experiments import register

CONF = Path(__file__).parents[2] / "conf"
OPTIONS = sorted(file.stem for file in (CONF / "callback").glob("*.yaml"))


def callbacks_of(option: str) -> dict[str, RunCallback]:
    """All callbacks of an option, with those that it inherits, and the settings they refer to."""
    register()
    with hydra.initialize_config_dir(str(CONF), version_base="1.3"):
        whole = hydra.compose("config", overrides=[f"callback={option}"])
    return {
        name: build(node, f"callback.{name}", [], KINDS["callback"]) for name, node in whole.callback.items()
    }


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of the embedded world, pasted and with effects, before any callback."""
    folder = tmp_path_factory.mktemp("tables") / "run"
    GlobalHydra.instance().clear()
    HydraConfig.instance().cfg = None
    words = ["cam=gradcam", "data.images=24", "+effect=erase", "effect.images=4", "effect.fills=[grey]"]
    words += ["paste=grid", "~callback", "logger=null", "cache=null", f"hydra.run.dir={folder}"]
    assert answer(words) == 0
    return folder


def left(folder: Path, source: Path, names: list[str], option: str) -> tuple[dict[str, bytes], dict]:
    """The files and the summary that callbacks leave when they stand in this order."""
    shutil.copytree(source, folder)
    callbacks = callbacks_of(option)
    data = Planted(images=24)
    data.prepare()
    finished = Finished(Run(folder), data, Thresholds(), {"images": 24, "done": 24, "regions": 90})
    finished.summary["thresholds"] = vars(Thresholds())
    summary = run_callbacks({name: callbacks[name] for name in names}, finished, lambda name: nullcontext())
    files = {
        file.relative_to(folder).as_posix(): file.read_bytes()
        for file in sorted(folder.rglob("*"))
        if file.is_file() and file.name != "summary.json"
    }
    return files, dict(summary)


@pytest.mark.parametrize("option", OPTIONS)
def test_callbacks_leave_the_same_in_any_order(tables: Path, tmp_path: Path, option: str) -> None:
    names = list(callbacks_of(option))
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    files, summary = left(tmp_path / "a/run", tables, names, option)
    turned, again = left(tmp_path / "b/run", tables, names[::-1], option)
    assert summary == again
    assert files.keys() == turned.keys()
    assert [name for name in files if files[name] != turned[name]] == []
    assert json.loads(json.dumps(summary)) == summary


def test_an_entry_belongs_to_one_callback(tables: Path, tmp_path: Path) -> None:
    class Twice:
        def on_run_end(self, finished: Finished) -> dict[str, int]:
            return {"images": 3}

    shutil.copytree(tables, tmp_path / "run")
    finished = Finished(Run(tmp_path / "run"), None, Thresholds(), {"images": 24})
    with pytest.raises(
        SettingError, match=r"^callback.twice leaves the entry 'images' of summary.json, which"
    ):
        run_callbacks({"twice": Twice()}, finished, lambda name: nullcontext())


@pytest.mark.parametrize("option", OPTIONS)
def test_a_callback_changes_nothing_that_others_read(tables: Path, tmp_path: Path, option: str) -> None:
    shutil.copytree(tables, tmp_path / "run")
    before = {file.name: file.read_bytes() for file in (tmp_path / "run").glob("*.parquet")}
    data = Planted(images=24)
    data.prepare()
    finished = Finished(Run(tmp_path / "run"), data, Thresholds(), {"images": 24, "done": 24, "regions": 90})
    finished.summary["thresholds"] = vars(Thresholds())
    run_callbacks(callbacks_of(option), finished, lambda name: nullcontext())
    assert {name: (tmp_path / "run" / name).read_bytes() for name in before} == before


def test_the_evidence_is_opened_at_most_four_times_by_all_callbacks(
    tables: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []
    for place, name in ((parquet_file.Checked, "__init__"), (pq, "read_table")):
        usual = getattr(place, name)

        def noted(*given: Any, usual: Callable[..., Any] = usual, **options: Any) -> Any:
            opened.extend(Path(one).name for one in given if isinstance(one, str | Path))
            return usual(*given, **options)

        monkeypatch.setattr(place, name, noted)
    left(tmp_path / "run", tables, list(callbacks_of("default")), "default")
    assert 1 <= opened.count("evidence.parquet") <= 4
    assert opened.count("predictions.parquet") >= 1
