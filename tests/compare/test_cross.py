"""A model, gaze and a brain side by side: what stands out on each, which emotions meet, page and sentences."""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from emocam.compare.cross import cross_lines, cross_table, read_sides, standing_names
from emocam.errors import SettingError
from emocam.report.cross import write_cross

NAN = np.nan


@dataclass
class Made:
    """What is asked of a run, without its folder's tables."""

    path: Path
    label_names: list[str]
    cells: pd.DataFrame
    of_series: bool = False
    choices: dict[str, str] = field(default_factory=dict)

    def file(self, table: str) -> Path:
        return self.path / "there" if len(self.cells) else self.path / "gone"


def cells(*rows: tuple) -> pd.DataFrame:
    names = ["object", "label", "percent", "use_chance", "use_q", "effect", "effect_images", "verdict"]
    return pd.DataFrame(list(rows), columns=names)


@pytest.fixture
def runs(tmp_path: Path) -> list:
    (tmp_path / "there").touch()
    model = cells(
        ("Balloon", "Joy", 80.0, 0.3, 0.001, 2.5, 50, "used"),
        ("<b>Cake", "Joy", 40.0, 0.3, 0.01, 0.1, 50, "looked at without effect"),
        ("Balloon", "Fear", 2.0, 0.3, 0.9, 0.0, 50, None),
        ("Balloon", "Calm", 1.0, 0.3, 0.9, 0.0, 50, None),
    )
    gaze = cells(
        ("Balloon", "Joy", 30.0, 0.2, 0.6, NAN, 0, None),
        ("<b>Cake", "Joy", 70.0, 0.2, 0.001, NAN, 0, None),
        ("Balloon", "Fear", NAN, NAN, NAN, NAN, 0, "too few pictures"),
    )
    brain = cells(
        ("insula", "JOY", 64.0, 0.1, 0.001, 0.8, 40, "used"),
        ("OFC", "JOY", 20.0, 0.1, 0.001, 0.01, 40, "looked at without effect"),
        ("insula", "FEAR", 12.0, 0.1, 0.5, 0.3, 40, "used"),
        ("OFC", "FEAR", 9.0, 0.1, 0.5, 0.0, 40, "not distinguishable from chance"),
    )
    return [
        Made(tmp_path, ["Joy", "Fear", "Calm"], model, choices={"cam": "gradcam"}),
        Made(tmp_path, ["Joy", "Fear"], gaze, choices={"cam": "gaze"}),
        Made(tmp_path, ["JOY", "FEAR"], brain, of_series=True),
    ]


def test_each_side_says_what_it_can_and_emotions_meet_by_name(runs: list) -> None:
    table = cross_table(read_sides(runs))
    assert list(table) == ["emotion", "side", "name", "percent", "chance", "effect", "verdict", "stands_out"]
    assert list(dict.fromkeys(table["emotion"])) == ["Joy", "Fear", "Calm"]
    said = {side: standing_names(table, "Joy", side) for side in ("model", "gaze", "brain")}
    assert said == {"model": ["Balloon"], "gaze": ["<b>Cake"], "brain": ["insula"]}
    verdicts = table.set_index(["emotion", "side", "name"])["verdict"]
    assert verdicts["Joy", "gaze", "<b>Cake"] == "looked at" and verdicts["Joy", "gaze", "Balloon"] == ""
    assert verdicts["Fear", "gaze", "Balloon"] == "too few pictures"
    assert cross_lines(table) == [
        "Joy: the model uses Balloon; people look at <b>Cake; regions that tell it insula",
        "Fear: the model uses none; people look at none; regions that tell it insula",
        "not in all three: Calm",
    ]


def test_without_effects_the_model_s_maps_are_what_is_known(runs: list) -> None:
    runs[0].cells = runs[0].cells.assign(effect_images=0, effect=NAN, verdict=None)
    table = cross_table(read_sides(runs))
    assert standing_names(table, "Joy", "model") == ["Balloon", "<b>Cake"]


def test_the_page_shows_three_matrices_and_names_are_no_markup(runs: list, tmp_path: Path) -> None:
    sides = read_sides(runs)
    page = write_cross(tmp_path / "out", cross_table(sides), {side.name: side.run for side in sides})
    text = page.read_text(encoding="utf-8")
    assert page == tmp_path / "out" / "cross" / "index.html"
    assert text.count("<table") == 4 and "<b>Cake" not in text and "&lt;b&gt;Cake" in text
    assert "has no such label" in text and "● 80" in text and "effect 0.80 log-odds" in text
    assert (tmp_path / "out" / "cross.png").stat().st_size > 5_000
    written = pd.read_csv(tmp_path / "out" / "cross.csv")
    assert len(written) == sum(len(run.cells) for run in runs)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            lambda runs: runs[::-1],
            r"MODEL .* is a run of a brain \(emocam decode\), and one of a model is expected",
        ),
        (
            lambda runs: [runs[0], runs[0], runs[2]],
            r"GAZE .* is a run of a model, and one of gaze \(cam=gaze\)",
        ),
        (lambda runs: [*runs[:2], runs[1]], r"BRAIN .* is a run of gaze"),
        (
            lambda runs: [*runs[:2], Made(runs[2].path, ["HATE"], runs[2].cells, True)],
            r"share no emotion by its name \(model: Joy, Fear, Calm; gaze: Joy, Fear; brain: HATE\)",
        ),
        (
            lambda runs: [*runs[:2], Made(runs[2].path, ["JOY"], runs[2].cells.head(0), True)],
            r"BRAIN .* has no cells.parquet",
        ),
    ],
)
def test_what_cannot_be_laid_side_by_side_is_one_sentence(runs: list, change, words: str) -> None:
    with pytest.raises(SettingError, match=words):
        read_sides(change(runs))
