"""A finished run, read from its folder."""

import json
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from emocam.errors import SettingError
from emocam.results.files import METADATA

LABELLED = ("image", "label", "confidence", "truth")
COUNTED = ("image", "object", "score", "importance", "chance")
"""The columns of images and of regions that decide what counts."""
MEASURES = ("count", "counts", "percent")
"""Of the association matrix; the first two are one."""

if TYPE_CHECKING:
    from torch import Tensor

    from emocam.metric.association import AssociationCounts
    from emocam.plot.association import Axes
    from emocam.records.thresholds import Thresholds


def encode_names(table: pa.Table, column: str, names: list[str]) -> Any:
    """Names of a column as places in `names`: a torch tensor (n,)."""
    import torch

    encoded = table[column].combine_chunks()
    if not isinstance(encoded, pa.DictionaryArray):
        encoded = encoded.dictionary_encode()
    # whoever wrote the file anew may have chosen another kind of text
    known = pc.index_in(encoded.dictionary.cast(pa.string()), value_set=pa.array(names, pa.string()))
    codes = known.fill_null(-1).to_numpy().astype(np.int64)[encoded.indices.to_numpy()]
    if (codes < 0).any():
        missing = encoded[int((codes < 0).argmax())].as_py()
        raise SettingError(f"evidence: {column} {missing!r} is not among the {len(names)} names of the run")
    return torch.from_numpy(codes)


def image_rows(regions: pa.Table, images: pa.Table) -> np.ndarray:
    """The row of each region's image (N,)."""
    return encode_names(regions, "image", images["image"].to_pylist()).numpy()


class Run:
    """The tables of a run's folder as DataFrames, read when they are asked for."""

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        if not (self.path / "predictions.parquet").is_file():
            raise SettingError(f"{self.path} is no run's folder: it has no predictions.parquet")

    def __repr__(self) -> str:
        return f"Run({str(self.path)!r}: {len(self.label_names)} labels, {len(self.object_names)} objects)"

    def _repr_html_(self) -> str:
        """What a notebook shows."""
        from emocam.results.ledger import read_ledger
        from emocam.results.notebook import glance

        if not (self.path / "summary.json").is_file():
            return ""  # not finished; a notebook then shows the plain words
        cells = self.cells if (self.path / "cells.parquet").is_file() else None
        return glance(self.path, self.summary, cells, read_ledger(self.path).line)

    @cached_property
    def predictions(self) -> pd.DataFrame:
        return pd.read_parquet(self.path / "predictions.parquet")

    @cached_property
    def evidence(self) -> pd.DataFrame:
        return pd.read_parquet(self.path / "evidence.parquet")

    @cached_property
    def ledger(self) -> pd.DataFrame:
        return pd.read_parquet(self.path / "ledger.parquet")

    @cached_property
    def labels(self) -> pd.DataFrame:
        return pd.read_csv(self.path / "labels.csv")

    @cached_property
    def cells(self) -> pd.DataFrame:
        """One row an object x label, with intervals, level of chance and verdict."""
        if not (self.path / "cells.parquet").is_file():
            raise SettingError(
                f"{self.path} has no cells.parquet: it was made without callback.cells, or by an older emocam; "
                f"task=replay evidence={self.path} makes a run that has it"
            )
        return pd.read_parquet(self.path / "cells.parquet")

    @cached_property
    def summary(self) -> dict[str, Any]:
        return json.loads((self.path / "summary.json").read_text())

    @cached_property
    def names(self) -> dict[str, Any]:
        """All labels of the classifier and all object classes of the detector, in their order; what made them."""
        written = pq.read_schema(self.path / "predictions.parquet").metadata or {}
        if METADATA not in written:
            raise SettingError(f"{self.path / 'predictions.parquet'} was not written by emocam; run it again")
        return json.loads(written[METADATA])

    @property
    def label_names(self) -> list[str]:
        return self.names["labels"]

    @property
    def object_names(self) -> list[str]:
        return self.names["objects"]

    @property
    def explained(self) -> bool:
        """Whether a CAM looked, so that importance means something."""
        return (self.path / "maps.parquet").is_file()

    def blocks(
        self, images: Sequence[str] | None = None, regions: Sequence[str] | None = None
    ) -> Iterator[tuple[pa.Table, pa.Table]]:
        """Predictions and evidence of the same images, block by block: memory does not grow.

        Only the columns that are asked for, if they are there: boxes and logits are most of the bytes.
        """
        predictions = pq.ParquetFile(self.path / "predictions.parquet")
        # regions repeat the names of their images
        evidence = pq.ParquetFile(self.path / "evidence.parquet", read_dictionary=["image"])
        asked = [
            names if names is None else [name for name in names if name in file.schema_arrow.names]
            for file, names in ((predictions, images), (evidence, regions))
        ]
        for group in range(predictions.num_row_groups):
            yield predictions.read_row_group(group, asked[0]), evidence.read_row_group(group, asked[1])

    def tensors(self, truth: list[str] | None = None) -> "Iterator[dict[str, Tensor]]":
        """The same blocks: label, confidence (B,) of images; object, image, score, importance, chance (N,) of regions.

        Evidence that was written before there was a chance comes without it.
        With `truth`, the names of annotated labels, the label is the annotated one, and images
        without one are left out.
        """
        import torch

        for images, regions in self.blocks(LABELLED, COUNTED):
            place = image_rows(regions, images)
            if truth is not None:
                known = pc.is_in(images["truth"], value_set=pa.array(truth, pa.string()))
                images = images.filter(known)
                known = known.to_numpy()
                regions, place = regions.filter(known[place]), (known.cumsum() - 1)[place[known[place]]]
            number = {
                name: torch.from_numpy(table[name].to_numpy().copy())
                for table, name in (
                    (images, "confidence"),
                    *((regions, name) for name in ("score", "importance", "chance")),
                )
                if name in table.column_names
            }
            yield number | {
                "label": encode_names(images, "label", self.label_names)
                if truth is None
                else encode_names(images, "truth", truth),
                "object": encode_names(regions, "object", self.object_names),
                "image": torch.from_numpy(place),
            }

    def explanations(self) -> "Iterator[tuple[Tensor, Tensor]]":
        """Maps (B, h, w) and their windows (B, 4) of the same blocks; nothing without a CAM."""
        import torch

        from emocam.results.tables import read_boxes

        if not self.explained:
            return
        stored = pq.ParquetFile(self.path / "maps.parquet")
        for group in range(stored.num_row_groups):
            rows = stored.read_row_group(group)
            shape = [rows[side][0].as_py() for side in ("height", "width")] if len(rows) else [1, 1]
            cells = rows["map"].combine_chunks().flatten().to_numpy().reshape(len(rows), *shape)
            yield torch.from_numpy(cells.copy()), torch.from_numpy(read_boxes(rows))

    def counts(self, thresholds: "Thresholds", truth: list[str] | None = None) -> "AssociationCounts":
        """The association matrix at these thresholds, in the names' order; with annotated labels if given."""
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
        """Objects x labels; thresholds not given are those of the run.

        A given `chance` takes the place of importance, and a given `importance` that of the run's chance.
        """
        from emocam.records.thresholds import Thresholds

        if measure not in MEASURES:
            raise SettingError(f"measure must be one of {', '.join(MEASURES)}, got {measure!r}")
        own = self.summary["thresholds"] | ({} if importance is None else {"chance": None})
        given = {"importance": importance, "score": score, "confidence": confidence, "chance": chance}
        found = self.counts(Thresholds(**own | {k: v for k, v in given.items() if v is not None}))
        matrix = found.percent if measure == "percent" else found.counts
        return pd.DataFrame(matrix.numpy(), pd.Index(self.object_names, name="object"), self.label_names)

    def plot(self, rows: int = 25, ax: "Axes | None" = None, **thresholds: float) -> "Axes":
        """The paper's figure, of so many objects, drawn into `ax` if it is given."""
        from emocam.plot.association import association

        percent = self.association(measure="percent", **thresholds)  # type: ignore[arg-type]
        return association(percent, rows, ax)
