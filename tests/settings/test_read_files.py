"""Every file that decides a number goes through the one door, where its digest is noted."""

import ast
import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from emocam.settings import digests as digests_module
from emocam.settings.digests import Digests
from emocam.settings.read_files import noted, recorded_files

PACKAGE = Path(__file__).parents[2] / "emocam"
ROOMS = (
    *("data", "classifier", "detector", "paste", "cam", "importance", "effect"),
    *("network", "face", "world", "view", "functional", "train"),
)
READS = {
    *(
        "open",
        "read_text",
        "read_bytes",
        "load_file",
        "safe_open",
        "fromfile",
        "loadtxt",
        "genfromtxt",
        "memmap",
    ),
    *("read_csv", "read_parquet", "pq.read_table", "read_json", "read_excel", "read_pickle", "read_feather"),
    *(
        "File",
        "ZipFile",
        "CascadeClassifier",
        "imread",
        "VideoCapture",
        "readNet",
        "load",
        "load_model",
        "ParquetFile",
    ),
}
"""Names of functions that open a file, of whatever library."""
OTHER = {
    "data.open": "a picture, which a data set opens through data/image_file.py",
    "folder.open": "likewise",
    "av.open": "a film, whose digest is in the row of each of its frames",
    "os.open": "the device that swallows libtiff's words",
    "image.load": "a picture that is open already",
    "json.load": "a file that is open already",
    "yaml.safe_load": "text that was read already",
    "open_upright": "a picture",
}
"""What is called like a reader and is none."""
OWN = {
    (
        "data/audit_record.py",
        "_file(folder, cache).read_text()",
    ): "what an audit left in the cache decides a sentence alone",
    ("data/annotations/gaze/read.py", "gzip.open(packed)"): "a file that is open already",
    (
        "data/annotations/gaze/read.py",
        "pd.read_csv(io.BytesIO(text), sep='\\t', header=None, dtype=np.float64, na_values=['n/a', 'NaN'])",
    ): "text that was read already",
    ("cam/given.py", "np.load(opened, allow_pickle=False)"): "a file that is open already",
    ("cam/given.py", "Image.open(opened, formats=('PNG',))"): "a file that is open already",
    (
        "world/export.py",
        "(self.folder / LOOKS_FILE).open('w', encoding='utf-8', newline='')",
    ): "it is written",
    (
        "data/face_scan.py",
        "file.open('rb')",
    ): "digests a film or a picture for the store of faces, whose key it is",
    (
        "data/face_scan.py",
        "np.load(io.BytesIO(body), allow_pickle=False)",
    ): "bytes of that store, which were held to their seal",
    ("data/image_file.py", "Image.open(readable, formats=_formats_of(file))"): "what is readable was noted",
    ("data/image_file.py", "Image.open(held, formats=_formats_of(file))"): "what is readable was noted",
    ("data/image_file.py", "readable.read_bytes()"): "what is readable was noted",
    ("data/base.py", "self.open(path)"): "opens a picture, not a file",
    **dict.fromkeys(
        (
            ("data/corpus/parquet_rows.py", "pq.ParquetFile(source)"),
            (
                "data/corpus/parquet_rows.py",
                "pq.ParquetFile(source, metadata=file.metadata, read_dictionary=sorted(repeated))",
            ),
            ("data/corpus/corpus.py", "store.system.open(entry.path, 'rb', block_size=1 << 20)"),
            ("data/corpus/store.py", "self.system.open(path, 'rb', cache_type='none')"),
            ("data/corpus/parquet_pictures.py", "self.store.system.open(path, 'rb')"),
            ("data/corpus/tar_rows.py", "tarfile.open(fileobj=self.file, mode='r:')"),
        ),
        "a shard, of whose pictures the ledger has the digests",
    ),
    ("data/corpus/listing.py", "beside.read_text(encoding='ascii')"): "the digest of a listing in the cache",
    ("data/corpus/listing.py", "file.open('rb')"): "a listing in the cache, held to its digest",
    ("train/", "pd.read_csv(file)"): "the training.csv of the training that goes on",
    ("train/", "file.read_text()"): "the key of the training that goes on",
}
"""Calls that read what EmoCAM itself left, and no component's file."""


def reads(source: str) -> Iterator[tuple[int, str]]:
    """Yield line and words of each call that opens a file beside the door."""
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call):
            continue
        dotted = ast.unparse(node.func)
        name = dotted.rpartition(".")[2]
        if not {name, dotted} & READS or any(
            dotted == known or dotted.endswith(f".{known}") for known in OTHER
        ):
            continue
        if not any(
            isinstance(inner, ast.Call) and ast.unparse(inner.func) == "noted" for inner in ast.walk(node)
        ):
            yield node.lineno, ast.unparse(node)


def test_no_component_opens_a_file_beside_the_door() -> None:
    found = [
        f"{file.relative_to(PACKAGE)}:{line} {words}"
        for room in ROOMS
        for file in sorted((PACKAGE / room).rglob("*.py"))
        for line, words in reads(file.read_text(encoding="utf-8"))
        if not any(str(file.relative_to(PACKAGE)).startswith(place) and words == own for place, own in OWN)
    ]
    assert found == []


@pytest.mark.parametrize(
    "words",
    [
        "open(path)",
        "path.open('rb')",
        "Path(f).read_text()",
        "torch.load(path)",
        "pd.read_csv(file)",
        "h5py.File(f)",
    ],
)
def test_a_reader_beside_the_door_would_be_found(words: str) -> None:
    assert list(reads(words))
    assert not list(
        reads(words.replace("path", "noted(path)").replace("(f", "(noted(f)").replace("ed(f)ile", "ed(file)"))
    )


def old(file: Path, content: bytes) -> Path:
    """Write a file whose times are past the moment in which they may hide a change."""
    file.write_bytes(content)
    return file


@pytest.fixture
def settled(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file is taken for settled as soon as it is there."""
    monkeypatch.setattr(digests_module, "SETTLED", 0)


def test_a_file_is_digested_once_until_anything_touches_it(
    tmp_path: Path, settled: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    sha256 = digests_module._sha256
    monkeypatch.setattr(digests_module, "_sha256", lambda path: asked.append(path) or sha256(path))
    file = old(tmp_path / "a", b"12345")
    known = Digests(tmp_path / "cache")
    before = known.of(file)
    known.write()
    assert Digests(tmp_path / "cache").of(file) == before and len(asked) == 1
    state = file.stat()
    time.sleep(0.02)
    file.write_bytes(b"54321")
    os.utime(file, ns=(state.st_atime_ns, state.st_mtime_ns))
    assert file.stat().st_mtime_ns == state.st_mtime_ns and file.stat().st_size == state.st_size
    assert Digests(tmp_path / "cache").of(file) not in (None, before) and len(asked) == 2
    other = old(tmp_path / "b", b"abcde")
    os.utime(other, ns=(state.st_atime_ns, state.st_mtime_ns))
    other.replace(file)
    assert known.of(file) not in (None, before) and len(asked) == 3


def test_a_file_that_was_touched_a_moment_ago_is_not_remembered(tmp_path: Path) -> None:
    known = Digests(tmp_path / "cache")
    file = old(tmp_path / "a", b"12345")
    before = known.of(file)
    known.write()
    with file.open("r+b") as opened:
        opened.write(b"54321")
    assert known.of(file) != before


def test_what_is_no_file_has_no_digest_and_nobody_waits_for_it(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("/dev/zero")
    places = [tmp_path / "pipe", tmp_path / "link", tmp_path / "none", tmp_path, None, Path("a\0b")]
    assert Digests().of_all(places) == [None] * len(places)


def test_many_files_have_the_digests_of_each(tmp_path: Path) -> None:
    files = [old(tmp_path / f"{i}", bytes([i])) for i in range(20)]
    assert Digests(tmp_path / "cache").of_all(files) == [Digests().of(file) for file in files]


@pytest.mark.parametrize("content", [b"no store", b""])
def test_a_damaged_memory_costs_time_alone(tmp_path: Path, settled: None, content: bytes) -> None:
    file = old(tmp_path / "a", b"12345")
    store = tmp_path / "digests.sqlite"
    store.write_bytes(content)
    known = Digests(tmp_path)
    assert known.of(file) == Digests().of(file)
    known.write()
    again = Digests(tmp_path)
    assert again.of(file) == known.of(file)
    again.write()
    assert store.read_bytes()[:6] == b"SQLite"


def test_what_is_read_while_somebody_records_is_noted_with_all_who_do(tmp_path: Path) -> None:
    file = old(tmp_path / "a", b"12345")
    assert noted(file) == file  # nobody asks
    with recorded_files(Digests()) as outer:
        with recorded_files(Digests()) as inner:
            noted(file).read_bytes()
        noted(str(tmp_path / "none"))
    assert inner == outer == {str(file): Digests().of(file)}
