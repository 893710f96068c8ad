"""Who may import whom: a file imports only from lines below its own, and line-mates do not meet."""

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "emocam"
DRAWING = """
    __main__ api
    cli
    runner
    task callback compare live
    intervention report train export decoding
    predict cells
    results
    cam importance effect plot metric logger attribution
    classifier detector data paste
    network face world
    view functional
    records settings system
    errors version
"""
RANK = {part: -line for line, parts in enumerate(DRAWING.split("\n")) for part in parts.split()}

# a library that few parts may know
KNOWN_BY = {
    "captum": "cam",
    "ai_edge_litert": "network",
    "av": "data",
    "contourpy": "plot",
    "cv2": "system",
    "fsspec": "data",
    "hydra": "api cli runner settings",
    "jinja2": "report",
    "lightnet": "detector",
    "matplotlib": "plot",
    "mlflow": "logger",
    "onnxruntime": "network",
    "omegaconf": "api cli runner settings",
    "pytorch_lightning": "intervention predict train",
    "seaborn": "plot",
    "transformers": "classifier detector",
    "torchmetrics": "metric",
}
LIGHT = ("__main__", "runner.sweep", "runner.job_status", "errors", "version")
"""Beside all files of cli, settings and system."""


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


def room_of(file: Path, package: Path) -> str:
    return file.relative_to(package).with_suffix("").parts[0]


def faults(package: Path) -> list[str]:
    found = []
    for file in sorted(package.rglob("*.py")):
        room = room_of(file, package)
        if room == "__init__":
            continue
        if room not in RANK:
            found.append(f"{file.name}: {room} has no place in the drawing")
            continue
        for name in imports(file):
            first, *rest = name.split(".")
            if first in KNOWN_BY and room not in KNOWN_BY[first].split():
                found.append(f"{file.name}: {room} may not import {first}")
            if first != package.name:
                continue
            other = rest[0] if rest else package.name
            if other not in RANK:
                found.append(f"{file.name}: {name} is not in the drawing")  # the package itself is for users
            elif other != room and RANK[other] >= RANK[room]:
                found.append(f"{file.name}: {room} may not import {other}")
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
        ("data/coco.py", "def f():\n    from emocam.runner import sweep", "data may not import runner"),
        ("view/crops.py", "from emocam.functional.map import maps", "view may not import functional"),
        ("task/grid.py", "from emocam import Run", "emocam.Run is not in the drawing"),
        ("cam/fem.py", "import emocam", "emocam is not in the drawing"),
        ("helpers/text.py", "", "helpers has no place in the drawing"),
        ("report/page.py", "import matplotlib.pyplot as plt", "report may not import matplotlib"),
        ("task/base.py", "from mlflow import MlflowClient", "task may not import mlflow"),
    ],
)
def test_an_import_up_the_drawing_is_named(tmp_path: Path, file: str, line: str, message: str) -> None:
    written = tmp_path / "emocam" / file
    written.parent.mkdir(parents=True)
    written.write_text(line)
    assert faults(tmp_path / "emocam") == [f"{written.name}: {message}"]


def test_the_package_is_rooms_and_four_files() -> None:
    files = {file.name for file in PACKAGE.glob("*.py")}
    assert files <= {"__init__.py", "__main__.py", "errors.py", "version.py"}
    rooms = {folder.name for folder in PACKAGE.iterdir() if folder.is_dir() and any(folder.glob("*.py"))}
    assert rooms | {file.removesuffix(".py") for file in files} == {*RANK, "__init__"}


def test_a_room_s_first_file_is_one_docstring() -> None:
    for file in PACKAGE.rglob("*/__init__.py"):
        (only,) = ast.parse(file.read_text(encoding="utf-8")).body
        assert isinstance(only, ast.Expr), file


def test_what_answers_help_and_mistakes_is_light() -> None:
    free = sys.stdlib_module_names | {"hydra", "omegaconf", "emocam", "platformdirs"}  # the last is small
    modules = [f"emocam.{part}" for part in LIGHT]
    modules += [
        ".".join(file.relative_to(PACKAGE.parent).with_suffix("").parts)
        for room in ("cli", "settings", "system")
        for file in (PACKAGE / room).glob("*.py")
    ]
    heavy = {module: reached(module) - free for module in modules}
    assert not {module: names for module, names in heavy.items() if names}


def test_one_method_does_not_import_another_method_s_library() -> None:
    assert reached("emocam.cam.gradcam") >= {"emocam", "torch"}
    assert "captum" not in reached("emocam.cam.gradcam")
    assert "lightnet" not in reached("emocam.detector.annotations")


SHARED = re.compile(r"main|read_\w+|_\w+|T")
"""Names that may stand in several files: a verb's entry, readers of one table each, type variables."""


def defined(package: Path) -> dict[str, list[str]]:
    """The files that define each class and function at their top level."""
    places: dict[str, list[str]] = {}
    for file in sorted(package.rglob("*.py")):
        for node in ast.parse(file.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ClassDef | ast.FunctionDef):
                places.setdefault(node.name, []).append(file.relative_to(package).as_posix())
    return places


def options() -> set[str]:
    """Classes that conf/ names: an option is called like its file, in each group."""
    targets = re.compile(r"_target_: emocam\.[\w.]+\.(\w+)")
    files = (PACKAGE.parent / "conf").rglob("*.yaml")
    return {name for file in files for name in targets.findall(file.read_text(encoding="utf-8"))}


def test_a_name_is_one_thing() -> None:
    known = options()
    twice = {
        name: files
        for name, files in defined(PACKAGE).items()
        if len(files) > 1 and not SHARED.fullmatch(name) and name not in known
    }
    assert not twice


def test_a_name_of_two_things_is_found(tmp_path: Path) -> None:
    for room in ("cam", "data"):
        (tmp_path / room).mkdir()
        (tmp_path / room / "base.py").write_text("def digest():\n    pass")
    assert defined(tmp_path) == {"digest": ["cam/base.py", "data/base.py"]}


def test_contributing_shows_the_same_drawing_and_names_files_that_are_there() -> None:
    text = (PACKAGE.parent / "CONTRIBUTING.md").read_text(encoding="utf-8")
    drawn = text.partition("```text\n")[2].partition("```")[0].splitlines()
    rooms = [line.split() for line in DRAWING.strip().splitlines()]
    assert [line.split()[: len(row)] for line, row in zip(drawn, rooms, strict=True)] == rooms
    table = text.partition("Where is ...")[2].partition("\n- ")[0]
    named = re.findall(r"`([a-z_]+/[\w/.]*)`", table)
    assert len(named) > 20
    assert [place for place in named if not (PACKAGE / place).exists()] == []
