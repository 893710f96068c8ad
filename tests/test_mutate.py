"""Faults are planted where they should be, and tests notice them or not as they would by hand."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def mutate() -> ModuleType:
    spec = importlib.util.spec_from_file_location("mutate", ROOT / "benchmarks" / "mutate.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules["mutate"] = module
    spec.loader.exec_module(module)
    return module


SOURCE = '''
"""Three."""
from typing import TYPE_CHECKING
if TYPE_CHECKING:
    LIMIT = 3
def f(a: int = 1, *, b: "list[4]") -> "tuple[5]":
    """One of 7 words."""
    if a < 2 and not b:
        raise ValueError("at most" + str(6))
    return min(a, 2.5) if a else a + b
'''
PLANTED = [
    *("1 -> 2", "2 -> 3", "a < 2 -> a <= 2", "not b -> b", "a < 2 and (not b) -> a < 2 or not b"),
    *("min -> max", "2.5 -> 5.125", "a + b -> a - b"),
    "min(a, 2.5) if a else a + b -> a + b if a else min(a, 2.5)",
]


def test_faults_are_in_what_computes_and_not_in_types_texts_and_errors(
    mutate: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mutate, "PACKAGE", tmp_path)
    (tmp_path / "f.py").write_text(SOURCE)
    found = mutate.faults_of(tmp_path / "f.py")
    assert sorted(fault.words for fault in found) == sorted(PLANTED)
    less = next(fault for fault in found if fault.words == "a < 2 -> a <= 2")
    assert "if a <= 2 and (not b):" in mutate.with_fault(less) and less.line == 8


def test_tests_of_a_file_are_its_mirror_or_those_that_import_it(mutate: ModuleType) -> None:
    assert mutate.tests_of("functional/map/focus.py") == ("tests/functional/map/test_focus.py",)
    assert "tests/importance/test_peak.py" in mutate.tests_of("functional/map/peaks.py")


def test_a_fault_is_noticed_by_tests_of_it_alone(mutate: ModuleType) -> None:
    file = mutate.PACKAGE / "functional" / "statistics" / "wilson.py"
    fault = next(fault for fault in mutate.faults_of(file) if "4 *" in fault.words or "2 *" in fault.words)
    own = ("tests/functional/statistics/test_wilson.py",)
    assert not mutate.notice(own, None, "--noconftest") and mutate.notice(own, fault, "--noconftest")


def test_of_the_tests_only_those_that_come_to_the_changed_line_are_run(mutate: ModuleType) -> None:
    file = mutate.PACKAGE / "functional" / "statistics" / "wilson.py"
    own = ("tests/functional/statistics/test_wilson.py",)
    reached = mutate.reached_by("functional/statistics/wilson.py", own)
    assert reached is not None and reached.options == ["--noconftest"]
    fault = next(fault for fault in mutate.faults_of(file) if "4 *" in fault.words or "2 *" in fault.words)
    lines = mutate.lines_of(fault)
    assert fault.line in lines
    those = reached.tests(lines)
    assert those and all(fault.line in reached.found[test][1] for test in those)
    seconds = [reached.found[test][0] for test in those]
    assert seconds == sorted(seconds)
    # a line that nobody comes to may be run by a thread, and one that runs on import by all
    assert reached.tests(range(10**6, 10**6 + 1)) == list(reached.found)
    assert set(reached.tests(None)) == {test for test, (_, where) in reached.found.items() if where}


def test_what_runs_on_import_has_no_lines_of_its_own(
    mutate: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mutate, "PACKAGE", tmp_path)
    (tmp_path / "f.py").write_text(
        "A = 1\n\n\ndef f(a, b=2):\n    if a < 3:\n        a += 4\n    return (\n        a +\n        5\n    )\n"
    )
    found = {fault.words: mutate.lines_of(fault) for fault in mutate.faults_of(tmp_path / "f.py")}
    assert found["1 -> 2"] is None and found["2 -> 3"] is None
    assert (
        found["3 -> 4"] == range(5, 6) and found["4 -> 5"] == range(6, 7) and found["5 -> 6"] == range(7, 11)
    )


def test_all_that_imports_a_changed_file_is_imported_again(mutate: ModuleType) -> None:
    known = mutate.dependents("functional/statistics/wilson.py")
    assert {"emocam.functional.statistics.wilson", "emocam.functional.statistics.group_intervals"} <= known
    assert "emocam.cells.dependence" in known and "emocam.functional.statistics.lift" not in known
