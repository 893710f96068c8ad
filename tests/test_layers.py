"""Who may import whom: a file imports only from lines below its own, and line-mates do not meet."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "emocam"
DRAWING = """
    interactive
    __main__
    launch
    composed
    verb joined
    merge
    app sweep
    door settings mistakes help studies commandline jobs
    task
    callback comparison pieces card
    comparing cells
    occurrences
    runs
    metric plot glance report tracking interleave spreadsheet ledger words
    store
    cam importance effect
    classifier detector data paste
    functional weights precision verdict inline
    structures
    errors places heap cores
"""
RANK = {part: -line for line, parts in enumerate(DRAWING.split("\n")) for part in parts.split()}

# a library that few parts may know
KNOWN_BY = {
    "captum": "cam",
    "cv2": "classifier detector classifier paste",
    "hydra": "commandline composed door interactive jobs launch mistakes settings studies sweep",
    "jinja2": "report",
    "lightnet": "detector",
    "matplotlib": "interactive plot runs",
    "mlflow": "tracking",
    "omegaconf": "app composed door interactive joined launch merge mistakes settings studies sweep",
    "pytorch_lightning": "app task callback",
    "seaborn": "plot",
    "torchmetrics": "metric",
}
LIGHT = (
    "__main__",
    "commandline",
    "composed",
    "cores",
    "errors",
    "help",
    "jobs",
    "launch",
    "mistakes",
    "places",
    "settings",
    "studies",
    "sweep",
)


def imports(file: Path, whole: bool = True) -> Iterator[str]:
    """Dotted names of what a file imports; with `whole` also inside functions."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    for node in ast.walk(tree) if whole else tree.body:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file.name}: imports here name the whole path"
            names = [f"{node.module}.{alias.name}" for alias in node.names]
            yield from names if node.module == PACKAGE.name else [str(node.module)]


def part_of(file: Path, package: Path) -> str:
    return file.relative_to(package).with_suffix("").parts[0]


def faults(package: Path) -> list[str]:
    found = []
    for file in sorted(package.rglob("*.py")):
        part = part_of(file, package)
        if part == "__init__":
            continue
        if part not in RANK:
            found.append(f"{file.name}: {part} has no place in the drawing")
            continue
        for name in imports(file):
            first, *rest = name.split(".")
            if first in KNOWN_BY and part not in KNOWN_BY[first].split():
                found.append(f"{file.name}: {part} may not import {first}")
            other = rest[0] if first == package.name and rest else part
            if other != part and RANK.get(other, RANK["errors"]) >= RANK[part]:
                found.append(f"{file.name}: {part} may not import {other}")
    return found


def reached(module: str) -> set[str]:
    """Everything that is imported, directly or not, when a module of ours is."""
    seen, waiting = set[str](), [module]
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        path = PACKAGE.parent / Path(*name.split("."))
        file = path.with_suffix(".py") if path.with_suffix(".py").is_file() else path / "__init__.py"
        if name.startswith(PACKAGE.name) and file.is_file():
            waiting.extend(imports(file, whole=False))
    return {name.split(".")[0] for name in seen}


def test_imports_go_down_the_drawing() -> None:
    assert not faults(PACKAGE)


@pytest.mark.parametrize(
    ("file", "line", "message"),
    [
        ("cam/gradcam.py", "from emocam.callback.base import Finished", "cam may not import callback"),
        ("detector/haar.py", "import emocam.data.base", "detector may not import data"),
        ("data/coco.py", "def f():\n    from emocam import app", "data may not import app"),
        ("report/page.py", "import matplotlib.pyplot as plt", "report may not import matplotlib"),
        ("task/base.py", "from mlflow import MlflowClient", "task may not import mlflow"),
    ],
)
def test_an_import_up_the_drawing_is_named(tmp_path: Path, file: str, line: str, message: str) -> None:
    written = tmp_path / "emocam" / file
    written.parent.mkdir(parents=True)
    written.write_text(line)
    assert faults(tmp_path / "emocam") == [f"{written.name}: {message}"]


def test_what_answers_help_and_mistakes_is_light() -> None:
    free = sys.stdlib_module_names | {"hydra", "omegaconf", "emocam", "platformdirs"}  # the last is small
    heavy = {part: reached(f"emocam.{part}") - free for part in LIGHT}
    assert not {part: names for part, names in heavy.items() if names}


def test_one_method_does_not_import_another_method_s_library() -> None:
    assert reached("emocam.cam.gradcam") >= {"emocam", "torch"}
    assert "captum" not in reached("emocam.cam.gradcam")
    assert "lightnet" not in reached("emocam.detector.annotations")
