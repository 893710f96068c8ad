"""What the association of a corpus costs when its evidence outgrows memory: our blocks, DuckDB, Arrow.

    python benchmarks/scale.py                     100,000 images, a million regions
    python benchmarks/scale.py --images 10000000   ten million images, 10^8 regions, 4.4 GB in --folder

Each way counts, in a process and on a thread of its own, in how many images of each label each object
lies above the thresholds; all must agree before anything is told. Evidence is synthetic: random
scores, importances and boxes, 10 regions an image, 601 object classes, 24 labels, row groups as a run
leaves them. Writes benchmarks/scale.md beside this file when the ways agree.
"""

import argparse
import importlib
import json
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

OBJECTS = [f"Object {i:03d}" for i in range(601)]
LABELS = [f"Label {i:02d}" for i in range(24)]
REGIONS, GROUP, CHUNK = 10, 512, 51_200
SQL = """
    SELECT object, label, count(*) AS images FROM (
        SELECT DISTINCT image, object, label FROM '{folder}/evidence.parquet'
        WHERE score > 0.005 AND importance > 0.3 AND confidence > 0)
    GROUP BY object, label
"""


def named(index: np.ndarray, names: list[str]) -> pa.DictionaryArray:
    return pa.DictionaryArray.from_arrays(pa.array(index.astype(np.int32)), names)


def chunk(start: int, count: int) -> tuple[pa.Table, pa.Table]:
    """Predictions and evidence of these images."""
    dice = np.random.default_rng(start)
    image = pa.array([f"folder/{i:09d}.jpg" for i in range(start, start + count)])
    label, confidence = dice.integers(len(LABELS), size=count), dice.random(count, np.float32)
    of = np.repeat(np.arange(count), REGIONS)
    corners = np.sort(dice.random((2, 2, count * REGIONS), np.float32), 0)
    predictions = pa.table(
        {
            "image": image,
            "label": named(label, LABELS),
            "confidence": confidence,
            "logits": pa.FixedSizeListArray.from_arrays(dice.random(count * 24, np.float32), 24),
        }
    )
    evidence = pa.table(
        {
            "image": image.take(pa.array(of)),
            "label": named(label[of], LABELS),
            "confidence": confidence[of],
            "object": named(dice.integers(len(OBJECTS), size=len(of)), OBJECTS),
            "score": dice.random(len(of), np.float32),
            "importance": dice.random(len(of), np.float32),
            **{side: corners[i // 2, i % 2] for i, side in enumerate(("x0", "y0", "x1", "y1"))},
        }
    )
    return predictions, evidence


def write(folder: Path, images: int) -> None:
    """A run's folder, as far as counting reads it."""
    from emocam.results.tables import parquet_options

    metadata = {
        b"emocam": json.dumps({"labels": LABELS, "objects": OBJECTS, "version": "", "key": ""}).encode()
    }
    names, writers = ("predictions", "evidence"), {}
    for start in range(0, images, CHUNK):
        for name, table, each in zip(
            names, chunk(start, min(CHUNK, images - start)), (1, REGIONS), strict=True
        ):
            table = table.replace_schema_metadata(metadata)
            if name not in writers:
                writers[name] = pq.ParquetWriter(
                    folder / f"{name}.parquet", table.schema, **parquet_options(table.schema)
                )
            writers[name].write_table(table, row_group_size=GROUP * each)
    for writer in writers.values():
        writer.close()
    (folder / "maps.parquet").touch()  # a CAM looked: importance counts


def blocks(folder: Path) -> np.ndarray:
    from emocam.records.thresholds import Thresholds
    from emocam.results.run import Run

    return Run(folder).counts(Thresholds()).counts.numpy()


def duckdb(folder: Path) -> np.ndarray:
    import duckdb

    base = duckdb.connect(
        config={"threads": 1, "memory_limit": "4GB", "temp_directory": str(folder / "spill")}
    )
    found = base.sql(SQL.format(folder=folder)).fetchnumpy()
    return matrix(found["object"], found["label"], found["images"])


def arrow(folder: Path) -> np.ndarray:
    import pyarrow.compute as pc
    import pyarrow.dataset as ds

    rows = (pc.field("score") > 0.005) & (pc.field("importance") > 0.3) & (pc.field("confidence") > 0)
    plain = {name: pc.field(name).cast(pa.string()) for name in ("image", "object", "label")}
    kept = ds.dataset(folder / "evidence.parquet").scanner(plain, filter=rows, use_threads=False).to_table()
    once = kept.group_by(["image", "object", "label"], use_threads=False).aggregate([])
    found = once.group_by(["object", "label"], use_threads=False).aggregate([([], "count_all")])
    return matrix(*(found[name].to_numpy() for name in ("object", "label", "count_all")))


def matrix(object: np.ndarray, label: np.ndarray, images: np.ndarray) -> np.ndarray:
    counts = np.zeros((len(OBJECTS), len(LABELS)), np.int64)
    for o, l, n in zip(object, label, images, strict=True):  # noqa: E741
        counts[OBJECTS.index(o), LABELS.index(l)] = n
    return counts


WAYS: dict[str, tuple[Callable[[Path], np.ndarray], str]] = {
    "blocks": (blocks, "`Run.counts`, a row group at a time"),
    "duckdb": (duckdb, "DuckDB, one thread, at most 4 GB before it spills"),
    "arrow": (arrow, "pyarrow.dataset, filtered and grouped in memory"),
}
IMPORTS = {
    "blocks": ("torch", "emocam.results.run", "emocam.metric.association", "emocam.records.thresholds"),
    "duckdb": ("duckdb", "pandas"),
    "arrow": ("pyarrow.compute", "pyarrow.dataset"),
}
"""Charged to nobody: neither their seconds nor their memory."""


def measure(way: str, folder: Path) -> None:
    """In a process of its own: the matrix to a file, the costs to standard output."""
    for library in IMPORTS[way]:
        importlib.import_module(library)
    before, start = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
    found = WAYS[way][0](folder)
    seconds, used = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_SELF)
    np.save(folder / f"{way}.npy", found)
    cpu = used.ru_utime + used.ru_stime - before.ru_utime - before.ru_stime
    print(json.dumps([seconds, cpu, (used.ru_maxrss - before.ru_maxrss) / 2**10]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, default=100_000)
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()))
    parser.add_argument("--ways", nargs="+", default=list(WAYS), choices=list(WAYS))
    parser.add_argument("--measure", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.measure:
        return measure(given.measure, given.folder)
    folder = Path(tempfile.mkdtemp(prefix="emocam-scale-", dir=given.folder))
    try:
        write(folder, given.images)
        size = sum((folder / f"{name}.parquet").stat().st_size for name in ("predictions", "evidence"))
        lines = [
            f"{given.images:,} images, {given.images * REGIONS:,} regions, {size / 2**30:.2f} GiB of Parquet\n",
            "| way | seconds | CPU seconds | memory at its peak | regions a CPU second |",
            "|---|---|---|---|---|",
        ]
        for way in given.ways:
            words = [sys.executable, __file__, "--measure", way, "--folder", str(folder)]
            done = subprocess.run(words, capture_output=True, text=True, check=True)
            seconds, cpu, peak = json.loads(done.stdout.splitlines()[-1])
            rate = given.images * REGIONS / cpu
            lines.append(f"| {WAYS[way][1]} | {seconds:.1f} | {cpu:.1f} | {peak:,.0f} MiB | {rate:,.0f} |")
            print(lines[-1], flush=True)
        first, *others = (np.load(folder / f"{way}.npy") for way in given.ways)
        assert all((first == other).all() for other in others), "the ways do not agree"
        Path(__file__).with_suffix(".md").write_text("\n".join(lines) + "\n")
    finally:
        shutil.rmtree(folder)
    return None


if __name__ == "__main__":
    main()
