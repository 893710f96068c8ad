"""What a changed corpus must change, and what it must leave: mirrored, enlarged, doubled, halved, renamed pictures.

Whole runs of a small network over random pictures with boxes, compared picture by picture.
"""

import json
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from child import QUIET, in_child, warm_up
from PIL import Image
from PIL.Image import Resampling, Transpose
from steps import Part
from symmetric_net import LABELS, SIDE

PICTURES, BOXES = 8, 4
OBJECTS = ("Ball", "Kite", "Tree")
CLOSE, SURE = 1e-3, 1e-4
"""Of importances, and of probabilities and places."""
WORDS = (
    *(*QUIET, "logger=null", "cache=null", "callback={}", "data=coco", "detector=annotations", "cam=gradcam"),
    *("classifier._target_=symmetric_net.SymmetricNet", "allow=[symmetric_net]"),
    *("data.workers=0", "data.batch_size=1"),
)


@dataclass(frozen=True)
class Corpus:
    """Pictures by name, and of each boxes in pixels with their objects."""

    pictures: dict[str, Image.Image]
    boxes: dict[str, list[tuple[str, tuple[float, ...]]]]
    objects: tuple[str, ...] = OBJECTS


def drawn(dice: random.Random) -> Corpus:
    """Draw smooth pictures and boxes."""
    numbers = np.random.default_rng(dice.randrange(2**32))
    names = [f"{place}.png" for place in range(PICTURES)]
    pictures = {
        name: Image.fromarray(numbers.integers(0, 256, (6, 6, 3), np.uint8)).resize(
            (SIDE, SIDE), Resampling.BICUBIC
        )
        for name in names
    }
    boxes = {}
    for name in names:
        corners = [
            sorted(dice.sample(range(SIDE + 1), 2)) + sorted(dice.sample(range(SIDE + 1), 2))
            for _ in range(BOXES)
        ]
        boxes[name] = [(dice.choice(OBJECTS), (x0, y0, x1, y1)) for x0, x1, y0, y1 in corners]
    return Corpus(pictures, boxes)


def mirrored(corpus: Corpus) -> Corpus:
    """Return all pictures mirrored, with their boxes."""
    return Corpus(
        {name: picture.transpose(Transpose.FLIP_LEFT_RIGHT) for name, picture in corpus.pictures.items()},
        {
            n: [(o, (SIDE - x1, y0, SIDE - x0, y1)) for o, (x0, y0, x1, y1) in some]
            for n, some in corpus.boxes.items()
        },
    )


def upside_down(corpus: Corpus) -> Corpus:
    """Return all pictures upside down, with their boxes."""
    return Corpus(
        {name: picture.transpose(Transpose.FLIP_TOP_BOTTOM) for name, picture in corpus.pictures.items()},
        {
            n: [(o, (x0, SIDE - y1, x1, SIDE - y0)) for o, (x0, y0, x1, y1) in some]
            for n, some in corpus.boxes.items()
        },
    )


def enlarged(corpus: Corpus) -> Corpus:
    """Return all pictures at twice their size, pixel by pixel."""
    return Corpus(
        {
            name: picture.resize((2 * SIDE, 2 * SIDE), Resampling.NEAREST)
            for name, picture in corpus.pictures.items()
        },
        {n: [(o, tuple(2 * side for side in box)) for o, box in some] for n, some in corpus.boxes.items()},
    )


def doubled(corpus: Corpus) -> Corpus:
    """Return each picture twice."""
    twice = {f"{name[:-4]}{end}.png": name for name in corpus.pictures for end in ("", "-again")}
    return Corpus(
        {name: corpus.pictures[old] for name, old in twice.items()},
        {name: corpus.boxes[old] for name, old in twice.items()},
    )


def named_otherwise(corpus: Corpus) -> Corpus:
    """Return the pictures under names that list them the other way round."""
    other = dict(zip(corpus.pictures, reversed(list(corpus.pictures)), strict=True))
    return Corpus(
        {other[name]: picture for name, picture in corpus.pictures.items()},
        {other[name]: boxes for name, boxes in corpus.boxes.items()},
    )


def objects_otherwise(corpus: Corpus) -> Corpus:
    """Return the corpus with its kinds of objects in another order."""
    return replace(corpus, objects=tuple(reversed(corpus.objects)))


def write(corpus: Corpus, folder: Path) -> None:
    """Write pictures and COCO's annotations."""
    folder.mkdir()
    for name, picture in corpus.pictures.items():
        picture.save(folder / name)
    places = {name: place for place, name in enumerate(corpus.pictures)}
    images = [
        {
            "id": place,
            "file_name": name,
            "width": corpus.pictures[name].width,
            "height": corpus.pictures[name].height,
        }
        for name, place in places.items()
    ]
    annotations = [
        {
            "image_id": places[name],
            "category_id": corpus.objects.index(object),
            "bbox": [x0, y0, x1 - x0, y1 - y0],
        }
        for name, some in corpus.boxes.items()
        for object, (x0, y0, x1, y1) in some
    ]
    told = {
        "images": images,
        "annotations": [{"id": place, **one} for place, one in enumerate(annotations)],
        "categories": [{"id": place, "name": name} for place, name in enumerate(corpus.objects)],
    }
    (folder / "instances.json").write_text(json.dumps(told))


@dataclass(frozen=True)
class Answer:
    """What a run says: its matrix by names, the answer and the boxes of each picture."""

    counts: pd.DataFrame
    answers: pd.DataFrame
    regions: pd.DataFrame


def asked(corpus: Corpus, folder: Path, name: str, *words: str) -> Answer:
    """Run over a corpus."""
    import emocam

    place = folder / name
    write(corpus, place)
    run = emocam.run(*WORDS, f"data.root={place}", f"hydra.run.dir={folder / f'run-{name}'}", *words)
    return answer_of(run)


def answer_of(run: Any) -> Answer:
    """Read a run's tables."""
    counts = run.association(importance=0.4).sort_index()
    answers = pd.read_parquet(run.path / "predictions.parquet").set_index("image").sort_index()
    regions = pd.read_parquet(run.path / "evidence.parquet")
    regions["object"] = regions["object"].astype(str)
    return Answer(counts[sorted(counts)], answers, regions)


def as_before(
    one: Answer, other: Answer, turn: Callable[[np.ndarray], np.ndarray] = lambda box: box
) -> Iterator[str]:
    """Yield what differs, where `turn` makes the boxes (n, 4) of one those of the other."""
    if not one.counts.equals(other.counts):
        yield "the matrix is another"
    if (one.answers["label"].astype(str) != other.answers["label"].astype(str)).any():
        yield "a label is another"
    if not np.allclose(one.answers["confidence"], other.answers["confidence"], atol=SURE):
        yield "a confidence is another"
    tables = []
    for answer, change in ((one, turn), (other, lambda box: box)):
        boxes = change(answer.regions[["x0", "y0", "x1", "y1"]].to_numpy())
        rows = answer.regions[["image", "object", "importance"]].assign(
            **dict(zip("abcd", boxes.T.round(4), strict=True))
        )
        tables.append(rows.sort_values(["image", "object", *"abcd", "importance"]).reset_index(drop=True))
    if not tables[0][["image", "object"]].equals(tables[1][["image", "object"]]):
        yield "other objects are found"
    elif not np.allclose(tables[0][[*"abcd"]], tables[1][[*"abcd"]], atol=2 * SURE):
        yield "a box lies elsewhere"
    elif not np.allclose(tables[0]["importance"], tables[1]["importance"], atol=CLOSE):
        yield f"an importance differs by {(tables[0]['importance'] - tables[1]['importance']).abs().max():.1e}"


def relations(folder: Path, number: int) -> Iterator[tuple[str, list[str]]]:
    """Yield each relation with what is wrong with it."""
    dice = random.Random(f"metamorphic {number}")
    corpus, seed = drawn(dice), f"+classifier.seed={number}"
    usual = asked(corpus, folder, "usual", seed)
    left, up = np.array([1.0, 0, 1, 0]), np.array([0, 1.0, 0, 1])
    flip = lambda box: np.abs(left - box)[:, [2, 1, 0, 3]]  # noqa: E731
    turn = lambda box: np.abs(up - box)[:, [0, 3, 2, 1]]  # noqa: E731
    yield "mirrored", list(as_before(usual, asked(mirrored(corpus), folder, "mirrored", seed), flip))
    yield "upside down", list(as_before(usual, asked(upside_down(corpus), folder, "down", seed), turn))
    yield "twice the size", list(as_before(usual, asked(enlarged(corpus), folder, "large", seed)))
    yield (
        "objects in another order",
        list(as_before(usual, asked(objects_otherwise(corpus), folder, "objects", seed))),
    )
    order = dice.sample(range(len(LABELS)), len(LABELS))
    yield (
        "labels in another order",
        list(as_before(usual, asked(corpus, folder, "labels", seed, f"+classifier.order={order}"))),
    )
    twice = asked(doubled(corpus), folder, "twice", seed)
    yield (
        "each picture twice",
        [] if twice.counts.equals(2 * usual.counts) else ["the counts are not doubled"],
    )
    halves = [asked(corpus, folder, f"half-{half}", seed, f"data.shard={half}/2").counts for half in (1, 2)]
    yield (
        "two halves",
        [] if (halves[0] + halves[1]).equals(usual.counts) else ["the halves are not the whole"],
    )
    other = asked(named_otherwise(corpus), folder, "names", seed)
    names = dict(zip(corpus.pictures, reversed(list(corpus.pictures)), strict=True))
    renamed = other.regions.assign(image=other.regions["image"].astype(str).map(names))
    back = Answer(other.counts, other.answers.rename(index=names).sort_index(), renamed)
    yield "other names", list(as_before(replace(usual, regions=usual.regions.astype({"image": str})), back))


def step(number: int, folder: Path, shared: Path) -> dict[str, Any]:
    """Ask about one corpus and about eight that were made of it, in a process of their own."""
    warm_up()
    found, ended = in_child(folder, lambda: list(relations(folder, number)), 600)
    if ended:
        return {"cases": 0, "faults": ended}
    faults = [f"{name}: {fault}" for name, some in found for fault in some]
    return {"cases": len(found), "as they must": sum(not some for _, some in found), "faults": faults}


PART = Part(step, 25)
