"""Training sets x networks x test sets: one command, and what it refuses."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from emocam.task.groups_cross import accuracy_interval

Command = Callable[..., int]
QUICK = (
    "+experiment=groups_cross",
    "logger=null",
    "cache=null",
    "quiet=true",
    "train.epochs=1",
    "data.workers=0",
)


def folder_of(root: Path, seed: int) -> Path:
    """Write twelve small pictures of two labels: dark ones and bright ones."""
    draw = np.random.default_rng(seed)
    for label, low in (("dark", 0), ("bright", 150)):
        (root / label).mkdir(parents=True)
        for number in range(6):
            pixels = draw.integers(low, low + 100, (40, 40, 3), np.uint8)
            Image.fromarray(pixels).save(root / label / f"{number}.png")
    return root


def test_folders_are_trained_on_and_tested_on_and_what_was_trained_on_is_struck(
    emocam: Command, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    one, other = folder_of(tmp_path / "one", 0), folder_of(tmp_path / "other", 1)
    words = (
        *(
            *QUICK,
            "data=imagefolder",
            "evaluate.styles=[]",
            "~networks.fer",
            "train.hold=0",
            "train.keep=last",
        ),
        *(f"evaluate.trained=[{one}]", f"evaluate.roots=[{one},{other}]", "hydra.run.dir=cross"),
    )
    assert emocam(*words) == 0
    table = pd.read_csv("cross/cross.csv")
    assert table["weights"].tolist() == ["compact_face on one"] * 2 and table["data"].tolist() == [
        "one",
        "other",
    ]
    assert table["struck"].tolist() == [True, False] and table["own"].tolist() == [True, False]
    assert table["trained_on"].tolist() == [12, 0] and (table["images"] == 12).all()
    assert "1 trainings on 2 test sets" in capsys.readouterr().out and Path("cross/cross.png").is_file()
    written = Path("cross/trainings/compact_face-0/weights.safetensors").stat().st_mtime_ns
    assert emocam(*words) == 0  # nothing is trained twice
    assert Path("cross/trainings/compact_face-0/weights.safetensors").stat().st_mtime_ns == written


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("data=imagefolder",), "evaluate.styles are of drawn faces"),
        (("evaluate.styles=[]",), "evaluate.trained must list one FOLDER or more"),
        (("evaluate.styles=[odd]",), "data.style 'odd' is not known"),
    ],
)
def test_what_cannot_be_crossed_is_said_in_a_sentence(
    emocam: Command, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], sentence: str
) -> None:
    assert emocam(*QUICK, *words, "hydra.run.dir=none") == 1
    assert sentence in capsys.readouterr().err


def test_the_interval_is_over_people_where_they_are_known() -> None:
    person = np.repeat(np.arange(8), 10)
    right = (person % 2 == 0).astype(bool)  # four people all right, four all wrong
    by_person, by_picture = accuracy_interval(right, person, 0), accuracy_interval(right, None, 0)
    assert by_person[1] - by_person[0] > 2 * (by_picture[1] - by_picture[0])
