"""The table of regions on disk: Parquet as a run leaves it, and pandas' CSV and Parquet of the same columns."""

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import torch
from racing import Agreement, Contest, Way, race
from telling import table_of

from emocam.classifier.emonet import LABELS
from emocam.detector.yolov3 import NAMES
from emocam.records.base import WHOLE
from emocam.records.detections import Detections
from emocam.records.evidence import Evidence, Explanation, Prediction
from emocam.records.thresholds import Thresholds
from emocam.results.chunks import Chunks
from emocam.results.files import BOX, METADATA
from emocam.results.run import Run
from emocam.results.tables import evidence_tables, parquet_options

REGIONS = 20
OBJECTS = NAMES.read_text().splitlines()


def found(start: int, images: int) -> dict[str, pa.Table]:
    """A step's tables; rows of images side by side, as a run finds them."""
    dice = torch.Generator().manual_seed(start)
    count = images * REGIONS
    corners = torch.rand(2, count, 2, generator=dice).sort(0).values
    image = torch.arange(images).repeat_interleave(REGIONS)
    detections = Detections(
        torch.cat([corners[0], corners[1]], 1),
        torch.randint(0, 601, (count,), generator=dice),
        torch.rand(count, generator=dice) ** 3,
        image,
    )
    evidence = Evidence(
        [f"Run_1/Happy people on the street/{i:09d}.jpg" for i in range(start, start + images)],
        torch.arange(start, start + images),
        Prediction(torch.randn(images, len(LABELS), generator=dice)),
        Explanation(torch.rand(images, 13, 13, generator=dice), torch.tensor(WHOLE).repeat(images, 1)),
        detections,
        torch.rand(count, generator=dice),
        chance=torch.randint(1, 1024, (count,), generator=dice) / 1024,
        chance_centre=torch.randint(1, 128, (count,), generator=dice) / 128,
    )
    return evidence_tables(evidence, list(LABELS), OBJECTS)


def leave_run(folder: Path, images: int) -> None:
    """What a run leaves of as many images."""
    chunks = Chunks(folder, "key")
    chunks.begin()
    for start in range(0, images, 500):
        steps = [found(at, 50) for at in range(start, min(start + 500, images), 50)]
        chunks.write(f"000-{start:06d}", {file: [step[file] for step in steps] for file in steps[0]})
    names = {"labels": list(LABELS), "objects": OBJECTS, "version": "", "key": "key"}
    chunks.merge(folder, {METADATA: json.dumps(names).encode()})


def table_of_regions(images: int) -> pa.Table:
    steps = [found(start, min(32, images - start))["evidence"] for start in range(0, images, 32)]
    return pa.concat_tables(steps).unify_dictionaries().combine_chunks().drop_columns("index")


def write(rows: pa.Table, file: Path) -> None:
    """As a chunk is written."""
    pq.write_table(rows, file, **parquet_options(rows.schema))


def read(file: Path) -> pa.Table:
    """As blocks of a run are read, here all at once."""
    return pq.ParquetFile(file, read_dictionary=["image"]).read(use_threads=False)


def contests_in(folder: Path, images: int) -> Iterator[Contest]:
    rows = table_of_regions(images)
    frame = rows.to_pandas().astype({"label": str, "object": str})
    ours, theirs, other = folder / "evidence.parquet", folder / "evidence.csv", folder / "pandas.parquet"
    write(rows, ours)
    frame.to_csv(theirs, index=False)
    frame.to_parquet(other, index=False)

    def agree() -> Agreement:
        one, two = read(ours).to_pandas(), pd.read_csv(theirs)
        assert list(one.columns) == list(two.columns)
        assert all((one[name].astype(str) == two[name]).all() for name in ("image", "label", "object"))
        numbers = ["score", "importance", *BOX, "chance"]
        return Agreement(
            float((one[numbers] - two[numbers]).abs().max().max()), 1e-6, f"{len(one):,} rows read"
        )

    csv, parquet = "pandas CSV", "pandas Parquet, as it comes"
    yield Contest(
        f"write {len(rows):,} regions",
        Way(lambda: write(rows, ours)),
        {
            csv: Way(lambda: frame.to_csv(theirs, index=False)),
            parquet: Way(lambda: frame.to_parquet(other, index=False)),
        },
        agree,
        {csv: 50},
    )
    yield Contest(
        f"read {len(rows):,} regions",
        Way(lambda: read(ours)),
        {csv: Way(lambda: pd.read_csv(theirs)), parquet: Way(lambda: pd.read_parquet(other))},
        agree,
        {csv: 20},
    )


def replay_in(folder: Path, images: int) -> Contest:
    """Another threshold for a finished run: its tables are read, and its images counted."""
    folder.mkdir()
    leave_run(folder, images)
    csv, thresholds = folder / "evidence.csv", Thresholds(0.1, 0.5)
    pd.read_parquet(folder / "evidence.parquet").to_csv(csv, index=False)

    def ours() -> np.ndarray:
        return Run(folder).counts(thresholds).counts.numpy()

    def theirs() -> pd.DataFrame:
        rows = pd.read_csv(csv)
        kept = rows[(rows["score"] > thresholds.score) & (rows["importance"] > thresholds.importance)]
        cells = kept.groupby(["object", "label"])["image"].nunique().unstack(fill_value=0)
        return cells.reindex(index=OBJECTS, columns=list(LABELS), fill_value=0)

    return Contest(
        f"count {images * REGIONS:,} regions at other thresholds, from the files",
        Way(ours),
        {"pandas, from CSV": Way(theirs)},
        lambda: Agreement(float(np.abs(ours() - theirs().to_numpy()).max()), 0, "counts"),
    )


def contests(small: bool = False) -> Iterator[Contest]:
    images = 64 if small else 12_800
    with tempfile.TemporaryDirectory(prefix="emocam-bench-") as folder:
        yield from contests_in(Path(folder), images)
        yield replay_in(Path(folder) / "run", images)


def sizes(images: int = 12_800) -> str:
    """Bytes of both, and what all of a run's tables cost, by chunks that survive an interrupt."""
    with tempfile.TemporaryDirectory(prefix="emocam-bench-") as name:
        folder = Path(name)
        rows = table_of_regions(images)
        write(rows, folder / "evidence.parquet")
        rows.to_pandas().to_csv(folder / "evidence.csv", index=False)
        ours, theirs = ((folder / f"evidence.{kind}").stat().st_size for kind in ("parquet", "csv"))
        run = folder / "run"
        run.mkdir()
        times = race({"chunks": Way(lambda: leave_run(run, 1000), 1000)})["chunks"]
    return (
        f"\n{len(rows):,} regions take {ours / 1e6:.1f} MB of Parquet and {theirs / 1e6:.1f} MB of CSV: "
        f"**{theirs / ours:.1f}x** (at least 5x{'' if theirs / ours >= 5 else ', **missed**'}). All four tables of a "
        f"run, made, written as chunks and merged, take {times} of processor an image."
    )


def table() -> str:
    return table_of(contests()) + "\n" + sizes()


if __name__ == "__main__":
    print(table())
