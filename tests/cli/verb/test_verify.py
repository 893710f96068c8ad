"""`emocam verify` finds what was lost, doubled or cut short."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

Command = Callable[..., int]


@pytest.fixture
def run(emocam: Command) -> Path:
    emocam(
        "+cam=gradcam",
        "logger=null",
        "~callback.report",
        "data.images=6",
        "data.workers=0",
        "hydra.run.dir=run",
    )
    return Path("run")


def rewritten(file: Path, change: Callable[[pd.DataFrame], pd.DataFrame]) -> None:
    change(pd.read_parquet(file)).to_parquet(file)


def test_whole_run_is_whole(emocam: Command, run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert emocam("verify", str(run)) == 0
    assert "6 images: 6 explained, 0 unreadable, 0 refused, 0 lost" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("file", "change", "told"),
    [
        ("predictions", lambda t: t.iloc[1:], "predictions.parquet misses 1 images, such as '00000.png'"),
        (
            "predictions",
            lambda t: pd.concat([t, t.iloc[:1]]),
            "predictions.parquet has 1 images more than once",
        ),
        (
            "evidence",
            lambda t: t.iloc[1:],
            "evidence.parquet misses regions of 1 images, such as '00000.png'",
        ),
        ("evidence", lambda t: pd.concat([t, t.iloc[:1]]), "evidence.parquet doubles regions of 1 images"),
        ("ledger", lambda t: t.iloc[1:], "predictions.parquet has besides 1 images, such as '00000.png'"),
        ("ledger", lambda t: pd.concat([t, t.iloc[:1]]), "ledger.parquet has 1 images more than once"),
    ],
)
def test_each_fault_is_found(
    emocam: Command, run: Path, file: str, change: Callable, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    rewritten(run / f"{file}.parquet", change)
    assert emocam("verify", str(run)) == 1
    assert told in capsys.readouterr().err


@pytest.mark.parametrize("name", ["evidence.parquet", "maps.parquet", "summary.json", "association.csv"])
def test_file_that_is_cut_short_or_gone_is_named(
    emocam: Command, run: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    file = run / name
    if name.endswith("parquet"):
        file.write_bytes(file.read_bytes()[:-200])
        assert emocam("verify", str(run)) == 1
        assert f"{name} cannot be read to its end" in capsys.readouterr().err
    file.unlink()
    assert emocam("verify", str(run)) == 1
    assert f"{name} is gone" in capsys.readouterr().err


def test_no_folder_is_told(emocam: Command, capsys: pytest.CaptureFixture[str]) -> None:
    assert emocam("verify", "nowhere") == 1
    assert "RUN must be a run's folder, and there is none at nowhere" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda t: t.iloc[1:], "effect_pairs, but effect.parquet holds"),
        (lambda t: pd.concat([t, t.iloc[:2]]), "effect.parquet has 2 rows more than once"),
        (
            lambda t: t.assign(image="9.png"),
            "effect.parquet tells of images that are not done, such as '9.png'",
        ),
    ],
)
def test_each_fault_of_an_effect_is_found(
    emocam: Command, run: Path, change: Callable, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    few = ("effect.images=1", "effect.least=1", "effect.cells=3", "effect.fills=[grey]")
    words = ("+effect=erase", *few, "+cam=gradcam", "logger=null", "~callback.report", "data.images=6")
    assert emocam(*words, "data.workers=0", "hydra.run.dir=run") == 0 and emocam("verify", "run") == 0
    rewritten(run / "effect.parquet", change)
    assert emocam("verify", str(run)) == 1
    assert told in capsys.readouterr().err
