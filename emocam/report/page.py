"""The page a person opens, from a run's folder: `report/index.html`, and `summary.html` beside it."""

import shutil
from importlib.resources import files
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined

from emocam.report.content import gather_content
from emocam.report.data import write_data
from emocam.report.matrix import first_rows
from emocam.report.paste import MOST_FLIPS
from emocam.report.sliders import write_levels
from emocam.report.summary import summary_page
from emocam.report.thumbnails import OpenPicture
from emocam.results.run import Run

SCRIPTS = (
    *("state.js", "colour.js", "counts.js", "table.js", "keyboard.js", "thresholds.js"),
    *("stage.js", "picture.js", "gallery.js", "views.js", "page.js"),
)


def templates() -> Environment:
    """Everything a template is given is escaped; a name it is not given is an error."""
    loader = PackageLoader("emocam.report", "templates")
    return Environment(
        loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )


def static(name: str) -> str:
    """One of the files that every page has."""
    return (files("emocam.report") / "static" / name).read_text(encoding="utf-8")


def write_report(
    run: Run,
    open_picture: OpenPicture | None = None,
    originals: Path | None = None,
    flips: int = MOST_FLIPS,
) -> Path:
    """Writes `report/` and `summary.html` of a finished run; returns the report's index.

    `open_picture` gives the upright picture of a path of the run, or raises; without it the pages
    have no photographs. `originals` is the folder under which the full pictures lie, if any;
    so many `flips` of a paste are shown.
    """
    folder = run.path
    half = folder / "report.tmp"
    shutil.rmtree(half, ignore_errors=True)
    half.mkdir()
    gathered = gather_content(run, half, open_picture, flips)
    write_data(half, gathered, originals)
    sliders = write_levels(half, gathered.run)
    for name in (*SCRIPTS, "style.css"):
        (half / name).write_text(static(name), encoding="utf-8")
    environment = templates()
    page = environment.get_template("index.html.j2")
    shown = page.render(
        **gathered.words, rows=first_rows(gathered.run.matrix), scripts=SCRIPTS, sliders=sliders
    )
    (half / "index.html").write_text(shown, encoding="utf-8")
    style, script = static("style.css"), static("colour.js") + static("summary.js")
    one_file = summary_page(gathered, half, environment, style, script)
    (folder / "summary.html").write_text(one_file, encoding="utf-8")
    shutil.rmtree(folder / "report", ignore_errors=True)
    half.rename(folder / "report")
    return folder / "report" / "index.html"
