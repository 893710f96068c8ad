"""The folder of a run that never was, of any size, with pictures to open."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image, ImageDraw

from emocam.report.compare import write_comparison
from emocam.report.page import write_report
from emocam.results.run import Run

BOX = ["x0", "y0", "x1", "y1"]
COLOURS = ["#c8553d", "#2a6f97", "#588157", "#e9c46a", "#7b2cbf", "#ff99c8", "#333d29", "#00b4d8"]


def matrix(evidence: pd.DataFrame, images: pd.Series, objects: list[str], thresholds: dict) -> pd.DataFrame:
    """Counts objects x labels, by pandas alone."""
    counted = (evidence["score"] > np.float32(thresholds["score"])) & (
        evidence["confidence"] > np.float32(thresholds["confidence"])
    )
    if evidence["importance"].notna().any():
        counted &= evidence["importance"] > np.float32(thresholds["importance"])
    pairs = evidence[counted].astype({"object": str, "label": str}).drop_duplicates(["image", "object"])
    return (
        pairs.groupby(["object", "label"])
        .size()
        .unstack(fill_value=0)
        .reindex(index=objects, columns=images.index, fill_value=0)
    )


def _regions(
    rng: np.random.Generator, images: int, objects: int, label: np.ndarray, each: float
) -> pd.DataFrame:
    many = rng.poisson(each, images)
    image = np.repeat(np.arange(images), many)
    count = len(image)
    common = 1 / (np.arange(objects) + 3)  # a few objects are everywhere, as in real corpora
    object_ = rng.choice(objects, count, p=common / common.sum())
    cause = object_ % (label.max() + 2) == label[image]
    size = rng.uniform(0.1, 0.5, (count, 2))
    corner = rng.uniform(0, 1 - size)
    return pd.DataFrame(
        {
            "image": image,
            "object": object_,
            "score": rng.beta(2, 1.5, count).astype(np.float32),
            "importance": np.where(cause, rng.beta(5, 2, count), rng.beta(1.2, 5, count)).astype(np.float32),
            **dict(zip(BOX, np.concatenate([corner, corner + size], 1).astype(np.float32).T, strict=True)),
        }
    )


def _maps(rng: np.random.Generator, regions: pd.DataFrame, images: int, cells: int) -> np.ndarray:
    """Hills (images, cells, cells) where the regions' importance lies."""
    centre = (np.arange(cells) + 0.5) / cells
    maps = rng.uniform(0, 0.08, (images, cells, cells)).astype(np.float32)
    x, y = (regions["x0"] + regions["x1"]) / 2, (regions["y0"] + regions["y1"]) / 2
    for start in range(0, len(regions), 50_000):
        part = slice(start, start + 50_000)
        reach = 2 * (0.45 * (regions["x1"] - regions["x0"]).to_numpy()[part]) ** 2
        dx = (centre - x.to_numpy()[part, None]) ** 2 / reach[:, None]
        dy = (centre - y.to_numpy()[part, None]) ** 2 / reach[:, None]
        hills = np.exp(-dy[:, :, None] - dx[:, None, :]) * regions["importance"].to_numpy()[part, None, None]
        np.maximum.at(maps, regions["image"].to_numpy()[part], hills.astype(np.float32))
    return maps / maps.max((1, 2), keepdims=True)


def write_run(
    folder: Path,
    objects: list[str],
    labels: list[str],
    images: int,
    seed: int = 0,
    each: float = 4,
    cells: int = 7,
    explained: bool = True,
    unreadable: int = 1,
    paths: list[str] | None = None,
) -> Callable[[str], Image.Image]:
    """Writes the files of INTERFACE; gives what opens a picture of the run."""
    folder.mkdir(parents=True)
    rng = np.random.default_rng(seed)
    label = rng.choice(
        len(labels), images, p=np.arange(len(labels), 0, -1) / np.arange(len(labels), 0, -1).sum()
    )
    regions = _regions(rng, images, len(objects), label, each)
    maps = _maps(rng, regions, images, cells)
    if not explained:
        regions["importance"] = np.float32(np.nan)
    paths = paths or [f"album {i % 7}/photo_{i:05d}.jpg" for i in range(images)]
    logits = rng.normal(0, 1, (images, len(labels))).astype(np.float32)
    logits[np.arange(images), label] = logits.max(1) + rng.exponential(1.5, images)
    share = np.exp(logits - logits.max(1, keepdims=True))
    confidence = (share.max(1) / share.sum(1)).astype(np.float32)
    truth = np.where(rng.random(images) < 0.8, label, rng.integers(0, len(labels), images))
    names, things = np.array(labels, object), np.array(objects, object)
    of = regions["image"].to_numpy()
    predictions = pd.DataFrame(
        {
            "image": paths,
            "label": names[label],
            "confidence": confidence,
            "logits": list(logits),
            "truth": names[truth],
        }
    )
    evidence = regions.assign(
        image=np.array(paths, object)[of],
        label=names[label[of]],
        confidence=confidence[of],
        object=things[regions["object"]],
    )[["image", "label", "confidence", "object", "score", "importance", *BOX]]
    window = dict(zip(BOX, (np.float32(0), np.float32(0), np.float32(1), np.float32(1)), strict=True))
    stored = pd.DataFrame(
        {
            "image": paths,
            "height": np.int32(cells),
            "width": np.int32(cells),
            **window,
            "map": list(maps.reshape(images, -1)),
        }
    )
    bad = [f"broken/{i}.jpg" for i in range(unreadable)]
    ledger = pd.DataFrame(
        {
            "image": paths + bad,
            "status": ["done"] * images + ["unreadable"] * unreadable,
            "reason": [""] * images + ["is cut short"] * unreadable,
        }
    )
    metadata = {b"emocam": json.dumps({"labels": labels, "objects": objects}).encode()}
    tables = {"predictions": predictions, "evidence": evidence, "ledger": ledger} | (
        {"maps": stored} if explained else {}
    )
    for name, table in tables.items():
        columns = {c: "category" for c in ("label", "object") if c in table}
        rows = pa.Table.from_pandas(table.astype(columns), preserve_index=False).replace_schema_metadata(
            metadata
        )
        if name == "predictions":
            each = pa.FixedSizeListArray.from_arrays(pa.array(logits.ravel()), len(labels))
            rows = rows.set_column(rows.schema.get_field_index("logits"), "logits", each)
        pq.write_table(rows, folder / f"{name}.parquet", row_group_size=5000, compression="zstd")
    thresholds = {"score": 0.005, "importance": 0.3, "confidence": 0.0}
    sizes = pd.Series(np.bincount(label, minlength=len(labels)), pd.Index(labels, name="label"))
    counts = matrix(evidence, sizes, objects, thresholds)
    counts.rename_axis("object").to_csv(folder / "association.csv")
    (100 * counts / sizes.where(sizes > 0)).rename_axis("object").to_csv(folder / "association_percent.csv")
    sizes.rename("images").to_csv(folder / "labels.csv")
    summary = {
        "images": images + unreadable,
        "done": images,
        "unreadable": unreadable,
        "refused": 0,
        "lost": 0,
    }
    summary |= {
        "regions": len(evidence),
        "thresholds": thresholds,
        "accuracy": float((label == truth).mean()),
    }
    summary |= {"choices": {"data": "planted", "cam": "gradcam"}, "command": "python -m emocam cam=gradcam"}
    (folder / "summary.json").write_text(json.dumps(summary))
    return opener(dict(zip(paths, range(images), strict=True)), regions)


def opener(
    place: dict[str, int], regions: pd.DataFrame, size: tuple[int, int] = (320, 240)
) -> Callable[[str], Image.Image]:
    """Draws the picture of a path: each object class is a coloured shape in its box."""
    rows = dict(list(regions.groupby("image"))) if len(regions) < 100_000 else {}

    def open_picture(path: str) -> Image.Image:
        i = place[path]
        rng = np.random.default_rng(i)
        noise = rng.normal(0, 9, (size[1] // 8, size[0] // 8, 3)) + rng.uniform(110, 215, 3)
        picture = Image.fromarray(np.clip(noise, 0, 255).astype(np.uint8)).resize(
            size, Image.Resampling.BICUBIC
        )
        draw = ImageDraw.Draw(picture)
        for row in rows[i].itertuples() if i in rows else ():
            box = [row.x0 * size[0], row.y0 * size[1], row.x1 * size[0], row.y1 * size[1]]
            shape = (draw.ellipse, draw.rectangle, draw.rounded_rectangle)[row.object % 3]
            shape(box, fill=COLOURS[row.object % len(COLOURS)], outline="#222222", width=2)
        return picture

    return open_picture


OBJECTS = ["Triangle", "Ball", "Stamp", "House", "Tree", "Car", "Dog", "Cat", "Lamp", "Chair", "Book", "Kite"]
LABELS = ["danger", "calm", "joy", "fear", "pride"]
HOSTILE = [
    "</script><script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    '=HYPERLINK("http://evil.example","x")',
    "\u202egnol txet \u05d0\u05d1",
    "x" * 1000,
    "{{ 7 * 7 }} {% raw %}",
    "it's & <b>bold</b>\n\ttwo lines",
    "\u2028\u2029 ends",
    "&amp;",
    "@SUM(1+1)",
    "+1 surprise",
    "-1 surprise",
    "\t=1+1",
    "__proto__",
    "constructor",
    "hasOwnProperty",
    "\x1b[31mred\x1b[0m",
    "${oc.env:HOME}",
    "%s%n %(name)s",
    "javascript:alert(1)",
    "<!-- -->]]></style>",
    "<svg onload=alert(1)>",
    "`${alert(1)}`",
    "$\\frac{1}{0}$",
    "zero\u200bwidth\u0301",
]


@pytest.fixture
def run_folder(tmp_path: Path) -> tuple[Path, Callable[[str], Image.Image]]:
    """A small run, and what opens its pictures."""
    folder = tmp_path / "run"
    return folder, write_run(folder, OBJECTS, LABELS, 120)


@pytest.fixture
def hostile_folder(tmp_path: Path) -> tuple[Path, Callable[[str], Image.Image]]:
    """A run whose objects, labels and paths would like to be code."""
    folder = tmp_path / "run"
    paths = [f"{HOSTILE[i % len(HOSTILE)]}/{i}.jpg".replace("\n", " ") for i in range(90)]
    return folder, write_run(folder, HOSTILE, [f"{name} label" for name in HOSTILE[:5]], 90, paths=paths)


@pytest.fixture
def make_run() -> Callable[..., Callable[[str], Image.Image]]:
    """Writes a run of a test's own."""
    return write_run


@pytest.fixture(scope="module")
def write_module_run() -> Callable[..., Callable[[str], Image.Image]]:
    """A run that the tests of a module share, as none of them writes."""

    def write(
        folder: Path,
        objects: list[str] = OBJECTS,
        labels: list[str] = LABELS,
        images: int = 160,
        each: float = 4,
    ) -> Callable[[str], Image.Image]:
        return write_run(folder, objects, labels, images, each=each)

    return write


@pytest.fixture(scope="module")
def write_sweep() -> Callable[[Path], None]:
    """Two runs over the same pictures, with other maps and importances, and their page."""

    def write(folder: Path) -> None:
        for name in ("0", "1"):
            open_picture = write_run(folder / name, OBJECTS, LABELS, 160)
            write_report(Run(folder / name), open_picture)
        file = folder / "1/evidence.parquet"
        table = pq.read_table(file)
        other = np.random.default_rng(9).permutation(table["importance"].to_numpy())
        pq.write_table(table.set_column(5, "importance", pa.array(other)), file)
        evidence, sizes = pd.read_parquet(file), pd.read_csv(folder / "1/labels.csv", index_col=0)["images"]
        thresholds = json.loads((folder / "1/summary.json").read_text())["thresholds"]
        matrix(evidence, sizes, OBJECTS, thresholds).rename_axis("object").to_csv(
            folder / "1/association.csv"
        )
        names = ["gradcam", "shuffled"]
        pd.DataFrame([[1, 0.4], [0.4, 1]], names, names).to_csv(folder / "similarity.csv")
        pd.DataFrame([[np.nan, 0.01], [0.01, np.nan]], names, names).to_csv(
            folder / "similarity_permutation_p.csv"
        )
        table = pd.DataFrame({"run": names, "folder": ["0", "1"], "cam": names, "images": 161, "done": 160})
        table.to_csv(folder / "comparison.csv", index=False)
        write_comparison(folder, [folder / "0", folder / "1"], names)

    return write


def write_cells(folder: Path) -> pd.DataFrame:
    """Measures beyond the count, as a later step of a run leaves them; every fifth cell was not measured."""
    rng = np.random.default_rng(3)
    verdicts = ["used", "looked at without effect", "effect without being looked at", "present only"]
    cells = pd.DataFrame([(o, la) for o in OBJECTS for la in LABELS], columns=["object", "label"])
    number = len(cells)
    for column in ("use", "use_low", "use_high", "use_chance", "q", "flips", "flips_control"):
        cells[column] = rng.random(number)
    for column in ("present_percent", "present_percent_of_all"):
        cells[column] = 100 * rng.random(number)
    cells["images"], cells["present"], cells["kept"], cells["effect_images"] = 40, 30, 20, 12
    cells["lift"] = 2 ** rng.normal(0, 1.5, number)
    cells["effect"], cells["effect_control"] = rng.normal(0, 1, number), rng.normal(0, 0.1, number)
    cells.loc[::5, "effect"] = np.nan
    cells["verdict"] = rng.choice([*verdicts, "not distinguishable from chance", "too few pictures"], number)
    cells.to_parquet(folder / "cells.parquet")
    return cells


@pytest.fixture
def measured() -> Callable[[Path], pd.DataFrame]:
    return write_cells
