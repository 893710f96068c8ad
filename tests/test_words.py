"""What a run says at its end."""

from pathlib import Path

from emocam.words import closing

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
