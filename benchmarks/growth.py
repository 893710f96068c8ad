"""What a step costs when much is done already: rows that are new, a chunk, and detections that are remembered.

Prints processor milliseconds a picture at a thousand pictures done, at a hundred thousand and at a million.
"""

import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import torch

from emocam.detector.cached import CachedDetector
from emocam.predict.chunk_writer import WriteChunks
from emocam.records.detections import Detections
from emocam.results.chunks import Chunks

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


if __name__ == "__main__":
    main()
