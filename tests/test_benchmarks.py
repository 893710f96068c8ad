"""What races in benchmarks/ agrees, at small sizes; that the tables can be made is tried on one of them."""

import importlib
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

import pytest

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"
SUBJECTS = (
    *("attribute_maps", "cams", "chance", "decode", "evidence", "explain", "forward", "gaze", "grid"),
    *("manifold", "paste", "quick", "regions", "study"),
)
NEEDS = ("captum", "cv2", "lightnet", "pytorch_grad_cam")
pytestmark = [
    pytest.mark.skipif(
        any(find_spec(name) is None for name in NEEDS), reason="needs captum, grad-cam, lightnet"
    ),
    pytest.mark.filterwarnings("ignore::UserWarning"),
]


@pytest.fixture
def subject(request: pytest.FixtureRequest) -> Iterator[ModuleType]:
    """Imported as the scripts import each other, and forgotten again: their names are short."""
    sys.path.insert(0, str(BENCHMARKS))
    before = set(sys.modules)
    try:
        yield importlib.import_module(request.param)
    finally:
        sys.path.remove(str(BENCHMARKS))
        for name in set(sys.modules) - before:
            if str(getattr(sys.modules[name], "__file__", None) or "").startswith(str(BENCHMARKS)):
                del sys.modules[name]


LONG = ("study", "forward", "cams")


@pytest.mark.parametrize(
    "subject",
    [pytest.param(name, marks=[pytest.mark.slow] * (name in LONG)) for name in SUBJECTS],
    indirect=True,
)
def test_contestants_agree_before_they_race(subject):
    count = 0
    for contest in subject.contests(small=True):
        contest.agree().check(contest.work)
        assert contest.others and set(contest.goals) <= set(contest.others)
        count += 1
    assert count


@pytest.mark.parametrize("subject", ["dependence"], indirect=True)
def test_tests_of_dependent_pictures_are_timed(subject):
    rows = subject.table(500, run=40).splitlines()
    assert [row for row in rows if "ten films" in row] and "missed" not in "".join(rows)
    assert "Of a run of 40 drawn pictures" in rows[-1]


@pytest.mark.parametrize("subject", ["films"], indirect=True)
def test_shares_of_observers_are_those_of_a_loop_over_events(subject):
    pytest.importorskip("av")
    rows = subject.table(rounds=1).splitlines()
    assert "| 0.5 s |" in rows[2] and "missed" not in rows[2]


@pytest.mark.parametrize("subject", ["telling"], indirect=True)
def test_a_row_says_who_is_how_much_faster_and_what_is_missed(subject):
    times = {"ours": subject.Times([1e-3, 3e-3, 2e-3]), "slow": subject.Times([5e-3, 9e-3, 6e-3])}
    contest = subject.Contest("work", None, {}, None, {"slow": 3})
    agreement = subject.Agreement(1e-6, 1e-5, "maps")
    (row,) = subject.rows(contest, agreement, times)
    assert row == "| work | 2 ms | slow | 6 ms | **3x** (5x) | 3x | maps: 1e-06 (at most 1e-05) |"
    missed = subject.Contest("work", None, {}, None, {"slow": 6})
    assert "6x **missed**" in next(iter(subject.rows(missed, agreement, times)))


@pytest.mark.parametrize("subject", ["racing"], indirect=True)
def test_who_differs_too_much_is_not_timed(subject):
    with pytest.raises(AssertionError, match=r"work: maps differ by 0\.1, not 0\.01"):
        subject.Agreement(0.1, 0.01, "maps").check("work")
    with pytest.raises(AssertionError, match="differ by nan"):
        subject.Agreement(float("nan"), 0.01, "maps").check("work")


@pytest.mark.parametrize("subject", ["racing"], indirect=True)
def test_contestants_take_turns_in_both_directions(subject):
    turns: list[str] = []

    def busy(name: str):
        return subject.Way(lambda: (turns.append(name), sum(range(800_000))))

    times = subject.race({"a": busy("a"), "b": busy("b")}, rounds=3)
    assert all(seconds > 0 for name in times for seconds in times[name].seconds)
    order = "".join(name for name, after in zip(turns, [*turns[1:], ""], strict=True) if name != after)
    assert order.startswith("abab"[:2]) and "ba" in order and len(times["a"].seconds) >= 3


@pytest.mark.parametrize("subject", ["before_after"], indirect=True)
def test_two_packages_take_turns_in_both_directions_and_what_is_slower_is_told(subject):
    asked: list[str] = []

    class Side:
        def __init__(self, name: str, seconds: float) -> None:
            self.name, self.seconds = name, seconds

        def ask(self, word: str) -> float:
            asked.append(self.name)
            return self.seconds

    pairs = subject.pairs_of(Side("b", 1.0), Side("a", 1.25))
    assert len(pairs) == 2 * subject.ROUNDS and set(map(tuple, pairs)) == {(1.0, 1.25)}
    assert "".join(asked).endswith("baab" * subject.ROUNDS)
    found = {
        ("cams", "slow"): pairs,
        ("cams", "as before"): [[1.0, 1.04]],
        ("cams", "new"): [],
        ("grid", "x"): pairs,
    }
    assert subject.slower(found, "cams") == {"slow"}
    rows = list(subject.table(found))
    assert "| cams | slow | 1.00 s | 1.25 s | **0.80x** | 0.80x, 0.80x | 12 |" in rows
    assert "| cams | new | was not there | | | | |" in rows


@pytest.mark.parametrize("subject", ["before_after"], indirect=True)
def test_seconds_that_a_program_prints_are_read_by_their_unit(subject):
    printed = [
        "| shares of 9 observers | 0.12 s **missed** | 0.5 s |",
        "| a frame | 2.5 ms | 3 ms |",
        "| all | 7.5 | |",
    ]
    found = [
        (row["work"], float(row["number"]) * subject.UNITS[row["unit"]])
        for row in map(subject.PRINTED.match, printed)
    ]
    assert found == [("shares of 9 observers", 0.12), ("a frame", 2.5e-3), ("all", 7.5)]


@pytest.mark.parametrize("subject", ["heads"], indirect=True)
def test_each_turn_of_a_method_takes_its_gradient_anew(subject, monkeypatch):
    asked: list[str] = []
    own = subject.ForwardPass._differentiated
    monkeypatch.setattr(
        subject.ForwardPass, "_differentiated", lambda self: asked.append("again") or own(self)
    )
    contests = {contest.work.partition(",")[0]: contest for contest in subject.on_the_head(small=True)}
    for _ in range(2):
        contests["LRP"].ours.prepare()
        contests["LRP"].ours.call()
    assert asked == ["again", "again"]
