"""Every command in docs/ and README.md is run as printed; what needs something of the user's is composed.

A fence ```bash runs in a folder of its own for each page, on few pictures. ```bash needs=WHAT does not.
RUN, OTHER, PHOTOS and FILMS are finished runs, a folder of pictures with boxes and one of films. Fences
```python run too.
"""

import os
import re
import shlex
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from shutil import copy

import numpy as np
import pytest
from hydra.core.global_hydra import GlobalHydra
from hydra.core.hydra_config import HydraConfig

from emocam.cli.help import VERBS
from emocam.cli.main import answer
from emocam.data.planted import Planted
from tests.data.films import write_film

Command = Callable[..., int]
ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
FENCE = re.compile(
    r"^(`[\w./-]+`:\n\n)?```(bash|console|python)(?: needs=(\w+))?\n(.*?)^```", re.DOTALL | re.M
)
PYTHON = ["python", "-m", "emocam"]
QUICK = ["quiet=true", "trainer=cpu", "data.workers=0"]
STORED = ("evidence=", "+experiment=")
TOLD = {"--cfg", "--info", "--help"}
"""Words with which nothing is run."""


@dataclass(frozen=True)
class Block:
    """A fence of a page: its language, what it needs of the user's, and its text."""

    page: Path
    language: str
    needs: str | None
    text: str

    @property
    def commands(self) -> list[list[str]]:
        lines = self.text.replace("\\\n", " ").splitlines()
        words = [shlex.split(line.removeprefix("$ "), comments=True) for line in lines]
        return [found for found in words if found]


def blocks_of(page: Path) -> list[Block]:
    """All but the files that a page asks to write, which tests/test_own_parts.py writes, and code to look at."""
    found = FENCE.findall(page.read_text(encoding="utf-8"))
    blocks = [
        Block(page, language, needs or None, text) for named, language, needs, text in found if not named
    ]
    return [block for block in blocks if "import" in block.text or block.language != "python"]


BLOCKS = [block for page in PAGES for block in blocks_of(page)]
NEEDING = [
    pytest.param(command, id=" ".join(command))
    for block in BLOCKS
    if block.needs and block.language == "bash"
    for command in block.commands
    if command[:3] == PYTHON or command[0] == "emocam"
]


def run_words(command: list[str]) -> list[str]:
    """The words after the program's name, on few pictures where the command draws them."""
    if command[:2] == ["emocam", "decode"]:
        return [*command[1:], "data.volumes=60", "task.draws=99", "quiet=true", "logger=null"]
    if command[0] == "emocam":
        return command[1:]
    assert command[:3] == PYTHON, f"{shlex.join(command)} needs a mark: ```bash needs=WHAT"
    words = command[3:]
    if TOLD & set(words) or any(word.startswith(STORED) for word in words):
        return words
    drawn = not any(word.startswith("data=") for word in words)
    if "task=reduce" in words:  # it needs some sequences of each label
        return [*words, *QUICK]
    few = [] if not drawn else ["data.images=6" if "trainer=ddp_sim" in words else "data.images=12"]
    words = [word for word in words if not word.startswith("data.images=")]
    return [
        *words,
        *few,
        *(word for word in QUICK if word != "trainer=cpu" or "trainer=ddp_sim" not in words),
    ]


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Path]]:
    """Two finished runs and a folder of pictures."""
    folder = tmp_path_factory.mktemp("documents")
    Planted(images=8).write(folder / "photos")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        kept = dict(os.environ)
        for name, cam in (("run", "gradcam"), ("other", "layercam")):
            start(f"cam={cam}", "data.images=12", f"hydra.run.dir={folder / name}", "logger=null", *QUICK)
        os.environ.clear()
        os.environ.update(kept)
    (folder / "films").mkdir()
    if find_spec("av"):
        frames = [np.full((48, 64, 3), 10 * i, np.uint8) for i in range(8)]
        write_film(folder / "films" / "a.mp4", "libx264", [100 * i for i in range(8)], frames)
    names = {"RUN": "run", "OTHER": "other", "PHOTOS": "photos", "FILMS": "films"}
    yield {name: folder / own for name, own in names.items()}


def start(*words: str) -> int:
    GlobalHydra.instance().clear()
    HydraConfig.instance().cfg = None
    return answer(list(words))


def fill(text: str, prepared: dict[str, Path]) -> str:
    return re.sub(r"\b(RUN|OTHER|PHOTOS|FILMS)\b", lambda name: str(prepared[name[0]]), text)


def first_to_say() -> dict[Path, list[Block]]:
    """By page, what is to be run of it; a command that another page has said already runs there."""
    said: set[str] = set()
    pages: dict[Path, list[Block]] = {}
    for block in BLOCKS:
        if block.needs is None and block.text not in said:
            pages.setdefault(block.page, []).append(block)
            said.add(block.text)
    return pages


RUNNING = first_to_say()


LONG = [
    pytest.param(
        page, marks=[] if page.name == "README.md" else [pytest.mark.slow], id=str(page.relative_to(ROOT))
    )
    for page in RUNNING
]
"""A page is a few whole commands; README's are run with every test."""


@pytest.mark.parametrize("page", LONG)
def test_commands_of_a_page_run(
    page: Path,
    emocam: Command,
    prepared: dict[str, Path],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    copy(ROOT / "emocam/paste/objects/star.png", tmp_path / "hat.png")
    tracked = [] if page.stem == "mlflow" else ["logger=null"]
    for block in RUNNING[page]:
        if block.language == "python":
            exec(compile(fill(block.text, prepared), str(page), "exec"), {})
            continue
        for command in block.commands:
            words = [fill(word, prepared) for word in run_words(command)]
            started = command[0] == "python" and not TOLD & set(words)
            assert emocam(*words, *(tracked if started else [])) == 0, (
                f"{shlex.join(command)}: {capsys.readouterr().err[-2000:]}"
            )


@pytest.mark.parametrize("command", NEEDING)
def test_a_command_that_needs_something_is_one_that_could_be_given(
    command: list[str], emocam: Command, prepared: dict[str, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    if command[0] == "emocam":
        assert command[1] in VERBS
        return
    words = [fill(word, prepared) for word in command[3:] if word != "-m" and "launcher" not in word]
    words = [word.partition(",")[0] if "[" not in word else word for word in words]
    assert emocam(*words, "--cfg", "job") == 0, capsys.readouterr().err
    assert "_target_" in capsys.readouterr().out
