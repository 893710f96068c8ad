"""Runs sliced by a column: files, sentences, and what is refused in a sentence."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from emocam.callback.base import Finished
from emocam.callback.slices import Slices, as_names, value_names
from emocam.errors import SettingError
from emocam.results.files import METADATA
from emocam.results.run import Run
from emocam.results.slice_words import slice_sentences

Command = Callable[..., int]
PEOPLE, EACH = 14, 4
QUICK = ("logger=null", "cache=null", "~callback.report", "~callback.overlay", "data.workers=0")


def with_persons(finished: Finished, asked: str | None = "person") -> Finished:
    """Give a run the column `group`, as data.group=person does."""
    file = finished.folder / "predictions.parquet"
    table = pq.read_table(file)
    table = table.append_column("group", table["person"])
    names = json.loads(table.schema.metadata[METADATA]) | {"grouped": [asked, None]}
    pq.write_table(table.replace_schema_metadata({METADATA: json.dumps(names).encode()}), file)
    return Finished(Run(finished.folder), None, finished.thresholds, {})


@pytest.fixture
def two_groups(finish: Callable[..., Finished]) -> Finished:
    """Pictures of 14 people: those of `b` have a boat that counts under Joy, those of `a` hardly ever."""
    person = np.repeat(np.arange(PEOPLE), EACH)
    second = person >= PEOPLE // 2
    label = np.tile([0, 0, 1, 1], PEOPLE)
    boats = (label == 0) & (second | (np.arange(len(person)) % 12 == 0))
    known = {
        "person": [f"p{number}" for number in person],
        "team": np.where(second, "b", "a").tolist(),
        "truth": ["Joy" if one == 0 or number % 3 == 0 else "Awe" for number, one in enumerate(label)],
    }
    return finish(label.tolist(), [[0, 2] if boat else [0] for boat in boats], known)


def test_a_run_is_sliced_by_people_and_the_planted_difference_is_said(two_groups: Finished) -> None:
    finished = with_persons(two_groups)
    told = Slices("team", resamples=20).on_run_end(finished)
    cells = pd.read_parquet(finished.folder / "slices.parquet")
    assert list(cells.columns[:4]) == ["slice", "object", "label", "images"]
    assert cells.groupby("slice", sort=False)["images"].max().to_dict() == {"a": 14, "b": 14}
    boat = cells[(cells["object"] == "boat") & (cells["label"] == "Joy")].set_index("slice")
    assert boat.loc["b", "percent"] == 100 and boat.loc["a", "kept"] == 3
    table = pd.read_csv(finished.folder / "differences.csv")
    row = table[(table["object"] == "boat") & (table["answers"] == "all")].iloc[0]
    assert (row["a"], row["b"], row["label"], row["measure"]) == ("a", "b", "Joy", "percent")
    assert row["difference"] == pytest.approx(100 - 100 * 3 / 14) and row["q"] < 0.05 and row["units_a"] == 7
    assert set(table["answers"]) == {"all", "right"}
    assert told["slice_values"] == {"a": {"pictures": 28, "people": 7}, "b": {"pictures": 28, "people": 7}}
    first, *rest = told["slices_in_words"]
    assert first.startswith("right answers: a ") and "%" in first
    assert any("b against a, on all answers: 1 of" in line and "boat under Joy" in line for line in rest)
    recall = pd.read_csv(finished.folder / "slices_recall.csv", keep_default_na=False)
    assert recall["label"].tolist() == ["", "Awe", "Joy"] * 2
    assert (finished.folder / "differences_recall.csv").is_file()


def test_without_persons_there_is_no_p_and_the_cure_is_named(two_groups: Finished) -> None:
    told = Slices("team", resamples=20).on_run_end(two_groups)
    table = pd.read_csv(two_groups.folder / "differences.csv")
    assert table[["p", "q", "low", "high", "units_a"]].isna().all(axis=None)
    assert len(table) and table["difference"].notna().all()
    (line,) = told["slices_told"]
    assert line.startswith("persons are unknown, so no difference has an interval or a p")
    assert "data.group=person" in line
    assert any("none with a p (people unknown)" in line for line in told["slices_in_words"])


def test_what_is_missing_or_in_both_is_counted_and_told(finish: Callable[..., Finished]) -> None:
    person = [f"p{i // 2}" for i in range(24)]
    team = ["a"] * 12 + ["b"] * 8 + ["c"] * 4
    team[0], person[23], team[2] = "", "", "b"
    known = {"person": person, "team": team, "truth": ["Awe" if name == "b" else "Joy" for name in team]}
    finished = with_persons(finish([0] * 24, [[0]] * 24, known))
    told = Slices("team", resamples=20).on_run_end(finished)["slices_told"]
    assert "1 of 24 pictures have no team and are in no slice" in told
    assert any(line.startswith("c has 2 people, and fewer than 5") for line in told)
    assert "1 person is in a and in b, and left out where these are compared" in told
    assert "b has no right answer, so nothing is compared on right answers there" in told
    alone = Slices("person", resamples=20)
    with pytest.raises(SettingError, match="has 13 different values, and at most 12 can be compared"):
        finished.run.predictions["person"].nunique()
        value_names(as_names(pd.Series([f"p{i}" for i in range(13)])), "person")
    assert alone.column == "person"


def test_a_column_of_one_value_is_told_and_a_column_of_numbers_asks_for_bins(two_groups: Finished) -> None:
    told = Slices("label", resamples=20).on_run_end(two_groups)
    assert told["slice_values"].keys() == {"Joy", "Awe"}
    one = two_groups.run.predictions.assign(team="a")
    assert value_names(as_names(one["team"]), "team") == ["a"]
    assert value_names(as_names(pd.Series([1.0, 0.0, None])), "ward") == ["0", "1"]
    for ages in ([20.5, 31.0], list(range(20, 40))):
        with pytest.raises(
            SettingError, match=r"^slices=age holds \d+ different numbers from 20.* add a column of bins"
        ):
            value_names(as_names(pd.Series(ages)), "age")
    with pytest.raises(SettingError, match="slices=age: the column is empty for all 2 pictures"):
        value_names(as_names(pd.Series(["", None])), "age")


def test_the_sentences_speak_of_differences_alone(two_groups: Finished) -> None:
    told = Slices("team", resamples=20).on_run_end(with_persons(two_groups))
    text = " ".join(told["slices_in_words"] + told["slices_told"]).lower()
    assert not {"deficit", "worse", "better", "fails", "impair"} & set(text.replace(",", " ").split())
    assert slice_sentences({"differences": pd.DataFrame(columns=["a", "b", "answers"])}) == []


def test_the_command_slices_a_run_and_a_replay_slices_it_again(
    emocam: Command, capsys: pytest.CaptureFixture[str]
) -> None:
    faces = ("data.world=faces", "data.images=12", "cam=gradcam")
    assert emocam(*QUICK, *faces, "slices=hat", "hydra.run.dir=none") == 1
    assert "slices 'hat' is no column of these data" in capsys.readouterr().err
    assert not Path("none/predictions.parquet").exists()
    assert emocam(*QUICK, *faces, "data.group=person", "hydra.run.dir=run") == 0
    assert not Path("run/slices.csv").exists()
    capsys.readouterr()
    assert (
        emocam(
            *QUICK[:-1],
            "task=replay",
            "evidence=run",
            "slices=fringe",
            "data.group=person",
            "hydra.run.dir=sliced",
        )
        == 0
    )
    assert "by fringe: long (" in capsys.readouterr().out
    table = pd.read_csv("sliced/differences.csv")
    assert set(table["measure"]) == {"importance"} and table["units_a"].max() < 10
    assert emocam("verify", "sliced") == 0
    Path("sliced/differences.csv").write_text("a,b\n")
    assert emocam("verify", "sliced") == 1
