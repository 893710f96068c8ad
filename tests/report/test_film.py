"""The page along a film: its data, and in a browser a cell that shows its frame, by a click and by keys."""

import json
import shutil
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from emocam.callback.association import Association
from emocam.callback.overlay_film import OverlayFilm
from emocam.callback.timeline import FilmTimeline
from emocam.records.timeline import Timeline
from emocam.report.film import as_bytes, film_section, lane_data
from emocam.report.page import write_report
from emocam.results.run import Run
from tests.callback.film_runs import TIMES, film_run, level, write_films

pytest.importorskip("av")
CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("film")
    write_films(root / "films")
    (root / "run").mkdir()
    finished = film_run(root / "run", root / "films")
    for callback in (Association(), FilmTimeline(), OverlayFilm()):
        callback.on_run_end(finished)
    numbers = {"images": 9, "done": 9, "unreadable": 0, "refused": 0, "failed": 0, "lost": 0, "regions": 23}
    thresholds = {"score": 0.005, "importance": 0.3, "confidence": 0.0}
    (root / "run/summary.json").write_text(
        json.dumps({**numbers, "thresholds": thresholds, "explained": True})
    )
    write_report(Run(root / "run"))
    return root / "run"


def test_the_page_has_a_section_for_films_alone(folder: Path, tmp_path: Path) -> None:
    page = (folder / "report/index.html").read_text(encoding="utf-8")
    assert '<video id="film" src="../overlay.mp4"' in page
    assert "does not say what anybody feels" in page
    assert film_section(tmp_path) is None
    without = film_section(folder, with_film=False)
    assert without is not None
    assert without.film is None


def lane_of(probability: np.ndarray, importance: np.ndarray, time: np.ndarray) -> dict:
    many = len(time)
    names = [f"l{i}" for i in range(probability.shape[1])]
    timeline = Timeline(
        ["a"] * many, ["a.mp4"] * many, time, np.full(many, -1), probability.argmax(1), probability.max(1),
        probability, importance, names, ["x"], time + 5.0,
    )  # fmt: skip
    return lane_data(timeline, timeline.lanes[0], np.arange(len(names)))


def test_many_frames_are_few_cells_of_means_and_highest_values() -> None:
    rng = np.random.default_rng(0)
    odds, looked = rng.dirichlet([1, 1, 1], 4_000), rng.random((4_000, 1))
    looked[:3] = np.nan
    lane = lane_of(odds, looked, np.arange(4_000) / 25)
    assert lane["time"].tolist() == [round(first / 25, 6) for first in range(0, 4_000, 3)]
    assert lane["odds"] == as_bytes(np.array([odds[i : i + 3].mean(0) for i in range(0, 4_000, 3)]).T)
    highest = [np.nan, *(looked[i : i + 3].max() for i in range(3, 4_000, 3))]
    assert lane["strip"] == as_bytes(np.array([highest]))
    assert lane["step"] == pytest.approx(0.12)


@pytest.mark.skipif(
    CHROMIUM is None or find_spec("playwright") is None, reason="needs chromium and playwright"
)
def test_a_click_and_keys_show_the_frame_of_a_cell(folder: Path, tmp_path: Path) -> None:
    from playwright.sync_api import sync_playwright

    faults: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(viewport={"width": 1280, "height": 1600})
        page.on("console", lambda said: faults.append(said.text))
        page.on("pageerror", lambda fault: faults.append(str(fault)))
        page.goto((folder / "report/index.html").as_uri())
        film = page.locator("#film")
        film.evaluate("f => f.readyState >= 1 || new Promise(done => (f.onloadedmetadata = done))")
        cells = page.locator(".cells")
        assert cells.count() == 2

        def shown() -> tuple[str, int]:
            film.evaluate(
                "f => { f.controls = false; return f.seeking && new Promise(done => (f.onseeked = done)); }"
            )
            page.wait_for_timeout(60)
            film.screenshot(path=tmp_path / "film.png")
            picture = np.asarray(Image.open(tmp_path / "film.png").convert("L"))
            tall, wide = picture.shape
            inside = picture[int(0.73 * tall) : int(0.87 * tall), int(0.63 * wide) : int(0.87 * wide)]
            return page.locator("#film-says").inner_text(), round(float(inside.mean()))

        box = cells.nth(1).bounding_box()
        cells.nth(1).click(position={"x": box["width"] / 2, "y": 5})  # 1.0, 1.5 and 2.0, each half a second
        said, grey = shown()
        assert said.startswith("b/two.mp4, 1.50 s: Awe 0.87, time 0.13; importance: cake 0.70")
        assert abs(grey - level("b/two.mp4", 1)) < 6
        for key, number in (("ArrowRight", 2), ("Home", 0), ("End", 2), ("ArrowLeft", 1)):
            page.keyboard.press(key)
            said, grey = shown()
            assert said.startswith(f"b/two.mp4, {TIMES['b/two.mp4'][number]:.2f} s: ")
            assert abs(grey - level("b/two.mp4", number)) < 6
        assert cells.nth(1).get_attribute("aria-valuetext") == said
        assert page.locator(".cursor:visible").count() == 1
        cells.nth(0).focus()
        page.keyboard.press("Enter")
        said, grey = shown()
        assert said.startswith("a.mp4, 0.00 s: ")
        assert abs(grey - level("a.mp4", 0)) < 6
        browser.close()
    assert not faults
