"""Whether the tables of a run agree picture by picture: what follows from other columns is derived once more.

A label and its confidence follow from the logits, a region's label from that of its picture, its importance and
its chance from its map and its box. So what was moved from one picture to another shows, and in which row.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from emocam.results.files import (
    CALLED,
    EFFECT,
    EVIDENCE,
    FACES,
    FEATURES,
    HAS_CONFIDENCES,
    HAS_LABELS,
    MAPS,
    PREDICTIONS,
    THUMBNAILS,
    parquet,
)
from emocam.results.pairs import by_pair, keyed, picture_of
from emocam.results.parquet_file import has_table, open_parquet, read_parquet, read_schema
from emocam.results.region_weights import weigh_again
from emocam.results.run import Run, encode_names

MOST_NAMED = 3
"""Rows of a table that are named, and the others are counted."""
CLOSE = 1e-5
"""Of probabilities: other processors round their exponentials otherwise."""
PASTE = "paste"
BY_PICTURE = (THUMBNAILS, FEATURES, FACES)
"""Tables with one row a picture, in the order of the predictions."""


class RowFault(NamedTuple):
    """A table, the picture of one of its rows, and what is wrong with that."""

    table: str
    image: str
    words: str


def row_faults(run: Run) -> Iterator[str]:
    """Yield what does not follow from the rest, naming file and row; of many rows of a table the first."""
    seen: Counter[str] = Counter()
    for fault in _faults(run):
        seen[fault.table] += 1
        if seen[fault.table] <= MOST_NAMED:
            yield f"{parquet(fault.table)}, {picture_of(fault.image)!r}: {fault.words}"
    for table, count in seen.items():
        if count > MOST_NAMED:
            yield f"{parquet(table)}: {count - MOST_NAMED:,} more rows do not follow from the others"


def _faults(run: Run) -> Iterator[RowFault]:
    answers = open_parquet(run.file(PREDICTIONS))
    regions = open_parquet(run.file(EVIDENCE))
    maps = open_parquet(run.file(MAPS)) if run.explained else None
    for group in range(answers.num_row_groups):
        pictures = answers.read_row_group(group)
        yield from answer_faults(run, pictures)
        rows = by_pair(pictures) if run.many else pictures
        found = keyed(regions.read_row_group(group)) if run.many else regions.read_row_group(group)
        place = encode_names(found, "image", rows["image"].cast(pa.string()).to_pylist())
        yield from _region_faults(found, rows, place)
        if maps is not None:
            drawn = keyed(maps.read_row_group(group)) if run.many else maps.read_row_group(group)
            moved = list(_order_faults(MAPS, drawn["image"], rows["image"]))
            yield from moved
            if not moved:
                yield from (RowFault(EVIDENCE, *odd) for odd in weigh_again(run, drawn, found, place))
    yield from _other_tables(run)


def answer_faults(run: Run, rows: pa.Table) -> Iterator[RowFault]:
    """Yield pictures whose label or confidence is not that of their logits."""
    images = rows["image"].cast(pa.string()).to_pylist()
    logits = _numbers(rows["logits"])
    if run.many:
        yield from _many_faults(run, rows, images, logits)
        return
    names, place = run.label_names, encode_names(rows, "label", run.label_names)
    if (called := run.names.get(CALLED)) is not None:
        yield from _renamed_faults(images, logits, place, rows["confidence"].to_numpy(), called, names)
        return
    of_values = bool(run.value_names)
    best, sure = _strongest(logits)
    if run.asked is not None:
        odd, best = place != names.index(run.asked), np.full(len(place), names.index(run.asked))
    else:
        odd = logits[np.arange(len(place)), place] < logits.max(-1, initial=-np.inf)
    for row in odd.nonzero()[0]:
        yield RowFault(
            PREDICTIONS, images[row], f"label {names[place[row]]!r}, and its logits give {names[best[row]]!r}"
        )
    expected = np.ones(len(place)) if of_values else sure
    yield from _confidence_faults(PREDICTIONS, images, rows["confidence"].to_numpy(), expected)


def _renamed_faults(
    images: list[str],
    logits: np.ndarray,
    place: np.ndarray,
    confidence: np.ndarray,
    called: dict[str, str],
    names: list[str],
) -> Iterator[RowFault]:
    """Yield pictures whose confidence is not that of the name they are called by.

    It need not be the strongest: two that are merged may together be stronger than what was answered. Where some names
    are left out, so are their logits, and nothing follows from the rest.
    """
    if set(called.values()) == set(names) and len(logits):
        yield from _confidence_faults(PREDICTIONS, images, confidence, _probability(logits, place))


def _many_faults(run: Run, rows: pa.Table, images: list[str], logits: np.ndarray) -> Iterator[RowFault]:
    probability = 1 / (1 + np.exp(-logits.astype(np.float64)))
    threshold = np.array(run.names["many"])
    names = np.array(run.label_names, object)
    written = (rows[name].to_pylist() for name in (HAS_LABELS, HAS_CONFIDENCES))
    for image, own, chances, labels, sure in zip(
        images, probability, own_margin(probability, threshold), *written, strict=True
    ):
        expected = set(names[(own > threshold) & ~chances])
        left_open = set(names[chances])
        if not expected <= set(labels) or not set(labels) <= expected | left_open:
            told = ", ".join(map(repr, names[own > threshold])) or "none"
            yield RowFault(PREDICTIONS, image, f"labels {labels}, and its logits give {told}")
            continue
        right = [own[run.label_names.index(label)] for label in labels]
        yield from _confidence_faults(PREDICTIONS, [image] * len(labels), np.array(sure), np.array(right))


def own_margin(probability: np.ndarray, threshold: np.ndarray) -> np.ndarray:
    """Mark probabilities (n, L) so near their threshold (L,) that rounding decides."""
    return np.abs(probability - threshold) < 1e-5


def _region_faults(found: pa.Table, rows: pa.Table, place: np.ndarray) -> Iterator[RowFault]:
    """Yield regions that say another label or confidence than their picture (N,)."""
    images = found["image"].cast(pa.string()).to_pylist()
    own, right = (np.array(table["label"].cast(pa.string()).to_pylist(), object) for table in (found, rows))
    for row in (own != right[place]).nonzero()[0]:
        told = right[place[row]]
        yield RowFault(EVIDENCE, images[row], f"label {own[row]!r}, and predictions.parquet says {told!r}")
    sure, expected = found["confidence"].to_numpy(), rows["confidence"].to_numpy()[place]
    yield from _confidence_faults(EVIDENCE, images, sure, expected)


def _confidence_faults(
    table: str, images: Sequence[str], found: np.ndarray, expected: np.ndarray
) -> Iterator[RowFault]:
    for row in (~np.isclose(found, expected, rtol=0, atol=CLOSE)).nonzero()[0]:
        words = f"confidence {found[row]:.4f}, and it follows that it is {expected[row]:.4f}"
        yield RowFault(table, images[row], words)


def _order_faults(table: str, images: pa.ChunkedArray, expected: pa.ChunkedArray) -> Iterator[RowFault]:
    """Yield the first place where a table goes on with another picture than the predictions."""
    own, right = (column.cast(pa.string()).to_pylist() for column in (images, expected))
    for found, wanted in zip(own, right, strict=False):
        if found != wanted:
            yield RowFault(table, found, f"stands where predictions.parquet has {picture_of(wanted)!r}")
            return
    if len(own) != len(right):
        yield RowFault(
            table, (own + right)[-1], f"ends {len(own):,} rows where predictions.parquet has {len(right):,}"
        )


def _other_tables(run: Run) -> Iterator[RowFault]:
    """Hold the tables of some runs to the predictions: small pictures, features, faces, pasted ones, effects."""
    pictures = read_parquet(
        run.file(PREDICTIONS), [n for n in ("image", "label", "confidence") if not run.many or n == "image"]
    )
    for name in BY_PICTURE:
        if has_table(run.file(name)):
            yield from _order_faults(
                name, read_parquet(run.file(name), ["image"])["image"], pictures["image"]
            )
    if run.many:
        return
    images = pictures["image"].cast(pa.string()).to_pylist()
    label = np.array(pictures["label"].cast(pa.string()).to_pylist(), object)
    if run.file(EFFECT).is_file() and not run.of_series:  # a volume has trials of each label that is on
        tried = read_parquet(run.file(EFFECT), ["image", "label"])
        yield from _label_faults(EFFECT, tried, "label", images, label)
    if run.file(PASTE).is_file() and {"label_before", "logits_after"} <= set(
        read_schema(run.file(PASTE)).names
    ):
        pasted = read_parquet(run.file(PASTE))
        yield from _label_faults(PASTE, pasted, "label_before", images, label)
        yield from _pasted_faults(
            run, pasted, dict(zip(images, pictures["confidence"].to_pylist(), strict=True))
        )


def _label_faults(
    table: str, rows: pa.Table, column: str, images: list[str], label: np.ndarray
) -> Iterator[RowFault]:
    known = dict(zip(images, label, strict=True))
    for image, own in zip(
        *(rows[name].cast(pa.string()).to_pylist() for name in ("image", column)), strict=True
    ):
        if image in known and known[image] != own:
            yield RowFault(table, image, f"{column} {own!r}, and predictions.parquet says {known[image]!r}")


def _pasted_faults(run: Run, rows: pa.Table, confidence: dict[str, float]) -> Iterator[RowFault]:
    images = rows["image"].cast(pa.string()).to_pylist()
    before = np.array([confidence[image] for image in images])
    yield from _confidence_faults(PASTE, images, rows["confidence_before"].to_numpy(), before)
    if run.value_names or CALLED in run.names:  # a merged name need not be the strongest
        return
    logits, names = _numbers(rows["logits_after"]), run.label_names
    best, sure = _strongest(logits)
    place = encode_names(rows, "label_after", names)
    for row in (logits[np.arange(len(place)), place] < logits.max(-1, initial=-np.inf)).nonzero()[0]:
        words = f"label_after {names[place[row]]!r}, and its logits_after give {names[best[row]]!r}"
        yield RowFault(PASTE, images[row], words)
    yield from _confidence_faults(PASTE, images, rows["confidence_after"].to_numpy(), sure)


def _strongest(logits: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the label and its probability (n,) of logits (n, L)."""
    if not len(logits):
        return np.zeros(0, np.int64), np.zeros(0)
    best = logits.argmax(-1)
    return best, _probability(logits, best)


def _probability(logits: np.ndarray, place: np.ndarray) -> np.ndarray:
    """Return the probability of one label a row (n,) by logits (n, L)."""
    weight = np.exp(logits.astype(np.float64) - logits.max(-1, keepdims=True))
    return weight[np.arange(len(place)), place] / weight.sum(-1)


def _numbers(column: pa.ChunkedArray) -> np.ndarray:
    """Return a column of lists of one length as rows (n, D)."""
    width = column.type.list_size
    return column.combine_chunks().flatten().to_numpy().reshape(-1, width)
