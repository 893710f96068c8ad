"""What a run says at its end."""

from pathlib import Path

from emocam.runner.closing import closing
from emocam.system.terminal import shown

SUMMARY = {
    "finding": [{"object": "Ball", "label": "Joy", "percent": 80.0}],
    "in_words": ["Ball: in 80 % of the pictures labelled Joy (30 % of all). Used."],
}


def test_cells_in_words_follow_the_finding(tmp_path: Path) -> None:
    lines = closing(SUMMARY, "1 image: 1 explained", tmp_path)
    assert lines[:3] == [
        "what drives the decisions",
        "  Ball  ->  Joy   80.0 % of its images",
        "Ball: in 80 % of the pictures labelled Joy (30 % of all). Used.",
    ]


def test_without_cells_nothing_is_said_of_them(tmp_path: Path) -> None:
    lines = closing({"finding": SUMMARY["finding"]}, "1 image: 1 explained", tmp_path)
    assert lines[2:] == ["1 image: 1 explained", f"report   {tmp_path}"]


def test_what_parts_model_and_data_what_is_outside_and_what_is_stable_follow(tmp_path: Path) -> None:
    found = {"apart": ["Cake comes with Joy."], "unexplained": 0.394, "unexplained_area": 0.74}
    lines = closing(SUMMARY | found | {"stable_top": 5, "stable_from": 1500}, "1 image", tmp_path)
    assert lines[3:6] == [
        "Cake comes with Joy.",
        "outside all boxes: 39 % of the maps' mass, 74 % of the area",
        "the same 5 objects count most often from 1,500 pictures on (which are common, not which go with a label)",
    ]
    lines = closing(
        SUMMARY | {"stable_top": 3, "stable_from": None, "unexplained": None}, "1 image", tmp_path
    )
    assert lines[3] == "which 3 objects count most often still changes: more pictures are needed"


def test_a_name_does_not_steer_the_terminal() -> None:
    assert shown(["a \x1b[2J\x9b1m name\r", "Ü ✓"]) == "a \ufffd[2J\ufffd1m name\ufffd\nÜ ✓\n"


def test_a_finding_is_held_against_its_own_chance(tmp_path: Path) -> None:
    lines = closing(SUMMARY | {"finding_chance": [31.4]}, "1 image", tmp_path)
    assert "  Ball  ->  Joy   80.0 % of its images, by chance 31 %" in lines[1]
    assert "by chance" not in closing(SUMMARY | {"finding_chance": [None]}, "1 image", tmp_path)[1]


def test_maps_in_which_boxes_anywhere_count_are_told_with_the_cure(tmp_path: Path) -> None:
    (told,) = [
        line for line in closing(SUMMARY | {"usual_chance": 0.9}, "1 image", tmp_path) if "anywhere" in line
    ]
    assert "in 90 % of the pictures" in told and "threshold.chance" in told and "classifier.layer" in told
    assert not any(
        "anywhere" in line for line in closing(SUMMARY | {"usual_chance": 0.48}, "1 image", tmp_path)
    )
