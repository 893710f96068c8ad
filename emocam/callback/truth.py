"""A run compared with a world whose answer is known."""

import json
from typing import Any

import pandas as pd

from emocam.callback.base import Finished
from emocam.results.parquet_file import read_frame, read_schema

CUES = ("cause", "shortcut")


class Truth:
    """A callback that writes truth.json where the data set has one, and counts the cues that the matrix finds.

    Of each label with k planted cues, the k objects with the highest percentages are taken as the
    run's answer; where every picture has all objects, those with the highest against the other labels.
    """

    def on_run_end(self, finished: Finished) -> dict[str, Any]:
        summary: dict[str, Any] = {}
        run = finished.run
        if "truth" in read_schema(run.path / "predictions.parquet").names:
            answers = read_frame(run.path / "predictions.parquet", columns=["truth", "label"]).astype(str)
            answers = answers[answers["truth"] != ""]
            # labels of another vocabulary, such as FindingEmo's beside EmoNet's, cannot be right or wrong
            if len(answers) and set(answers["truth"]) <= set(run.label_names):
                summary["accuracy"] = float((answers["truth"] == answers["label"]).mean())
        cells = finished.truth
        if not cells:
            return summary
        (finished.folder / "truth.json").write_text(json.dumps({"cells": cells}, indent=1))
        rank = pd.DataFrame(finished.rank, run.object_names, run.label_names)
        planted = {(cell["object"], cell["label"]) for cell in cells if cell["role"] in CUES}
        ranked_first = set()
        for label in run.label_names:
            count = sum(planted_label == label for _, planted_label in planted)
            ranked = rank[label].dropna().nlargest(count)
            ranked_first |= {(object, label) for object in ranked.index[ranked > 0]}
        return summary | {
            "cues_planted": len(planted),
            "cues_recovered": len(planted & ranked_first),
            "cues_missed": len(planted - ranked_first),
            "cues_false": len(ranked_first - planted),
            "truth": "truth.json",
        }
