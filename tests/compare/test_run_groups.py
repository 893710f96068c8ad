"""Runs over different people, compared as groups within one run are, and what is said of people and pictures."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from emocam.cells.people import People
from emocam.cells.slices import EVERY_FLIP, SHUFFLED, compare_people
from emocam.compare.closing import comparison_lines
from emocam.compare.compare import Comparison, compare
from emocam.compare.run_groups import shared_codes
from emocam.results.files import METADATA
from emocam.results.run import Run

IMAGES, EACH = 60, 6


@pytest.fixture
def run_of_people(finished_run: Callable[..., Run]) -> Callable[..., Run]:
    """A run of ten people with six pictures each: one object in each, which counts in `kept` (60,) of them."""

    def write(
        name: str,
        kept: np.ndarray,
        people: str | None,
        asked: str | None = "person",
        truth: bool = True,
        digest: str | None = None,
        **known: object,
    ) -> Run:
        importance = np.where(kept, 0.9, 0.1)[:, None].repeat(4, 1)
        folder = finished_run(name, importance, **({"settings": {"data": {"root": name}}} | known)).path  # type: ignore[arg-type]
        table = pq.read_table(folder / "predictions.parquet")
        names = json.loads(table.schema.metadata[METADATA]) | {"grouped": [asked, None]}
        if people is not None:
            of = [f"{people}{number}" for number in np.repeat(np.arange(IMAGES // EACH), EACH)]
            table = table.append_column("person", pa.array(of))
            table = table if asked is None else table.append_column("group", pa.array(of))
        if truth:
            table = table.append_column("truth", table["label"].cast(pa.string()))
        table = table.replace_schema_metadata({METADATA: json.dumps(names).encode()})
        pq.write_table(table, folder / "predictions.parquet")
        ledger = pd.read_parquet(folder / "ledger.parquet").assign(digest=digest or name)
        ledger.to_parquet(folder / "ledger.parquet")
        summary = json.loads((folder / "summary.json").read_text()) | {"choices": {"cam": "gradcam"}}
        (folder / "summary.json").write_text(json.dumps(summary))
        run = Run(folder)
        run.association().to_csv(folder / "association.csv")
        run.predictions["label"].value_counts().reindex(run.label_names).rename("images").rename_axis(
            "label"
        ).to_csv(folder / "labels.csv")
        return run

    return write


def lines_of(found: Comparison) -> list[str]:
    return comparison_lines(
        found.similarity, found.twins, found.refusal, found.cells, found.moved, found.groups
    )


def slow_percent(run: Run, object: str, label: str) -> list[float]:
    """The percentage of each person's pictures of a label in which an object counts, one after the other."""
    shares: dict[str, list[float]] = {}
    rows = run.evidence
    for picture in run.predictions.to_dict("records"):
        if picture["label"] == label:
            own = rows[(rows["image"].astype(str) == picture["image"]) & (rows["object"] == object)]
            shares.setdefault(picture["group"], []).append(100.0 * bool((own["importance"] > 0.3).any()))
    return [sum(values) / len(values) for values in shares.values()]


def test_two_runs_of_different_people_are_compared_by_person(run_of_people, tmp_path: Path) -> None:
    always, never = np.ones(IMAGES, bool), np.arange(IMAGES) % 5 == 0
    a, b = run_of_people("a", never, "anna"), run_of_people("b", always, "ben")
    found = compare([a, b], tmp_path / "out")
    assert found.groups is not None and found.refusal is not None
    assert "other pictures under the same names" in found.refusal
    table = pd.read_csv(tmp_path / "out/differences.csv")
    for row in table[table["answers"] == "all"].to_dict("records"):
        one, other = (slow_percent(run, row["object"], row["label"]) for run in (a, b))
        assert row["difference"] == pytest.approx(np.mean(other) - np.mean(one))
        assert (row["units_a"], row["units_b"]) == (len(one), len(other))
        alone = compare_people(np.array(one)[:, None], np.array(other)[:, None], paired=False)
        assert np.isnan(row["p"]) or row["p"] == pytest.approx(alone["p"][0], abs=0.02)
    assert set(table["answers"]) == {"all", "right"} and SHUFFLED in set(table["p_rule"])
    assert (table["q"] < 0.05).any() and (table["difference"] > 0).all()
    recall = pd.read_csv(tmp_path / "out/slices_recall.csv", keep_default_na=False)
    assert recall[recall["label"] == ""]["units"].tolist() == [10, 10]
    lines = lines_of(found)
    assert (
        lines[1] == "by the people in them: root=a (60 pictures, 10 people), root=b (60 pictures, 10 people)"
    )
    assert any(
        "root=b against root=a, on all answers" in line and "differ by more than chance" in line
        for line in lines
    )
    assert (
        found.numbers["cells_different"]
        == (table.query("answers == 'all'")["q"] < 0.05).sum()
        + (table.query("answers == 'right'")["q"] < 0.05).sum()
    )
    page = (tmp_path / "out/report/index.html").read_text()
    assert "2 runs over different pictures, compared by the people in them." in page
    assert all(line.strip() in page for line in found.groups.told) and "Hedges g" in page


def test_the_same_people_in_both_runs_are_compared_within_themselves_or_called_others(
    run_of_people, tmp_path: Path
) -> None:
    kept = np.arange(IMAGES) % 3 == 0
    runs = [run_of_people("a", kept, "p"), run_of_people("b", ~kept, "p")]
    same, apart = compare(runs, tmp_path / "same"), compare(runs, tmp_path / "apart", other_people=True)
    assert same.groups is not None and apart.groups is not None
    rules = set(same.groups.tables["differences"]["p_rule"])
    assert EVERY_FLIP in rules and SHUFFLED not in rules
    told = " ".join(same.groups.told)
    assert "10 people are in root=a and in root=b: these are compared within persons" in told
    assert "--other-people takes them for others" in told.replace("`", "")
    assert SHUFFLED in set(apart.groups.tables["differences"]["p_rule"]) and not apart.groups.told


def test_without_a_column_of_persons_there_is_no_p_and_it_is_said(run_of_people, tmp_path: Path) -> None:
    kept = np.ones(IMAGES, bool)
    runs = [run_of_people("a", kept, "anna"), run_of_people("b", kept, "ben", asked=None, truth=False)]
    found = compare(runs, tmp_path / "out").groups
    assert found is not None
    assert found.tables["differences"][["p", "q", "low", "units_a"]].isna().all(axis=None)
    assert any(
        line.startswith("root=b: persons are unknown") and "data.group=person" in line for line in found.told
    )
    assert any(line.startswith("root=b: no true labels") for line in found.told)
    assert "slices_recall" not in found.tables and found.counts["root=a"]["people"] is None


def test_names_mean_the_same_person_only_where_they_are_names() -> None:
    def people(names: list[str | None], shared: bool = True) -> People:
        return People(np.array(names, object), "", shared)

    one, other = shared_codes([people(["x", "y", None]), people(["y", "z", "x"])], apart=False)
    assert one is not None and other is not None
    assert one.tolist() == [0, 1, -1] and other.tolist() == [1, 2, 0]
    for second, apart in ((people(["y", "z", "x"]), True), (people(["y", "z", "x"], False), False)):
        one, other = shared_codes([people(["x", "y", None]), second], apart)
        assert one is not None and other is not None and not set(one) & set(other)
    assert shared_codes([people(["x"]), People(None, "unknown")], apart=False) == [None, None]


def test_the_same_pictures_are_compared_picture_by_picture(run_of_people, tmp_path: Path) -> None:
    kept = np.arange(IMAGES) % 3 == 0
    runs = [run_of_people("a", kept, "p", digest="x"), run_of_people("b", ~kept, "p", digest="x")]
    found = compare(runs, tmp_path / "out")
    assert found.refusal is None and found.groups is None and (tmp_path / "out/paired.csv").is_file()
    assert not (tmp_path / "out/differences.csv").exists()


def test_runs_that_were_not_made_alike_say_so(run_of_people, tmp_path: Path) -> None:
    kept = np.ones(IMAGES, bool)
    a = run_of_people("a", kept, "anna", settings={"classifier": {"model": "resnet18"}})
    b = run_of_people("b", kept, "ben", settings={"classifier": {"model": "resnet50"}})
    found = compare([a, b], tmp_path / "out").groups
    assert found is not None
    assert any("were not made alike" in line and "resnet50" in line for line in found.told)
