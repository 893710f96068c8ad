"""`summary.html`: the finding as one file, for MLflow and mail; nothing beside it is needed."""

from base64 import b64encode
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import numpy as np
from jinja2 import Environment
from markupsafe import Markup
from numpy.typing import NDArray

from emocam.report.content import PageContent
from emocam.report.examples import Example
from emocam.report.matrix import first_rows
from emocam.report.scripts import literal
from emocam.report.tables import RunTables

MOST_OBJECTS, MOST_LABELS = 40, 60
MOST_EXAMPLES = 24
LARGEST = 80_000
"""Bytes of an embedded picture: 24 of them stay under the 3 MB that mail and MLflow bear."""
LONGEST_NAME = 60


def _short(name: str) -> str:
    return name if len(name) <= LONGEST_NAME else name[: LONGEST_NAME - 1] + "…"


def most_images(run: RunTables) -> NDArray[np.int64]:
    """The labels with the most images, in their own order."""
    return np.sort(np.argsort(-run.images, kind="stable")[:MOST_LABELS])


def shortened(run: RunTables) -> RunTables:
    """These labels, and names that leave room."""
    most = most_images(run)
    labels = [_short(run.labels[i]) for i in most]
    objects = [_short(name) for name in run.objects]
    return replace(run, objects=objects, labels=labels, counts=run.counts[:, most], images=run.images[most])


def _embedded(example: Example, report: Path) -> str | None:
    """The thumbnail as a `data:` URL, unless it is missing or too large."""
    file = report / example.thumbnail
    if example.size is None or file.stat().st_size > LARGEST:
        return None
    return f"data:image/webp;base64,{b64encode(file.read_bytes()).decode()}"


def summary_page(
    gathered: PageContent, report: Path, environment: Environment, style: str, script: str
) -> str:
    """The page, given the report's folder with its thumbnails, and its one style and one script."""
    run = gathered.run
    each = max(1, MOST_EXAMPLES // max(1, len(gathered.cells)))
    examples = [
        {
            "object": _short(run.objects[cell.object]),
            "label": _short(run.labels[cell.label]),
            "path": _short(example.path),
            "source": _embedded(example, report),
            "size": example.size or (4, 3),
            "map": literal(example.map) if example.map else "",
            "boxes": [box for box in example.boxes[cell.object] if run.box_counts(box)],
        }
        for cell, example in gathered.cards(each)
    ]
    hashed = b64encode(sha256(script.encode()).digest()).decode()
    small, words = shortened(run), gathered.words
    line = words["outside_line"] and [words["outside_line"][label] for label in most_images(run)]
    return environment.get_template("summary.html.j2").render(
        **words | {"warnings": gathered.warnings[:8], "outside_line": line},
        small=small,
        rows=first_rows(small, MOST_OBJECTS),
        counted=int(run.counts.any(axis=1).sum()),
        examples=examples,
        hash=hashed,
        style=Markup(style),  # our own file, not a name
        script=Markup(script),
    )
