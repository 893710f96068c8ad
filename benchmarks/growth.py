"""What a step costs when much is done already: rows that are new, a chunk, and detections that are remembered.

Prints processor milliseconds a picture at a thousand pictures done, at a hundred thousand and at a million; then what
a listing of so many names costs to make, and what a process holds of it.
"""

import multiprocessing
import re
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pyarrow as pa
import torch

from emocam.data.corpus.listing import listed
from emocam.detector.cached import CachedDetector
from emocam.predict.chunk_writer import WriteChunks
from emocam.records.detections import Detections
from emocam.results.chunks import Chunks
from emocam.results.name_places import NamePlaces

SIZES = (1_000, 100_000, 1_000_000)
BATCH = 32
CHUNK = 512


def seconds_of(work: Callable[[int], object], times: int) -> float:
    """The median of the processor's seconds, of so many turns after one that is not counted."""
    work(0)
    taken = []
    for turn in range(1, times + 1):
        begun = time.process_time()
        work(turn)
        taken.append(time.process_time() - begun)
    return float(np.median(taken))


def rows(start: int, count: int = BATCH) -> pa.Table:
    return pa.table({"index": np.arange(start, start + count)})


def new_rows(done: int) -> float:
    """A batch's rows, of which none lies in the folder yet."""
    with tempfile.TemporaryDirectory() as folder:
        writer = WriteChunks(Chunks(Path(folder), "key"), lambda *_: {}, np.arange(done))
        return seconds_of(lambda turn: writer._new(rows(done + turn * BATCH)), 20) / BATCH


def a_chunk(done: int) -> float:
    """A chunk of 512 pictures beside those of all that are done."""
    with tempfile.TemporaryDirectory() as folder:
        chunks = Chunks(Path(folder), "key")
        chunks.begin()
        for number in range(done // CHUNK):
            (chunks.folder / f"000-{number:06d}").mkdir()
        writer = WriteChunks(chunks, lambda *_: {})
        trainer = SimpleNamespace(global_rank=0)

        def write(turn: int) -> None:
            writer.kept = [{"ledger": rows(done + turn * CHUNK, CHUNK)}]
            writer._write(trainer)

        return seconds_of(write, 20) / CHUNK


class Nothing(torch.nn.Module):
    score, iou, identity, objects, view, advice = 0.0, 0.5, "growth", ["ball"], None, None


def detections(done: int) -> float:
    """Detections of a batch, ten regions a picture, written beside those of all pictures that are known."""
    boxes = torch.tensor([[0.1, 0.2, 0.5, 0.6]]).repeat(10, 1)
    one = Detections(
        boxes, torch.zeros(10, dtype=torch.int64), torch.rand(10), torch.zeros(10, dtype=torch.int64)
    )
    dice = np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as folder:
        cached = CachedDetector(Nothing(), Path(folder))  # type: ignore[arg-type]
        for _ in range(done // 10_000):
            cached._write({dice.bytes(16): one for _ in range(10_000)})
        return (
            seconds_of(lambda turn: cached._write({dice.bytes(16): one for _ in range(BATCH)}), 200) / BATCH
        )


def names(count: int) -> Iterator[list[str]]:
    """Names of a corpus's length, not in their order, so many at once as a folder's walk gives."""
    for start in range(0, count, 10_000):
        yield [
            f"photographs/{place * 7919 % count:09d}.jpg"
            for place in range(start, min(start + 10_000, count))
        ]


def private_memory() -> float:
    """The MiB that this process shares with no other and no file."""
    rollup = Path("/proc/self/smaps_rollup").read_text()
    return float(re.search(r"Anonymous: *(\d+)", rollup)[1]) / 1024  # type: ignore[index]


def held_by_a_worker(listing: Sequence[str], answer: Any) -> None:
    """Read all names in a process of its own, as a worker does of its part."""
    before = private_memory()
    letters = sum(len(listing[place]) for place in range(len(listing)))
    answer.put((letters, private_memory() - before))


def listings(sizes: Sequence[int]) -> list[str]:
    """A line for each size: seconds to make the table, its MiB, a worker's MiB, bytes a name of places by hash."""
    lines = []
    for count in sizes:
        with tempfile.TemporaryDirectory() as folder:
            begun = time.process_time()
            listing = listed(names(count), Path(folder))
            made = time.process_time() - begun
            size = sum(file.stat().st_size for file in Path(folder).rglob("*") if file.is_file()) / 2**20
            context = multiprocessing.get_context("fork")
            answer = context.Queue()
            worker = context.Process(target=held_by_a_worker, args=(listing, answer))
            worker.start()
            held = answer.get()[1]
            worker.join()
            begun = time.process_time()
            places = NamePlaces(listing)
            looked = time.process_time() - begun
            lines.append(
                f"| {count:,} | {made:.2f} | {size:.0f} | {held:.1f} | {looked:.2f} | {places.held / count:.0f} |"
            )
    return lines


def main() -> None:
    ways = {"rows that are new": new_rows, "a chunk written": a_chunk, "detections remembered": detections}
    sys.stdout.write(
        f"| processor milliseconds a picture | {' | '.join(f'{done:,} done' for done in SIZES)} |\n"
    )
    sys.stdout.write(f"|---{'|---' * len(SIZES)}|\n")
    for name, way in ways.items():
        times = " | ".join(f"{way(done) * 1000:.4f}" for done in SIZES)
        sys.stdout.write(f"| {name} | {times} |\n")
        sys.stdout.flush()
    sys.stdout.write(
        "\n| names | seconds to list them | MiB on disk | MiB that a worker holds | seconds to hash them | bytes a "
        "name of the hashes |\n|---|---|---|---|---|---|\n"
    )
    for line in listings(SIZES):
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
