"""`import emocam` costs next to nothing: what is heavy comes when it is asked for."""

import os
import resource
import subprocess
import sys
from pathlib import Path

import emocam

ROOT = Path(__file__).parents[1]


def ask(code: str) -> str:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    ).stdout


def cpu_seconds(code: str) -> float:
    """The least of three, of user and system together."""
    spent = []
    for _ in range(3):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        ask(code)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        spent.append(after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime)
    return min(spent)


def test_it_loads_the_standard_library_only() -> None:
    code = "import sys; before = set(sys.modules); import emocam; print(*(set(sys.modules) - before))"
    loaded = {name.split(".")[0] for name in ask(code).split()}
    assert loaded - sys.stdlib_module_names == {"emocam"}


def test_it_takes_less_than_a_fifth_of_a_second() -> None:
    assert cpu_seconds("import emocam") - cpu_seconds("pass") < 0.2


def test_it_names_what_it_offers() -> None:
    assert {"Run", "explain", "run"} <= set(dir(emocam))
    assert all(callable(getattr(emocam, name)) for name in emocam.__all__)
