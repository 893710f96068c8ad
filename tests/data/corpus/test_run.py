"""A whole run of shards leaves what one of the folder does, and a replay opens its pictures again when told to."""

from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import fsspec
import pandas as pd
import pyarrow as pa
import pytest

from emocam.callback.report import originals_of
from emocam.data.files import Files
from emocam.data.folder import Folder, checked_root
from emocam.data.imagefolder import ImageFolder
from emocam.data.planted import Planted
from emocam.data.table import Table
from emocam.errors import Refused, SettingError

Command = Callable[..., int]
QUICK = ("logger=null", "data.workers=0", "trainer=cpu", "quiet=true", "classifier=planted", "+cam=gradcam")
DAMAGED = "00003.png"


@pytest.fixture
def world(tmp_path: Path, packed: SimpleNamespace) -> Iterator[Path]:
    """Pictures with boxes in a folder, one of them damaged, and the same in two tars of fsspec's own store."""
    folder = tmp_path / "world"
    Planted(images=6).write(folder)
    (folder / DAMAGED).write_bytes((folder / DAMAGED).read_bytes()[:200])
    files = sorted(folder.glob("*.png"))
    for number, part in enumerate((files[:4], files[4:])):
        packed.tar(tmp_path / f"tars/{number}.tar", [(file.name, file.read_bytes()) for file in part])
    store = fsspec.filesystem("memory")
    store.put(str(tmp_path / "tars"), "/world", recursive=True)
    yield folder
    store.rm("/world", recursive=True)


def tables(run: str) -> dict[str, pd.DataFrame]:
    found = {
        name: pd.read_parquet(f"{run}/{name}.parquet")
        for name in ("predictions", "evidence", "ledger", "maps")
    }
    for table in found.values():
        table["image"] = table["image"].str.rpartition("/")[2]
    return found


@pytest.mark.slow
def test_a_run_of_tars_at_an_address_is_that_of_the_folder(
    emocam: Command, world: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told = f"data.annotations={world / 'instances.json'}"
    asked = ("data=folder", told, *QUICK, "data.max_unreadable=1")
    assert emocam(*asked, f"data.root={world}", "~callback.report", "hydra.run.dir=folder") == 0
    assert emocam(*asked, "data.root=memory://world", "hydra.run.dir=tars") == 0
    ledger = pd.read_parquet("tars/ledger.parquet").set_index("image")
    assert ledger.loc[f"0.tar/{DAMAGED}", "status"] == "unreadable" and len(ledger) == 6
    for name, table in tables("folder").items():
        pd.testing.assert_frame_equal(table, tables("tars")[name])
    assert len(list(Path("tars/report").rglob("*.webp"))) >= 5
    assert 'href="memory' not in Path("tars/report/index.html").read_text()
    capsys.readouterr()

    replay = ("task=replay", "evidence=tars", "logger=null", "quiet=true", "trainer=cpu")
    assert emocam(*replay, "hydra.run.dir=again") == 1
    told = capsys.readouterr().err
    assert "data.root names an address, 'memory://world', and may only be given on the command line" in told
    assert emocam(*replay, "data.root=memory://other", "hydra.run.dir=again") == 1
    assert "data.root must be that of" in capsys.readouterr().err
    assert (
        emocam(*replay, "data.root=memory://world", "+effect=erase", "effect.least=1", "hydra.run.dir=again")
        == 0
    )
    assert len(list(Path("again/report").rglob("*.webp"))) >= 5
    assert Path("again/effect.parquet").is_file()


def test_pictures_of_a_table_or_named_one_by_one_lie_at_an_address(
    in_memory: str, packed: Any, tmp_path: Path
) -> None:
    file = tmp_path / "t.csv"
    names = ["a/0.png", f"{in_memory}/folder/e.jpg", "memory://other/x.png", "none.png"]
    pd.DataFrame({"path": names, "truth": ["joy", "fear", "joy", "joy"]}).to_csv(file, index=False)
    table = Table(file=file, root=f"{in_memory}/folder")
    assert table.paths() == ["a/0.png", "e.jpg", "memory://other/x.png", "none.png"]
    assert table.open("e.jpg").image.size == (32, 24) and table.open("e.jpg").known == {"truth": "fear"}
    with pytest.raises(Refused, match="another store"):
        table.open(table.paths()[2])
    with pytest.raises(FileNotFoundError):
        table.open("none.png")
    files = Files(files=[f"{in_memory}/folder/a/0.png", f"{in_memory}/folder/b/c/3.jpg"])
    assert files.paths() == ["a/0.png", "b/c/3.jpg"] and files.open("b/c/3.jpg").image.size == (32, 24)
    with pytest.raises(SettingError, match=r"data\.files must name different pictures"):
        Files(files=[f"{in_memory}/folder/a/0.png", f"{in_memory}/folder/b/../a/0.png"])


def test_a_page_leads_to_files_and_not_into_shards(packed: SimpleNamespace) -> None:
    def leads_to(root: str, image: str) -> Path | None:
        data = Folder(root=packed.root / root)
        run: Any = SimpleNamespace(rows=lambda name, columns: iter([pa.table({"image": [image]})]))
        return originals_of(run, data)

    assert leads_to("folder", "a/0.png") == packed.root / "folder"
    assert leads_to("tars", "shard-000.tar/a/0.png") is None
    assert leads_to("tars/*.tar", "shard-000.tar/a/0.png") is None


def test_a_table_names_members_of_tars(packed: SimpleNamespace, tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("path,truth\ne.jpg,joy\na/1.jpg,fear\n")
    table = Table(file=tmp_path / "t.csv", root=packed.root / "tars/shard-{000..001}.tar")
    assert table.paths() == ["shard-001.tar/e.jpg", "shard-000.tar/a/1.jpg"]
    assert table.known("shard-000.tar/a/1.jpg") == {"truth": "fear"}


def test_every_data_set_reads_a_path_that_is_written_as_an_address(
    packed: SimpleNamespace, tmp_path: Path
) -> None:
    root = f"file://{packed.root}/folder"
    (tmp_path / "t.csv").write_text("path\ne.jpg\n")
    assert list(Folder(root=root).paths()) == sorted(packed.names)
    assert ImageFolder(root=root).labels == ["a", "b"]
    assert Table(file=tmp_path / "t.csv", root=root).open("e.jpg").image.size == (32, 24)
    assert Files(files=[f"{root}/e.jpg"]).open("e.jpg").image.size == (32, 24)
    assert Folder(root=f"file://{packed.root}/tars").open("shard-001.tar/e.jpg").image.size == (32, 24)
    assert checked_root(root, "films") == packed.root / "folder"
