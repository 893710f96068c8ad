"""The page and table of pictures that are the same, nearly the same, or mirrored, in one folder or between several."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from markupsafe import Markup
from numpy.typing import NDArray
from PIL import Image

from emocam.functional.statistics.near_duplicates import components, mirrored_pairs, near_thumbnails
from emocam.report.page import static, templates
from emocam.results.spreadsheet import write_csv

SAME, NEAR, MIRROR = "same", "near", "mirror"
IN_WORDS = {SAME: "the same", NEAR: "nearly the same", MIRROR: "mirrored"}
MOST_GROUPS, MOST_PICTURES = 200, 24
"""Of the page; the table has all."""
SIDE = 160
Opened = Callable[[int], Image.Image]


@dataclass(frozen=True)
class Audit:
    """Of N pictures by name the pairs (P, 2) that are alike, and how: `same`, `near` or `mirror`."""

    names: list[str]
    pairs: NDArray[np.int64]
    kinds: list[str]
    unreadable: int = 0

    @property
    def sentence(self) -> str:
        """What was found, and what to do."""
        count = {kind: self.kinds.count(kind) for kind in (SAME, NEAR, MIRROR)}
        alike = len(np.unique(self.pairs))
        lost = f"; {self.unreadable:,} files could not be opened" if self.unreadable else ""
        if not len(self.pairs):
            return f"none of {len(self.names):,} pictures is the same as another, nearly so or mirrored{lost}"
        return (
            f"{alike:,} of {len(self.names):,} pictures are like another ({count[SAME]:,} pairs the same, "
            f"{count[NEAR]:,} near, {count[MIRROR]:,} mirrored){lost}: keep one of each, keep them on one side of a "
            "split, or run with data.group=auto"
        )


def find_alike(
    names: list[str], digests: Sequence[str], thumbnails: NDArray[np.uint8], unreadable: int
) -> Audit:
    """Return pairs of the same pixels (by their digests), near ones, and near ones after mirroring."""
    near = near_thumbnails(thumbnails)
    mirror = mirrored_pairs(thumbnails)
    equal = np.array([digests[a] == digests[b] for a, b in near], bool)
    known = {(int(a), int(b)) for a, b in near}
    mirror = np.array([pair for pair in mirror.tolist() if tuple(pair) not in known], np.int64).reshape(-1, 2)
    kinds = [SAME if same else NEAR for same in equal] + [MIRROR] * len(mirror)
    pairs = np.concatenate([near, mirror])
    order = np.lexsort((pairs[:, 1], pairs[:, 0]))
    return Audit(names, pairs[order], [kinds[i] for i in order], unreadable)


def write_audit(audit: Audit, folder: Path, opened: Opened) -> Path:
    """Leave index.html with the groups as pictures, and audit.csv beside the folder; return the page."""
    folder.mkdir(parents=True, exist_ok=True)
    image, other = ([audit.names[i] for i in audit.pairs[:, side]] for side in (0, 1))
    write_csv(
        pd.DataFrame({"image": image, "other": other, "kind": audit.kinds}),
        folder.parent / "audit.csv",
        index=False,
    )
    group = components(audit.pairs, len(audit.names))
    size = np.bincount(group, minlength=1)
    largest = np.argsort(-size, kind="stable")
    shown = [np.flatnonzero(group == g) for g in largest[:MOST_GROUPS] if size[g] > 1]
    kind_of: dict[int, set[str]] = {g: set() for g in largest[:MOST_GROUPS].tolist()}
    for (a, _), kind in zip(audit.pairs.tolist(), audit.kinds, strict=True):
        kind_of.get(int(group[a]), set()).add(kind)
    pictures = folder / "pictures"
    pictures.mkdir(exist_ok=True)
    groups = [
        {
            "kinds": [words for kind, words in IN_WORDS.items() if kind in kind_of[int(group[own[0]])]],
            "images": len(own),
            "shown": [_picture(int(i), audit.names[i], pictures, opened) for i in own[:MOST_PICTURES]],
        }
        for own in shown
    ]
    page = (
        templates()
        .get_template("audit.html.j2")
        .render(
            sentence=audit.sentence,
            groups=groups,
            more=int((size > 1).sum()) - len(groups),
            style=Markup(static("style.css")),  # our own file, not a name
        )
    )
    (folder / "index.html").write_text(page, encoding="utf-8")
    return folder / "index.html"


def _picture(number: int, name: str, folder: Path, opened: Opened) -> dict[str, str]:
    image = opened(number)
    image.thumbnail((SIDE, SIDE))
    image.convert("RGB").save(folder / f"{number}.jpg", quality=80)
    return {"source": f"pictures/{number}.jpg", "name": name}
