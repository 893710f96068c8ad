"""A run of any size from random evidence: written shard by shard, merged in parts, counted, replayed with its page.

    python benchmarks/scale_simulation.py FOLDER 1000000 100
    python benchmarks/scale_simulation.py FOLDER 10000000 1000 --again 10

writes a million pictures of twenty regions in a hundred shards through the writers of a run. With `--again` each
shard that is written stands for ten of the corpus: the same file under ten names, so that ten times as many rows
are merged, counted and replayed as there is room and time for; the ledger alone has other names in each. Each
stage is a process of its own; a line a stage gives its processor's seconds and its memory at the peak. `sum` is
what each shard's own run counts and keeps; `replay` is at the same thresholds, so that it adds that up, `recount` at
others, so that each part is counted. `--only STAGE` does one: what is written or summed already is not done again.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pyarrow.compute as pc

from emocam.cells.summed import read_sums
from emocam.classifier.emonet import LABELS
from emocam.records.thresholds import Thresholds
from emocam.results.chunks import Chunks
from emocam.results.file_list import write_file_list
from emocam.results.files import METADATA, SUMS, parquet
from emocam.results.merge_parts import write_parts
from emocam.results.merge_tables import ShardRun
from emocam.results.parquet_file import count_rows, read_parquet, write_parquet
from emocam.results.parts import table_size
from emocam.results.run import Run
from emocam.settings.shard import Shard

STEP, CHUNK = 64, 512
"""Pictures of a step, and of what is written at once, as in a run."""
TABLES = ("maps", "evidence", "predictions", "ledger")
OWN = Thresholds(0.1, 0.5)
"""The thresholds that the shards were counted at."""


def metadata() -> dict[bytes, bytes]:
    from evidence import OBJECTS

    names = {"labels": list(LABELS), "objects": OBJECTS, "version": "", "key": "key"}
    return {METADATA: json.dumps(names).encode()}


def write_shards(folder: Path, pictures: int, shards: int) -> None:
    """Leave the finished tables of each shard that is not there yet."""
    from evidence import found

    each = pictures // shards
    for number in range(1, shards + 1):
        shard = folder / "shards" / str(number)
        if (shard / "files.json").is_file():
            continue
        shutil.rmtree(shard, ignore_errors=True)  # half of one
        chunks = Chunks(shard, "key")
        chunks.begin()
        first = (number - 1) * each
        for start in range(first, first + each, CHUNK):
            end = min(start + CHUNK, first + each)
            steps = [found(at, min(STEP, end - at)) for at in range(start, end, STEP)]
            chunks.write(f"000-{start:09d}", {name: [step[name] for step in steps] for name in steps[0]})
        chunks.merge(shard, metadata())
        write_file_list(shard)


def sum_shards(folder: Path, shards: int) -> None:
    """Leave in each shard the sums that its own run leaves."""
    for number in range(1, shards + 1):
        shard = folder / "shards" / str(number)
        if not (shard / parquet(SUMS)).is_file():
            read_sums(Run(shard), OWN)
            write_file_list(shard)


def merge(folder: Path, shards: int, again: int) -> None:
    """Make one run of the shards, each of them so many times."""
    written = [
        ShardRun(folder / "shards" / str(number), Shard(number, shards)) for number in range(1, shards + 1)
    ]
    of = shards * again
    runs = [
        replace(shard, shard=Shard(turn * shards + shard.shard.number, of))
        for turn in range(again)
        for shard in written
    ]
    whole = folder / "whole"
    whole.mkdir(exist_ok=True)
    for name in TABLES[:-1]:
        write_parts(runs, name, whole / f"{name}.parquet", metadata())
    write_parts(runs, SUMS, whole / parquet(SUMS), {})
    if again > 1:
        runs = [replace(run, folder=with_own_ledger(folder, run)) for run in runs]
    write_parts(runs, TABLES[-1], whole / f"{TABLES[-1]}.parquet", metadata())


def with_own_ledger(folder: Path, run: ShardRun) -> Path:
    """Write the ledger of one name of a shard, whose pictures must be others: each is listed once."""
    own = folder / "ledgers" / str(run.shard.number)
    own.mkdir(parents=True, exist_ok=True)
    rows = read_parquet(run.file("ledger"))
    images = pc.binary_join_element_wise(str(run.shard.number), rows["image"], "/")
    place = rows.schema.get_field_index("image")
    write_parquet(rows.set_column(place, "image", images), own / "ledger.parquet")
    return own


def count(folder: Path) -> None:
    """Count the matrix of the whole."""
    counted = Run(folder / "whole").counts(OWN)
    sys.stderr.write(f"{int(counted.counts.sum()):,} in the cells\n")


def add(folder: Path) -> None:
    """Add the sums of all parts."""
    counted = read_sums(Run(folder / "whole"), OWN).counts
    sys.stderr.write(f"{int(counted.counts.sum()):,} in the cells\n")


def replay(folder: Path, importance: float) -> None:
    """Replay the whole under a threshold, with its page."""
    shutil.rmtree(folder / "replay", ignore_errors=True)
    words = ["task=replay", f"evidence={folder / 'whole'}", f"hydra.run.dir={folder / 'replay'}"]
    words += [f"threshold.importance={importance}", "threshold.score=0.1", "logger=null", "quiet=true"]
    subprocess.run([sys.executable, "-m", "emocam", *words], check=True, stdout=subprocess.DEVNULL)


def stage(name: str, arguments: list[str]) -> tuple[float, float]:
    """Run a stage, and return its processor's seconds and gigabytes at the peak."""
    command = [sys.executable, __file__, *arguments, "--stage", name]
    process = subprocess.Popen(command)
    _, status, used = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"{name} ended with {status}")
    return used.ru_utime + used.ru_stime, used.ru_maxrss / 2**20


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("pictures", type=int)
    parser.add_argument("shards", type=int)
    parser.add_argument(
        "--again", type=int, default=1, help="how many shards of the corpus each one stands for"
    )
    parser.add_argument("--only", help="the stage to do, in place of all")
    parser.add_argument("--stage", help="one of them alone, in this process")
    given = parser.parse_args()
    folder, shards = given.folder.absolute(), given.shards // given.again
    stages = {
        "write": lambda: write_shards(folder, given.pictures // given.again, shards),
        "sum": lambda: sum_shards(folder, shards),
        "merge": lambda: merge(folder, shards, given.again),
        "count": lambda: count(folder),
        "add": lambda: add(folder),
        "replay": lambda: replay(folder, OWN.importance),
        "recount": lambda: replay(folder, 0.6),
    }
    if given.stage:
        stages[given.stage]()
        return
    arguments = [str(folder), str(given.pictures), str(given.shards), "--again", str(given.again)]
    for name in [given.only] if given.only else stages:
        seconds, memory = stage(name, arguments)
        sys.stdout.write(f"| {given.pictures:,} | {name} | {seconds:.1f} | {memory:.2f} |\n")
        sys.stdout.flush()
    tables = [folder / "whole" / f"{name}.parquet" for name in TABLES]
    size = sum(table_size(table) for table in tables) / 2**30
    sys.stdout.write(f"{count_rows(tables[1]):,} regions, {size:.2f} GiB in {given.shards:,} parts\n")


if __name__ == "__main__":
    main()
