"""What may not matter: batch size, workers, the order of the listing, an interruption. Nor which of them are joined."""

import random
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from child import QUIET, in_child, warm_up
from metamorphic import PICTURES, drawn, write
from steps import Part

BATCHES, WORKERS, ORDERS, RESUMED = (1, 7, 32), (0, 2), ("listed", "reversed", "shuffled"), (False, True)
CLOSE = 1e-5
"""Of numbers where a batch is of another size; in batches of one size they are the same to the last bit."""
A_CHUNK = 3
"""Pictures after which an interrupted run has a chunk on disk."""
WORDS = (
    *(*QUIET, "logger=null", "cache=null", "callback={}", "detector=annotations", "cam=gradcam"),
    *("classifier._target_=symmetric_net.SymmetricNet", "allow=[symmetric_net]", "data=table"),
)
WAYS = list(product(BATCHES, WORKERS, ORDERS))


def listing(folder: Path, order: str, number: int) -> str:
    """Write a table that lists the pictures in an order, and return its name."""
    names = [f"{place}.png" for place in range(PICTURES)]
    if order == "reversed":
        names.reverse()
    elif order == "shuffled":
        random.Random(number).shuffle(names)
    (folder / f"{order}.csv").write_text("\n".join(["path", *(f"pics/{name}" for name in names)]) + "\n")
    return f"{order}.csv"


def run_words(folder: Path, words: list[str], interrupted: bool) -> Any:
    """Run a command; one that is interrupted stops with a chunk on disk, and is given again."""
    import emocam
    from emocam.predict import chunk_writer

    if interrupted:
        usual, write_chunk = chunk_writer.MOST_IMAGES, chunk_writer.WriteChunks._write
        chunk_writer.MOST_IMAGES = A_CHUNK

        def stop(writer: Any, trainer: Any) -> None:
            write_chunk(writer, trainer)
            raise KeyboardInterrupt

        chunk_writer.WriteChunks._write = stop  # type: ignore[method-assign]
        try:
            emocam.run(*words)
        except KeyboardInterrupt:
            pass
        finally:
            chunk_writer.MOST_IMAGES = usual
            chunk_writer.WriteChunks._write = write_chunk  # type: ignore[method-assign]
        if not list((folder / words[-1].partition("=")[2] / "shards").glob("*/ledger.parquet")):
            raise RuntimeError("the run was not interrupted with a chunk on disk")
    return emocam.run(*words)


def rows(run: Any, name: str) -> pd.DataFrame:
    """Return a table in the order of names, whatever the listing's was."""
    found = pd.read_parquet(run.path / f"{name}.parquet")
    if name == "maps":
        return found
    by = [column for column in ("image", "object", "x0", "y0", "x1", "y1") if column in found]
    texts = {column: str for column in by if column in ("image", "object")}
    return found.astype(texts).sort_values(by, kind="stable").reset_index(drop=True)


def unlike(one: pd.DataFrame, other: pd.DataFrame, close: float) -> list[str]:
    """Return the columns in which two tables differ."""
    if list(one) != list(other) or len(one) != len(other):
        return ["the number of rows or columns"]
    found = []
    for name in one:
        pair = one[name].to_numpy(), other[name].to_numpy()
        if len(one) and isinstance(pair[0][0], np.ndarray):  # a list a row
            pair = np.stack(pair[0]), np.stack(pair[1])
        numbers = pair[0].dtype.kind == "f"
        same = (
            np.allclose(*pair, rtol=0, atol=close, equal_nan=True)
            if numbers
            else one[name].astype(str).tolist() == other[name].astype(str).tolist()
        )
        found += [] if same else [str(name)]
    return found


def compared(folder: Path, number: int) -> list[str]:
    """Run in one way, whole and interrupted, and hold both against a batch of one in the listed order."""
    batch, workers, order = WAYS[number % len(WAYS)]
    write(drawn(random.Random(f"invariance {number // len(WAYS)}")), folder / "pics")
    table = [f"data.file={listing(folder, 'listed', 0)}", "data.annotations=pics/instances.json"]
    usual = run_words(
        folder, [*WORDS, *table, "data.batch_size=1", "data.workers=0", "hydra.run.dir=usual"], False
    )
    chosen = [
        f"data.file={listing(folder, order, number)}",
        table[1],
        f"data.batch_size={batch}",
        f"data.workers={workers}",
    ]
    faults = []
    for resumed in RESUMED:
        run = run_words(folder, [*WORDS, *chosen, f"hydra.run.dir=run-{resumed}"], resumed)
        way = f"batch {batch}, {workers} workers, {order}{', interrupted' * resumed}"
        if not run.association().sort_index().equals(usual.association().sort_index()):
            faults.append(f"{way}: the matrix is another")
        close = 0.0 if batch == 1 else CLOSE
        for name in ("predictions", "evidence"):
            faults += [
                f"{way}: {name}: {column} differs"
                for column in unlike(rows(run, name), rows(usual, name), close)
            ]
    return faults


def step(number: int, folder: Path, shared: Path) -> dict[str, Any]:
    """Compare one way with the usual one, in a process of its own."""
    warm_up()

    faults, ended = in_child(folder, lambda: compared(folder, number), 300)
    if ended:
        return {"ways": 0, "faults": ended}
    return {"ways": len(RESUMED), "as the usual one": len(RESUMED) * (not faults), "faults": faults}


PART = Part(step, len(WAYS))
