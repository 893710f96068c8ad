"""The page `summary.html`: the finding as one file that needs no other, for MLflow and mail."""

from base64 import b64encode
from hashlib import sha256
from pathlib import Path

import numpy as np
from jinja2 import Environment
from markupsafe import Markup
from numpy.typing import NDArray

from emocam.report.content import PageContent
from emocam.report.examples import Example, box_counts
from emocam.report.matrix import columns_in_order, first_rows
from emocam.report.scripts import literal
from emocam.results.run import Matrix

MOST_OBJECTS, MOST_LABELS = 40, 60
MOST_EXAMPLES = 24
LARGEST = 80_000
"""The most bytes of an embedded picture: 24 of them stay under 3 MB, which suits mail and MLflow."""
LONGEST_NAME = 60


def _short(name: str) -> str:
    return name if len(name) <= LONGEST_NAME else name[: LONGEST_NAME - 1] + "…"


def most_images(matrix: Matrix) -> NDArray[np.intp]:
    """Return the labels with the most images, these first."""
    return columns_in_order(matrix)[:MOST_LABELS]


def shortened(matrix: Matrix) -> Matrix:
    """Return the matrix of these labels, with names that leave room."""
    most = most_images(matrix)
    labels = [_short(matrix.labels[i]) for i in most]
    objects = [_short(name) for name in matrix.objects]
    return Matrix(objects, labels, matrix.counts[:, most], matrix.images[most])


def _embedded(example: Example, report: Path) -> str | None:
    """Return the thumbnail as a `data:` URL, or None if it is missing or too large."""
    file = report / example.thumbnail
    if example.size is None or file.stat().st_size > LARGEST:
        return None
    return f"data:image/webp;base64,{b64encode(file.read_bytes()).decode()}"


def summary_page(
    gathered: PageContent, report: Path, environment: Environment, style: str, script: str
) -> str:
    """Return the page, with thumbnails from the report's folder and with one style and one script."""
    run = gathered.run
    each = max(1, MOST_EXAMPLES // max(1, len(gathered.cells)))
    examples = [
        {
            "object": _short(run.object_names[cell.object]),
            "label": _short(run.label_names[cell.label]),
            "path": _short(example.path),
            "source": _embedded(example, report),
            "size": example.size or (4, 3),
            "map": literal(example.map) if example.map else "",
            "boxes": [box for box in example.boxes[cell.object] if box_counts(run, box)],
        }
        for cell, example in gathered.cards(each)
    ]
    hashed = b64encode(sha256(script.encode()).digest()).decode()
    small = shortened(run.matrix)
    words = gathered.words
    line = words["outside_line"] and [words["outside_line"][label] for label in most_images(run.matrix)]
    return environment.get_template("summary.html.j2").render(
        **words | {"warnings": gathered.warnings[:8], "outside_line": line},
        small=small,
        rows=first_rows(small, MOST_OBJECTS),
        counted=int(run.matrix.counts.any(axis=1).sum()),
        examples=examples,
        hash=hashed,
        style=Markup(style),  # our own file, not a name
        script=Markup(script),
    )
