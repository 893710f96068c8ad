"""Faults are planted where they should be, and tests notice them or not as they would by hand."""

import importlib.util
import json
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
    assert mutate.tests_of("functional/map/focus.py") == (
        "tests/functional/map/test_focus.py",
        "tests/functional/map/test_map_parts_by_hand.py",
    )
    assert mutate.tests_of("functional/map/rings.py") == (
        "tests/functional/map/test_map_parts_by_hand.py",
        "tests/importance/test_contrast.py",
    )


def test_a_fault_is_noticed_by_tests_of_it_alone(mutate: ModuleType) -> None:
    file = mutate.PACKAGE / "functional" / "statistics" / "wilson.py"
    fault = next(fault for fault in mutate.faults_of(file) if "4 *" in fault.words or "2 *" in fault.words)
    own = ("tests/functional/statistics/test_wilson.py",)
    assert not mutate.notice(own, None, "--noconftest") and mutate.notice(own, fault, "--noconftest")


def test_faults_share_a_session_and_what_runs_on_import_is_left(mutate: ModuleType, tmp_path: Path) -> None:
    wilson = mutate.faults_of(mutate.PACKAGE / "functional" / "statistics" / "wilson.py")
    noticed = next(fault for fault in wilson if fault.words == "4 * n -> 4 / n")
    equal = next(fault for fault in wilson if fault.words == "0 * n -> 0 / n")
    constant = mutate.faults_of(mutate.PACKAGE / "functional" / "statistics" / "correlation_interval.py")[0]
    assert mutate.lines_of(constant) is None
    known: dict[str, bool] = {}
    out = tmp_path / "mutants.jsonl"
    left = mutate.asked_together([noticed, constant, equal], known, out)
    assert known == {noticed.name: True, equal.name: False}
    assert [fault for fault, _ in left] == [constant] and left[0][1]
    lines = [json.loads(line) for line in out.read_text().splitlines()]
    assert {line["fault"]: line["noticed"] for line in lines} == known


def test_who_imported_a_function_gets_its_new_code(
    mutate: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = "from functools import lru_cache\n\n\n@lru_cache\ndef f(a):\n    return (lambda b: b + 1)(a)\n"
    (tmp_path / "held.py").write_text(source)
    monkeypatch.syspath_prepend(tmp_path)
    from held import f  # type: ignore[import-not-found]

    file = f.__wrapped__.__code__.co_filename
    swapping = sys.modules[mutate.Session.__module__]
    functions, caches = swapping.live_functions({file})
    code = compile(source.replace("b + 1", "b - 1"), file, "exec")
    assert f(4) == 5 and f in caches and swapping.swappable(functions[file], code)
    assert swapping.swap(functions[file], code) == 1
    f.cache_clear()
    assert f(4) == 3
    assert not swapping.swappable(functions[file], compile("A = 2\n", file, "exec"))


def test_those_that_come_to_the_line_are_run_the_quickest_first(mutate: ModuleType) -> None:
    session = mutate.Session([], print)
    session.reached = {
        "slow": (3.0, {"f.py": [1, 5]}),
        "quick": (0.1, {"f.py": [5, 6]}),
        "elsewhere": (0.2, {"f.py": [9]}),
        "of another file": (0.0, {"g.py": [5]}),
    }
    assert session.tests("f.py", range(5, 6)) == ["quick", "slow"]
    # a line that nobody comes to may be run by a thread, and one that runs on import by all
    assert (
        session.tests("f.py", range(70, 71)) == session.tests("f.py", None) == ["quick", "elsewhere", "slow"]
    )


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
