"""Films that are written: every frame at its own time, read again by another's decoder and by a browser."""

import shutil
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from emocam.data import film_writer
from emocam.data.film_writer import FilmWriter, film_encoder
from emocam.errors import SettingError
from tests.data.films import number_of, numbered, varying

av = pytest.importorskip("av")
CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")


def write(file: Path, times: list[float], **given: bool) -> Path:
    with FilmWriter(file, **given) as film:
        for number, time in enumerate(times):
            film.add(numbered(number), time)
    return file


@pytest.mark.parametrize("fragments", [False, True])
@pytest.mark.parametrize("codec", list(film_writer.CODECS))
def test_each_frame_has_its_time_and_picture(
    tmp_path: Path, codec: str, fragments: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(film_writer, "film_encoder", lambda *_: codec)
    times = [milliseconds / 1000 for milliseconds in varying(60)]
    file = write(tmp_path / "a.mp4", times, fragments=fragments)
    with av.open(str(file)) as film:
        frames = list(film.decode(video=0))
    assert [frame.time for frame in frames] == pytest.approx(times, abs=1 / 90_000)
    assert [number_of(frame.to_image()) for frame in frames] == list(range(60))


def test_times_that_repeat_or_go_back_are_shown_a_tick_later(tmp_path: Path) -> None:
    file = write(tmp_path / "a.mp4", [0, 0.04, 0.04, 0.03, 0.08])
    with av.open(str(file)) as film:
        times = [frame.time for frame in film.decode(video=0)]
    assert times == pytest.approx([0, 0.04, 0.04 + 1 / 90_000, 0.04 + 2 / 90_000, 0.08], abs=1e-9)


def test_odd_sides_and_frames_of_other_sizes_are_fitted(tmp_path: Path) -> None:
    with FilmWriter(tmp_path / "a.mp4") as film:
        assert film.size is None
        for number, size in enumerate([(33, 25), (34, 26), (33, 25), (100, 20), (5, 90)]):
            film.add(Image.new("RGB", size, "white"), number / 10)
        assert film.size == (34, 26)
    with av.open(str(tmp_path / "a.mp4")) as read:
        frames = [frame.to_ndarray(format="rgb24") for frame in read.decode(video=0)]
    assert {frame.shape for frame in frames} == {(26, 34, 3)}
    assert all(frames[0][[0, -1, 0, -1], [0, 0, -1, -1]].min(1) > 200)
    assert frames[3][0].max() < 60 < 200 < frames[3][13].min()  # a wide one has borders above and below


def test_a_film_of_fragments_plays_though_nobody_closed_it(tmp_path: Path) -> None:
    film = FilmWriter(tmp_path / "a.mp4", fragments=True)
    for number in range(120):
        film.add(numbered(number), number / 25)
    copied = tmp_path / "killed.mp4"
    shutil.copyfile(film.file, copied)
    film.close()
    with av.open(str(copied)) as read:
        numbers = [number_of(frame.to_image()) for frame in read.decode(video=0)]
    assert numbers == list(range(len(numbers)))
    assert len(numbers) >= 50


def test_a_film_without_frames_leaves_no_file(tmp_path: Path) -> None:
    with FilmWriter(tmp_path / "a.mp4"):
        pass
    assert not list(tmp_path.iterdir())


def test_no_encoder_and_no_folder_are_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SettingError, match=r"^watch\.save .*/b/a\.mp4 cannot be written"):
        FilmWriter(tmp_path / "b/a.mp4", setting="watch.save").add(numbered(0), 0)
    monkeypatch.setattr(film_writer, "CODECS", {"nope": {}})
    with pytest.raises(SettingError, match=r"^overlay\.mp4: a\.mp4 cannot be written.*nope.*av<20"):
        film_encoder(tmp_path / "a.mp4", "overlay.mp4")


@pytest.mark.skipif(
    CHROMIUM is None or find_spec("playwright") is None, reason="needs chromium and playwright"
)
def test_a_browser_plays_it(tmp_path: Path) -> None:
    from playwright.sync_api import sync_playwright

    files = [
        write(tmp_path / f"{kind}.mp4", [n / 25 for n in range(50)], fragments=kind) for kind in (False, True)
    ]
    (tmp_path / "page.html").write_text("".join(f'<video src="{file.name}"></video>' for file in files))
    shown = """async (video) => { await new Promise((done, failed) => {
        video.onerror = () => failed(video.error.message); video.onseeked = done; video.currentTime = 1.21; });
        const canvas = document.createElement("canvas"); canvas.width = 64; canvas.height = 48;
        const pen = canvas.getContext("2d"); pen.drawImage(video, 0, 0);
        return [video.videoWidth, video.videoHeight, video.duration]; }"""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page()
        page.goto((tmp_path / "page.html").as_uri())
        for video in page.locator("video").all():
            wide, tall, duration = video.evaluate(shown)
            assert (wide, tall) == (64, 48)
            assert duration == pytest.approx(2, abs=0.1)
            picture = tmp_path / "shown.png"
            video.screenshot(path=picture)
            number = number_of(Image.open(picture))
            assert abs(number - 30) <= 1
        browser.close()
    assert np.isfinite(duration)
