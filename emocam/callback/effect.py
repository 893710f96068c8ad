"""The counts of measured effects."""

import json
from typing import Any

from emocam.callback.base import Finished
from emocam.results.files import METADATA
from emocam.results.parquet_file import read_parquet


class Effect:
    """A callback that counts the measured pairs and cells.

    `effect_left_out` counts the planned trials without a pair, for instance for want of room for a control.
    """

    def on_run_end(self, finished: Finished) -> dict[str, Any]:
        file = finished.folder / "effect.parquet"
        if not file.is_file():
            return {}
        table = read_parquet(file, columns=["image", "object", "label"])
        pairs = len(table.group_by(["image", "object", "label"]).aggregate([]))
        cells = len(table.group_by(["object", "label"]).aggregate([]))
        planned = json.loads(table.schema.metadata[METADATA])["planned"]
        return {"effect_pairs": pairs, "effect_cells": cells, "effect_left_out": planned - pairs}
