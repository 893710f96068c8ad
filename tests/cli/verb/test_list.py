"""`emocam list` knows each option and says something of it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from emocam.cli.verb.list import KINDS, option_text
from emocam.settings.paths import resource_folder

Command = Callable[..., int]
FILES = sorted([*resource_folder("conf").glob("*/*.yaml"), *resource_folder("experiments").glob("*.yaml")])
SPOKEN = [*KINDS.values(), "trainer", "task", "effect", "paste", "importance", "experiments"]


@pytest.mark.parametrize(
    "file", [f for f in FILES if f.parent.name in SPOKEN], ids=lambda f: f"{f.parent.name}={f.stem}"
)
def test_each_option_is_described(file: Path) -> None:
    assert len(option_text(file)) > 10


def test_every_cam_is_listed_by_its_name(emocam: Command, capsys: pytest.CaptureFixture[str]) -> None:
    assert emocam("list", "cams") == 0
    text = capsys.readouterr().out
    listed = {line.split()[0] for line in text.splitlines() if line and not line.startswith((" ", "chosen"))}
    assert listed == {file.stem for file in (resource_folder("conf") / "cam").glob("*.yaml")}
    assert "Selvaraju" in text


def test_unknown_kind_and_verb_name_the_nearest(emocam: Command, capsys: pytest.CaptureFixture[str]) -> None:
    assert emocam("list", "cam_s") == 1
    assert "did you mean cams" in capsys.readouterr().err
    for word, verb in {"verfy": "verify", "doktor": "doctor", "lst": "list", "exports": "export"}.items():
        assert emocam(word, "RUN") == 1
        assert f"did you mean emocam {verb}?" in capsys.readouterr().err
