"""The page without a browser: what is written, that it says what the run found, and that names stay text."""

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from emocam.report.best_pairs import AGAINST, MOST
from emocam.report.conclusions import effect_rule_in_words
from emocam.report.findings import warnings
from emocam.report.matrix import depth, percent_text
from emocam.report.page import write_report
from emocam.report.top_pictures import Strongest, find_strongest
from emocam.results.parquet_file import write_frame
from emocam.results.run import Matrix, Run
from emocam.results.sentences import capitalised, nothing_found
from emocam.results.summary import Summary


class Table(HTMLParser):
    """Heads, and rows of cells, as a reader of HTML finds them."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.heads, self.rows, self.scripts, self.open = [], [], [], None
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        if tag == "script":
            self.scripts.append(dict(attrs))
        if tag in ("thead", "tbody"):
            self.part = tag
        if tag == "tr":
            self.rows.append([])
        if tag in ("th", "td"):
            self.open = ""

    def handle_data(self, data):
        if self.open is not None:
            self.open += data

    def handle_endtag(self, tag):
        if tag in ("th", "td"):
            (self.heads if self.part == "thead" else self.rows[-1]).append(self.open)
            self.open = None


def data_of(file: Path) -> dict:
    text = file.read_text("ascii")
    assert text.startswith("emocam({") and text.endswith("});\n")
    return json.loads(text[len("emocam(") : -len(");\n")])


def gallery_by_pandas(folder: Path, object: str, label: str) -> list[str]:
    evidence = pd.read_parquet(folder / "evidence.parquet").astype({"object": str, "label": str})
    cell = evidence[(evidence["object"] == object) & (evidence["label"] == label)]
    cell = cell[(cell["importance"] > np.float32(0.3)) & (cell["score"] > np.float32(0.005))]
    return list(cell.groupby("image")["importance"].max().sort_values(ascending=False).index)


def test_the_table_shows_every_object_with_a_count_in_percent(run_folder):
    folder, open_picture = run_folder
    page = write_report(Run(folder), open_picture)
    assert page == folder / "report" / "index.html"
    table = Table(page.read_text())
    percent = pd.read_csv(folder / "association_percent.csv", index_col=0)
    assert table.heads == ["object", *percent.columns]
    shown = {row[0]: row[1:] for row in table.rows if row}
    counted = percent[(percent > 0).any(axis=1)]
    assert set(shown) == set(counted.index)
    for object, cells in shown.items():
        assert [float(cell) for cell in cells] == pytest.approx(list(counted.loc[object]), abs=0.0501)
    means = [percent.loc[object].mean() for object in shown]
    assert means == sorted(means, reverse=True)


def test_cells_take_turns_where_the_page_has_room_for_few(run_folder):
    run = Run(run_folder[0])
    whole = find_strongest(run)
    for most in (1, 7, 30):
        few = find_strongest(run, most)
        shown = set(few.pairs["image"])
        assert len(shown) <= most and few.left_out + len(shown) == whole.pairs["image"].nunique()
        # the turns again, one picture at a time
        kinds = ["object", "label", "against"]
        cells = {cell: rows["image"].tolist() for cell, rows in whole.pairs.groupby(kinds)}
        counts = {
            (cell, image): counted
            for cell, rows in whole.pairs.groupby(kinds)
            for image, counted in zip(rows["image"], rows["passed"].astype(bool), strict=True)
        }
        strength = whole.pairs.set_index([*kinds, "image"])["strength"]
        chosen: list[str] = []
        for turn in range(max(map(len, cells.values()))):
            at_turn = [(cell, rows[turn]) for cell, rows in cells.items() if len(rows) > turn]
            at_turn.sort(key=lambda a: (not counts[a], -len(cells[a[0]]), -strength[(*a[0], a[1])]))
            chosen += [image for _, image in at_turn]
        room = set(list(dict.fromkeys(chosen))[:most])
        assert shown <= room
        for cell, rows in cells.items():
            own = (few.pairs[kinds] == list(cell)).all(axis=1)
            left = few.pairs[own]["image"].tolist()
            assert left == rows[: len(left)]
            assert len(left) == len(rows) or rows[len(left)] not in room


def test_page_says_for_how_many_pictures_it_has_room(run_folder):
    folder, open_picture = run_folder
    page = write_report(Run(folder), open_picture, pictures=5).read_text()
    assert "This page has room for 5 pictures of the " in page
    assert len(list((folder / "report" / "thumbnails").rglob("*.webp"))) == 5
    assert "This page has room" not in write_report(Run(folder), open_picture).read_text()


def test_a_gallery_holds_the_strongest_pictures_first_and_no_more_than_sixty(run_folder, monkeypatch):
    monkeypatch.setattr("emocam.report.best_pairs.MOST", 5)
    folder, open_picture = run_folder
    write_report(Run(folder), open_picture)
    run = data_of(folder / "report/data/run.js")
    thing, label = run["objects"].index("Triangle"), run["labels"].index("danger")
    cells = data_of(folder / f"report/data/objects/{thing:04d}.js")["cells"]
    expected = gallery_by_pandas(folder, "Triangle", "danger")
    assert len(expected) > 5 and MOST == 60
    assert [picture["path"] for picture in cells[str(label)]] == expected[:5]
    for picture in cells[str(label)]:
        assert picture["boxes"] == sorted(picture["boxes"], key=lambda box: -box[5])
        assert (folder / "report/thumbnails/000" / f"{picture['id']:06d}.webp").is_file()
        assert len(picture["map"]["cells"]) and picture["map"]["shape"] == [7, 7]


def in_groups_of(images: int, folder: Path) -> None:
    """Write predictions and evidence again with so many pictures in each row group."""
    names = pd.read_parquet(folder / "predictions.parquet")["image"].tolist()
    for table in ("predictions", "evidence"):
        rows = pq.read_table(folder / f"{table}.parquet")
        place = np.array([names.index(image) for image in rows["image"].to_pylist()])
        with pq.ParquetWriter(folder / f"{table}.parquet", rows.schema) as writer:
            for start in range(0, len(names), images):
                writer.write_table(rows.filter((place >= start) & (place < start + images)))


def test_blocks_of_any_size_give_the_same_galleries(run_folder, monkeypatch):
    folder, _ = run_folder
    run = Run(folder)
    whole = find_strongest(run)
    in_groups_of(9, folder)
    monkeypatch.setattr("emocam.results.run.HELD", 0)
    monkeypatch.setattr("emocam.results.run.BLOCK", 7)
    monkeypatch.setattr("emocam.report.best_pairs.FULL", 40)
    parts = find_strongest(Run(folder))
    order = ["object", "label", "strength", "image"]
    pd.testing.assert_frame_equal(
        whole.pairs.sort_values(order, ignore_index=True), parts.pairs.sort_values(order, ignore_index=True)
    )


def test_a_small_corpus_is_on_the_page_as_a_whole_and_of_a_larger_one_what_a_cell_shows(
    run_folder, monkeypatch
):
    folder, open_picture = run_folder
    for largest, expected in (
        (500, set(Run(folder).predictions["image"])),
        (9, set(find_strongest(Run(folder)).pairs["image"])),
    ):
        monkeypatch.setattr("emocam.report.single_pictures.WHOLE", largest)
        opened = []
        write_report(Run(folder), lambda path, opened=opened: opened.append(path) or open_picture(path))
        assert set(opened) == expected
        assert len(opened) == len(set(opened)) == len(list((folder / "report/thumbnails").rglob("*.webp")))


def held_without_being_looked_at(folder: Path, object: str, label: str) -> list[str]:
    """Return pictures of a cell with a region above the score and none above the importance, the least first."""
    rows = pd.read_parquet(folder / "evidence.parquet").astype({"object": str, "label": str})
    rows = rows[(rows["object"] == object) & (rows["label"] == label) & (rows["score"] > np.float32(0.005))]
    most = rows.groupby("image")["importance"].max()
    return list(most[most <= np.float32(0.3)].sort_values().index)


def test_every_cell_has_the_pictures_that_hold_the_object_without_its_being_looked_at(run_folder):
    folder, open_picture = run_folder
    write_report(Run(folder), open_picture)
    run = data_of(folder / "report/data/run.js")
    some = 0
    for place, name in enumerate(run["objects"]):
        data = data_of(folder / f"report/data/objects/{place:04d}.js")
        for column, label in enumerate(run["labels"]):
            expected = held_without_being_looked_at(folder, name, label)
            counted = gallery_by_pandas(folder, name, label)
            shown = [picture["path"] for picture in data["cells"].get(str(column), [])]
            assert data["held"].get(str(column), 0) == len(counted) + len(expected)
            # beside the cell's own: the least looked at of all, and where there is room the most
            assert set(expected[:AGAINST]) <= set(shown)
            assert set(shown) - set(counted) <= set(expected)
            some += len(expected) > AGAINST
    assert some


def test_wrong_answers_are_shown_of_each_kind_its_surest_first(run_folder):
    folder, open_picture = run_folder
    predictions = pd.read_parquet(folder / "predictions.parquet").astype({"label": str})
    rng = np.random.default_rng(1)
    predictions["truth"] = rng.choice([*predictions["label"].unique(), "unknown", ""], len(predictions))
    table = pq.read_table(folder / "predictions.parquet").drop_columns("truth")
    table = table.append_column("truth", pa.array(predictions["truth"]))
    pq.write_table(table, folder / "predictions.parquet")
    page = write_report(Run(folder), open_picture).read_text()
    known = predictions[predictions["truth"].isin(predictions["label"])]
    wrong = known[known["truth"] != known["label"]]
    assert f"{len(wrong)} of {len(known)} answers are not what people say" in page
    data = data_of(folder / "report/data/wrong.js")
    assert {(t, la): n for t, la, n in data["kinds"]} == wrong.groupby(["truth", "label"]).size().to_dict()
    assert [kind[2] for kind in data["kinds"]] == sorted((kind[2] for kind in data["kinds"]), reverse=True)
    assert {picture["path"] for picture in data["pictures"]} == set(wrong["image"])
    first = data["pictures"][: len(data["kinds"])]
    surest = wrong.sort_values("confidence").groupby(["truth", "label"])["image"].last()
    assert {picture["path"] for picture in first} == set(surest)


def test_names_of_all_pictures_can_be_searched_and_say_which_are_shown(run_folder, monkeypatch):
    monkeypatch.setattr("emocam.report.single_pictures.WHOLE", 0)
    folder, open_picture = run_folder
    write_report(Run(folder), open_picture, pictures=7)
    names = data_of(folder / "report/data/names.js")
    predictions = Run(folder).predictions
    assert names["paths"] == list(predictions["image"]) and len(names["shown"]) == 7
    assert [Run(folder).label_names[label] for label in names["labels"]] == list(
        predictions["label"].astype(str)
    )
    monkeypatch.setattr("emocam.report.single_pictures.MOST_NAMES", 3)
    assert 'id="find"' not in write_report(Run(folder), open_picture).read_text()


def test_without_a_cam_every_detected_object_counts_and_the_page_says_so(tmp_path, make_run):
    make_run(tmp_path / "run", ["Dog", "Cat"], ["joy", "fear"], 60, explained=False)
    text = write_report(Run(tmp_path / "run")).read_text()
    assert "No CAM was asked" in text and "looks at" not in text
    assert not data_of(tmp_path / "run/report/data/run.js")["explained"]


def test_a_picture_that_is_gone_is_said_and_stops_nothing(run_folder):
    folder, open_picture = run_folder
    gone = find_strongest(Run(folder)).pairs["image"].iloc[0]

    def open_or_raise(path):
        if path == gone:
            raise FileNotFoundError(path)
        return open_picture(path)

    assert (
        "1 of the pictures could not be opened, or are left out"
        in write_report(Run(folder), open_or_raise).read_text()
    )


def test_hostile_names_stay_text(hostile_folder):
    folder, open_picture = hostile_folder
    text = write_report(Run(folder), open_picture).read_text()
    assert "<img src=x" not in text and "alert(1)</script>" not in text and "49 " not in text
    table = Table(text)
    names = Run(folder)
    assert all("src" in script for script in table.scripts)
    assert table.heads == ["object", *names.label_names]
    assert {row[0] for row in table.rows if row} <= set(names.object_names)
    for file in (folder / "report/data").rglob("*.js"):
        assert "<" not in file.read_text("ascii")
    assert data_of(folder / "report/data/run.js")["objects"] == names.object_names


def test_the_page_says_how_the_run_was_made(run_folder):
    folder, open_picture = run_folder
    text = write_report(Run(folder), open_picture).read_text()
    assert "<code>python -m emocam cam=gradcam</code>" in text
    assert "<small>cam</small> gradcam" in text
    summary = json.loads((folder / "summary.json").read_text()) | {"took": "explaining took 9 minutes; <b>"}
    (folder / "summary.json").write_text(json.dumps(summary))
    assert "In this run" not in text
    assert "In this run explaining took 9 minutes; &lt;b&gt;." in write_report(Run(folder), None).read_text()


def test_nothing_outside_the_folder_is_named(run_folder):
    folder, open_picture = run_folder
    text = write_report(Run(folder), open_picture).read_text()
    assert (
        "default-src 'none'; img-src 'self' data:; script-src 'self'; style-src 'self' 'unsafe-inline'"
        in text
    )
    for file in (folder / "report").rglob("*.*"):
        if file.suffix in (".html", ".js", ".css"):
            links = re.findall(r"https?://[^\s\"']+", file.read_text())
            assert set(links) <= {"http://www.w3.org/2000/svg"}


def test_a_run_that_found_nothing_says_why(tmp_path, make_run):
    make_run(tmp_path / "run", ["Dog"], ["joy"], 40)
    file = tmp_path / "run/summary.json"
    summary = json.loads(file.read_text())
    summary["thresholds"]["importance"] = 0.99
    summary["highest_importance"] = 0.91
    file.write_text(json.dumps(summary))
    pd.DataFrame({"object": ["Dog"], "joy": [0]}).to_csv(tmp_path / "run/association.csv", index=False)
    text = write_report(Run(tmp_path / "run")).read_text()
    assert re.search(r"No region passed threshold.importance=0.99 \(highest was 0.\d\d\)\.", text)


def matrix(counts, images) -> Matrix:
    counts, images = np.array(counts), np.array(images)
    return Matrix(
        [f"o{i}" for i in range(len(counts))], [f"l{i}" for i in range(len(images))], counts, images
    )


def test_warnings_name_what_to_keep_in_mind():
    summary: Summary = {"regions": 100_000, "images": 300, "done": 205}
    seen = Strongest(pd.DataFrame(), np.array([[199, 5, 0]]), 0.9)
    summary["notes"] = ["2 of 9 boxes lie outside"]
    told = " ".join(
        warnings(matrix([[1, 0, 0]], [200, 5, 0]), summary, True, seen, flat_maps=7, lost_pictures=0)
    )
    for words in (
        "Never predicted",
        "l1 (5)",
        "called l0",
        "whatever their label: o0",
        "488 regions",
        "7 of the maps",
        "95 of 300",
        "2 of 9 boxes",
    ):
        assert words in told


def test_why_a_matrix_is_empty_is_one_sentence():
    assert nothing_found({"done": 0}) == "no image could be used; ledger.parquet says why of each"
    thresholds = {"score": 0.2, "importance": 0.3, "confidence": 0.0}
    told: Summary = {"done": 3, "regions": 9, "thresholds": thresholds}
    assert nothing_found({**told, "explained": False}).startswith("no region passed threshold.score=0.2")
    assert nothing_found({**told, "highest_importance": 0.25}).endswith("=0.3 (highest was 0.25)")
    assert "lower threshold.score" in nothing_found({**told, "highest_importance": 0.7})
    assert capitalised("no region") == "No region."


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0"), (29.94, "29.9"), (99.96, "100"), (0.04, "0.0"), (12.25, "12.3"), (float("nan"), "–")],
)
def test_percentages_are_written_as_the_scripts_write_them(value, text):
    assert percent_text(value) == text


def test_depth_of_colour_keeps_zero_apart():
    assert [depth(v, 90) for v in (0, 0.1, 10, 10.1, 90, float("nan"))] == [
        "c0",
        "c1",
        "c1",
        "c2",
        "c9",
        "none",
    ]


@pytest.mark.parametrize(
    ("rule", "tried", "words"),
    [
        (
            "part, bare",
            "erased",
            "that no smaller region covers; the control is the same shape where it covers",
        ),
        ("part, bare, masks", "erased", "no smaller region covers (regions are masks); the control"),
        (
            "box, anywhere",
            "erased",
            "with whatever else lies in them; the control is the same shape at any other",
        ),
        ("box, anywhere", "inserted", "a box of the object was put into pictures of other labels"),
    ],
)
def test_the_rule_by_which_effects_were_measured_is_told_in_words(tmp_path, rule, tried, words):
    columns = {"object": ["eye", "ear"], "effect_rule": [None, rule], "tried": [None, tried]}
    cells = pd.DataFrame(columns, dtype="string")
    write_frame(cells, tmp_path / "cells.parquet")
    assert words in effect_rule_in_words(tmp_path / "cells.parquet")
    write_frame(cells.head(1), tmp_path / "cells.parquet")
    assert effect_rule_in_words(tmp_path / "cells.parquet") is None


def test_a_region_held_against_other_labels_is_named(tmp_path):
    rules = ["part, bare, masks", "part, labels, masks", "part, bare, masks"]
    cells = pd.DataFrame({"object": ["eyes", "hair", "nose"], "effect_rule": rules, "tried": "erased"})
    write_frame(cells, tmp_path / "cells.parquet")
    words = effect_rule_in_words(tmp_path / "cells.parquet")
    assert words.endswith(
        "of any object, but for hair, which has no room elsewhere: the same region under other labels"
    )


def test_each_thing_to_keep_in_mind_ends_with_one_full_stop() -> None:
    from types import SimpleNamespace

    from emocam.report.findings import warnings
    from emocam.results.run import Matrix

    matrix = Matrix(["Ball"], ["joy"], np.array([[30]]), np.array([40]))
    known = {
        "groups": 12,
        "done": 40,
        "p_rule": "groups",
        "dependence": "4 of 40 pictures are nearly the same",
    }
    said = warnings(matrix, known, True, SimpleNamespace(seen=np.array([[30]])), 0, 0)
    assert "P, q and all intervals go by the 12 groups of 40 pictures." in said
    assert all(sentence.endswith(".") and not sentence.endswith("..") for sentence in said)
