"""A vocabulary applied to finished evidence: regions get other names, or go, as if it had been asked for before."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from emocam.detector.base import Detector
from emocam.detector.vocabulary import Vocabulary
from emocam.errors import SettingError
from emocam.predict.table_rewrite import rewrite_table
from emocam.results.files import EVIDENCE, FILES, LEDGER, METADATA, parquet
from emocam.results.parquet_file import has_table
from emocam.results.run import Run, encode_names


def write_renamed(folder: Path, vocabulary: Callable[[Detector], Detector], settings: dict[str, Any]) -> None:
    """Write a run's tables again with the names of a vocabulary; `settings` are its own, for the key."""
    names = Run(folder).names
    found = Detector()
    found.objects = list(names["objects"])
    translated = vocabulary(found)
    if not isinstance(translated, Vocabulary) or not found.objects:
        raise SettingError(
            "vocabulary: a replay applies rename, merge and only to the objects that the evidence has, and here "
            f"are {len(found.objects)} and {type(translated).__name__}; give the command again without task and "
            "evidence"
        )
    key = hashlib.sha256(f"{names.get('key')}{json.dumps(settings, sort_keys=True)}".encode()).hexdigest()
    metadata = {METADATA: json.dumps({**names, "objects": translated.objects, "key": key}).encode()}
    place = translated.place.numpy()
    left: dict[str, int] = {}

    def renamed(rows: pa.Table) -> pa.Table:
        code = place[encode_names(rows, "object", names["objects"])]
        rows = rows.filter(pa.array(code >= 0))
        objects = pa.array(translated.objects, pa.string())
        object = pa.DictionaryArray.from_arrays(pa.array(code[code >= 0], pa.int32()), objects)
        images, counts = np.unique(rows["image"].cast(pa.string()).to_numpy(), return_counts=True)
        left.update(zip(images.tolist(), counts.tolist(), strict=True))
        return rows.set_column(rows.schema.get_field_index("object"), "object", object)

    def counted(rows: pa.Table) -> pa.Table:
        if "regions" not in rows.column_names:
            return rows
        regions = pa.array([left.get(image, 0) for image in rows["image"].to_pylist()], pa.int32())
        return rows.set_column(rows.schema.get_field_index("regions"), "regions", regions)

    changes = {EVIDENCE: renamed, LEDGER: counted}
    for name in sorted(FILES, key=lambda name: name != EVIDENCE):  # its regions are counted first
        if has_table(folder / parquet(name)):
            rewrite_table(folder / parquet(name), changes.get(name, lambda rows: rows), metadata)
