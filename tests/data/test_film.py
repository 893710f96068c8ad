"""Frames of films by their exact times: each frame tells its own number, whatever the codec."""

import os
from pathlib import Path

import numpy as np
import pytest

from emocam.data.film import FilmReader, index_film, open_frame, open_image, upright_frame
from emocam.data.samples import reason
from emocam.errors import Damaged, Refused
from tests.data.films import number_of, numbered, varying, write_film

av = pytest.importorskip("av")
KINDS = [
    ("a.mp4", "libx264"),
    ("b.mp4", "mpeg4"),
    ("c.webm", "libvpx-vp9"),
    ("d.webm", "libvpx"),
    ("e.mkv", "libx264"),
    ("f.mov", "libx264"),
]
MOST = 10_000_000


@pytest.mark.parametrize(("name", "codec"), KINDS)
def test_ninety_of_ninety_frames_have_their_time_and_picture(tmp_path: Path, name: str, codec: str) -> None:
    times = varying()
    film = write_film(tmp_path / name, codec, times)
    index = index_film(film)
    assert np.round(index.times * 1000).astype(int).tolist() == times
    decoded = [frame.time for frame in av.open(str(film)).decode(video=0)]  # the other way: all decoded
    assert index.times.tolist() == pytest.approx(decoded, abs=1e-6)
    order = [*range(90), *np.random.default_rng(0).permutation(90)]
    found = [number_of(open_frame(film, float(index.times[i]), MOST, index)) for i in order]
    assert found == order


def test_going_forward_decodes_each_frame_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    film = write_film(tmp_path / "a.webm", "libvpx-vp9", varying())
    index = index_film(film)
    reader = FilmReader(film, index)
    opened = []
    monkeypatch.setattr(
        FilmReader, "_go_to", lambda self, tick, go=FilmReader._go_to: opened.append(tick) or go(self, tick)
    )
    assert [number_of(upright_frame(reader.frame(int(tick)))) for tick in index.ticks[::7]] == list(
        range(0, 90, 7)
    )
    assert opened == [index.ticks[0]]


def test_a_film_may_begin_above_zero(tmp_path: Path) -> None:
    film = write_film(tmp_path / "a.mkv", "libx264", varying(20, start=3_000))
    index = index_film(film)
    assert index.times[0] == 3.0
    assert number_of(open_frame(film, float(index.times[5]), MOST)) == 5


def test_a_time_between_two_frames_is_refused(tmp_path: Path) -> None:
    film = write_film(tmp_path / "a.mp4", "libx264", [0, 40, 80])
    with pytest.raises(Refused, match=r"has no frame at 0\.020000 s"):
        open_frame(film, 0.02, MOST)
    with pytest.raises(Refused, match=r"more than data\.max_pixels=100 pixels"):
        open_frame(film, 0.04, 100)


def test_a_gif_is_a_film(tmp_path: Path) -> None:
    from PIL import Image

    frames = [Image.fromarray(numbered(i)) for i in range(10)]
    frames[0].save(tmp_path / "a.gif", save_all=True, append_images=frames[1:], duration=70)
    index = index_film(tmp_path / "a.gif")
    assert index.times.tolist() == pytest.approx([0.07 * i for i in range(10)])
    assert [number_of(open_frame(tmp_path / "a.gif", float(t), MOST, index)) for t in index.times] == list(
        range(10)
    )


@pytest.mark.parametrize(("name", "codec"), [("a.webm", "libvpx-vp9"), ("a.mkv", "libx264")])
def test_a_cut_film_gives_the_frames_that_are_there(tmp_path: Path, name: str, codec: str) -> None:
    whole = write_film(tmp_path / name, codec, varying())
    cut = tmp_path / f"cut{name}"
    cut.write_bytes(whole.read_bytes()[: whole.stat().st_size * 2 // 3])
    index = index_film(cut)
    there = [round(frame.time * 1000) for frame in av.open(str(cut)).decode(video=0)]
    assert 10 < len(there) < 90
    assert set(there) <= set(np.round(index.times * 1000).astype(int).tolist())
    assert len(index.times) - len(there) <= 2  # the last may hang on one that is gone
    for time in there:
        assert number_of(open_frame(cut, time / 1000, MOST, index)) == varying().index(time)


def test_a_film_cut_before_its_table_is_an_error(tmp_path: Path) -> None:
    whole = write_film(tmp_path / "a.mp4", "libx264", varying())
    cut = tmp_path / "cut.mp4"
    for content, words in (
        (whole.read_bytes()[:-600], "is cut off"),
        (b"no film" * 90, "no film"),
        (b"", "is empty"),
    ):
        cut.write_bytes(content)
        with pytest.raises(Damaged, match=words) as error:
            index_film(cut)
        assert reason(error.value, tmp_path) == str(error.value)


def test_sound_alone_is_refused(tmp_path: Path) -> None:
    with av.open(str(tmp_path / "a.mp4"), "w") as container:
        stream = container.add_stream("aac", rate=44_100)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 44_100), np.float32), format="fltp", layout="mono")
        frame.sample_rate = 44_100
        container.mux(stream.encode(frame))
        container.mux(stream.encode())
    with pytest.raises(Refused, match="holds no pictures"):
        index_film(tmp_path / "a.mp4")


def test_a_playlist_named_like_a_film_reads_no_other_file(tmp_path: Path) -> None:
    film = write_film(tmp_path / "secret.mkv", "libx264", varying(5))
    (tmp_path / "a.mp4").write_text(
        f"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nfile://{film}\n#EXT-X-ENDLIST\n"
    )
    with pytest.raises((av.error.FFmpegError, Damaged)):
        index_film(tmp_path / "a.mp4")
    (tmp_path / "b.mp4").write_text(f"ffconcat version 1.0\nfile {film}\n")
    with pytest.raises((av.error.FFmpegError, Damaged)):
        index_film(tmp_path / "b.mp4")


def test_a_turned_frame_is_upright(tmp_path: Path) -> None:
    class Turned:
        rotation, sample_aspect_ratio = -90, None

        def to_ndarray(self, format: str) -> np.ndarray:
            return np.array([[[255, 0, 0], [0, 255, 0], [0, 0, 255]]], np.uint8)

    image = upright_frame(Turned())  # clockwise by a quarter: the first is on top
    assert image.size == (1, 3)
    assert [image.getpixel((0, y)) for y in range(3)] == [(255, 0, 0), (0, 255, 0), (0, 0, 255)]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_process_reads_with_its_own_place(tmp_path: Path) -> None:
    film = write_film(tmp_path / "a.webm", "libvpx-vp9", varying())
    index = index_film(film)
    assert number_of(open_frame(film, float(index.times[3]), MOST, index)) == 3
    child = os.fork()
    if not child:
        fine = all(number_of(open_frame(film, float(index.times[i]), MOST, index)) == i for i in (60, 89))
        os._exit(0 if fine else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert number_of(open_frame(film, float(index.times[4]), MOST, index)) == 4


def test_one_door_opens_pictures_and_frames(tmp_path: Path) -> None:
    from PIL import Image

    Image.fromarray(numbered(7)).save(tmp_path / "odd#name.png")
    film = write_film(tmp_path / "a.mp4", "libx264", [0, 40, 80])
    assert number_of(open_image(tmp_path, "odd#name.png", MOST)) == 7
    assert number_of(open_image(tmp_path, f"{film.name}#t=0.040000", MOST)) == 1
    with pytest.raises(Refused, match=r"outside data\.root"):
        open_image(tmp_path, "../a.mp4#t=0.040000", MOST)
