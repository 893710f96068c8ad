"""A store that fails now and then: all pictures come all the same, and what stays away is told."""

import re
import socket
from collections.abc import Callable, Iterator
from functools import partial
from http.server import ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from types import SimpleNamespace
from typing import Any

import fsspec
import numpy as np
import pytest

from emocam.data.corpus.store_errors import may_pass, needs_credentials, status_of
from emocam.data.folder import Folder
from emocam.errors import SettingError, StoreLost

pytestmark = pytest.mark.usefixtures("quick_trials")


@pytest.fixture
def flaky(packed: SimpleNamespace, ranged: type) -> Iterator[Callable[[str], str]]:
    """The packed corpora at a server of which every third answer is spoilt: `flaky("500")`, or `flaky("short")`."""
    servers: list[ThreadingHTTPServer] = []

    def serve(how: str) -> str:
        class Spoilt(ranged):  # type: ignore[misc,valid-type]
            asked: list[tuple[str, str]] = []  # noqa: RUF012
            count = 0

            def do_GET(self) -> None:  # noqa: N802
                type(self).count += 1
                if how == "500" and self.count % 3 == 1:
                    return self.send_error(500)
                if how == "short" and self.count % 3 == 1 and (found := self.part()):
                    return self.send_half(*found)
                return super().do_GET()  # type: ignore[no-any-return]

            def part(self) -> tuple[Path, int, int] | None:
                found = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("Range", ""))
                file = Path(self.translate_path(self.path))
                return (file, int(found[1]), int(found[2])) if found and file.is_file() else None

            def send_half(self, file: Path, first: int, last: int) -> None:
                content = file.read_bytes()[first : last + 1]
                half = content[: len(content) // 2]
                self.send_response(206)
                self.send_header("Content-Length", str(len(half)))
                self.end_headers()
                self.wfile.write(half)

        web = ThreadingHTTPServer(("127.0.0.1", 0), partial(Spoilt, directory=str(packed.root)))
        Thread(target=web.serve_forever, args=(0.02,), daemon=True).start()
        servers.append(web)
        return f"http://127.0.0.1:{web.server_port}"

    yield serve
    for web in servers:
        web.shutdown()
        web.server_close()


@pytest.mark.parametrize("how", ["500", "short"])
@pytest.mark.parametrize("name", ["folder", "tars/shard-{000..001}.tar", "parquet/part-{0..1}.parquet"])
def test_what_a_server_spoils_now_and_then_is_asked_for_again(
    flaky: Callable[[str], str], packed: SimpleNamespace, how: str, name: str
) -> None:
    here, there = Folder(root=packed.root / "folder"), Folder(root=f"{flaky(how)}/{name}")
    own = [re.sub(r"^.*?\.(tar|parquet)/", "", path).replace("%20", " ") for path in there.paths()]
    assert sorted(own) == sorted(packed.names) and "cut" not in "".join(there.notes)
    for path, same in zip(there.paths(), own, strict=True):
        assert np.array_equal(
            *(np.asarray(data.open(at).image) for data, at in ((here, same), (there, path)))
        )


def test_a_folder_that_cannot_be_listed_is_not_left_out(
    in_memory: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    system = type(fsspec.filesystem("memory"))
    own, failing = system.ls, [1]

    def ls(self: Any, path: str, **given: Any) -> Any:
        if path.endswith("/b") and failing:
            failing.pop()
            raise OSError("the disk of one server is slow")
        return own(self, path, **given)

    monkeypatch.setattr(system, "ls", ls)
    assert len(Folder(root=f"{in_memory}/folder").paths()) == 6
    failing += [1] * 3
    with pytest.raises(SettingError, match=r"memory://packed/folder cannot be read \(OSError: the disk of"):
        Folder(root=f"{in_memory}/folder")


def test_credentials_that_expire_stop_the_run_and_no_picture_is_blamed(
    in_memory: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    data, tried = Folder(root=f"{in_memory}/folder"), []

    def expired(self: Any, path: str, **given: Any) -> bytes:
        tried.append(path)
        raise PermissionError("The provided token has expired.")

    monkeypatch.setattr(type(fsspec.filesystem("memory")), "cat_file", expired)
    with pytest.raises(StoreLost, match=r"may not be read .*has expired.*; give .* same command .* goes on"):
        data.open("e.jpg")
    assert len(tried) == 1


@pytest.mark.parametrize("name", ["folder", "tars/shard-000.tar"])
def test_a_server_that_is_not_there_is_no_address_without_pictures(name: str) -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))  # nobody listens
        address = f"http://127.0.0.1:{held.getsockname()[1]}/{name}"
        with pytest.raises(
            SettingError, match=rf"{address}.* cannot be read \(ClientConnector.*127\.0\.0\.1"
        ):
            Folder(root=address)


@pytest.mark.parametrize(
    ("error", "status", "passes"),
    [
        (SimpleNamespace(status=503), 503, True),
        (SimpleNamespace(code=429), 429, True),
        (SimpleNamespace(response=SimpleNamespace(status_code=401)), 401, False),
        (SimpleNamespace(response={"ResponseMetadata": {"HTTPStatusCode": 403}}), 403, False),
        (SimpleNamespace(status=404), 404, False),
        (SimpleNamespace(code=7), None, True),
    ],
)
def test_what_an_error_of_a_library_means(error: SimpleNamespace, status: int | None, passes: bool) -> None:
    class Told(Exception):
        """What a library raises."""

    raised, around = Told("a"), OSError("around")
    vars(raised).update(vars(error))
    around.__cause__ = raised
    assert status_of(raised) == status_of(around) == status
    assert needs_credentials(OSError("Forbidden: b/corpus/o")) and not needs_credentials(OSError("b"))
    assert may_pass(raised) is passes and needs_credentials(around) is (status in (401, 403))
