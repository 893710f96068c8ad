"""The page and table of pictures that are the same, nearly the same, or mirrored, in one folder or between several."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from markupsafe import Markup
from numpy.typing import NDArray
from PIL import Image

from emocam.functional.statistics.near_duplicates import components
from emocam.functional.statistics.picture_copies import copied_pairs
from emocam.report.page import static, templates
from emocam.results.spreadsheet import write_csv

SAME, NEAR, MIRROR = "same", "near", "mirror"
IN_WORDS = {SAME: "the same", NEAR: "nearly the same", MIRROR: "mirrored"}
LABEL, TINY, ODD = "label", "tiny", "odd"
SMALLEST, FLAT, LONGEST = 32, 4.0, 4
"""Pixels of a side, spread of the grey levels, and the longer side over the shorter one."""
MOST_ALONE = 60
MOST_GROUPS, MOST_PICTURES = 200, 24
"""Of the page; the table has all."""
SIDE = 160
Opened = Callable[[int], Image.Image]


@dataclass(frozen=True)
class Audit:
    """Of N pictures by name the pairs (P, 2) that are alike, and how: `same`, `near` or `mirror`.

    `labels` are those of the folders, empty where there are none, `folders` which of the sets a picture is of, and
    `alone` pictures that are remarkable by themselves: `tiny` or `odd`.
    """

    names: list[str]
    pairs: NDArray[np.int64]
    kinds: list[str]
    unreadable: int = 0
    labels: list[str] = field(default_factory=list)
    folders: list[int] = field(default_factory=list)
    alone: list[tuple[int, str]] = field(default_factory=list)

    @property
    def disagreeing(self) -> list[tuple[int, int]]:
        """The pairs that are alike and have different labels."""
        if not self.labels:
            return []
        found = [(int(a), int(b)) for a, b in self.pairs]
        return [
            (a, b) for a, b in found if self.labels[a] and self.labels[b] and self.labels[a] != self.labels[b]
        ]

    @property
    def across(self) -> int:
        """How many pairs lie in two sets."""
        return sum(self.folders[a] != self.folders[b] for a, b in self.pairs.tolist()) if self.folders else 0

    @property
    def balance(self) -> dict[str, list[int]]:
        """How many pictures each label has in each set."""
        sets = max(self.folders, default=-1) + 1
        found: dict[str, list[int]] = {label: [0] * sets for label in sorted(set(self.labels) - {""})}
        for label, of in zip(self.labels, self.folders, strict=True):
            if label:
                found[label][of] += 1
        return found

    @property
    def sentence(self) -> str:
        """What was found, and what to do."""
        count = {kind: self.kinds.count(kind) for kind in (SAME, NEAR, MIRROR)}
        alike = len(np.unique(self.pairs))
        lost = f"; {self.unreadable:,} files could not be opened" if self.unreadable else ""
        if not len(self.pairs):
            first = (
                f"none of {len(self.names):,} pictures is the same as another, nearly so or mirrored{lost}"
            )
            return first + self._rest
        across = f"; {self.across:,} pairs lie in two folders" if self.across else ""
        disagreeing = len(self.disagreeing)
        pairs = "pair" if disagreeing == 1 else "pairs"
        labels = f"; in {disagreeing:,} {pairs} the labels disagree" if disagreeing else ""
        return (
            f"{alike:,} of {len(self.names):,} pictures are like another ({count[SAME]:,} pairs the same, "
            f"{count[NEAR]:,} near, {count[MIRROR]:,} mirrored){lost}{across}{labels}{self._rest}: keep one of each, "
            "keep them on one side of a split, or run with data.group=auto"
        )

    @property
    def _rest(self) -> str:
        kinds = [kind for _, kind in self.alone]
        number = {kind: kinds.count(kind) for kind in (TINY, ODD)}
        parts = [f"{n:,} {'is' if n == 1 else 'are'} {kind}" for kind, n in number.items() if n]
        totals = {label: sum(counts) for label, counts in self.balance.items()}
        if len(totals) > 1:
            most, least = (
                max(totals, key=lambda name: totals[name]),
                min(totals, key=lambda name: totals[name]),
            )
            parts.append(
                f"labels have from {totals[least]:,} ({least}) to {totals[most]:,} ({most}) pictures"
            )
        return "".join(f"; {part}" for part in parts)


def find_alike(
    names: list[str],
    digests: Sequence[str],
    greys: NDArray[np.uint8],
    unreadable: int,
    labels: Sequence[str] = (),
    folders: Sequence[int] = (),
    sizes: NDArray[np.int64] | None = None,
) -> Audit:
    """Find pairs of the same pixels (by their digests), near ones, and near ones after mirroring."""
    near = np.unique(np.concatenate([copied_pairs(greys), same_pairs(digests)]), axis=0)
    mirror = copied_pairs(greys, mirrored=True)
    equal = np.array([digests[a] == digests[b] for a, b in near], bool)
    known = {(int(a), int(b)) for a, b in near}
    mirror = np.array([pair for pair in mirror.tolist() if tuple(pair) not in known], np.int64).reshape(-1, 2)
    kinds = [SAME if same else NEAR for same in equal] + [MIRROR] * len(mirror)
    pairs = np.concatenate([near, mirror])
    order = np.lexsort((pairs[:, 1], pairs[:, 0]))
    alone = [] if sizes is None else remarkable(greys, sizes)
    return Audit(
        names, pairs[order], [kinds[i] for i in order], unreadable, list(labels), list(folders), alone
    )


def same_pairs(digests: Sequence[str]) -> NDArray[np.int64]:
    """Return pairs (P, 2) of each picture and the one before it with the same pixels, whatever they show."""
    before: dict[str, int] = {}
    pairs = []
    for number, digest in enumerate(digests):
        if digest in before:
            pairs.append((before[digest], number))
        before[digest] = number
    return np.array(pairs, np.int64).reshape(-1, 2)


def remarkable(greys: NDArray[np.uint8], sizes: NDArray[np.int64]) -> list[tuple[int, str]]:
    """Return pictures with a side below SMALLEST pixels, and odd ones: of one grey, or much longer than wide."""
    found: list[tuple[int, str]] = []
    for number, (grey, (width, height)) in enumerate(zip(greys, sizes.tolist(), strict=True)):
        if min(width, height) < SMALLEST:
            found.append((number, TINY))
        if grey.std() < FLAT or max(width, height) > LONGEST * min(width, height):
            found.append((number, ODD))
    return found


def write_audit(audit: Audit, folder: Path, opened: Opened, sets: Sequence[str] = ()) -> Path:
    """Leave index.html with the groups as pictures, and audit.csv beside the folder; return the page."""
    pictures = folder / "pictures"
    pictures.mkdir(parents=True, exist_ok=True)
    write_csv(audit_table(audit), folder.parent / "audit.csv", index=False)
    groups, count = alike_groups(audit)
    alone = [
        {"kind": kind, **_picture(number, audit, pictures, opened)}
        for number, kind in audit.alone[:MOST_ALONE]
    ]
    page = (
        templates()
        .get_template("audit.html.j2")
        .render(
            sentence=audit.sentence,
            balance=audit.balance,
            sets=list(sets),
            alone=alone,
            more_alone=len(audit.alone) - MOST_ALONE,
            groups=[show_group(own, kinds, audit, pictures, opened) for own, kinds in groups],
            more=count - len(groups),
            style=Markup(static("style.css")),  # our own file, not a name
        )
    )
    (folder / "index.html").write_text(page, encoding="utf-8")
    return folder / "index.html"


def audit_table(audit: Audit) -> pd.DataFrame:
    """Return a row of each pair and of each picture that is remarkable alone."""
    rows = [
        (audit.names[a], audit.names[b], kind) for (a, b), kind in zip(audit.pairs, audit.kinds, strict=True)
    ]
    rows += [(audit.names[a], audit.names[b], LABEL) for a, b in audit.disagreeing]
    rows += [(audit.names[number], "", kind) for number, kind in audit.alone]
    return pd.DataFrame(rows, columns=["image", "other", "kind"])


def alike_groups(audit: Audit) -> tuple[list[tuple[NDArray[np.int64], set[str]]], int]:
    """Return the pictures of the largest groups with how they are alike, and how many groups there are."""
    group = components(audit.pairs, len(audit.names))
    size = np.bincount(group, minlength=1)
    largest = np.argsort(-size, kind="stable")[:MOST_GROUPS].tolist()
    kind_of: dict[int, set[str]] = {g: set() for g in largest}
    for (a, _), kind in zip(audit.pairs.tolist(), audit.kinds, strict=True):
        kind_of.get(int(group[a]), set()).add(kind)
    found = [(np.flatnonzero(group == g), kind_of[g]) for g in largest if size[g] > 1]
    return found, int((size > 1).sum())


def show_group(
    own: NDArray[np.int64], kinds: set[str], audit: Audit, pictures: Path, opened: Opened
) -> dict[str, Any]:
    """Return what the page says of a group, and write its first pictures."""
    return {
        "kinds": [words for kind, words in IN_WORDS.items() if kind in kinds],
        "images": len(own),
        "disagree": len({audit.labels[i] for i in own.tolist() if audit.labels and audit.labels[i]}) > 1,
        "shown": [_picture(int(i), audit, pictures, opened) for i in own[:MOST_PICTURES]],
    }


def _picture(number: int, audit: Audit, folder: Path, opened: Opened) -> dict[str, str]:
    image = opened(number)
    image.thumbnail((SIDE, SIDE))
    image.convert("RGB").save(folder / f"{number}.jpg", quality=80)
    label = audit.labels[number] if audit.labels else ""
    return {"source": f"pictures/{number}.jpg", "name": audit.names[number], "label": label}
