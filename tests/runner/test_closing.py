"""What a run says at its end."""

from pathlib import Path

from emocam.runner.closing import closing
from emocam.system.terminal import shown

SUMMARY = {
    "finding": [{"object": "Ball", "label": "Joy", "percent": 80.0, "count": 24, "images": 30}],
    "in_words": ["The classifier uses Ball to answer Joy: it is in 24 of 30 pictures it calls Joy."],
}


def test_cells_in_words_follow_the_finding(tmp_path: Path) -> None:
    lines = closing(SUMMARY, "1 image: 1 explained", tmp_path)
    assert lines[:3] == [
        "what drives the decisions",
        "  Ball  ->  Joy   80.0 % of its 30 images",
        "The classifier uses Ball to answer Joy: it is in 24 of 30 pictures it calls Joy.",
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
    assert "  Ball  ->  Joy   80.0 % of its 30 images, by chance 31 %" in lines[1]
    assert "by chance" not in closing(SUMMARY | {"finding_chance": [None]}, "1 image", tmp_path)[1]


def test_maps_in_which_boxes_anywhere_count_are_told_with_the_cure(tmp_path: Path) -> None:
    (told,) = [
        line for line in closing(SUMMARY | {"usual_chance": 0.9}, "1 image", tmp_path) if "anywhere" in line
    ]
    assert "in 90 % of the pictures" in told and "threshold.chance" in told and "classifier.layer" in told
    assert not any(
        "anywhere" in line for line in closing(SUMMARY | {"usual_chance": 0.48}, "1 image", tmp_path)
    )


def finding(label: str, count: int, images: int) -> dict:
    return {
        "object": "Ball",
        "label": label,
        "percent": 100 * count / images,
        "count": count,
        "images": images,
    }


def test_findings_are_told_by_the_lower_end_of_their_share_and_few_images_are_held_back(
    tmp_path: Path,
) -> None:
    found = [finding("few", 9, 9), finding("small", 10, 10), finding("large", 90, 100)]
    lines = closing({"finding": found}, "119 images", tmp_path)
    assert [line.split()[2] for line in lines[1:3]] == ["large", "small"]
    assert lines[3] == (
        "  held back: 1 with fewer than 10 images of their label; the page's matrix and cells.csv have all"
    )


def test_at_most_ten_findings_are_told(tmp_path: Path) -> None:
    lines = closing({"finding": [finding(str(n), 20, 20 + n) for n in range(14)]}, "1 image", tmp_path)
    assert sum("->" in line for line in lines) == 10
    assert lines[11].startswith("  held back: 4 that are less well supported;")


def test_of_labels_with_few_images_nothing_is_claimed(tmp_path: Path) -> None:
    lines = closing({"finding": [finding("few", 2, 2)]}, "2 images", tmp_path)
    assert lines[0] == "no label has 10 images, so nothing is claimed of what drives the decisions"
    assert not any("->" in line for line in lines)


def test_a_finding_of_an_earlier_version_counts_by_its_percentage(tmp_path: Path) -> None:
    old = {"object": "Ball", "label": "Joy", "percent": 66.7, "count": 20}
    assert "66.7 % of its 30 images" in closing({"finding": [old]}, "1 image", tmp_path)[1]
