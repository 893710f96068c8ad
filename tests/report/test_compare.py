"""The page of several runs: which cells and pictures it chooses, and what it says of them."""

import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from emocam.report.compare import write_comparison
from emocam.report.differences import Difference, find_differences
from emocam.report.page import write_report
from emocam.results.run import Matrix, Run

OBJECTS, LABELS = ["Ball", "Car", "Dog", "Cat"], ["joy", "fear", "calm"]


@pytest.fixture(scope="module")
def sweep(tmp_path_factory, write_sweep) -> Path:
    folder = tmp_path_factory.mktemp("sweeps") / "sweep"
    write_sweep(folder)
    return folder


def data_of(file: Path) -> dict:
    return json.loads(file.read_text("ascii")[len("emocam(") : -len(");\n")])


def matrix(counts) -> Matrix:
    counts = np.array(counts)
    objects, labels = [f"o{i}" for i in range(len(counts))], [f"l{i}" for i in range(counts.shape[1])]
    return Matrix(objects, labels, counts, np.full(counts.shape[1], 100))


def test_the_cell_that_differs_most_comes_first():
    one, other = matrix([[50, 10], [20, 20], [0, 5]]), matrix([[50, 40], [25, 20], [0, 5]])
    found = find_differences([one, other])
    assert [(d.object, d.label, d.points) for d in found] == [(0, 1, 30), (1, 0, 5)]
    # in l1 the object o0 is second (after o1) of three in the first run, first in the second
    assert found[0].place == [2, 1] and found[0].places == 1


def test_labels_with_few_images_are_left_out():
    one, other = matrix([[5, 10]]), matrix([[0, 40]])
    one.images[0] = other.images[0] = 9
    assert [d.label for d in find_differences([one, other])] == [1]


def test_points_are_from_the_lowest_to_the_highest():
    assert Difference(0, 0, [3.0, 50.0, 10.0], [1, 4, 2]).points == 47


def test_each_cell_has_its_pictures_with_a_view_from_each_run(sweep):
    data = data_of(sweep / "report/data/compare.js")
    own = data_of(sweep / "report/data/cells/0000.js")["pictures"]
    assert 0 < len(own) <= 12
    cell = data["cells"][0]
    object, label = data["objects"][str(cell["object"])], data["labels"][cell["label"]]
    spread = []
    for picture in own:
        assert len(picture["views"]) == 2
        assert (sweep / f"report/thumbnails/000/{picture['id']:06d}.webp").is_file()
        strengths = []
        for run, seen in zip(("0", "1"), picture["views"], strict=True):
            evidence = pd.read_parquet(sweep / run / "evidence.parquet").astype({"object": str, "label": str})
            rows = evidence[(evidence["image"] == picture["path"]) & (evidence["object"] == object)]
            assert sorted(box[5] for box in seen["boxes"]) == pytest.approx(sorted(rows["importance"]))
            strengths.append(rows.loc[rows["label"] == label, "importance"].max())
        spread.append(np.ptp(np.nan_to_num(strengths)))
    assert spread == sorted(spread, reverse=True)


def test_runs_with_other_labels_are_refused_in_words(tmp_path, make_run):
    for name, labels in (("0", ["joy", "fear"]), ("1", ["calm"])):
        open_picture = make_run(tmp_path / name, ["Dog", "Cat"], labels, 30)
        write_report(Run(tmp_path / name), open_picture)
    text = write_comparison(tmp_path, [tmp_path / "0", tmp_path / "1"], ["one", "two"]).read_text()
    assert "cannot be compared" in text and "same objects and labels" in text
    assert 'href="../0/report/index.html"' in text


def test_hostile_names_stay_text(tmp_path, make_run):
    name = "<img src=x onerror=alert(1)>"
    for run, seed in (("0", 1), ("1", 2)):
        open_picture = make_run(tmp_path / run, [name, "Cat"], [name + "!"], 60, seed=seed)
        write_report(Run(tmp_path / run), open_picture)
    text = write_comparison(tmp_path, [tmp_path / "0", tmp_path / "1"], [name, "two"]).read_text()
    assert "<img src=x" not in text


@pytest.fixture
def moved(tmp_path, make_run):
    """Two runs, the table of pictures whose focus moved, and the page."""
    for name in ("0", "1"):
        open_picture = make_run(tmp_path / name, OBJECTS, LABELS, 40)
        write_report(Run(tmp_path / name), open_picture)
    images = pd.read_parquet(tmp_path / "0/predictions.parquet")["image"][[3, 9]]
    columns = {
        "image": images,
        "moved": [0.8, 0.5],
        "run_a": "one",
        "run_b": "<b>two",
        "changed": [True, False],
    }
    pd.DataFrame(columns | {"label_a": "joy", "label_b": "fear"}).to_parquet(tmp_path / "moved.parquet")
    page = write_comparison(tmp_path, [tmp_path / "0", tmp_path / "1"], ["one", "<b>two"])
    return page, images.tolist()


def test_pictures_whose_focus_moved_have_the_map_of_each_run(moved):
    page, images = moved
    pictures = data_of(page.parent / "data/moved.js")["pictures"]
    assert [picture["path"] for picture in pictures] == images
    for picture in pictures:
        assert (page.parent / f"thumbnails/900/{picture['id']}.webp").is_file() or "size" not in picture
        assert all(view["map"]["shape"] == [7, 7] and len(view["boxes"]) <= 6 for view in picture["views"])
    text = page.read_text()
    assert "Where the focus moved most" in text and "80&nbsp;%" in text and "<b>two" not in text


def test_a_picture_in_no_report_is_opened_from_the_run_s_folder_and_it_is_said_once(tmp_path, moved, capsys):
    page, images = moved
    for name in ("0", "1"):
        shutil.rmtree(tmp_path / name / "report")
    (tmp_path / "pictures" / images[0]).parent.mkdir(parents=True)
    Image.new("RGB", (400, 100), "red").save(tmp_path / "pictures" / images[0])
    (tmp_path / "1/.hydra").mkdir()
    (tmp_path / "1/.hydra/config.yaml").write_text(f"data: {{root: {tmp_path / 'pictures'}}}")
    page = write_comparison(tmp_path, [tmp_path / "0", tmp_path / "1"], ["one", "two"])
    first, second = data_of(page.parent / "data/moved.js")["pictures"]
    assert first["size"] == [320, 80] and "size" not in second
    said = (
        f"RUN {tmp_path / '1'} was made of data.root={tmp_path / 'pictures'}: its pictures are opened there\n"
    )
    assert capsys.readouterr().err == said


def test_a_link_in_somebody_else_s_page_brings_no_file_along(tmp_path, moved):
    page, _ = moved
    number = next(
        picture["id"] for picture in data_of(page.parent / "data/moved.js")["pictures"] if "size" in picture
    )
    private = tmp_path / "private.webp"
    Image.new("RGB", (9, 9)).save(private)
    for name in ("0", "1"):
        for thumbnail in (tmp_path / name / "report" / "thumbnails").rglob("*.webp"):
            thumbnail.unlink()
            thumbnail.symlink_to(private)
    page = write_comparison(tmp_path, [tmp_path / "0", tmp_path / "1"], ["one", "two"])
    assert not (page.parent / f"thumbnails/900/{number}.webp").exists()


def headline(folder: Path, make_run, images: int, changed: dict[str, int]) -> str:
    """The page's first line, of two runs that are equal but for the images of these labels."""
    for name in ("0", "1"):
        make_run(folder / name, ["Dog", "Cat"], ["joy", "fear"], images)
    counts = folder / "1" / "association.csv"
    table = pd.read_csv(counts)
    for label, more in changed.items():
        table.loc[0, label] += more
    table.to_csv(counts, index=False)
    page = write_comparison(folder, [folder / "0", folder / "1"], ["one", "two"]).read_text()
    return " ".join(page.partition("<h1>")[2].partition("</h1>")[0].split())


@pytest.mark.parametrize(
    ("images", "changed", "sentence"),
    [
        (60, {}, "2 runs with the same matrix."),
        (60, {"joy": 3}, "The 2 runs disagree most about"),
        (4, {}, "Too few pictures to tell whether the 2 runs differ: no label has 10 images in every run."),
        (4, {"joy": 1}, "Too few pictures to tell whether the 2 runs differ"),
    ],
)
def test_runs_are_called_equal_only_where_pictures_could_tell(
    tmp_path, make_run, images, changed, sentence
) -> None:
    assert headline(tmp_path, make_run, images, changed).startswith(sentence)
