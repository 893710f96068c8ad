"""A large label set: 1,000 labels x 600 objects x 50,000 pictures, counted, reported and opened in a browser.

The run is drawn, so that no network is asked: what is measured is what comes after the evidence. Processor seconds
and the most memory of a process of its own, each; the page by the browser's own marks, three times. Needs Chromium
and playwright for the page; without them the table says so.
"""

import importlib.util
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from page import ARGUMENTS, CHROMIUM, fixtures, milliseconds, weight
from racing import duration

from emocam.callback.base import Finished
from emocam.callback.cells import Cells
from emocam.callback.unexplained import Unexplained
from emocam.report.page import write_report
from emocam.results.run import Run

OBJECTS, LABELS, IMAGES, TURNS = 600, 1_000, 50_000, 3
GROUP = 512
READY = """new Promise((tell) => {
  const look = () => {
    const [mark] = performance.getEntriesByName("ready");
    return mark ? tell(mark.startTime) : setTimeout(look, 20);
  };
  look();
})"""
STEPS = ("cells", "unexplained", "report")


def write(folder: Path, images: int = IMAGES) -> None:
    """Write the tables of a run that never was."""
    objects, labels = (
        [f"{kind} {i:03d}" for i in range(n)] for kind, n in (("object", OBJECTS), ("label", LABELS))
    )
    fixtures().write_run(folder, objects, labels, images)
    align(folder)


def align(folder: Path) -> None:
    """Write the tables again as a run does: row groups of all hold the same pictures, and logits are so many."""
    tables = {name: pq.read_table(folder / f"{name}.parquet") for name in ("predictions", "evidence", "maps")}
    images = tables["predictions"]["image"].to_pylist()
    for name, table in tables.items():
        place = pc.index_in(table["image"].cast(pa.string()), pa.array(images, pa.string())).to_numpy()
        for column in ("logits", "map"):
            if column in table.column_names:
                flat = table[column].combine_chunks().flatten()
                lists = pa.FixedSizeListArray.from_arrays(flat, len(flat) // len(table))
                table = table.set_column(table.column_names.index(column), column, lists)
        with pq.ParquetWriter(folder / f"{name}.parquet", table.schema, compression="zstd") as writer:
            for start in range(0, len(images), GROUP):
                rows = (place >= start) & (place < start + GROUP)
                writer.write_table(table.filter(pa.array(rows)), row_group_size=len(table))


def perform(step: str, folder: Path) -> None:
    """Do one step of a finished run, without pictures."""
    run = Run(folder)
    if step == "report":
        write_report(run)
        return
    callback: Any = Cells() if step == "cells" else Unexplained()
    callback.on_run_end(Finished(run, None, run.thresholds))


def measured(step: str, folder: Path) -> tuple[float, float]:
    """Return seconds and the most MB of a process that does one step."""
    words = [sys.executable, __file__, step, str(folder)]
    told = subprocess.run(words, check=True, capture_output=True, text=True).stdout.split()
    return float(told[-2]), float(told[-1])


def opened(browser: Any, index: Path) -> dict[str, list[float]]:
    """Return the milliseconds of each step, in pages that were never opened before."""
    found: dict[str, list[float]] = {}
    for _ in range(TURNS):
        page = browser.new_context(viewport={"width": 1280, "height": 900}).new_page()
        page.goto(index.as_uri())
        ready = page.evaluate(READY)
        found.setdefault("open, until the table stands", []).append(ready)
        page.wait_for_timeout(500)
        actions = {
            "sort by a label": "document.querySelector('#matrix thead th:nth-child(4) button').click()",
            "sort by name": "document.querySelector('#matrix thead th button').click()",
            "order by contrast": "show({ sort: 'contrast', direction: 'descending' })",
            "order by strongest label": "show({ sort: 'cluster', direction: 'descending' })",
            "filter labels": "show({ among: '12' })",
            "show all labels": "show({ among: '', every: '1' })",
            "scroll to the last cell": "scroll.scrollTop = scroll.scrollLeft = 1e7",
            "show counts": "show({ measure: 'count' })",
        }
        for name, action in actions.items():
            found.setdefault(name, []).append(milliseconds(page, action))
        page.context.close()
    return found


def table() -> str:
    with tempfile.TemporaryDirectory(prefix="emocam-bench-") as name:
        folder = Path(name) / "run"
        written = timed(lambda: write(folder))
        lines = [
            f"| {OBJECTS} objects x {LABELS:,} labels x {IMAGES:,} images | processor seconds | most MB |",
            "|---|---|---|",
        ]
        for step in STEPS:
            seconds, most = measured(step, folder)
            lines.append(f"| {step} | {seconds:.1f} | {most:,.0f} |")
        lines += ["", f"Drawing the run took {written:.0f} s; its report weighs {weight(folder):.0f} MB.", ""]
        if CHROMIUM is None or importlib.util.find_spec("playwright") is None:
            return "\n".join([*lines, "The page was not measured: there is no Chromium, or no playwright."])
        from playwright.sync_api import sync_playwright

        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
            found = opened(browser, folder / "report/index.html")
            browser.close()
    lines += ["| the page | median | fastest |", "|---|---|---|"]
    for step, times in found.items():
        lines.append(f"| {step} | {duration(median(times) / 1e3)} | {duration(min(times) / 1e3)} |")
    return "\n".join(lines)


def timed(call: Callable[[], object]) -> float:
    """Return processor seconds: those that others had the core are not counted."""
    start = time.process_time()
    call()
    return time.process_time() - start


if __name__ == "__main__":
    if len(sys.argv) == 3:
        taken = timed(lambda: perform(sys.argv[1], Path(sys.argv[2])))
        print(taken, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
    else:
        print(table())
