"""Known weights, fetched from a server on this machine."""

import hashlib
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from emocam.cli.verb import fetch as verb
from emocam.cli.verb.fetch import fetch, main
from emocam.errors import SettingError
from emocam.network.published import KNOWN, KnownFile

BODY = bytes(range(256)) * 4096


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *args: object) -> None:
        pass

    def do_GET(self) -> None:
        if self.path.endswith("cut.bin"):
            self.send_response(200)
            self.send_header("Content-Length", str(len(BODY)))
            self.end_headers()
            self.wfile.write(BODY[:1000])
            return
        super().do_GET()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    (tmp_path / "served").mkdir()
    (tmp_path / "served/whole.bin").write_bytes(BODY)
    (tmp_path / "served/mean.txt").write_text("1,2")
    service = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(tmp_path / "served")))
    threading.Thread(target=service.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{service.server_port}"
    service.shutdown()
    service.server_close()


@pytest.fixture
def known(monkeypatch: pytest.MonkeyPatch, server: str) -> None:
    def file(name: str, size: int, sha256: str | None = None) -> KnownFile:
        return KnownFile(name, f"{server}/{name}", size, size, sha256)

    right, size = hashlib.sha256(BODY).hexdigest(), len(BODY)
    table = {
        "both": (file("whole.bin", size, right), file("mean.txt", 3)),
        "changed": (file("whole.bin", size, "0" * 64),),
        "short": (file("whole.bin", size + 1),),
        "cut": (file("cut.bin", size),),
        "gone": (file("absent.bin", size),),
    }
    monkeypatch.setattr(verb, "KNOWN", table)


def test_files_arrive_whole_and_are_told_with_their_hashes(known, tmp_path, capsys):
    assert main(["both", "--into", str(tmp_path / "into")]) == 0
    assert (tmp_path / "into/whole.bin").read_bytes() == BODY
    assert sorted(path.name for path in (tmp_path / "into").iterdir()) == ["mean.txt", "whole.bin"]
    told = capsys.readouterr()
    assert f"{tmp_path / 'into/whole.bin'}  sha256 {hashlib.sha256(BODY).hexdigest()}\n" in told.out
    assert "whole.bin" in told.err


def test_without_a_folder_they_come_into_the_cache(known, tmp_path, monkeypatch):
    monkeypatch.setattr(verb, "cached", lambda name: tmp_path / "cache" / name)
    assert fetch("both") == [tmp_path / "cache/whole.bin", tmp_path / "cache/mean.txt"]


def test_a_right_file_is_not_fetched_again_and_a_wrong_one_is(known, tmp_path, server):
    for name in ("whole.bin", "mean.txt"):
        (tmp_path / name).write_bytes((tmp_path / "served" / name).read_bytes())
    nowhere = "http://127.0.0.1:9"
    assert len(fetch("both", nowhere, tmp_path)) == 2
    (tmp_path / "whole.bin").write_bytes(b"half")
    with pytest.raises(SettingError, match=r"http://127.0.0.1:9/whole.bin could not be fetched"):
        fetch("both", nowhere, tmp_path)
    assert (tmp_path / "whole.bin").read_bytes() == b"half"
    fetch("both", server + "/", tmp_path)
    assert (tmp_path / "whole.bin").read_bytes() == BODY


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("changed", f"its sha256 is {hashlib.sha256(BODY).hexdigest()} instead of {'0' * 64}"),
        ("short", f"it has {len(BODY)} bytes instead of {len(BODY) + 1}"),
        ("cut", f"it ended after 1000 of {len(BODY)} bytes"),
        ("gone", "404"),
    ],
)
def test_what_is_not_right_leaves_nothing_and_says_what_to_do(known, tmp_path, name, fault):
    with pytest.raises(SettingError) as error:
        fetch(name, folder=tmp_path / "into")
    told = str(error.value)
    assert fault in told and f"put it at {tmp_path / 'into'}" in told and "\n" not in told
    assert not list((tmp_path / "into").iterdir())


def test_unknown_names_and_addresses_are_named():
    with pytest.raises(SettingError, match=r"no known weights 'emonett'; did you mean emonet\?"):
        fetch("emonett")
    with pytest.raises(SettingError, match=r"--from must be an address .* got 'file:///etc'"):
        fetch("emonet", "file:///etc")


def test_the_table_knows_the_files_that_classifier_and_detector_look_for():
    names = [file.name for files in KNOWN.values() for file in files]
    assert names == ["emonet.pth", "img_mean.txt", "yolov3-openimages.weights"]
    assert all(file.url.startswith("https://") for files in KNOWN.values() for file in files)
