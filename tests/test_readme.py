"""What the README says works."""

import re
import shlex
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```[^\n]*\n(.*?)^```", README, re.DOTALL | re.MULTILINE)
LINES = [line.split("#")[0].strip() for block in BLOCKS for line in block.replace("\\\n", "").splitlines()]
OURS = [
    shlex.split(line)[3:] for line in LINES if line.startswith("python -m emocam ") and "--help" not in line
]


@pytest.mark.parametrize("words", OURS, ids=" ".join)
def test_a_command_of_the_readme_composes(
    emocam: Callable[..., int], words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert emocam(*[word for word in words if word != "-m" and "," not in word], "--cfg", "job") == 0
    assert "_target_" in capsys.readouterr().out


def test_every_file_that_is_linked_is_there() -> None:
    links = [link for link in re.findall(r"\]\(([^)#]+)\)", README) if "://" not in link]
    assert links
    assert not [link for link in links if not (ROOT / link).exists()]


def test_grad_cam_is_shown_as_it_is() -> None:
    method = (ROOT / "emocam/cam/gradcam.py").read_text(encoding="utf-8")
    shown = next(block for block in BLOCKS if block.startswith("class GradCAM"))
    assert shown in method
    assert next(block for block in BLOCKS if block.startswith("_target_: emocam.cam.gradcam")) == (
        ROOT / "conf/cam/gradcam.yaml"
    ).read_text(encoding="utf-8")
