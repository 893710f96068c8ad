"""How much was measured of what objects do to the answers."""

import json
from typing import Any

import pyarrow.parquet as pq

from emocam.callback.base import Finished
from emocam.results.files import METADATA


class Effect:
    """`effect_left_out` counts the planned trials without a pair: no place for a control, say."""

    def on_run_end(self, finished: Finished) -> dict[str, Any]:
        file = finished.folder / "effect.parquet"
        if not file.is_file():
            return {}
        table = pq.read_table(file, columns=["image", "object", "label"])
        pairs = len(table.group_by(["image", "object", "label"]).aggregate([]))
        cells = len(table.group_by(["object", "label"]).aggregate([]))
        planned = json.loads(table.schema.metadata[METADATA])["planned"]
        return {"effect_pairs": pairs, "effect_cells": cells, "effect_left_out": planned - pairs}
