"""One small corpus, packed in every way that is read: the folder itself is what all are held against."""

import io
import json
import re
import tarfile
import threading
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace

import fsspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from emocam.data.folder import Folder

NAMES = ("a/0.png", "a/1.jpg", "b/2.png", "b/c/3.jpg", "b/4 x.png", "e.jpg")
CLASSES = ("joy", "fear", "joy", "awe", "fear", "joy")


def write_tar(file: Path, members: list[tuple[str, bytes]]) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(file, "w") as archive:
        for name, content in members:
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return file


def write_parquet_of(file: Path, rows: list[tuple[str, bytes, int]], group: int = 2) -> Path:
    """As `datasets` writes it: pictures with their names, and classes as numbers whose names the schema has."""
    names = sorted(set(CLASSES))
    told = {"info": {"features": {"label": {"names": names, "_type": "ClassLabel"}}}}
    kind = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    image = pa.array([{"bytes": content, "path": name} for name, content, _ in rows], kind)
    schema = pa.schema([("image", kind), ("label", pa.int64())], {"huggingface": json.dumps(told)})
    table = pa.table([image, pa.array([label for *_, label in rows], pa.int64())], schema=schema)
    file.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table, file, row_group_size=group)
    return file


@pytest.fixture(scope="session")
def packed(tmp_path_factory: pytest.TempPathFactory) -> SimpleNamespace:
    """The folder `folder`, two tars in `tars`, two files in `parquet`, a table of paths in `table`."""
    root = tmp_path_factory.mktemp("packed")
    noise = np.random.default_rng(0)
    contents = []
    for name in NAMES:
        file = root / "folder" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(noise.integers(0, 255, (24, 32, 3), np.uint8)).save(file)
        contents.append(file.read_bytes())
    pairs = list(zip(NAMES, contents, CLASSES, strict=True))
    for number, part in enumerate((pairs[:4], pairs[4:])):
        members = []
        for name, content, label in part:
            stem = name.rpartition(".")[0]
            told = (
                (f"{stem}.cls", label.encode())
                if number
                else (f"{stem}.json", b'{"label": "%s"}' % label.encode())
            )
            members += [(name, content), told]
        write_tar(root / f"tars/shard-{number:03d}.tar", members)
        classes = sorted(set(CLASSES))
        rows = [(name, content, classes.index(label)) for name, content, label in part]
        write_parquet_of(root / f"parquet/part-{number}.parquet", rows)
    (root / "folder/table.parquet").parent.mkdir(exist_ok=True)
    pq.write_table(pa.table({"path": NAMES, "label": CLASSES}), root / "folder/table.parquet")
    return SimpleNamespace(
        root=root, names=NAMES, classes=CLASSES, contents=contents, tar=write_tar, parquet=write_parquet_of
    )


@pytest.fixture(scope="session")
def check_same(packed: SimpleNamespace) -> Callable[[Folder], None]:
    """Assert that a data set has the folder's pictures, each once by its own name, with the same pixels."""
    here = Folder(root=packed.root / "folder")

    def check(there: Folder) -> None:
        own = [re.sub(r"^.*?\.(tar|parquet)/", "", path) for path in there.paths()]
        assert sorted(own) == sorted(packed.names)
        for path, same in zip(there.paths(), own, strict=True):
            assert np.array_equal(
                *(np.asarray(data.open(at).image) for data, at in ((here, same), (there, path)))
            )

    return check


class Ranged(SimpleHTTPRequestHandler):
    """A server of files and folders that knows ranges, as those of object stores do; `closed` answers with 503."""

    closed = threading.Event()
    asked: list[tuple[str, str]] = []  # noqa: RUF012

    def do_GET(self) -> None:
        if self.closed.is_set():
            return self.send_error(503)
        self.asked.append((self.path, self.headers.get("Range", "")))
        found = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        file = Path(self.translate_path(self.path))
        if not found or not file.is_file():
            return super().do_GET()
        content = file.read_bytes()
        first, last = int(found[1]), min(int(found[2] or len(content)), len(content) - 1)
        self.send_response(206)
        self.send_header("Content-Range", f"bytes {first}-{last}/{len(content)}")
        self.send_header("Content-Length", str(last + 1 - first))
        self.end_headers()
        self.wfile.write(content[first : last + 1])
        return None

    def end_headers(self) -> None:
        self.send_header("Accept-Ranges", "bytes")
        super().end_headers()

    def log_message(self, *words: object) -> None:
        pass


@pytest.fixture(scope="session")
def server(packed: SimpleNamespace) -> Iterator[str]:
    """The address at which the packed corpora are served on this machine."""
    web = ThreadingHTTPServer(("127.0.0.1", 0), partial(Ranged, directory=str(packed.root)))
    threading.Thread(target=web.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{web.server_port}"
    web.shutdown()
    web.server_close()


@pytest.fixture
def ranged(server: str) -> type[Ranged]:
    """The server: what it was asked for, and the switch that closes it."""
    return Ranged


@pytest.fixture
def in_memory(packed: SimpleNamespace) -> Iterator[str]:
    """The packed corpora in fsspec's own store."""
    store = fsspec.filesystem("memory")
    store.put(str(packed.root), "/packed", recursive=True)
    yield "memory://packed"
    store.rm("/packed", recursive=True)


@pytest.fixture
def quick_trials(monkeypatch: pytest.MonkeyPatch) -> None:
    """No waiting between tries."""
    monkeypatch.setattr("emocam.data.corpus.store.WAITS", (0.0, 0.0))


@pytest.fixture
def place(packed: SimpleNamespace, request: pytest.FixtureRequest) -> Callable[[str], str]:
    """Where a packed corpus lies: `memory:tars`, `http:tars`, or `tars` in the folder."""

    def place(words: str) -> str:
        store, _, name = words.rpartition(":")
        tops = {"": lambda: packed.root, "memory": lambda: request.getfixturevalue("in_memory"),
                "http": lambda: request.getfixturevalue("server")}  # fmt: skip
        return f"{tops[store]()}/{name}"

    return place
