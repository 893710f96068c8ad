"""The page in a real browser, opened from disk. Skipped where there is no Chromium."""

import json
import shutil
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from emocam.report.page import write_report
from emocam.results.run import Run

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
pytestmark = pytest.mark.skipif(
    CHROMIUM is None or find_spec("playwright") is None, reason="needs chromium and playwright"
)
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]


@pytest.fixture(scope="module")
def browser():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield launched
        launched.close()


@pytest.fixture(scope="module")
def opened(browser):
    """Opens a file as a person would; afterwards nothing was asked, said or fetched that should not be."""
    pages, faults = [], []

    def open_page(file: Path, fragment: str = "", **context):
        page = browser.new_context(viewport={"width": 1280, "height": 900}, **context).new_page()
        home = file.parent.as_uri()
        page.on("console", lambda said: faults.append(f"console: {said.text}"))
        page.on("pageerror", lambda fault: faults.append(f"error: {fault}"))
        page.on("dialog", lambda dialog: (faults.append(f"dialog: {dialog.message}"), dialog.dismiss()))
        page.on(
            "request",
            lambda r: r.url.startswith((home, "blob:", "data:")) or faults.append(f"request: {r.url}"),
        )
        page.on("requestfailed", lambda r: faults.append(f"missing: {r.url}"))
        page.goto(file.as_uri() + fragment)
        pages.append(page)
        return page

    open_page.faults = faults
    yield open_page
    for page in pages:
        page.context.close()


@pytest.fixture(autouse=True)
def quiet(opened):
    opened.faults.clear()
    yield
    assert not opened.faults


@pytest.fixture(scope="module")
def folder(tmp_path_factory, write_module_run) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "run"
    open_picture = write_module_run(folder)
    write_report(Run(folder), open_picture)
    return folder


@pytest.fixture
def page(opened, folder):
    return opened(folder / "report/index.html")


def names(page) -> list[str]:
    return page.locator("#matrix tbody tr:visible th").all_inner_texts()


def cell(page, object: str, label: str):
    column = page.locator("#matrix thead th").all_inner_texts().index(label)
    row = page.locator("#matrix tbody tr").filter(has=page.locator("th", has_text=object))
    return row.locator(f":nth-child({column + 1})").first


def strongest(folder: Path, object: str, label: str) -> list[str]:
    evidence = pd.read_parquet(folder / "evidence.parquet").astype({"object": str, "label": str})
    own = evidence[
        (evidence["object"] == object)
        & (evidence["label"] == label)
        & (evidence["importance"] > np.float32(0.3))
    ]
    return list(own.groupby("image")["importance"].max().sort_values(ascending=False).index)


def paths_of(figures) -> list[str]:
    return figures.locator(".path").evaluate_all("all => all.map((path) => path.title)")


def open_cell(page, object: str = "Triangle", label: str = "danger"):
    cell(page, object, label).click()
    page.wait_for_selector("dialog[open] figure")
    return page.locator("dialog figure")


def test_a_head_sorts_and_says_so(page, folder):
    percent = pd.read_csv(folder / "association_percent.csv", index_col=0)["joy"]
    head = page.locator("#matrix thead th", has_text="joy")
    head.click()
    assert head.get_attribute("aria-sort") == "descending"
    assert [percent[name] for name in names(page)] == sorted(percent, reverse=True)
    head.click()
    assert head.get_attribute("aria-sort") == "ascending"
    assert [percent[name] for name in names(page)] == sorted(percent)
    assert page.locator("#matrix [aria-sort]").count() == 1
    page.locator("#matrix thead th").first.click()
    assert names(page) == sorted(percent.index)


def test_rows_are_filtered_by_name_and_by_count(page, folder):
    page.fill("#filter", "a")
    assert set(names(page)) == {"Triangle", "Ball", "Stamp", "Car", "Cat", "Lamp", "Chair"}
    page.fill("#filter", "")
    totals = pd.read_csv(folder / "association.csv", index_col=0).sum(axis=1)
    least = int(totals.median())
    page.fill("#least", str(least))
    assert set(names(page)) == set(totals.index[totals >= least])
    assert (
        page.locator("#shown")
        .inner_text()
        .startswith(f"{(totals >= least).sum()} of 12 objects that were looked at")
    )


def test_cells_change_from_percent_to_count(page, folder):
    counts = pd.read_csv(folder / "association.csv", index_col=0)
    page.get_by_text("count", exact=True).click()
    for object in counts.index:
        assert int(cell(page, object, "calm").inner_text()) == counts.loc[object, "calm"]
    assert "measure=count" in page.url


def test_a_cell_reads_itself_with_its_interval(page, folder):
    from scipy.stats import binomtest

    counts = pd.read_csv(folder / "association.csv", index_col=0)
    images = pd.read_csv(folder / "labels.csv", index_col=0)["images"]
    k, n = int(counts.loc["Ball", "calm"]), int(images["calm"])
    low, high = (100 * bound for bound in binomtest(k, n).proportion_ci(method="wilson"))
    cell(page, "Ball", "calm").hover()
    told = page.locator("#reading").inner_text()
    assert told.startswith(f"Ball, calm: {k} of {n} images, {100 * k / n:.1f} % ({low:.0f}–{high:.0f})")


def test_a_gallery_shows_photo_map_and_boxes_strongest_first(page, folder):
    figures = open_cell(page)
    expected = strongest(folder, "Triangle", "danger")
    assert paths_of(figures) == expected[:60]
    assert (
        figures.locator("img").count()
        == figures.locator("canvas").count()
        == figures.locator("svg").count()
        == len(expected)
    )
    assert all(figures.nth(i).locator("rect").count() >= 1 for i in range(len(expected)))
    page.wait_for_function(
        "[...document.querySelectorAll('dialog img')].every(i => i.complete && i.naturalWidth)"
    )
    page.wait_for_timeout(200)
    painted = "c => [...c.getContext('2d').getImageData(0, 0, c.width, c.height).data].some(v => v > 200)"
    assert figures.locator("canvas").first.evaluate(painted)


def test_a_map_is_painted_bilinear_between_the_centres_of_its_cells(page):
    paint = """() => {
      const canvas = document.createElement("canvas");
      paint(canvas, {cells: btoa(String.fromCharCode(0, 255, 0, 0)), shape: [2, 2]}, [8, 8]);
      const data = canvas.getContext("2d").getImageData(0, 0, 128, 128).data;
      return [[0, 0], [127, 0], [64, 0], [127, 127]].map(([x, y]) => data[4 * (128 * y + x) + 3]);
    }"""
    left, right, middle, low = page.evaluate(paint)
    assert (left, right, low) == (0, 255, 0)
    # pixel 64 is centred at 64.5 of 128, so half a pixel beyond the middle: (64.5 - 32) / 64 of the way
    assert middle == round(255 * 32.5 / 64)


def test_the_gallery_obeys_its_keys(page):
    figures = open_cell(page)
    place = (
        "() => [...document.querySelectorAll('dialog figure')].findIndex(f => f.matches('[aria-current]'))"
    )
    assert page.evaluate(place) == 0
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowLeft")
    assert page.evaluate(place) == 1
    canvas, svg = figures.first.locator("canvas"), figures.first.locator("svg")
    page.keyboard.press("h")
    assert not canvas.is_visible() and page.locator("#heat").get_attribute("aria-pressed") == "false"
    page.keyboard.press("h")
    assert canvas.is_visible()
    page.keyboard.press("b")
    assert not svg.is_visible()
    page.keyboard.press("Enter")
    assert page.locator("dialog figure:visible").count() == 1
    page.keyboard.press("Escape")
    assert not page.locator("dialog").is_visible()
    assert "object=" not in page.url


def test_on_paper_there_are_no_controls_and_what_is_folded_away_is_unfolded(page):
    page.emulate_media(media="print")
    for dead in (
        ".toolbar",
        ".thresholds",
        "#find",
        "#words",
        ".files",
        "#legend .how",
        ".screen",
        "thead .about",
    ):
        assert not page.locator(dead).first.is_visible(), dead
    assert (
        page.locator("#matrix thead bdi").first.is_visible() and page.locator(".cards img").first.is_visible()
    )
    folded = page.evaluate(
        "document.querySelector('header').insertAdjacentHTML('beforeend', '<details id=folded><p>a</p></details>')"
        " || [dispatchEvent(new Event('beforeprint')), document.getElementById('folded').open,"
        " dispatchEvent(new Event('afterprint')), document.getElementById('folded').open]"
    )
    assert folded == [True, True, True, False]


def held_unseen(folder: Path, object: str, label: str) -> set[str]:
    """Pictures of a cell that hold the object without its being looked at."""
    rows = pd.read_parquet(folder / "evidence.parquet").astype({"object": str, "label": str})
    rows = rows[(rows["object"] == object) & (rows["label"] == label) & (rows["score"] > np.float32(0.005))]
    most = rows.groupby("image")["importance"].max()
    return set(most.index[most <= np.float32(0.3)])


def test_a_cell_shows_its_counter_examples_when_asked(page, folder):
    counts = pd.read_csv(folder / "association.csv", index_col=0).stack()
    name, label = next(pair for pair in counts[counts > 0].index if held_unseen(folder, *pair))
    figures = open_cell(page, name, label)
    counted, unseen = figures.count(), held_unseen(folder, name, label)
    page.get_by_role("button", name="Counter-examples:").click()
    shown = paths_of(figures)[counted:]
    assert shown and set(shown) <= unseen
    assert page.locator("figure.against[aria-current]").count() == 1
    assert axe(page) == []


def test_an_empty_cell_shows_the_pictures_that_hold_the_object_or_says_that_none_does(
    opened, tmp_path, make_run
):
    opener = make_run(tmp_path / "run", ["Dog", "Cat"], ["joy", "fear"], 60)
    file = tmp_path / "run/evidence.parquet"
    table = pq.read_table(file)
    rows = table.to_pandas().astype({"object": str, "label": str})
    low = (rows["object"] == "Dog") & (rows["label"] == "joy")
    gone = ((rows["object"] == "Cat") & (rows["label"] == "fear")).to_numpy()
    importance = pa.array(np.where(low, 0.1, rows["importance"]).astype(np.float32))
    table = table.set_column(table.schema.get_field_index("importance"), "importance", importance)
    pq.write_table(table.filter(pa.array(~gone)), file)
    counts = pd.read_csv(tmp_path / "run/association.csv", index_col=0)
    counts.loc["Dog", "joy"] = counts.loc["Cat", "fear"] = 0
    counts.to_csv(tmp_path / "run/association.csv")
    page = opened(write_report(Run(tmp_path / "run"), opener))
    cell(page, "Dog", "joy").click()
    page.wait_for_selector("dialog[open] figure")
    unseen = held_unseen(tmp_path / "run", "Dog", "joy")
    shown = paths_of(page.locator("dialog figure"))
    assert set(shown) <= unseen and len(shown) == min(12, len(unseen))
    assert "Counter-examples" in page.locator("dialog h3").inner_text()
    assert axe(page) == []
    page.keyboard.press("Escape")
    cell(page, "Cat", "fear").click()
    page.wait_for_selector("dialog[open]")
    page.wait_for_function(
        "document.querySelector('#gallery-more').textContent.endsWith('called fear holds Cat.')"
    )
    assert not page.locator("dialog .tools").is_visible() and axe(page) == []


def test_a_picture_is_found_by_a_part_of_its_name(page, folder):
    path = str(Run(folder).predictions["image"].iloc[7])
    page.fill("#find", Path(path).stem.upper())
    page.keyboard.press("Enter")
    page.wait_for_selector("dialog[open] figure")
    assert paths_of(page.locator("dialog figure")) == [path]
    assert axe(page) == []
    page.keyboard.press("i")
    page.wait_for_selector("dialog .whole")
    page.keyboard.press("Escape")
    page.wait_for_selector("dialog[open] figure .path")
    page.reload()
    page.wait_for_selector("dialog[open] figure")
    page.keyboard.press("Escape")
    assert not page.locator("dialog").is_visible()
    page.fill("#find", "no such picture")
    page.keyboard.press("Enter")
    page.wait_for_function(
        "document.querySelector('#gallery-more').textContent.startsWith('No picture has this')"
    )


def test_wrong_answers_are_shown_by_kind(opened, run_folder):
    folder, open_picture = run_folder
    file = folder / "predictions.parquet"
    table = pq.read_table(file)
    labels = Run(folder).label_names
    truth = np.random.default_rng(1).choice(labels[:3], len(table))
    pq.write_table(table.drop_columns("truth").append_column("truth", pa.array(truth)), file)
    page = opened(write_report(Run(folder), open_picture))
    called = Run(folder).predictions.astype({"label": str})
    wrong = called[called["truth"] != called["label"]]
    page.click("#wrong")
    page.wait_for_selector("dialog[open] figure")
    assert page.locator("dialog figure").count() == len(wrong)
    assert page.locator("dialog figure .facts").first.inner_text().split("people say: ")[1] in labels
    sizes = wrong.groupby(["truth", "label"]).size().sort_values(ascending=False)
    page.locator(".rank").nth(1).click()
    page.wait_for_function(f"document.querySelectorAll('dialog figure').length === {sizes.iloc[1]}")
    assert axe(page) == []


def test_the_table_is_walked_by_arrow_keys_and_opened_by_enter(page):
    page.locator("#matrix tbody tr:first-child td").first.focus()
    assert page.locator("#matrix [tabindex='0']").count() == 1
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowRight")
    focused = page.evaluate(
        "[document.activeElement.parentElement.rowIndex, document.activeElement.cellIndex]"
    )
    assert focused == [2, 2]
    assert "images" in page.evaluate("document.activeElement.getAttribute('aria-label')")
    page.keyboard.press("Enter")
    page.wait_for_selector("dialog[open] figure")
    page.keyboard.press("Escape")
    assert page.evaluate("document.activeElement.cellIndex") == 2
    page.keyboard.press("Control+Home")
    page.keyboard.press("Enter")
    assert page.locator("#matrix thead th").first.get_attribute("aria-sort") == "ascending"


def test_the_hash_holds_cell_and_sorting_and_survives_a_reload(page, opened):
    page.locator("#matrix thead th", has_text="fear").click()
    page.fill("#filter", "a")
    open_cell(page, "Car", "danger")
    order = names(page)
    for again in (
        page,
        opened(Path(page.url.split("#")[0].removeprefix("file://")), "#" + page.url.split("#")[1]),
    ):
        again.reload()
        again.wait_for_selector("dialog[open] figure")
        assert again.locator("#gallery-name .name").all_inner_texts() == ["Car", "danger"]
        assert names(again) == order
        assert again.locator("#matrix thead th", has_text="fear").get_attribute("aria-sort") == "descending"
    page.go_back()
    assert page.url.startswith("about:") or not page.locator("dialog").is_visible()


def test_a_card_opens_its_cell(page):
    page.locator("[data-card]").first.click()
    page.wait_for_selector("dialog[open] figure")


def test_the_table_is_saved_as_csv_without_formulas(opened, hostile_folder):
    folder, open_picture = hostile_folder
    page = opened(write_report(Run(folder), open_picture))
    with page.expect_download() as download:
        page.click("#save")
    saved = Path(download.value.path()).read_text()
    assert "'=HYPERLINK" in saved
    assert not any(line.startswith(("=", '"=')) for line in saved.splitlines())


def test_hostile_names_do_nothing(opened, hostile_folder):
    folder, open_picture = hostile_folder
    page = opened(write_report(Run(folder), open_picture))
    for row in range(page.locator("#matrix tbody tr").count()):
        page.locator("#matrix tbody tr").nth(row).locator("td").first.click()
        page.wait_for_selector("dialog[open]")
        page.wait_for_timeout(50)
        page.keyboard.press("Escape")
    page.locator("#matrix thead th").nth(1).click()
    assert page.locator("img[src='x']").count() == 0
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.parametrize("width", [320, 390, 1280])
def test_the_page_is_no_wider_than_its_window(opened, folder, width):
    page = opened(folder / "report/index.html")
    page.set_viewport_size({"width": width, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("fragment", ["", "#object=Triangle&label=danger"])
@pytest.mark.skipif(find_spec("axe_playwright_python") is None, reason="needs axe-playwright-python")
def test_axe_finds_nothing_to_object_to(opened, folder, scheme, fragment):
    page = opened(folder / "report/index.html", fragment, color_scheme=scheme)
    if fragment:
        page.wait_for_selector("dialog[open] figure")
    page.evaluate((files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8"))
    found = page.evaluate("axe.run({preload: false})")["violations"]
    assert [(v["id"], [node["html"][:120] for node in v["nodes"][:3]]) for v in found] == []


def axe(page) -> list:
    """What axe objects to; nothing where it is not installed."""
    if not find_spec("axe_playwright_python"):
        return []
    page.evaluate((files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8"))
    found = page.evaluate("axe.run({preload: false})")["violations"]
    return [(v["id"], [node["html"][:120] for node in v["nodes"][:3]]) for v in found]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_words_and_keys_open_by_a_key_and_close_again(opened, folder, scheme):
    page = opened(folder / "report/index.html", color_scheme=scheme)
    page.keyboard.press("?")
    assert page.locator("#glossary").is_visible() and page.locator("#glossary dt").count() > 20
    assert axe(page) == []
    page.keyboard.press("Escape")
    assert not page.locator("#glossary").is_visible()
    page.focus("#filter")
    page.keyboard.press("?")  # in a field it is a letter
    assert page.input_value("#filter") == "?" and not page.locator("#glossary").is_visible()


def test_the_summary_paints_its_maps_and_asks_for_nothing(opened, folder):
    page = opened(folder / "summary.html")
    painted = "c => [...c.getContext('2d').getImageData(0, 0, c.width, c.height).data].some(v => v > 200)"
    assert page.locator("figure canvas").count() >= 1
    assert page.locator("figure canvas").first.evaluate(painted)
    page.evaluate((files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8"))
    assert page.evaluate("axe.run({preload: false})")["violations"] == []


def drag(page, slider: str, value: float) -> None:
    page.wait_for_function("evidence !== null")
    place = page.evaluate("([id, v]) => evidence.positions[id].indexOf(v)", [slider, value])
    page.locator(f"#{slider}").fill(str(place))


@pytest.mark.parametrize(
    "at", [{"importance": 0.1}, {"importance": 0.5, "score": 0.4, "confidence": 0.6}, {"score": 0.95}]
)
def test_the_sliders_count_what_pandas_counts(page, folder, at):
    for key, value in at.items():
        drag(page, key, value)
    at = {"importance": 0.3, "score": 0.005, "confidence": 0.0} | at
    rows = pd.read_parquet(folder / "evidence.parquet").astype({"object": str, "label": str})
    rows = rows[np.logical_and.reduce([rows[key] > np.float32(value) for key, value in at.items()])]
    counts = rows.groupby(["object", "label"])["image"].nunique().unstack(fill_value=0)
    page.get_by_text("count", exact=True).click()
    page.wait_for_function(
        f"document.querySelector('#shown').textContent.startsWith('All {len(counts)} objects')"
    )
    assert set(names(page)) == set(counts.index)
    for row in page.locator("#matrix tbody tr:visible").all():
        object, *cells = row.locator("th, td").all_inner_texts()
        assert [int(cell) for cell in cells] == [
            counts.loc[object].get(label, 0) for label in page.evaluate("run.labels")
        ]


def test_the_gallery_follows_the_sliders_and_the_hash_keeps_them(page, folder):
    drag(page, "importance", 0.6)
    page.reload()
    assert page.locator("#importance-says").inner_text() == "0.6"
    page.wait_for_function("thresholds.importance === 0.6")
    figures = open_cell(page)
    evidence = pd.read_parquet(folder / "evidence.parquet").astype({"object": str, "label": str})
    own = evidence[
        (evidence["object"] == "Triangle") & (evidence["label"] == "danger") & (evidence["importance"] > 0.6)
    ]
    assert figures.count() == own["image"].nunique()
    assert page.locator("dialog rect").count() == len(own)
    page.keyboard.press("Escape")
    page.click("#reset")
    page.wait_for_function("thresholds.importance === 0.3")
    assert "importance" not in page.url


def test_an_objects_name_leads_to_all_its_labels(page, folder):
    page.locator("#matrix tbody th", has_text="Triangle").click()
    page.wait_for_selector("dialog[open] .rank")
    percent = pd.read_csv(folder / "association_percent.csv", index_col=0).loc["Triangle"]
    assert page.locator(".rank bdi").all_inner_texts() == list(percent.sort_values(ascending=False).index)
    page.locator(".rank").first.click()
    page.wait_for_function("document.querySelectorAll('#gallery-name .name').length === 2")
    assert "object=Triangle&label=" in page.url
    page.go_back()
    page.wait_for_function("document.querySelectorAll('.rank').length === 5")


def test_a_labels_number_leads_to_what_drives_it(page, folder):
    page.locator("#matrix thead th", has_text="danger").locator(".about").click()
    page.wait_for_selector("dialog[open] .rank")
    counts = pd.read_csv(folder / "association.csv", index_col=0)
    images = pd.read_csv(folder / "labels.csv", index_col=0)["images"]
    others = counts.drop(columns="danger").sum(axis=1) / images.drop("danger").sum()
    contrast = counts["danger"] / images["danger"] - others
    best = [name for name in contrast.sort_values(ascending=False).index if contrast[name] > 0]
    assert page.locator(".rank bdi").all_inner_texts()[: len(best)] == best
    assert "Against it" in page.locator("dialog h3").last.inner_text()
    heights = page.locator("dialog figure").evaluate_all("all => all.map(f => f.offsetHeight)")
    assert min(heights) > 150


def test_a_picture_tells_all_its_regions_and_probabilities(page, folder):
    open_cell(page)
    path = paths_of(page.locator("dialog figure"))[0]
    page.keyboard.press("i")
    page.wait_for_selector("dialog .whole")
    assert page.locator("#gallery-name").text_content() == path
    evidence = pd.read_parquet(folder / "evidence.parquet")
    own = evidence[evidence["image"] == path].sort_values("importance", ascending=False)
    regions = page.locator(".ranked").last.locator("bdi").all_inner_texts()
    assert regions == list(own["object"].astype(str))
    assert page.locator("dialog rect").count() == (own["importance"] > np.float32(0.3)).sum()
    logits = pd.read_parquet(folder / "predictions.parquet").set_index("image").loc[path, "logits"]
    share = np.exp(logits - np.max(logits)) / np.exp(logits - np.max(logits)).sum()
    assert (
        page.locator(".ranked").first.locator(".rank > :last-child").first.inner_text()
        == f"{100 * share.max():.1f} %"
    )
    page.keyboard.press("Escape")
    page.wait_for_selector("dialog[open] figure .path")
    page.keyboard.press("Escape")
    assert not page.locator("dialog").is_visible()


def test_a_comparison_shows_all_maps_of_a_picture_side_by_side(opened, tmp_path, write_sweep):
    write_sweep(tmp_path / "sweep")
    page = opened(tmp_path / "sweep/report/index.html")
    page.locator("#differences thead button").last.click()
    places = [int(row.locator("td").last.inner_text()) for row in page.locator("#differences tbody tr").all()]
    assert places == sorted(places, reverse=True)
    page.locator("#differences tbody button").first.click()
    page.wait_for_selector("dialog[open] .line")
    first = page.locator("dialog .line").first
    assert first.locator("img").count() == first.locator("canvas").count() == 2
    assert first.locator("figcaption b").all_inner_texts() == ["gradcam", "shuffled"]
    if find_spec("axe_playwright_python"):
        page.evaluate((files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8"))
        found = page.evaluate("axe.run({preload: false})")["violations"]
        assert [(v["id"], [node["html"][:160] for node in v["nodes"][:3]]) for v in found] == []
    page.reload()
    page.wait_for_selector("dialog[open] .line")
    page.keyboard.press("Escape")
    assert not page.locator("dialog").is_visible()
    assert page.locator("#runs ~ .scroll a").first.get_attribute("href") == "../0/report/index.html"


def test_cells_show_use_lift_effect_and_verdict(opened, run_folder, measured):
    folder, _ = run_folder
    cells = measured(folder).set_index(["object", "label"])
    page = opened(write_report(Run(folder)))
    measures = page.locator("#measures label").all_inner_texts()
    assert measures == ["percent", "count", "use", "lift", "effect", "verdict"]
    told = page.locator(".verdicts li")
    # beside disagreements and what is used nothing is concluded, and nothing that was not measured
    concluded = cells[cells["effect"].notna() & cells["verdict"].str.contains("used|without")]
    assert told.count() == sum(min(12, n) for n in concluded["verdict"].value_counts())
    assert told.first.inner_text().startswith("The classifier looks at ")
    told.first.locator("button").click()
    page.wait_for_selector("dialog[open]")
    assert page.locator("#gallery-name").inner_text().split()[0] in told.first.inner_text()
    page.keyboard.press("Escape")
    own = cells.loc[("Ball", "calm")]
    page.get_by_text("lift", exact=True).click()
    assert cell(page, "Ball", "calm").inner_text() == f"{own['lift']:.2f}"
    side = cell(page, "Ball", "calm").get_attribute("class")
    assert side[0] == ("p" if own["lift"] > 1 else "m") or abs(np.log2(own["lift"])) < 0.6
    page.get_by_text("effect", exact=True).click()
    for object in page.locator("#matrix tbody th").all_inner_texts():
        for label in ("calm", "joy"):
            value = cells.loc[(object, label), "effect"]
            expected = "–" if np.isnan(value) else f"{value:.2f}".replace("-", "−")
            assert cell(page, object, label).inner_text() == expected
    page.get_by_text("verdict", exact=True).click()
    signs = {"used": "●", "looked at without effect": "◐", "present only": "·"}
    assert cell(page, "Ball", "calm").inner_text() == signs.get(
        own["verdict"], cell(page, "Ball", "calm").inner_text()
    )
    cell(page, "Ball", "calm").hover()
    assert own["verdict"] in page.locator("#reading").inner_text()
    page.select_option("#order", "disagreement")
    disagreeing = cells["verdict"].str.contains("without ").groupby("object").sum()
    found = [disagreeing[name] for name in names(page)]
    assert found == sorted(found, reverse=True)
    if find_spec("axe_playwright_python"):
        page.evaluate((files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8"))
        found = page.evaluate("axe.run({preload: false})")["violations"]
        assert [(v["id"], [node["html"][:160] for node in v["nodes"][:3]]) for v in found] == []


def test_a_planted_role_is_told(opened, run_folder):
    folder, _ = run_folder
    (folder / "truth.json").write_text(
        '{"cells": [{"object": "Triangle", "label": "danger", "role": "cause"}]}'
    )
    summary = json.loads((folder / "summary.json").read_text())
    (folder / "summary.json").write_text(json.dumps(summary | {"truth": "truth.json"}))
    page = opened(write_report(Run(folder)))
    cell(page, "Triangle", "danger").hover()
    assert page.locator("#reading").inner_text().endswith("planted as cause")


def test_an_upright_picture_fits_the_window_when_enlarged(opened, tmp_path, make_run):
    make_run(tmp_path / "run", ["Dog"], ["joy"], 20)
    page = opened(
        write_report(Run(tmp_path / "run"), lambda path: Image.new("RGB", (150, 400), "teal")),
        "#object=Dog&label=joy",
    )
    page.wait_for_selector("dialog[open] figure img")
    ratio = "f => f.querySelector('.frame').offsetWidth / f.querySelector('.frame').offsetHeight"
    figure = page.locator("dialog figure").first
    assert figure.evaluate(ratio) == pytest.approx(150 / 400, rel=0.05)
    page.keyboard.press("Enter")
    assert figure.evaluate(ratio) == pytest.approx(150 / 400, rel=0.05)
    assert figure.evaluate("f => f.getBoundingClientRect().bottom") <= 900


def test_a_run_by_chance_counts_below_it_and_its_slider_too(opened, tmp_path, make_run):
    folder = tmp_path / "run"
    opener = make_run(folder, ["Dog", "Cat"], ["joy", "fear"], 60)
    file, summary = folder / "evidence.parquet", json.loads((folder / "summary.json").read_text())
    table = pq.read_table(file)
    chance = np.random.default_rng(5).random(len(table)).astype(np.float32)
    pq.write_table(table.append_column("chance", pa.array(chance)), file)
    summary["thresholds"]["chance"] = 0.2
    (folder / "summary.json").write_text(json.dumps(summary))
    rows = pd.read_parquet(file).astype({"object": str, "label": str})
    rows = rows[rows["score"] > np.float32(0.005)]

    def counts(below: float) -> pd.DataFrame:
        own = rows[rows["chance"] < np.float32(below)].groupby(["object", "label"])["image"].nunique()
        return own.unstack(fill_value=0).reindex(index=["Dog", "Cat"], columns=["joy", "fear"], fill_value=0)

    counts(0.2).to_csv(folder / "association.csv")
    write_report(Run(folder), opener)
    page = opened(folder / "report/index.html")
    assert "a region with chance below 0.2" in page.content() and not page.locator("#importance").count()
    figures = open_cell(page, "Dog", "joy")
    assert figures.count() == min(60, counts(0.2).loc["Dog", "joy"])
    page.keyboard.press("Escape")
    drag(page, "chance", 0.05)
    page.wait_for_function("thresholds.chance === 0.05")
    found = page.evaluate("Array.from(counts)")
    assert found == counts(0.05).to_numpy().ravel().tolist()
    assert "chance=0.05" in page.url


def test_of_a_long_path_the_beginning_is_cut_and_never_the_picture_s_own_name(opened, make_run, tmp_path):
    paths = [f"train/all holidays of a year, shard-{i // 10:06d}.tar/{i:06d}.jpg" for i in range(40)]
    folder = tmp_path / "run"
    open_picture = make_run(folder, ["Triangle", "Disc"], ["joy", "danger"], 40, paths=paths)
    page = opened(write_report(Run(folder), open_picture))
    open_cell(page, "Triangle", "joy")
    seen = page.evaluate(
        """[...document.querySelectorAll("dialog .path")].map((path) => {
          const [number, within, own] = path.children;
          const inner = own.scrollWidth <= own.clientWidth;
          const box = path.getBoundingClientRect(), end = own.getBoundingClientRect();
          return [path.title, number.textContent + within.textContent + own.textContent, own.textContent,
            within.scrollWidth > within.clientWidth, end.right <= box.right + 1 && inner];
        })"""
    )
    assert len(seen) > 2
    for place, (title, text, own, cut, whole) in enumerate(seen):
        assert title in paths and text == f"{place + 1}. {title}" and own == title.rpartition("/")[2]
        assert cut and whole
