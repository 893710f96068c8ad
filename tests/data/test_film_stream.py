"""Films, pipes and addresses read forward: every frame with its second, and secrets in no name."""

import os
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from emocam.data.film_stream import FilmStream, printed_source
from emocam.errors import SettingError
from emocam.live.settings import without_secrets
from tests.data.films import number_of, varying, write_film

av = pytest.importorskip("av")


def read(source: str) -> tuple[list[int], list[float | None]]:
    frames = list(FilmStream(source).frames(threading.Event()))
    return [number_of(image) for image, _ in frames], [second for _, second in frames]


def test_a_film_is_read_with_its_own_seconds(tmp_path: Path) -> None:
    times = varying(40, start=700)
    file = write_film(tmp_path / "a.mp4", "libx264", times)
    numbers, seconds = read(str(file))
    assert numbers == list(range(40))
    assert seconds == pytest.approx([time / 1000 for time in times], abs=1e-6)
    assert FilmStream(str(file)).paced


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs a named pipe")
def test_a_pipe_is_read_while_somebody_writes_into_it(tmp_path: Path) -> None:
    file, pipe = write_film(tmp_path / "a.mkv", "libx264", varying(30)), tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=lambda: pipe.write_bytes(file.read_bytes()), daemon=True)
    writer.start()
    numbers, _ = read(str(pipe))
    writer.join(5)
    assert numbers == list(range(30))
    assert not FilmStream(str(pipe)).paced


def test_what_is_no_source_is_one_sentence(tmp_path: Path) -> None:
    for source, told in {
        str(tmp_path / "gone.mp4"): r"is no file; expected a camera's number such as 0",
        str(tmp_path): "is a folder; a run looks at one",
        "ftp://camera/a": "begins with one of http, https",
        "concat://a|b": "begins with one of http, https",
    }.items():
        with pytest.raises(SettingError, match=told):
            FilmStream(source)


def test_no_name_tells_a_password() -> None:
    address = "rtsp://me:s3cret@10.0.0.7:554/live?token=s3cret"
    assert printed_source(address) == "rtsp://10.0.0.7:554/live"
    assert without_secrets(address) == "rtsp://10.0.0.7:554/live"
    assert printed_source("/home/a/films/b.mp4") == "b.mp4"
    assert printed_source("-") == "standard input"
    assert without_secrets("clips/a.mp4") == "clips/a.mp4"


@pytest.fixture
def served(tmp_path: Path) -> Iterator[str]:
    """The address of a folder that is served on this machine."""
    handler = partial(QuietHandler, directory=str(tmp_path))
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


class QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *values: object) -> None: ...


def test_an_address_is_read_and_leads_to_no_file_of_this_machine(tmp_path: Path, served: str) -> None:
    times = varying(20)
    film = write_film(tmp_path / "a.mkv", "libx264", times)
    numbers, seconds = read(f"{served}/a.mkv?token=s3cret")
    assert numbers == list(range(20))
    assert seconds == pytest.approx([time / 1000 for time in times], abs=1e-3)
    head = "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n"
    (tmp_path / "own.m3u8").write_text(f"{head}file://{film}\n#EXT-X-ENDLIST\n")
    with pytest.raises((OSError, ValueError)):
        read(f"{served}/own.m3u8")
    with pytest.raises(Exception, match="404 Not Found"):
        read(f"{served}/gone.mkv")
