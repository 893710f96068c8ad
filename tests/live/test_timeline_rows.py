"""timeline.csv row by row: read again with pandas, with columns that come later."""

from pathlib import Path

import numpy as np
import pandas as pd

from emocam.functional.frame_drawing import FrameAnswer
from emocam.live.answers import LiveAnswer
from emocam.live.timeline_rows import TimelineRows
from emocam.results.timeline import MOST_OBJECTS


def answer(importance: dict[int, float], face: int | None = None) -> LiveAnswer:
    return LiveAnswer(face, 1, np.array([0.25, 0.75]), importance, FrameAnswer())


def test_a_row_is_an_answer_with_all_its_numbers(tmp_path: Path) -> None:
    with TimelineRows(tmp_path / "t.csv", "=a.mp4", ["joy", "time"], ["eyes", "mouth"]) as rows:
        rows.add(1.25, [answer({1: 0.5}, 0), answer({0: 0.125, 1: 0.5}, 3)], 2.0)
        rows.add(2.0, [], None)
        rows.add(3.0, [answer({}, 0)], None)
    table = pd.read_csv(tmp_path / "t.csv")
    assert list(table.columns[:9]) == [
        *("image", "source", "time", "face", "label", "confidence", "shown", "joy", "time (label)")
    ]
    assert table["image"].tolist()[1] == "'=a.mp4#t=1.250000&face=3"
    assert table["label"].tolist() == ["time"] * 3
    assert table["confidence"].tolist() == [0.75] * 3
    assert table["importance of eyes"].isna().tolist() == [True, False, True]
    assert table["shown"].tolist()[:2] == [2, 2]


def test_of_many_objects_those_seen_first_have_columns(tmp_path: Path) -> None:
    names = [f"object {number}" for number in range(100)]
    with TimelineRows(tmp_path / "t.csv", "camera 0", ["a", "b"], names) as rows:
        for number in range(30):
            rows.add(number, [answer({99 - number: number / 100})], None)
    table = pd.read_csv(tmp_path / "t.csv")
    assert list(table.columns[9:]) == [
        f"importance of object {99 - number}" for number in range(MOST_OBJECTS)
    ]
    assert len(table) == 30
    for number in range(MOST_OBJECTS):
        column = table[f"importance of object {99 - number}"]
        assert column.notna().tolist() == [row == number for row in range(30)]
        assert column[number] == number / 100
