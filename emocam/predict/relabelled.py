"""Other names of labels applied to finished evidence, as if they had been asked for before."""

import hashlib
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import torch

from emocam.errors import SettingError
from emocam.network.label_names import TRUTH, LabelNames
from emocam.predict.table_rewrite import rewrite_table
from emocam.results.files import CALLED, EVIDENCE, FILES, LEDGER, METADATA, PREDICTIONS, parquet
from emocam.results.parquet_file import has_table
from emocam.results.run import Run, encode_names
from emocam.results.tables import called_otherwise


class Relabelled:
    """What pictures are called by other names: found in the predictions, then put into the other tables."""

    def __init__(self, names: LabelNames, own: list[str]) -> None:
        self.names, self.own = names, own
        self.label: dict[str, int] = {}
        self.confidence: dict[str, float] = {}
        self.otherwise: dict[str, str] = {}

    def predictions(self, rows: pa.Table) -> pa.Table:
        """Return rows with new labels, their probabilities and logits; of those that are kept."""
        own = torch.from_numpy(encode_names(rows, "label", self.own))
        cells = rows["logits"].combine_chunks().flatten().to_numpy().reshape(len(rows), len(self.own))
        called, confidence, logits = self.names.named(torch.from_numpy(cells.copy()), own)
        places = self.names.places_kept(called).numpy()
        images = rows["image"].cast(pa.string()).to_pylist()
        for image, place, name, sure in zip(
            images, places.tolist(), called.tolist(), confidence.tolist(), strict=True
        ):
            if place < 0:
                self.otherwise[image] = self.names.names[name]
            else:
                self.label[image], self.confidence[image] = place, sure
        kept = places >= 0
        rows = self._named(rows.filter(pa.array(kept)), places[kept], confidence.numpy()[kept])
        flat = pa.array(logits.numpy()[kept].ravel())
        lists = pa.FixedSizeListArray.from_arrays(flat, len(self.names.labels))
        rows = rows.set_column(rows.schema.get_field_index("logits"), "logits", lists)
        if TRUTH not in rows.column_names:
            return rows
        truth = self.names.known({TRUTH: rows[TRUTH].to_pylist()})[TRUTH]
        column = pa.array(truth, pa.string()).cast(rows.schema.field(TRUTH).type)
        return rows.set_column(rows.schema.get_field_index(TRUTH), TRUTH, column)

    def regions(self, rows: pa.Table) -> pa.Table:
        """Return regions under the new label of their picture."""
        rows = self.of_pictures(rows)
        images = rows["image"].cast(pa.string()).to_pylist()
        labels = np.array([self.label[image] for image in images], np.int64)
        confidence = np.array([self.confidence[image] for image in images], np.float32)
        return self._named(rows, labels, confidence)

    def of_pictures(self, rows: pa.Table) -> pa.Table:
        """Return the rows of pictures that are kept."""
        if not self.otherwise:
            return rows
        return rows.filter(pc.invert(self._is_out(rows)))

    def ledger(self, rows: pa.Table) -> pa.Table:
        """Return the ledger, which says of the other pictures what they are called."""
        out = np.asarray(self._is_out(rows))
        columns = {name: rows[name].to_pylist() for name in rows.column_names}
        for row in np.flatnonzero(out):
            columns["status"][row] = "refused"
            columns["reason"][row] = called_otherwise(self.otherwise[columns["image"][row]])
            if "regions" in columns:
                columns["regions"][row] = 0
        return pa.table(
            [pa.array(columns[field.name], field.type) for field in rows.schema], schema=rows.schema
        )

    def _is_out(self, rows: pa.Table) -> pa.Array:
        left_out = pa.array(list(self.otherwise), pa.string())
        return pc.is_in(rows["image"].cast(pa.string()).combine_chunks(), value_set=left_out)

    def _named(self, rows: pa.Table, places: np.ndarray, confidence: np.ndarray) -> pa.Table:
        labels = pa.DictionaryArray.from_arrays(
            pa.array(places, pa.int32()), pa.array(self.names.labels, pa.string())
        )
        rows = rows.set_column(rows.schema.get_field_index("label"), "label", labels)
        column = pa.array(confidence, pa.float32())
        return rows.set_column(rows.schema.get_field_index("confidence"), "confidence", column)


def write_relabelled(
    folder: Path, vocabulary: Callable[[Sequence[str]], LabelNames], settings: dict[str, Any]
) -> None:
    """Write a run's tables again with other names of labels; `settings` are those of the names, for the key."""
    run = Run(folder)
    names = run.names
    if run.value_names or run.many:
        raise SettingError(
            "labels: a replay gives other names where each picture is called by one label, and this evidence was made "
            f"with classifier.{'values' if run.value_names else 'many'}; leave labels away"
        )
    found = Relabelled(vocabulary(names["labels"]), names["labels"])
    key = hashlib.sha256(f"{names.get('key')}{json.dumps(settings, sort_keys=True)}".encode()).hexdigest()
    told = {**names, "labels": found.names.labels, CALLED: found.names.of, "key": key}
    metadata = {METADATA: json.dumps(told).encode()}
    changes = {PREDICTIONS: found.predictions, EVIDENCE: found.regions, LEDGER: found.ledger}
    for name in sorted(
        FILES, key=lambda name: name != PREDICTIONS
    ):  # what pictures are called is found first
        if has_table(folder / parquet(name)):
            rewrite_table(folder / parquet(name), changes.get(name, found.of_pictures), metadata)
