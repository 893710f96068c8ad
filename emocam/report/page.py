"""The pages of a run, in its folder: `report/index.html` and `summary.html`."""

import shutil
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined

from emocam.report.content import PageContent, gather_content
from emocam.report.data import write_data
from emocam.report.film import film_section, write_film_data
from emocam.report.matrix import first_view
from emocam.report.paste import MOST_FLIPS
from emocam.report.point_section import points_section
from emocam.report.single_pictures import write_single_pictures
from emocam.report.sliders import write_levels
from emocam.report.summary import summary_page
from emocam.report.thumbnails import OpenPicture, OpenSmall, small_by
from emocam.report.top_pictures import ON_A_PAGE
from emocam.results.run import Run

SCRIPTS = (
    *("state.js", "colour.js", "counts.js", "table.js", "keyboard.js", "thresholds.js"),
    *(
        "stage.js",
        "picture.js",
        "gallery.js",
        "views.js",
        "finder.js",
        "glossary.js",
        "printing.js",
        "page.js",
    ),
    "film.js",
)


def templates() -> Environment:
    """Return the templates: values are escaped, and a name without a value is an error."""
    loader = PackageLoader("emocam.report", "templates")
    return Environment(
        loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )


def static(name: str) -> str:
    """Read one of the scripts and styles that every page has."""
    return (files("emocam.report") / "static" / name).read_text(encoding="utf-8")


def begin_report(folder: Path, scripts: Sequence[str]) -> Path:
    """Make `folder`/report.tmp with a page's scripts and style, so that a report is only replaced by a whole one."""
    half = folder / "report.tmp"
    shutil.rmtree(half, ignore_errors=True)
    half.mkdir()
    for name in (*scripts, "style.css"):
        (half / name).write_text(static(name), encoding="utf-8")
    return half


def finish_report(half: Path) -> Path:
    """Rename a finished report.tmp to report/, and return its index."""
    report = half.with_name("report")
    shutil.rmtree(report, ignore_errors=True)
    half.rename(report)
    return report / "index.html"


def write_report(
    run: Run,
    open_picture: OpenPicture | None = None,
    originals: Path | None = None,
    flips: int = MOST_FLIPS,
    with_film: bool = True,
    pictures: int = ON_A_PAGE,
    earlier: Sequence[Path] | None = None,
    flat: int | None = None,
    open_small: OpenSmall | None = None,
) -> Path:
    """Write `report/` and `summary.html` of a finished run, and return the report's index.

    `open_picture` returns the upright picture of a path of the run, or raises, and `open_small` one that is as large
    as it is shown; without both the pages have no photographs. `originals` is the folder of the full pictures, if
    there is one; `flips` is how many changed pictures of a paste are shown, and `pictures` how many of the corpus.
    `with_film` shows overlay.mp4, where there is one. Thumbnails are taken over from `earlier` runs of the same
    pictures, and told to later ones; None for pages whose pictures are for nobody else. `flat` is how many maps are
    flat, if it is known.
    """
    folder = run.path
    half = begin_report(folder, SCRIPTS)
    small = small_by(open_picture, open_small)
    gathered = gather_content(run, half, small, flips, pictures, earlier, flat)
    write_data(half, gathered, originals)
    names = write_single_pictures(half, run, gathered.examples.values(), gathered.wrong)
    sliders = write_levels(half, gathered.run)
    film = film_section(folder, with_film)
    if film is not None:
        write_film_data(film, half)
    environment = templates()
    shown = _render(
        environment, gathered, sliders=sliders, names=names, film=film, points=points_section(folder)
    )
    (half / "index.html").write_text(shown, encoding="utf-8")
    style = static("style.css")
    script = static("colour.js") + static("summary.js")
    one_file = summary_page(gathered, half, environment, style, script)
    (folder / "summary.html").write_text(one_file, encoding="utf-8")
    return finish_report(half)


def _render(environment: Environment, gathered: PageContent, **sections: object) -> str:
    """Return the page's HTML, with the part of the matrix that is seen first."""
    table, rows, columns = first_view(gathered.run.matrix)
    words = gathered.words
    line = words["outside_line"]
    words |= {"outside_line": line and [line[i] for i in columns]}
    page = environment.get_template("index.html.j2")
    return page.render(**words, table=table, rows=rows, scripts=SCRIPTS, **sections)
