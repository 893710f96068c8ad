"""Which objects of which pictures are taken away together, kept alone or moved."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

import numpy as np

from emocam.effect.base import Cell
from emocam.effect.joint import JointVariant
from emocam.effect.pairs import Pairs
from emocam.effect.sampling import choose_cells, shared_order
from emocam.intervention.nesting import find_nested
from emocam.intervention.plan import corpus_of, regions_of_pictures
from emocam.records.thresholds import Thresholds
from emocam.results.files import LEDGER
from emocam.results.parquet_file import read_parquet
from emocam.results.run import Run

MOST_KEPT = 8
"""Objects of a picture that are kept alone or in twos: those of the highest cells of its label."""
LEAST_OF_SETS = 3
"""Objects that a picture must have: of one or two every set is the picture itself, or next to nothing."""
LOOKED_AT = 1000
"""Pictures whose boxes say what stands within what."""


@dataclass
class PairPlan:
    """What is tried: variants by the picture's place in the ledger, and for which labels; `told` is for its table."""

    labels: list[str]
    variants: dict[int, list[JointVariant]] = field(default_factory=dict)
    images: dict[int, str] = field(default_factory=dict)
    told: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Presence:
    """The pictures (I,) that are sure enough in an order by lot, their labels, and which objects (I, O) they hold.

    `number` (I,) is how many different objects there are, also of those that no cell names.
    """

    images: list[str]
    labels: list[str]
    objects: list[str]
    held: np.ndarray
    number: np.ndarray


def plan_pairs(run: Run, effect: Pairs, thresholds: Thresholds, seed: int) -> PairPlan:
    """Plan what is tried in each picture."""
    counted = run.counts(thresholds)
    cells = choose_cells(
        counted.present.numpy(),
        counted.percent.numpy(),
        run.object_names,
        run.label_names,
        effect.budget,
        seed,
    )
    labels = [name for name in run.label_names if any(cell.label == name for cell in cells)]
    found = _presence(run, cells, thresholds, seed)
    nested = find_nested(
        regions_of_pictures(run, found.images[:LOOKED_AT], thresholds), found.objects, effect.joint
    )
    plan = PairPlan(labels)
    tried: dict[int, dict[JointVariant, None]] = {}
    same = {frozenset((one.whole, one.part)) for one in nested if _mutual(one.whole, one.part, nested)}
    plan.told = {
        "joint": effect.joint,
        "inside": [[one.whole, one.part, one.share, one.pictures] for one in nested],
        **_add_pairs(found, effect, same, tried),
        "sets": _add_sets(found, effect.sets, cells, labels, tried),
    }
    _add_wholes(found, effect.budget.images, [(one.whole, one.part) for one in nested], tried)
    _add_moves(found, effect.budget.images, cells, tried)
    place_of = {
        name: place
        for place, name in enumerate(read_parquet(run.file(LEDGER), columns=["image"])["image"].to_pylist())
    }
    for row, variants in sorted(tried.items()):
        place = place_of[found.images[row]]
        plan.variants[place], plan.images[place] = list(variants), found.images[row]
    return plan


def _mutual(whole: str, part: str, nested: Sequence[Any]) -> bool:
    """Return whether two objects stand within each other: two names of one thing."""
    return any((one.whole, one.part) == (part, whole) for one in nested)


def _presence(run: Run, cells: Sequence[Cell], thresholds: Thresholds, seed: int) -> Presence:
    """Return what the pictures hold of the cells' objects, which come in the order of their highest cell."""
    objects = list(dict.fromkeys(cell.object for cell in cells))
    corpus = corpus_of(run, set(run.object_names), thresholds)
    images = shared_order(list(corpus.label), "pairs", seed)
    row = {image: number for number, image in enumerate(images)}
    held, number = np.zeros((len(images), len(objects)), bool), np.zeros(len(images), np.int64)
    for name, of_image in corpus.regions.items():
        rows = [row[image] for image in of_image]
        number[rows] += 1
        if name in objects:
            held[rows, objects.index(name)] = True
    return Presence(images, [corpus.label[image] for image in images], objects, held, number)


def _add_pairs(
    found: Presence, effect: Pairs, same: set[frozenset[str]], tried: dict[int, dict[JointVariant, None]]
) -> dict[str, Any]:
    """Add the 2 x 2 trials of pairs that stand together often enough; return what is to be told of all pairs."""
    together = found.held.T.astype(np.float32) @ found.held.astype(np.float32)
    pairs = [
        (a, b)
        for a, b in combinations(range(len(found.objects)), 2)
        if frozenset((found.objects[a], found.objects[b])) not in same
    ]
    often = [(a, b) for a, b in pairs if together[a, b] >= effect.joint]
    chosen = sorted(often, key=sum)[: effect.most_pairs]  # those of the highest cells first
    planned = []
    for a, b in chosen:
        rows = np.flatnonzero(found.held[:, a] & found.held[:, b])[: effect.budget.images]
        one, other = sorted((found.objects[a], found.objects[b]))
        for kind in ("out", "control"):
            variants = (JointVariant(kind, one), JointVariant(kind, other), JointVariant(kind, one, other))  # type: ignore[arg-type]
            for row in rows.tolist():
                tried.setdefault(row, {}).update(dict.fromkeys(variants))
        planned.append([one, other, len(rows), int(together[a, b])])
    never = sum(together[a, b] == 0 for a, b in pairs)
    return {
        "pairs": planned,
        "never": int(never),
        "seldom": len(pairs) - len(often) - int(never),
        "left_out": len(often) - len(chosen),
        "same": sorted(sorted(pair) for pair in same),
    }


def _add_sets(
    found: Presence,
    most: int,
    cells: Sequence[Cell],
    labels: Sequence[str],
    tried: dict[int, dict[JointVariant, None]],
) -> dict[str, list[int]]:
    """Add what is kept alone in pictures of three or more objects; return by label tried ones, such, all."""
    rank = {(cell.object, cell.label): number for number, cell in enumerate(cells)}
    label = np.array(found.labels, object)
    told = {}
    for name in labels:
        rows = np.flatnonzero(label == name)
        enough = rows[found.number[rows] >= LEAST_OF_SETS]
        drawn = enough[:most].tolist()
        for row in drawn:
            held = [found.objects[i] for i in np.flatnonzero(found.held[row])]
            held = sorted(held, key=lambda object: rank.get((object, name), len(rank)))[:MOST_KEPT]
            sets = [(), *((one,) for one in held), *combinations(held, 2)]
            tried.setdefault(row, {}).update(
                dict.fromkeys(JointVariant("keep", *sorted(kept)) for kept in sets)
            )
        told[name] = [len(drawn), len(enough), len(rows)]
    return told


def _add_wholes(
    found: Presence, most: int, nested: Sequence[tuple[str, str]], tried: dict[int, dict[JointVariant, None]]
) -> None:
    """Add objects with all that lies in them, beside their own pixels and those of each part."""
    for whole, part in nested:
        a, b = found.objects.index(whole), found.objects.index(part)
        for row in np.flatnonzero(found.held[:, a] & found.held[:, b])[:most].tolist():
            variants = (JointVariant("whole", whole), JointVariant("out", whole), JointVariant("out", part))
            tried.setdefault(row, {}).update(dict.fromkeys(variants))


def _add_moves(
    found: Presence, most: int, cells: Sequence[Cell], tried: dict[int, dict[JointVariant, None]]
) -> None:
    """Add objects that are moved in pictures of the cell's label."""
    label = np.array(found.labels, object)
    for cell in cells:
        rows = np.flatnonzero(found.held[:, found.objects.index(cell.object)] & (label == cell.label))
        # pictures that are opened anyway come first
        rows = np.array(sorted(rows.tolist(), key=lambda row: row not in tried), np.int64)
        for row in rows[:most].tolist():
            variants = (JointVariant("out", cell.object), JointVariant("moved", cell.object))
            tried.setdefault(row, {}).update(dict.fromkeys(variants))
