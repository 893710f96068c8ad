"""The command `emocam open [RUN]`: the report of a run, a sweep or a comparison, in the browser."""

import argparse
import os
import sys
import webbrowser
from pathlib import Path

from emocam.cli.verb.run_names import named
from emocam.errors import SettingError

PAGE = Path("report", "index.html")
PLACES = ("outputs", "multirun")


def main(words: list[str]) -> int:
    """Print where the page is, open it where there is a browser, and return 0."""
    parser = argparse.ArgumentParser(prog="emocam open", description="Opens the report of a run.")
    parser.add_argument(
        "run",
        nargs="?",
        metavar="RUN",
        help="the folder of a run, a sweep or a comparison, or the id of a run in MLflow "
        "(default: the newest report under outputs/ and multirun/)",
    )
    word: str | None = parser.parse_args(words).run
    page = (newest(Path()) if word is None else page_of(word)).absolute()
    sys.stdout.write(f"{page}\n")
    sys.stdout.flush()
    if has_browser():
        webbrowser.open(page.as_uri())
    return 0


def page_of(word: str) -> Path:
    """Return the report of the run that the word names."""
    from platformdirs import user_cache_path

    folder = named(word, user_cache_path("emocam") / "runs")
    if not (folder / PAGE).is_file():
        raise SettingError(
            f"{folder} has no {PAGE.as_posix()}; a run that was interrupted gets one when the same command "
            "with the same hydra.run.dir has finished it"
        )
    return folder / PAGE


def newest(here: Path) -> Path:
    """Return the report written last, of a run, a sweep or a comparison."""
    pages = [
        page
        for place in PLACES
        for depth in ("*", "*/*")  # also the runs of a sweep that was interrupted
        for page in (here / place).glob(f"{depth}/{PAGE.as_posix()}")
    ]
    if not pages:
        raise SettingError(
            f"there is no report under {' or '.join(PLACES)} of {here.absolute()}; name a run's folder or its "
            "id in MLflow, or start one with: python -m emocam +cam=gradcam"
        )
    return max(pages, key=lambda page: page.stat().st_mtime_ns)


def has_browser() -> bool:
    """Return whether there is a browser that opens outside of the terminal."""
    if sys.platform.startswith("linux") and not any(
        os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER")
    ):
        return False
    try:
        return webbrowser.get() is not None
    except webbrowser.Error:
        return False
