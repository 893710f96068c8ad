"""What objects do together, which of them keep an answer, and whether their place matters."""

from typing import Any

from emocam.callback.base import Finished
from emocam.callback.cells import unit_of_images
from emocam.cells.joint_scores import read_joint_scores
from emocam.cells.kept_sets import kept_by_none, set_table
from emocam.cells.moved_objects import ANYWHERE, ONLY_HERE, moved_table, nested_table
from emocam.cells.pair_words import (
    pair_notes,
    pair_sentences,
    place_sentences,
    set_sentences,
    whole_sentences,
)
from emocam.cells.pairs import EITHER, ONLY_WITH, UNLESS, pair_table
from emocam.cells.verdict import Rules
from emocam.plot.pairs import pair_figure
from emocam.results.files import PAIR_TRIALS, PAIRS, PLACES_TRIED, SETS, WHOLES
from emocam.results.parquet_file import write_frame
from emocam.results.spreadsheet import write_csv


class JointEffects:
    """A callback that writes pairs, sets, places and wholes where a run has pair_trials.parquet."""

    def __init__(self, rules: Rules | None = None) -> None:
        self.rules = rules or Rules()

    def on_run_end(self, finished: Finished) -> dict[str, Any]:
        run = finished.run
        if not run.file(PAIR_TRIALS).is_file():
            return {}
        unit = unit_of_images(finished)
        scores = read_joint_scores(run.file(PAIR_TRIALS), unit)
        values = bool(run.value_names)
        least = self.rules.for_values(values).least_effect
        pairs, sets = pair_table(scores, least, values), set_table(scores, unit is not None)
        places, wholes = moved_table(scores, least), nested_table(scores)
        write_frame(pairs, run.file(PAIRS))
        write_csv(pairs, run.path / f"{PAIRS}.csv", index=False)
        for table, name in ((sets, SETS), (places, PLACES_TRIED), (wholes, WHOLES)):
            write_csv(table, run.path / name, index=False)
        if len(pairs):
            pair_figure(pairs, least).savefig(run.path / f"{PAIRS}.png")
        none = kept_by_none(scores)
        relations, places_told = pairs["relation"].tolist(), places["relation"].tolist()
        return {
            "pairs_tried": len(scores.told["pairs"]),
            "pairs_found": sum(relation != "" for relation in relations),
            "pairs_only_with": relations.count(ONLY_WITH),
            "pairs_either": relations.count(EITHER),
            "pairs_unless": relations.count(UNLESS),
            "pairs_never_together": scores.told["never"],
            "pairs_seldom_together": scores.told["seldom"],
            "pairs_left_out": scores.told["left_out"],
            "objects_anywhere": places_told.count(ANYWHERE),
            "objects_only_here": places_told.count(ONLY_HERE),
            "sets_keep": None if not none else 1 - sum(none.values()) / len(none),
            "pairs_in_words": pair_sentences(pairs),
            "places_in_words": place_sentences(places),
            "wholes_in_words": whole_sentences(wholes, least),
            "sets_in_words": set_sentences(sets, none),
            "pairs_notes": pair_notes(scores.told, pairs),
        }
