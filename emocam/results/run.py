"""A finished run, read from its folder."""

import json
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from emocam.errors import SettingError
from emocam.results.files import (
    ASSOCIATION,
    BOX,
    CELLS,
    COUNTED,
    EVIDENCE,
    FILES,
    LABELLED,
    LABELS,
    LEDGER,
    MAPS,
    MASK,
    PREDICTIONS,
    SUMMARY,
    TRUTH,
    parquet,
)
from emocam.results.named_columns import read_names
from emocam.results.pairs import NEEDED, by_pair, keyed
from emocam.results.parquet_file import has_table, open_parquet, read_frame, read_schema
from emocam.results.parts import check_aligned, is_in_parts, table_size
from emocam.results.spreadsheet import without_formula
from emocam.results.summary import Summary, load_summary

HELD = 64 << 20
"""Bytes of an evidence file that is read once and then held; a larger one is read anew by each pass."""
BLOCK = 65_536
"""Rows at a time of a table that is read by itself."""
NUMBERS = 1 << 23
"""Logits at a time: of a thousand labels fewer rows than a block."""
GROUPS = ("data", "classifier", "cam", "importance", "detector")
"""Those whose options tell two runs apart."""
MEASURES = ("count", "counts", "percent")
"""Of the association matrix; the first two are one."""

if TYPE_CHECKING:
    from torch import Tensor

    from emocam.metric.association_counts import AssociationCounts
    from emocam.plot.association import Axes
    from emocam.records.thresholds import Thresholds


def encode_names(table: pa.Table, column: str, names: list[str]) -> np.ndarray:
    """Return the names of a column as their places in `names` (n,); a name that is not there is an error."""
    encoded = table[column].combine_chunks()
    if not isinstance(encoded, pa.DictionaryArray):
        encoded = encoded.dictionary_encode()
    # whoever wrote the file anew may have chosen another kind of text
    known = pc.index_in(encoded.dictionary.cast(pa.string()), value_set=pa.array(names, pa.string()))
    places = known.fill_null(-1).to_numpy().astype(np.int64)[encoded.indices.to_numpy()]
    if (places < 0).any():
        missing = encoded[int((places < 0).argmax())].as_py()
        raise SettingError(f"evidence: {column} {missing!r} is not among the {len(names)} names of the run")
    return places


def image_rows(regions: pa.Table, images: pa.Table) -> np.ndarray:
    """Return the row of each region's image (N,)."""
    return encode_names(regions, "image", images["image"].to_pylist())


def predicted_first(images: NDArray[np.integer]) -> NDArray[np.intp]:
    """Return the labels as tables for spreadsheets list them: those with `images` (L,) first, in their own order."""
    return np.argsort(images == 0, kind="stable")


@dataclass(frozen=True)
class Matrix:
    """A run's association matrix as its CSV files hold it: counts (O, L), and images (L,) of each label."""

    objects: list[str]
    labels: list[str]
    counts: NDArray[np.int64]
    images: NDArray[np.int64]

    @cached_property
    def percent(self) -> NDArray[np.float64]:
        """Counts as a percentage of the label's images (O, L); NaN where a label has none."""
        return 100 * self.counts / np.where(self.images > 0, self.images, np.nan)


class Run:
    """A run's folder, read when it is asked for: tables as DataFrames, blocks of them, the matrix, the settings."""

    def __init__(self, path: str | Path, tables: Path | None = None) -> None:
        """Read a run at `path`, with its tables in another folder where `tables` names one."""
        self.path = Path(path)
        self._tables = tables or self.path
        if not has_table(self.file(PREDICTIONS)):
            raise SettingError(f"{self.path} is no run's folder: it has no predictions.parquet")
        if is_in_parts(self.file(PREDICTIONS)):
            check_aligned(self._tables, [parquet(name) for name in FILES if name != LEDGER])

    def __repr__(self) -> str:
        return f"Run({str(self.path)!r}: {len(self.label_names)} labels, {len(self.object_names)} objects)"

    def _repr_html_(self) -> str:
        """Return what a notebook shows."""
        from emocam.results.ledger import read_ledger
        from emocam.results.notebook import glance

        if not (self.path / SUMMARY).is_file():
            return ""  # not finished; a notebook then shows the plain words
        cells = self.cells if self.file(CELLS).is_file() else None
        return glance(self.path, self.summary, cells, read_ledger(self.path).line)

    def file(self, table: str) -> Path:
        """Return where a table of the run is written."""
        return (self._tables if table in FILES else self.path) / parquet(table)

    @cached_property
    def predictions(self) -> pd.DataFrame:
        return read_frame(self.file(PREDICTIONS))

    @cached_property
    def evidence(self) -> pd.DataFrame:
        return read_frame(self.file(EVIDENCE))

    @cached_property
    def ledger(self) -> pd.DataFrame:
        return read_frame(self.file(LEDGER))

    @cached_property
    def labels(self) -> pd.DataFrame:
        return pd.read_csv(self.path / LABELS)

    @cached_property
    def cells(self) -> pd.DataFrame:
        """One row an object x label, with intervals, level of chance and verdict."""
        if not self.file(CELLS).is_file():
            raise SettingError(
                f"{self.path} has no cells.parquet: it was made without callback.cells, or by an older emocam; "
                f"task=replay evidence={self.path} makes a run that has it"
            )
        return read_frame(self.file(CELLS))

    @property
    def summary(self) -> Summary:
        """What summary.json says now: a run that is being finished writes it twice."""
        return load_summary(self.path)

    @cached_property
    def names(self) -> dict[str, Any]:
        """All labels of the classifier and all object classes of the detector, in their order; what made them."""
        return read_names(self.path)

    @property
    def label_names(self) -> list[str]:
        return self.names["labels"]

    @property
    def object_names(self) -> list[str]:
        return self.names["objects"]

    @property
    def many(self) -> bool:
        """Whether a picture may have many labels, so that rows are read by picture and label."""
        return self.names.get("many") is not None

    @property
    def value_names(self) -> list[str]:
        """The values that the classifier answers with; none where it answers with labels."""
        return self.names.get("values", [])

    @property
    def effect_unit(self) -> str:
        """What effects of the run are measured in."""
        return self.names.get("unit", "log-odds")

    @property
    def asked(self) -> str | None:
        """The one label that all pictures were asked about, where values were asked in one direction."""
        return self.names.get("asked")

    @cached_property
    def explained(self) -> bool:
        """Whether a CAM looked, so that importance means something."""
        return has_table(self.file(MAPS))

    @cached_property
    def masked(self) -> bool:
        """Whether the evidence keeps regions as masks."""
        return MASK in read_schema(self.file(EVIDENCE)).names

    @cached_property
    def thresholds(self) -> "Thresholds":
        """Those that the run's own tables were counted at."""
        from emocam.records.thresholds import Thresholds

        return Thresholds(**self.summary.get("thresholds", {}))

    @property
    def choices(self) -> dict[str, str]:
        """Which option of the groups that matter most the run was made with."""
        chosen = dict(self.summary.get("choices", {}))
        return {group: str(chosen[group]) for group in GROUPS if chosen.get(group) not in (None, "None")}

    @property
    def of_series(self) -> bool:
        """Whether its images are volumes of a scanner, and its objects brain regions."""
        return self.choices.get("data") == "regions"

    @property
    def command(self) -> str:
        """The command line that made the run, if it was kept."""
        return self.summary.get("command", "")

    @cached_property
    def roles(self) -> dict[tuple[int, int], str]:
        """What the data's truth says of cells, by the places of object and label, where it has one."""
        file = self.path / TRUTH
        if "truth" not in self.summary or not file.is_file():
            return {}
        objects, labels = self.object_names, self.label_names
        known = json.loads(file.read_text())["cells"]
        named = [cell for cell in known if cell["object"] in objects and cell.get("label") in labels]
        return {(objects.index(cell["object"]), labels.index(cell["label"])): cell["role"] for cell in named}

    @cached_property
    def matrix(self) -> Matrix:
        """The matrix in the CSV files: names come from Parquet, which is faithful, numbers by their place."""
        table = pd.read_csv(self.path / ASSOCIATION).iloc[:, 1:]
        counts = table.to_numpy(np.int64)
        images = pd.read_csv(self.path / LABELS)["images"].to_numpy(np.int64)
        if list(table.columns) != [without_formula(name) for name in self.label_names]:
            counts = counts[:, np.argsort(predicted_first(images))]
        return Matrix(self.object_names, self.label_names, counts, images)

    @cached_property
    def _held(self) -> list[pa.Table] | None:
        """The row groups of a small evidence file, all columns, so that it is read once."""
        if table_size(self.file(EVIDENCE)) > HELD:
            return None
        # regions repeat the names of their images
        stored = open_parquet(self.file(EVIDENCE), read_dictionary=["image"])
        held = [stored.read_row_group(group) for group in range(stored.num_row_groups)]
        return [keyed(rows) for rows in held] if self.many else held

    def columns(self, table: str) -> list[str]:
        """Return the names of a table's columns."""
        return read_schema(self.file(table)).names

    def rows(self, table: str, columns: Sequence[str] | None = None) -> Iterator[pa.Table]:
        """Yield the rows of one table, a block at a time."""
        if table == EVIDENCE and self._held is not None:
            for held in self._held:
                rows = held if columns is None else held.select(columns)
                place = rows.schema.get_field_index("image")
                yield rows if place < 0 else rows.set_column(place, "image", rows["image"].cast(pa.string()))
            return
        stored = open_parquet(self.file(table))
        paired = self.many and table in (PREDICTIONS, EVIDENCE, MAPS)
        asked = self._for_pairs(table, columns, stored.schema_arrow.names) if paired else columns
        wide = table == PREDICTIONS and (asked is None or "logits" in asked)
        most = max(1, NUMBERS // len(self.label_names)) if wide and self.label_names else BLOCK
        for batch in stored.iter_batches(min(BLOCK, most), columns=asked):
            rows = pa.Table.from_batches([batch])
            rows = self._paired(table, rows) if paired else rows
            yield rows if columns is None else rows.select(columns)

    def row_groups(
        self, table: str, numbers: Iterable[int] | None = None, columns: Sequence[str] | None = None
    ) -> Iterator[pa.Table]:
        """Yield some row groups of a table, by default all; those of all tables hold the same images."""
        stored = open_parquet(self.file(table))
        paired = self.many and table in (PREDICTIONS, EVIDENCE, MAPS)
        asked = self._for_pairs(table, columns, stored.schema_arrow.names) if paired else columns
        for number in range(stored.num_row_groups) if numbers is None else numbers:
            rows = stored.read_row_group(number, asked)
            rows = self._paired(table, rows) if paired else rows
            yield rows if columns is None else rows.select(columns)

    def _for_pairs(self, table: str, columns: Sequence[str] | None, known: Sequence[str]) -> list[str] | None:
        """Return the columns to read where these are asked for by picture and label."""
        if columns is None:
            return None
        needed = (*NEEDED, "image") if table == PREDICTIONS else ("image", "label")
        return [name for name in dict.fromkeys((*columns, *needed)) if name in known]

    def _paired(self, table: str, rows: pa.Table) -> pa.Table:
        return by_pair(rows) if table == PREDICTIONS else keyed(rows)

    def pictures(self, columns: Sequence[str]) -> pd.DataFrame:
        """Return columns of the predictions, a row a picture, or a picture and label where it may have many."""
        tables = list(self.rows(PREDICTIONS, columns))
        return pa.concat_tables(tables).to_pandas() if tables else pd.DataFrame(columns=list(columns))

    def blocks(
        self, images: Sequence[str] | None = None, regions: Sequence[str] | None = None
    ) -> Iterator[tuple[pa.Table, pa.Table]]:
        """Yield predictions and evidence of the same images, block by block: memory does not grow.

        Only the columns that are asked for, if they are there: boxes and logits are most of the bytes.
        """
        predictions = open_parquet(self.file(PREDICTIONS))
        evidence = None if self._held else open_parquet(self.file(EVIDENCE), read_dictionary=["image"])
        asked = _known(images, predictions.schema_arrow)
        told = asked
        if self.many:
            asked = self._for_pairs(PREDICTIONS, asked, predictions.schema_arrow.names)
            regions = None if regions is None else list(dict.fromkeys((*regions, "label")))
        for group in range(predictions.num_row_groups):
            if evidence is None:
                assert self._held is not None
                held = self._held[group]
                rows = held if regions is None else held.select(_known(regions, held.schema))
            else:
                rows = evidence.read_row_group(group, _known(regions, evidence.schema_arrow))
                rows = keyed(rows) if self.many else rows
            answers = predictions.read_row_group(group, asked)
            if self.many:
                answers = by_pair(answers)
                answers = answers if told is None else answers.select([n for n in told if n not in NEEDED])
            yield answers, rows

    def tensors(self, truth: list[str] | None = None) -> "Iterator[dict[str, Tensor]]":
        """Yield the tensors of each block, as `tensors_of` gives them."""
        for images, regions in self.blocks(LABELLED, COUNTED):
            yield self.tensors_of(images, regions, truth)

    def tensors_of(
        self, images: pa.Table, regions: pa.Table, truth: list[str] | None = None
    ) -> "dict[str, Tensor]":
        """Return label, confidence (B,) of images, and object, image, score, importance, chance (N,) of regions.

        Evidence that was written before there was a chance comes without it.
        With `truth`, the names of annotated labels, the label is the annotated one, and images
        without one are left out.
        """
        import torch

        place = image_rows(regions, images)
        if truth is not None:
            known = pc.is_in(images["truth"], value_set=pa.array(truth, pa.string()))
            images, known = images.filter(known), known.to_numpy()
            # the regions of the images that stay, and where these stand among them
            regions, place = regions.filter(known[place]), (known.cumsum() - 1)[place[known[place]]]
        column, names = ("label", self.label_names) if truth is None else ("truth", truth)
        columns = {"confidence": images} | dict.fromkeys(("score", "importance", "chance"), regions)
        return {
            name: torch.from_numpy(table[name].to_numpy().copy())
            for name, table in columns.items()
            if name in table.column_names
        } | {
            "label": torch.from_numpy(encode_names(images, column, names)),
            "object": torch.from_numpy(encode_names(regions, "object", self.object_names)),
            "image": torch.from_numpy(place),
        }

    def explanations(self) -> "Iterator[tuple[Tensor, Tensor]]":
        """Yield maps (B, h, w) and their windows (B, 4) of the same blocks; nothing without a CAM."""
        if self.explained:
            stored = open_parquet(self.file(MAPS))
            yield from (read_maps(stored.read_row_group(group)) for group in range(stored.num_row_groups))

    def counts(self, thresholds: "Thresholds", truth: list[str] | None = None) -> "AssociationCounts":
        """Count the association matrix at these thresholds, in the names' order; with annotated labels if given."""
        from emocam.metric.association import AssociationMatrix

        labels = len(self.label_names if truth is None else truth)
        matrix = AssociationMatrix(len(self.object_names), labels, thresholds, self.explained)
        for block in self.tensors(truth):
            matrix.update(**block)
        return matrix.compute()

    def association(
        self,
        importance: float | None = None,
        score: float | None = None,
        confidence: float | None = None,
        measure: Literal["count", "counts", "percent"] = "count",
        chance: float | None = None,
    ) -> pd.DataFrame:
        """Return objects x labels; thresholds not given are those of the run.

        A given `chance` takes the place of importance, and a given `importance` that of the run's chance.
        """
        from emocam.records.thresholds import Thresholds

        if measure not in MEASURES:
            raise SettingError(f"measure must be one of {', '.join(MEASURES)}, got {measure!r}")
        own = self.summary["thresholds"] | ({} if importance is None else {"chance": None})
        given = {"importance": importance, "score": score, "confidence": confidence, "chance": chance}
        asked = own | {name: value for name, value in given.items() if value is not None}
        found = self.counts(Thresholds(**asked))
        matrix = found.percent if measure == "percent" else found.counts
        return pd.DataFrame(matrix.numpy(), pd.Index(self.object_names, name="object"), self.label_names)

    def plot(self, rows: int = 25, ax: "Axes | None" = None, **thresholds: float) -> "Axes":
        """Draw the paper's figure, of so many objects, into `ax` if it is given."""
        from emocam.plot.association import association

        percent = self.association(measure="percent", **thresholds)  # type: ignore[arg-type]
        return association(percent, rows, ax)


def read_maps(rows: pa.Table) -> "tuple[Tensor, Tensor]":
    """Return the maps (B, h, w) and windows (B, 4) of rows of maps.parquet, which are all of one shape."""
    import torch

    shape = [rows[side][0].as_py() for side in ("height", "width")] if len(rows) else [1, 1]
    flat = rows["map"].combine_chunks().flatten().to_numpy()
    if flat.size != math.prod((len(rows), *shape)):
        raise SettingError(
            f"maps.parquet: a map says that it has {' x '.join(map(str, shape))} cells, and has others"
        )
    cells = flat.reshape(len(rows), *shape)
    return torch.from_numpy(cells.copy()), torch.from_numpy(read_boxes(rows))


def read_boxes(table: pa.Table) -> np.ndarray:
    """Return the boxes or windows of a table's rows (n, 4)."""
    return np.stack([table[side].to_numpy() for side in BOX], 1)


def _known(columns: Sequence[str] | None, schema: pa.Schema) -> list[str] | None:
    return None if columns is None else [name for name in columns if name in schema.names]


def read_masks(table: pa.Table) -> np.ndarray | None:
    """Return the masks of a table's regions, each in its box: float32 (n, m, m), or None without any."""
    if MASK not in table.column_names:
        return None
    column = table[MASK].combine_chunks()
    side = math.isqrt(column.type.byte_width)
    if not len(column):
        return np.zeros((0, side, side), np.float32)
    cells = np.frombuffer(b"".join(column.to_pylist()), np.uint8)
    return cells.reshape(-1, side, side).astype(np.float32) / 255
