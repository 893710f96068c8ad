"""What the tracking store is told of a run beside its numbers and files: words, origins, pictures."""

import html
import re
import textwrap
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from emocam.logger.mlflow import TrackedCorpus, TrackedRun
from emocam.results.leading_out import leads_out
from emocam.results.run import Run
from emocam.results.support import best_supported, held_back, images_of_finding
from emocam.runner.large_run import is_large, stays

OVERLAY, MATRIX, LIKENESS = "overlay", "association", "similarity"
"""Keys of the image grid, the same in all runs."""
TABLES = ("comparison.csv", "similarity.csv", "paired.csv", "moved.csv")
"""Of a sweep, those that its description leads to."""
MOST_LABELS = 40
"""Named in a tag."""
WIDTH = 84


def describe(tracked: TrackedRun, run: Run, summary: Mapping[str, Any], ledger: str, data: str) -> None:
    """Send the run's description, tags and corpus, and its pictures under the keys that all runs have."""
    made_of = {key: str(value) for key, value in run.names.get("made_of", {}).items()}
    tracked.tags(origins(run, made_of, summary))
    tracked.note(run_note(tracked, summary, ledger, stays(run.path) if is_large(run.path) else None))
    if "data" in made_of:
        tracked.corpus(TrackedCorpus(data, made_of["data"], made_of["source"], int(summary["images"])))
    matrix = run.path / "association.png"
    if matrix.is_file() and not leads_out(matrix, run.path):
        tracked.picture(MATRIX, matrix)
    for file in sorted((run.path / "overlays").glob("*.png"), key=lambda file: int(file.stem)):
        if not leads_out(file, run.path):
            # a row of the grid each: steps would hide all but one
            tracked.picture(f"{OVERLAY} {file.stem}", file)


def describe_sweep(tracked: TrackedRun, folder: Path, told: Iterable[str], command: str) -> None:
    """Send the parent's description: what the runs have in common, and where it stands."""
    links = [f"[{file}]({tracked.page(file)})" for file in TABLES if (folder / file).is_file()]
    page = [f"The whole comparison: `emocam open {tracked.id}`."] if (folder / "report").is_dir() else []
    tracked.note("\n\n".join([quoted(told), *page, " · ".join(links), f"`{command}`"]))
    likeness = folder / "similarity.png"
    if likeness.is_file() and not leads_out(likeness, folder):
        tracked.picture(LIKENESS, likeness)


def origins(run: Run, made_of: Mapping[str, str], summary: Mapping[str, Any]) -> dict[str, str]:
    """Return tags that tell two networks, corpora or detectors apart which a setting names alike."""
    labels = run.label_names
    more = f", and {len(labels) - MOST_LABELS} more" if len(labels) > MOST_LABELS else ""
    known = {f"emocam.{key}": value for key, value in made_of.items() if key != "source"}
    return known | {
        "emocam.labels": ", ".join(labels[:MOST_LABELS]) + more,
        "emocam.settings": str(summary["settings"]),
    }


def run_note(
    tracked: TrackedRun, summary: Mapping[str, Any], ledger: str, elsewhere: str | None = None
) -> str:
    """Write, in Markdown, the finding as a table, what may be concluded, and where to read on.

    `elsewhere` says where the page of a large run is.
    """
    found = summary.get("finding", [])
    rows = [
        f"| {plain_text(c['object'])} | {plain_text(c['label'])} | {c['percent']:.0f} % of {images_of_finding(c):,} |"
        for c in (found[place] for place in best_supported(found)[0])
    ]
    table = ["| looked at most | in | of its images |\n|---|---|--:|\n" + "\n".join(rows)] if rows else []
    table += [plain_text(line) for line in (held_back(found),) if line]
    words = "\n".join(f"- {plain_text(sentence)}" for sentence in summary.get("in_words", []))
    files = ["summary.html", "association.csv", "cells.csv", ".hydra/config.yaml"]
    links = " · ".join(f"[{file}]({tracked.page(file)})" for file in files)
    page = (
        f"The whole page: `emocam open {tracked.id}`." if elsewhere is None else f"{plain_text(elsewhere)}."
    )
    read_on = f"{page} In short: {links}"
    return "\n\n".join([*table, words, plain_text(ledger), read_on, f"`{summary['command']}`"])


def plain_text(text: str) -> str:
    """Return a name as Markdown that says nothing but itself: it may be a stranger's."""
    one_line = html.escape(" ".join(text.split()), quote=False)
    return re.sub(r"([\\`*_{}\[\]()#+!|~-])", r"\\\1", one_line)


def quoted(lines: Iterable[str]) -> str:
    """Return lines as a block of code, which keeps columns aligned and leaves room beside it."""
    return "\n".join(f"    {part}" for line in lines for part in wrapped(line))


def wrapped(line: str) -> list[str]:
    indent = line[: len(line) - len(line.lstrip())] + "  "
    return textwrap.wrap(line, WIDTH, subsequent_indent=indent) or [""]
