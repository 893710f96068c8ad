"""One input is changed under a full cache and a finished folder: the answer is that of now, or it is refused.

Nothing may say what was true before. A finished folder may be refused in one sentence, another folder may not.
"""

import random
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
from child import QUIET, start, warm_up
from equal import same_rows
from inputs import KINDS, WAYS, Place
from steps import Part

TABLES = ("ledger", "predictions", "evidence", "maps", "paste", "cells")
UNEQUAL = ("seconds", "size", "modified", "digest")
"""Of the ledger: how long a picture took, and of which bytes it was."""
TEXTS = ("association.csv", "association_percent.csv", "labels.csv", "slices.csv")
DRAWN = ("~callback.report", "~callback.overlay")
ALWAYS = (*QUIET, "logger=null", "data.batch_size=1", "data.workers=0", *DRAWN)


def step(number: int, folder: Path, shared: Path) -> dict[str, Any]:
    """Change one input in one way, and ask in another folder, and again in the one that was finished."""
    warm_up()
    name = list(KINDS)[number % len(KINDS)]
    way = WAYS[(number // len(KINDS) + number) % len(WAYS)]
    kind, place = KINDS[name], Place(folder, way)
    words = (*ALWAYS, *kind.words)
    kind.write(place, random.Random(2 * number))
    faults = []
    if (status := ask(folder, "run", *words)[0]) != 0:
        raise RuntimeError(f"{name}: the first run ended with {status}")
    shutil.copytree(folder / "run", folder / "before")
    place.changed = True
    kind.write(place, random.Random(2 * number + 1))
    if (status := ask(folder, "now", *words, "cache=null")[0]) != 0:
        raise RuntimeError(f"{name}: the run after the change ended with {status}")
    if not list(unequal(folder / "now", folder / "before")):
        faults.append(f"{name} ({way}): this change changes nothing")
    right = refused = 0
    for where in ("other", "run"):
        status, told = ask(folder, where, *words)
        refusal = told.strip().splitlines()[-1:] if "Traceback" not in told else []
        if status == 0:
            odd = list(unequal(folder / where, folder / "now"))
            faults += [f"{name} ({way}) in {where}: {one}" for one in odd]
            right += not odd
        elif where == "run" and status == 1 and "holds a run of other settings" in "".join(refusal):
            refused += 1
        else:
            faults.append(f"{name} ({way}) in {where}: status {status} and {told[-300:]!r}")
    return {"cases": 2, "answered as now": right, "refused in a sentence": refused, "faults": faults}


def ask(folder: Path, where: str, *words: str) -> tuple[int | None, str]:
    """Run a command in a folder of its own, and return its exit status and what it said of errors."""
    child = start(folder, *words, f"hydra.run.dir={where}", name=where)
    status = child.wait()
    return status, child.errors


def unequal(run: Path, other: Path) -> Iterator[str]:
    """Yield each table or file of which two runs have another content."""
    for name in TABLES:
        files = [folder / f"{name}.parquet" for folder in (run, other)]
        if files[0].is_file() != files[1].is_file():
            yield f"{name}.parquet is there in one alone"
        elif files[0].is_file():
            tables = [pq.read_table(file) for file in files]
            kept = [[c for c in table.column_names if c not in UNEQUAL] for table in tables]
            if not same_rows(*(table.select(names) for table, names in zip(tables, kept, strict=True))):
                yield f"{name}.parquet has other rows"
    for name in TEXTS:
        texts = [
            (folder / name).read_bytes() if (folder / name).is_file() else b"" for folder in (run, other)
        ]
        if texts[0] != texts[1]:
            yield f"{name} differs"


PART = Part(step, 100)
