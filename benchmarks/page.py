"""The report of a large run in a browser: 600 objects x 24 labels x 26,000 images, opened from disk.

The browser's own clock, so what else the machine does counts; each step three times. A step has ended
when the browser has painted it. Needs Chromium and playwright; without them the table says so.
"""

import importlib.util
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

from racing import duration

from emocam.report.page import write_report
from emocam.results.run import Run

IMAGES, OBJECTS, LABELS, TURNS = 26_000, 600, 24, 3
CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
ARGUMENTS = ["--no-sandbox", "--disable-gpu"]
PAINTED = "new Promise(r => requestAnimationFrame(() => setTimeout(() => r(performance.now() - start))))"


def fixtures() -> Any:
    """What the tests of the report write runs with."""
    file = Path(__file__).parents[1] / "tests/report/conftest.py"
    spec = importlib.util.spec_from_file_location("report_fixtures", file)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def write(folder: Path, images: int = IMAGES) -> None:
    objects, labels = (
        [f"{kind} {i:03d}" for i in range(n)] for kind, n in (("Object", OBJECTS), ("Label", LABELS))
    )
    open_picture = fixtures().write_run(folder, objects, labels, images)
    write_report(Run(folder), open_picture)


def milliseconds(page: Any, action: str) -> float:
    """From an action to its picture."""
    script = f"(async () => {{ const start = performance.now(); {action}; return await {PAINTED}; }})()"
    return float(page.evaluate(script))


def steps(browser: Any, index: Path) -> dict[str, list[float]]:
    """Milliseconds of each step, in pages that were never opened before."""
    found: dict[str, list[float]] = {}

    def note(name: str, action: str) -> None:
        found.setdefault(name, []).append(milliseconds(page, action))

    for _ in range(TURNS):
        page = browser.new_context(viewport={"width": 1280, "height": 900}).new_page()
        start = time.perf_counter()
        page.goto(index.as_uri())
        page.wait_for_selector("#matrix tbody tr:nth-child(5) td")
        found.setdefault("ready", []).append(1e3 * (time.perf_counter() - start))
        note("sort by a label", "document.querySelector('#matrix thead th:nth-child(4)').click()")
        page.evaluate("document.querySelector('#matrix tbody tr td').click()")
        start = time.perf_counter()
        page.wait_for_selector("dialog[open] figure")
        found.setdefault("open a cell's gallery", []).append(1e3 * (time.perf_counter() - start))
        page.keyboard.press("Escape")
        slide = "const s = document.getElementById('importance'); s.value = {}; s.dispatchEvent(new Event('input'))"
        page.evaluate(f"(async () => {{ await loadEvidence(); {slide.format(20)}; }})()")
        page.wait_for_timeout(500)
        for place in (40, 60):
            note("move the slider of importance", slide.format(place))
        page.context.close()
    return found


def weight(folder: Path) -> float:
    """MB of the report."""
    return sum(file.stat().st_size for file in (folder / "report").rglob("*") if file.is_file()) / 1e6


def table() -> str:
    if CHROMIUM is None or importlib.util.find_spec("playwright") is None:
        return "Not measured: there is no Chromium, or no playwright."
    from playwright.sync_api import sync_playwright

    with tempfile.TemporaryDirectory(prefix="emocam-bench-") as name, sync_playwright() as playwright:
        folder = Path(name) / "run"
        written = timed(lambda: write(folder))
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        found = steps(browser, folder / "report/index.html")
        browser.close()
        size = weight(folder)
    lines = [
        f"| {OBJECTS} objects x {LABELS} labels x {IMAGES:,} images | median | fastest |",
        "|---|---|---|",
    ]
    for step, times in found.items():
        lines.append(f"| {step} | {duration(median(times) / 1e3)} | {duration(min(times) / 1e3)} |")
    told = (
        f"Drawing the pictures, the run and its report ({size:.0f} MB) took {written:.0f} processor seconds."
    )
    return "\n".join([*lines, "", told])


def timed(call: Callable[[], object]) -> float:
    start = time.process_time()
    call()
    return time.process_time() - start


if __name__ == "__main__":
    print(table())
