"""A run of tars, of Parquet and of an address in other tools' formats: each picture is a file that they open."""

import io
import json
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path

import fsspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from emocam.cli.verb.export import main
from emocam.data.folder import Folder
from emocam.errors import SettingError
from emocam.export.pictures import open_pictures
from emocam.results.files import METADATA
from emocam.results.run import Run

FEW = 3
KINDS = ("coco", "fiftyone", "labelstudio")


def picture(number: int, kind: str = "PNG") -> bytes:
    written, exif = io.BytesIO(), Image.Exif()
    exif[0x0112] = 6 if number == 1 else 1  # lies on its side
    Image.new("RGB", (20 + number, 40), (number, 0, 0)).save(written, kind, exif=exif)
    return written.getvalue()


def rename_pictures(run: Run, root: str, name: Callable[[int], str]) -> Run:
    """The run as if its pictures had these names, and had been found at `root`."""
    for file in run.path.glob("*.parquet"):
        table = pq.read_table(file)
        names = [name(int(old.partition(".")[0])) for old in table["image"].cast(pa.string()).to_pylist()]
        metadata = dict(table.schema.metadata)
        told = json.loads(metadata[METADATA]) | {"made_of": {"source": root}}
        place = table.column_names.index("image")
        kind = table.schema.field("image").type
        table = table.set_column(place, "image", pa.array(names).cast(pa.string()).cast(kind))
        pq.write_table(table.replace_schema_metadata({**metadata, METADATA: json.dumps(told).encode()}), file)
    return Run(run.path)


@pytest.fixture
def run(finished_run: Callable[..., Run]) -> Run:
    return finished_run("run", None, images=FEW)


@pytest.fixture
def of_tar(run: Run, tmp_path: Path) -> Run:
    """A run of a folder with one tar, of which the last picture is damaged."""
    (tmp_path / "tars").mkdir()
    with tarfile.open(tmp_path / "tars/x.tar", "w") as packed:
        for number in range(FEW):
            content = picture(number) if number < 2 else b"no picture"
            info = tarfile.TarInfo(f"a/{number:03d}.png")
            info.size = len(content)
            packed.addfile(info, io.BytesIO(content))
    return rename_pictures(run, str(tmp_path / "tars"), lambda number: f"x.tar/a/{number:03d}.png")


@pytest.mark.parametrize("kind", KINDS)
def test_members_of_a_tar_are_files_beside_the_export(
    of_tar: Run, tmp_path: Path, kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(of_tar.path), "--to", kind, "--out", str(tmp_path / "out")]) == 0
    told = capsys.readouterr().out
    assert "1 pictures of the run are left out" in told and f"{tmp_path}/out/pictures" in told
    written = sorted(file for file in (tmp_path / "out/pictures").rglob("*") if file.is_file())
    assert [file.read_bytes() for file in written] == [picture(0), picture(1)]
    if kind == "fiftyone":
        named = json.loads((tmp_path / "out/regions/data.json").read_text())
        assert list(map(Path, named.values())) == written
        return
    (file,) = (tmp_path / "out").glob("*.json")
    read = json.loads(file.read_text())
    if kind == "labelstudio":  # below the folder that Label Studio is told to serve
        places = [Path(task["data"]["image"].partition("?d=")[2]) for task in read]
        assert [tmp_path / "out" / place for place in places] == written
        return
    assert [(image["width"], image["height"]) for image in read["images"]] == [(20, 40), (40, 21)]
    data = Folder(root=tmp_path / "out/pictures", annotations=str(file))
    assert sum(len(data.open(path).boxes) for path in data.paths()) == len(read["annotations"]) == 8


def test_a_row_without_a_name_gets_the_ending_of_what_it_holds(run: Run, tmp_path: Path) -> None:
    contents = [picture(0), picture(1, "JPEG"), picture(2, "WEBP")]
    pq.write_table(pa.table({"image": contents}), tmp_path / "x.parquet")
    renamed = rename_pictures(run, str(tmp_path / "x.parquet"), lambda number: f"x.parquet/{number}")
    pictures = open_pictures(renamed, None, tmp_path / "out")
    names = [f"x.parquet/{name}" for name in ("0.png", "1.jpg", "2.webp")]
    for _ in range(2):  # a format asks for them several times
        assert [found.image for found in pictures] == names
    assert [found.file.read_bytes() for found in pictures] == contents


@pytest.fixture
def in_memory() -> Iterator[str]:
    store = fsspec.filesystem("memory")
    for number in range(FEW):
        store.pipe(f"/exported/{number:03d}.png", picture(number))
    yield "memory://exported"
    store.rm("/exported", recursive=True)


def test_an_address_is_read_when_it_is_given(run: Run, in_memory: str, tmp_path: Path) -> None:
    renamed = rename_pictures(run, in_memory, lambda number: f"{number:03d}.png")
    with pytest.raises(SettingError, match=r"of pictures at the address memory://exported; give it yourself"):
        open_pictures(renamed, None, tmp_path / "out")
    found = list(open_pictures(renamed, in_memory, tmp_path / "out"))
    assert [one.file.read_bytes() for one in found] == [picture(number) for number in range(FEW)]
    other = rename_pictures(run, in_memory, lambda number: f"b/{number:03d}.png")
    with pytest.raises(
        SettingError, match=r"memory://exported does not hold the run's pictures, such as 'b/"
    ):
        open_pictures(other, in_memory, tmp_path / "out")


def test_no_name_of_a_table_leads_out_of_the_export(of_tar: Run, tmp_path: Path) -> None:
    pictures = open_pictures(of_tar, None, tmp_path / "out")
    assert pictures.copies is not None
    pictures.copies.endings["x.tar/a/000.png"] = "/../../../../evil.png"
    assert len(list(pictures)) == 1 and not (tmp_path / "evil.png").exists()


def test_an_address_that_cannot_be_read_is_told_of_the_word_that_named_it(run: Run, tmp_path: Path) -> None:
    renamed = rename_pictures(run, "memory://none", lambda number: f"{number:03d}.png")
    with pytest.raises(SettingError, match=r"^--images memory://none: there is nothing at this address"):
        open_pictures(renamed, "memory://none", tmp_path / "out")
