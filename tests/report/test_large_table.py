"""A table too large to be built at once, in a real browser: every cell is there when it is looked at."""

from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from emocam.report.page import write_report
from emocam.results.run import Run
from tests.report.test_browser import (  # noqa: F401
    browser,
    opened,
    pytestmark,
    quiet,
)

OBJECTS = [f"thing {i:03d}" for i in range(260)]
LABELS = [f"kind {i:03d}" for i in range(140)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory, write_module_run) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "run"
    write_module_run(folder, OBJECTS, LABELS, 450, each=9)
    write_report(Run(folder))
    return folder


@pytest.fixture(scope="module")
def percent(folder) -> pd.DataFrame:
    """Objects with a count and labels with pictures, in the order of the page, by pandas alone."""
    table = pd.read_csv(folder / "association_percent.csv", index_col=0)
    images = pd.read_csv(folder / "labels.csv", index_col=0)["images"]
    table = table.loc[table.fillna(0).mean(axis=1).sort_values(ascending=False, kind="stable").index]
    table = table[images[images > 0].sort_values(ascending=False, kind="stable").index]
    return table[(table > 0).any(axis=1)]


@pytest.fixture(scope="module")
def page(opened, folder):  # noqa: F811
    return opened(folder / "report/index.html")


@pytest.fixture(autouse=True)
def at_the_first_view(page):
    page.evaluate("show({ ...FIRST }); scroll.scrollTop = scroll.scrollLeft = 0; followScroll()")


def settle(page) -> None:
    """Wait until what was scrolled is built and painted."""
    page.evaluate(
        "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done))))"
    )


def text(value: float) -> str:
    return "0" if value == 0 else "100" if round(value, 1) == 100 else f"{value:.1f}"


def built(page) -> pd.DataFrame:
    lines = page.evaluate(
        "[...table.querySelectorAll('thead tr, tbody tr')].map(r => [...r.cells].map(c => c.innerText))"
    )
    (_, *labels), *rows = lines
    return pd.DataFrame([row[1:] for row in rows], [row[0] for row in rows], labels)


def check(page, percent: pd.DataFrame) -> pd.DataFrame:
    """All that is built says what pandas says."""
    shown = built(page)
    expected = percent.loc[shown.index, shown.columns].map(text)
    assert shown.equals(expected)
    return shown


def test_only_what_is_in_sight_is_built_and_the_rest_has_its_place(page, percent):
    shown = check(page, percent)
    assert list(shown.index) == list(percent.index[: len(shown)]) and shown.size < 0.2 * percent.size
    assert list(shown.columns) == list(percent.columns[: shown.shape[1]])
    room = page.evaluate(
        "[scroll.scrollHeight / body.rows[0].offsetHeight, scroll.scrollWidth / heads[1].offsetWidth]"
    )
    assert len(percent) < room[0] < len(percent) + 15 and percent.shape[1] < room[1] < percent.shape[1] + 6
    page.evaluate("scroll.scrollTop = scroll.scrollLeft = 1e6")
    settle(page)
    shown = check(page, percent)
    assert shown.index[-1] == percent.index[-1] and shown.columns[-1] == percent.columns[-1]
    corner = page.locator("#matrix tbody tr:last-child td:last-child").bounding_box()
    frame = page.locator(".scroll").bounding_box()
    assert corner["y"] + corner["height"] <= frame["y"] + frame["height"] + 1
    assert corner["x"] + corner["width"] <= frame["x"] + frame["width"] + 1


def test_names_stay_beside_the_cells_wherever_one_scrolls(page, percent):
    page.evaluate("scroll.scrollTop = 2000; scroll.scrollLeft = 3000")
    settle(page)
    frame = page.locator(".scroll").bounding_box()
    named = page.locator("#matrix tbody tr:nth-child(15) th").bounding_box()
    head = page.locator("#matrix thead th:nth-child(9)").bounding_box()
    assert named["x"] == pytest.approx(frame["x"], abs=2) and head["y"] == pytest.approx(frame["y"], abs=2)
    check(page, percent)


def test_keys_walk_from_one_corner_to_the_other(page, percent):
    page.locator("#matrix tbody tr:first-child td").first.focus()
    page.keyboard.press("Control+End")
    told = page.evaluate("document.activeElement.ariaLabel")
    assert told.startswith(f"{percent.index[-1]}, {percent.columns[-1]}: ")
    for key in ("ArrowUp", "ArrowLeft", "PageUp"):
        page.keyboard.press(key)
    told = page.evaluate("document.activeElement.ariaLabel")
    assert told.startswith(f"{percent.index[-14]}, {percent.columns[-2]}: ")
    assert page.evaluate("document.activeElement.closest('tr').ariaRowIndex") == str(len(percent) - 13 + 1)
    assert page.locator("#matrix [tabindex='0']").count() == 1
    page.mouse.move(600, 500)
    page.evaluate("scroll.scrollTop = 0")  # away from where the keys stand, and on from there
    settle(page)
    page.keyboard.press("ArrowDown")
    told = page.evaluate("document.activeElement.ariaLabel")
    assert told.startswith(f"{percent.index[-13]}, {percent.columns[-2]}: ")
    page.keyboard.press("Control+Home")
    page.keyboard.press("Enter")
    assert page.evaluate("seen.objects.map((object) => run.objects[object])") == sorted(percent.index)
    assert list(built(page).index) == sorted(built(page).index)


def test_a_head_sorts_all_rows_and_not_those_that_are_built(page, percent):
    label = percent.columns[7]
    page.locator("#matrix thead th", has_text=label).click()
    shown = check(page, percent)
    assert list(shown[label]) == [text(v) for v in sorted(percent[label], reverse=True)[: len(shown)]]


def test_labels_that_no_picture_is_called_are_columns_where_they_are_asked_for(page, percent, folder):
    columns = "seen.labels.map((label) => run.labels[label])"
    assert page.evaluate(columns) == list(percent.columns)
    page.check("#every")
    silent = [label for label in LABELS if label not in percent.columns]
    assert silent and page.evaluate(columns) == [*percent.columns, *silent]
    assert f"{len(silent)} that no picture is called" in page.locator("#shown").inner_text()
    page.wait_for_url(lambda url: "every=1" in url)
    page.fill("#among", "KIND 00")
    assert page.evaluate(columns) == [label for label in percent.columns if "00" in label[:7]]
    assert set(built(page).columns) == {f"kind 00{i}" for i in range(10)}
    with page.expect_download() as download:
        page.click("#save")
    saved = pd.read_csv(Path(download.value.path()), index_col=0)
    assert np.allclose(saved, percent.loc[saved.index, saved.columns]) and len(saved) == len(percent)


@pytest.mark.slow
def test_axe_finds_nothing_to_object_to_in_a_part_of_a_table(page):
    if not find_spec("axe_playwright_python"):
        pytest.skip("needs axe")
    page.evaluate("scroll.scrollTop = 3000")
    page.evaluate((files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8"))
    found = page.evaluate("axe.run('#matrix', {preload: false, runOnly: ['cat.aria']})")["violations"]
    assert [(v["id"], [node["html"][:160] for node in v["nodes"][:3]]) for v in found] == []
