"""A run in other tools' formats, read back by other readers."""

import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from emocam.data.annotations.masks import Runs
from emocam.data.folder import Folder
from emocam.errors import SettingError
from emocam.export.coco import region_shape, write_coco
from emocam.export.fiftyone import write_fiftyone
from emocam.export.labelstudio import write_labelstudio
from emocam.export.mail import write_zip
from emocam.export.pictures import ExportedPicture, ExportedPictures, ExportedRegion, open_pictures
from emocam.export.spreadsheets import write_spreadsheets
from emocam.results.run import Run

FEW = 3


@pytest.fixture
def run(finished_run: Callable[..., Run]) -> Run:
    importance = np.linspace(0, 1, FEW * 4).reshape(FEW, 4)
    return finished_run("run", importance, images=FEW, labels=["joy", "=fear", "calm"])


@pytest.fixture
def pictures(run: Run, tmp_path: Path) -> ExportedPictures:
    """The run's pictures: one is wide, one is stored lying on its side."""
    root = tmp_path / "pics & more"
    root.mkdir()
    for number, size in enumerate([(60, 40), (20, 80), (50, 50)]):
        exif = Image.Exif()
        exif[0x0112] = 6 if number == 1 else 1
        Image.new("RGB", size).save(root / f"{number:03d}.png", exif=exif)
    return open_pictures(run, root, tmp_path)


def expected(run: Run) -> pd.DataFrame:
    """The regions with the rule written out again: importance above .3, score above .005."""
    found = run.evidence.astype({"image": str, "object": str})
    return found.assign(kept=(found["importance"] > np.float32(0.3)) & (found["score"] > np.float32(0.005)))


def test_coco_has_every_region_in_pixels_of_the_upright_picture(
    run: Run, pictures: ExportedPictures, tmp_path: Path
) -> None:
    write_coco(pictures, tmp_path)
    written = json.loads((tmp_path / "instances.json").read_text())
    sizes = {image["id"]: (image["width"], image["height"]) for image in written["images"]}
    assert sizes == {1: (60, 40), 2: (80, 20), 3: (50, 50)}
    assert [image["label"] for image in written["images"]] == run.predictions["label"].tolist()
    names = {category["id"]: category["name"] for category in written["categories"]}
    rows = expected(run)
    assert len(written["annotations"]) == len(rows)
    for annotation, row in zip(written["annotations"], rows.itertuples(), strict=True):
        x, y, width, height = annotation["bbox"]
        across, down = sizes[annotation["image_id"]]
        np.testing.assert_allclose(
            [x / across, y / down, (x + width) / across, (y + height) / down],
            [row.x0, row.y0, row.x1, row.y1],
            atol=1e-6,
        )
        assert names[annotation["category_id"]] == row.object
        assert annotation["kept"] is bool(row.kept)
        assert annotation["importance"] == pytest.approx(row.importance)


@pytest.mark.parametrize("write", [write_coco, write_labelstudio])
def test_what_is_written_is_read_again_as_annotations(
    write: Callable[[ExportedPictures, Path], list[str]], run: Run, pictures: ExportedPictures, tmp_path: Path
) -> None:
    write(pictures, tmp_path)
    (file,) = tmp_path.glob("*.json")
    tasks = json.loads(file.read_text())
    if isinstance(tasks, list):  # what a person sends off without a change
        file.write_text(json.dumps([task | {"annotations": task["predictions"]} for task in tasks]))
    data = Folder(root=str(pictures.root), annotations=str(file))
    rows = expected(run)
    for image in data.paths():
        found, known = data.open(image), rows[rows["image"] == image]
        names = [data.objects[number] for number in found.object]
        boxes = sorted([name, *box] for name, box in zip(names, found.boxes.tolist(), strict=True))
        wanted = sorted([row.object, row.x0, row.y0, row.x1, row.y1] for row in known.itertuples())
        assert [name for name, *_ in boxes] == [name for name, *_ in wanted]
        np.testing.assert_allclose([box for _, *box in boxes], [box for _, *box in wanted], atol=1e-5)


def test_mask_is_written_as_the_pixels_that_it_covers(tmp_path: Path) -> None:
    mask = np.zeros((4, 4), np.float32)
    mask[:, :2] = 1  # the left half of its box
    region = ExportedRegion("Ball", 1.0, 0.5, None, True, (0.5, 0.0, 1.0, 1.0), mask)
    picture = ExportedPicture("a.png", tmp_path, 16, 8, {}, [region])
    shape = region_shape(picture, region)
    covered = Runs(np.array(shape["segmentation"]["counts"]), tuple(shape["segmentation"]["size"])).mask
    columns = np.flatnonzero(covered.any(0)).tolist()
    assert columns == [8, 9, 10, 11] and shape["area"] == 32 == covered.sum()


def test_fiftyone_boxes_are_corner_and_size_and_the_pictures_stay(
    pictures: ExportedPictures, run: Run, tmp_path: Path
) -> None:
    lines = write_fiftyone(pictures, tmp_path)
    files = json.loads((tmp_path / "regions" / "data.json").read_text())
    assert [Path(file).name for file in files.values()] == ["000.png", "001.png", "002.png"]
    regions = json.loads((tmp_path / "regions" / "labels.json").read_text())
    assert regions["classes"] == run.object_names and regions["labels"].keys() == files.keys()
    first, row = regions["labels"]["00000000"][0], expected(run).iloc[0]
    assert first["bounding_box"] == pytest.approx([row.x0, row.y0, row.x1 - row.x0, row.y1 - row.y0])
    answers = json.loads((tmp_path / "answers" / "labels.json").read_text())
    assert list(answers["labels"].values()) == run.predictions["label"].tolist()
    assert any("merge_dir" in line for line in lines)


def test_label_studio_finds_the_pictures_below_their_folder_and_can_choose_every_name(
    pictures: ExportedPictures, run: Run, tmp_path: Path
) -> None:
    write_labelstudio(pictures, tmp_path)
    tasks = json.loads((tmp_path / "tasks.json").read_text())
    assert tasks[0]["data"]["image"] == "/data/local-files/?d=pics%20%26%20more/000.png"
    view = (tmp_path / "labeling_config.xml").read_text()
    assert all(f'value="{name}"' in view for name in [*run.object_names, *run.label_names])


def test_spreadsheets_have_a_row_a_region_and_no_formula(run: Run, tmp_path: Path) -> None:
    write_spreadsheets(run, tmp_path)
    regions = pd.read_csv(tmp_path / "regions.csv")
    assert regions["kept"].tolist() == expected(run)["kept"].tolist()
    text = (tmp_path / "pictures.csv").read_text()
    assert ",=fear" not in text


def test_zip_holds_the_page_and_nothing_that_a_link_leads_to(run: Run, tmp_path: Path) -> None:
    with pytest.raises(SettingError, match=r"has no report/index\.html to pack"):
        write_zip(run, tmp_path / "run.zip")
    (run.path / "report").mkdir()
    (run.path / "report" / "index.html").write_text("<p>")
    (tmp_path / "secret").write_text("s")
    (run.path / "report" / "link.json").symlink_to(tmp_path / "secret")
    write_zip(run, tmp_path / "mail.zip")
    with zipfile.ZipFile(tmp_path / "mail.zip") as packed:
        assert packed.testzip() is None
        assert "mail/report/index.html" in packed.namelist()
        assert not [name for name in packed.namelist() if name.endswith("link.json")]


def test_picture_that_is_gone_is_counted(pictures: ExportedPictures, tmp_path: Path) -> None:
    (pictures.root / "001.png").unlink()
    (tmp_path / "out").mkdir()
    write_coco(pictures, tmp_path / "out")
    assert pictures.gone == 1
    assert len(json.loads((tmp_path / "out" / "instances.json").read_text())["images"]) == FEW - 1


def test_other_folder_and_drawn_pictures_are_told(run: Run, tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="name it with --images FOLDER"):
        open_pictures(run, None, tmp_path)
    (tmp_path / "empty").mkdir()
    with pytest.raises(SettingError, match=r"does not hold the run's pictures, such as '000\.png'"):
        open_pictures(run, tmp_path / "empty", tmp_path)


def test_what_the_page_leads_to_is_in_the_zip_unless_it_is_large(
    run: Run, tmp_path: Path, monkeypatch
) -> None:
    (run.path / "report").mkdir(exist_ok=True)
    (run.path / "report" / "index.html").write_text("page")
    (run.path / "regions.png").write_bytes(b"drawn")
    assert "left out" not in write_zip(run, tmp_path / "a.zip")[0]
    monkeypatch.setattr("emocam.export.mail.LARGEST", (run.path / "evidence.parquet").stat().st_size - 1)
    told = write_zip(run, tmp_path / "b.zip")[0]
    assert told.startswith("left out, since they are large or in parts: evidence.parquet")
    names = [set(zipfile.ZipFile(tmp_path / name).namelist()) for name in ("a.zip", "b.zip")]
    assert {"a/regions.png", "a/predictions.parquet", "a/evidence.parquet"} <= names[0]
    assert "b/evidence.parquet" not in names[1] and "b/regions.png" in names[1]
    (run.path / "ledger.parquet").unlink()
    (run.path / "ledger.parquet").mkdir()
    assert write_zip(run, tmp_path / "c.zip")[0].endswith("in parts: evidence.parquet, ledger.parquet")
