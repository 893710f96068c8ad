"""A data set of the Hugging Face hub, served by this machine as the hub does: `hf://datasets/ORG/NAME`."""

import hashlib
import json
import os
import re
import threading
from collections.abc import Callable, Iterator
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from emocam.data.folder import Folder
from emocam.errors import SettingError

DATASET = "/api/datasets/org/photos"


class Hub(BaseHTTPRequestHandler):
    """The hub's answers about one data set: what it is, its tree, and its files in whole or in part."""

    asked: list[tuple[str, str]] = []  # noqa: RUF012
    private = threading.Event()

    def __init__(self, *given: Any, top: Path) -> None:
        self.top = top
        super().__init__(*given)

    def do_GET(self) -> None:
        address = urlsplit(self.path)
        path, query = unquote(address.path), parse_qs(address.query)
        if self.private.is_set():
            return self.tell({"error": "Invalid username or password."}, 401)
        if path in (DATASET, f"{DATASET}/revision/main"):
            return self.tell({"id": "org/photos", "sha": "a" * 40, "siblings": [], "private": False})
        if found := re.fullmatch(rf"{DATASET}/tree/[^/]+/?(.*)", path):
            folder = self.top / found[1]
            if folder.is_dir():
                deep = query.get("recursive", [""])[0].lower() == "true"
                return self.tell(
                    [self.entry(f) for f in sorted(folder.rglob("*") if deep else folder.iterdir())]
                )
            return self.tell({"error": "no entry"}, 404, "EntryNotFound")
        if found := re.fullmatch(r"/datasets/org/photos/resolve/[^/]+/(.+)", path):
            return self.send_part((self.top / found[1]).read_bytes())
        return self.tell({"error": "Repository not found"}, 404, "RepoNotFound")

    def entry(self, file: Path) -> dict[str, object]:
        place = file.relative_to(self.top).as_posix()
        if file.is_dir():
            return {"type": "directory", "path": place, "oid": "0" * 40, "size": 0}
        oid = hashlib.sha1(file.read_bytes()).hexdigest()
        return {"type": "file", "path": place, "size": file.stat().st_size, "oid": oid}

    def send_part(self, content: bytes) -> None:
        asked = self.headers.get("Range", "")
        self.asked.append((self.path, asked))
        found = re.fullmatch(r"bytes=(\d+)-(\d*)", asked)
        first, last = (int(found[1]), int(found[2] or len(content))) if found else (0, len(content))
        part = content[first : last + 1]
        self.send_response(206 if found else 200)
        self.send_header("Content-Length", str(len(part)))
        self.end_headers()
        self.wfile.write(part)

    def tell(self, what: object, status: int = 200, code: str = "") -> None:
        content = json.dumps(what).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        if code:
            self.send_header("X-Error-Code", code)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *words: object) -> None:
        pass


@pytest.fixture(scope="module")
def hub(packed: SimpleNamespace, tmp_path_factory: pytest.TempPathFactory) -> Iterator[type[Hub]]:
    """The packed corpora as the data set org/photos."""
    library = pytest.importorskip("huggingface_hub")
    constants = pytest.importorskip("huggingface_hub.constants")
    web = ThreadingHTTPServer(("127.0.0.1", 0), partial(Hub, top=packed.root))
    threading.Thread(target=web.serve_forever, args=(0.02,), daemon=True).start()
    with pytest.MonkeyPatch.context() as patch:
        # HF_ENDPOINT, which the library reads when it is imported
        endpoint = f"http://127.0.0.1:{web.server_port}"
        patch.setattr(constants, "ENDPOINT", endpoint)
        file = "/{repo_id}/resolve/{revision}/{filename}"
        patch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", endpoint + file)
        patch.setattr(constants, "HF_TOKEN_PATH", os.devnull)
        patch.delenv("HF_TOKEN", raising=False)
        library.HfFileSystem.clear_instance_cache()
        yield Hub
        library.HfFileSystem.clear_instance_cache()
    web.shutdown()
    web.server_close()


@pytest.mark.parametrize("name", ["folder", "tars", "tars/shard-{000..001}.tar", "parquet"])
def test_a_corpus_of_the_hub_is_that_of_the_folder(
    hub: type[Hub], check_same: Callable[[Folder], None], name: str
) -> None:
    there = Folder(root=f"hf://datasets/org/photos/{name}")
    check_same(there)
    if name != "folder":
        assert there.labels == ["awe", "fear", "joy"]


def test_only_the_bytes_of_a_picture_are_fetched_from_the_hub(
    hub: type[Hub], packed: SimpleNamespace
) -> None:
    data = Folder(root="hf://datasets/org/photos/tars")
    before = len(hub.asked)
    data.open("shard-001.tar/b/4 x.png")
    ((path, part),) = hub.asked[before:]
    first, last = map(int, part.removeprefix("bytes=").split("-"))
    assert path.endswith("shard-001.tar") and last + 1 - first == len(packed.contents[4])


@pytest.mark.parametrize("root", ["org/none/folder", "org/photos/nothing", "org/photos/none-{0..1}.tar"])
def test_what_the_hub_does_not_have_is_told(hub: type[Hub], root: str) -> None:
    with pytest.raises(
        SettingError, match=r"data\.root hf://datasets/org/.* there is nothing at this address"
    ):
        Folder(root=f"hf://datasets/{root}")


def test_a_data_set_that_may_not_be_read_asks_for_a_token(hub: type[Hub]) -> None:
    import huggingface_hub

    huggingface_hub.HfFileSystem.clear_instance_cache()
    hub.private.set()
    try:
        with pytest.raises(SettingError, match=r"may not be read .*HF_TOKEN"):
            Folder(root="hf://datasets/org/photos/folder")
    finally:
        hub.private.clear()
