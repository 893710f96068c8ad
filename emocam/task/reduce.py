"""`task=reduce`: how few points of a face a landmark network needs, judged on people that it never saw."""

import hashlib
import json
import shutil
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import torch

from emocam.attribution.base import Attribution, LabelledPoints
from emocam.attribution.ig import IntegratedGradients
from emocam.attribution.permutation import Permutation
from emocam.classifier.base import Classifier
from emocam.data.samples import printable
from emocam.errors import SettingError, nearest
from emocam.network.point_networks import KINDS
from emocam.plot.landmarks import points_figure, reduction_figure
from emocam.predict.components import Components
from emocam.predict.keys import code_digest
from emocam.predict.point_corpus import PointCorpus, person_column, read_point_corpus
from emocam.predict.point_sequences import READER, check_point_sequences
from emocam.predict.point_weights import write_weights
from emocam.records.keypoints import PointLayout
from emocam.records.picture import Refusal
from emocam.report.points import write_points_page
from emocam.results.files import LEDGER, POINTS, REDUCTION, REDUCTION_STATE, parquet
from emocam.results.parquet_file import read_frame, write_frame, write_parquet
from emocam.results.spreadsheet import write_csv
from emocam.results.summary import read_summary
from emocam.results.tables import refusal_table
from emocam.task.base import TaskOutcome
from emocam.task.reduction_table import EVERY_LABEL, chosen_sizes, reduction_rows
from emocam.train.point_stack import StackRecipe
from emocam.train.reduction import (
    ORDERS,
    RANKINGS,
    STEPPED,
    FoldResult,
    ReductionPlan,
    first_to_last,
    folds_of,
    half_choices,
    ranked_by_steps,
    reduce_fold,
    usual_methods,
    weigh_held_out,
)
from emocam.view.base import View

KEY, LINES = "reduction_key", "reduction_lines"
LEAST_SEQUENCES = 5
"""Of a label, below which it is left out and told."""
SIZES = (4, 8, 12, 24)
CHANCE = 0.5
"""The balanced accuracy of answers by lot."""


@dataclass
class Reduce:
    """Leaves reduction.parquet, .csv and .png, points.* of a ranking on all people, and a page.

    `orders` are compared at `sizes` points over `folds` of people; the random order is drawn `draws` times, and the
    stability of a choice comes from `halvings` of the people. A number of points left away is 4, 8, 12, 24 and all.
    """

    orders: list[str]
    sizes: list[int] | None = None
    folds: int = 3
    epochs: int = 12
    draws: int = 2
    halvings: int = 2

    def __post_init__(self) -> None:
        for order in self.orders:
            if order not in ORDERS:
                raise SettingError(f"reduce.orders: {order!r} is not known; {nearest(str(order), ORDERS)}")
        if not set(self.orders) & set(RANKINGS):
            raise SettingError(f"reduce.orders needs one of {', '.join(RANKINGS)}, got {self.orders}")
        for name, least in (("folds", 2), ("epochs", 1), ("draws", 1), ("halvings", 0)):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or value < least:
                raise SettingError(f"reduce.{name} must be a whole number of at least {least}, got {value!r}")
        whole = all(isinstance(size, int) and not isinstance(size, bool) for size in self.sizes or ())
        if self.sizes is not None and (not self.sizes or not whole or min(self.sizes) < 1):
            raise SettingError(f"reduce.sizes must be numbers of points of at least 1, got {self.sizes}")

    def perform(self, components: Components) -> TaskOutcome:
        with components.stage("build"):
            self._check(components)
            key = reduction_key(components, self)
            state = begin_reduction(components.folder, key)
        with components.stage("read"):
            corpus = read_point_corpus(components.data, drawn_view(components), components.listing)
            labels, everyone = labelled_people(components, corpus, self.folds)
        write_ledger(components, corpus)
        before: Any = read_summary(components.folder)
        if before.get(KEY) == key:  # the same command was completed here
            shutil.rmtree(state)
            return TaskOutcome({name: before[name] for name in ENTRIES if name in before}, before[LINES])
        plan = self._plan(components, everyone.x.shape[-1])
        with components.stage("reduce"):
            folds = [
                fold_result(state, plan, everyone, judged, number, components.quiet)
                for number, judged in enumerate(folds_of(everyone, self.folds, components.seed))
            ]
            stability = half_choices(plan, everyone, self.halvings) if self.halvings else {}
        rows = reduction_rows(plan, folds, stability, labels, everyone)
        return self._leave(components, key, plan, rows, labels, everyone, corpus)

    def _check(self, components: Components) -> None:
        """Refuse what cannot be reduced, before any work."""
        components.data.prepare()
        classifier = components.settings.get("classifier") or {}
        if components.data.sequences_of_points and classifier.get("_target_") != READER:
            raise SettingError(
                "task=reduce trains many networks of classifier=landmarks side by side; add classifier=landmarks, and "
                "weigh the points of a network of your own by a run with an attribution"
            )
        if classifier.get("_target_") == READER and classifier.get("weights") not in (None, "random"):
            raise SettingError(
                f"classifier.weights={classifier['weights']}: task=reduce trains networks of its own on each choice "
                "of points; leave classifier.weights out"
            )
        check_point_sequences(components)
        if components.data.shard is not None:
            raise SettingError(
                f"data.shard={components.data.shard}: a reduction ranks points over the whole corpus; leave data.shard "
                "out, or take data.limit"
            )
        for note in components.data.notes:
            sys.stderr.write(f"{note}\n")

    def _plan(self, components: Components, points: int) -> ReductionPlan:
        settings = components.settings["classifier"]
        methods = usual_methods() | {"permutation": Permutation(seed=components.seed)}
        own: Attribution | None = components.attribution
        if isinstance(own, IntegratedGradients):
            methods["ig"] = own
        elif isinstance(own, Permutation):
            methods["permutation"] = own
        sizes = tuple(sorted({*(size for size in self.sizes or SIZES if size < points), points}))
        kind = settings.get("kind", "mlp")
        if kind not in KINDS:
            raise SettingError(f"classifier.kind {kind!r} is not known; {nearest(str(kind), KINDS)}")
        recipe = StackRecipe(kind, settings.get("hidden"), self.epochs)
        return ReductionPlan(tuple(self.orders), sizes, self.draws, recipe, methods, components.seed)

    def _leave(
        self,
        components: Components,
        key: str,
        plan: ReductionPlan,
        rows: pd.DataFrame,
        labels: list[str],
        everyone: LabelledPoints,
        corpus: PointCorpus,
    ) -> TaskOutcome:
        """Write tables, picture and page, and return what is said of them."""
        folder = components.folder
        write_frame(rows, folder / parquet(REDUCTION))
        write_csv(rows, folder / f"{REDUCTION}.csv", index=False)
        reduction_figure(rows, plan.orders, EVERY_LABEL).savefig(folder / f"{REDUCTION}.png")
        with components.stage("attribution"):
            first = next(order for order in RANKINGS if order in plan.orders)
            found = weigh_held_out(plan, [first], everyone, components.seed)[first]
            ranks = first_to_last(found.weights)
            if first in STEPPED:
                ranks = ranked_by_steps(plan, first, ranks, everyone, components.seed)
            known = {"method": first, "labels": "true labels"}
            weighed = write_weights(components, corpus, found, labels, known)
        write_csv(read_frame(folder / parquet(POINTS)), folder / f"{POINTS}.csv", index=False)
        points_figure(weighed.face, weighed.weights).savefig(folder / f"{POINTS}.png")
        chosen = chosen_sizes(rows, labels, first)
        ranked = dict(zip(labels, ranks, strict=True))
        best = {label: names_of(weighed.layout, ranked[label], chosen[label]) for label in labels}
        lines = reduction_lines(rows, plan, chosen, first)
        write_points_page(folder, weighed.layout, weighed.face, weighed.weights, chosen, lines, ranked)
        shutil.rmtree(folder / REDUCTION_STATE)
        entries = reduction_headline(rows, plan, chosen, first) | {
            "smallest": {label: size for label, size in chosen.items() if label != EVERY_LABEL},
            "smallest_points": best,
            "completeness_error": found.completeness_error,
            "sequences": len(everyone),
            "people": len(everyone.people),
            "notes": components.data.notes,
            LINES: lines,
            KEY: key,
        }
        return TaskOutcome(entries, lines)


ENTRIES = (
    *("smallest", "smallest_points", "completeness_error", "sequences", "people", "notes", LINES, KEY),
    *("accuracy_all", "accuracy_smallest", "points_smallest", "milliseconds_all", "milliseconds_smallest"),
)
"""What a reduction adds to summary.json."""


def drawn_view(components: Components) -> View:
    """Return what the networks see; of those that are trained here none needs weights before."""
    settings = components.settings
    drawn = settings["classifier"] | ({"weights": "random"} if "weights" in settings["classifier"] else {})
    classifier: Classifier = components.build_with("classifier", {**settings, "classifier": drawn})
    return classifier.view


def labelled_people(
    components: Components, corpus: PointCorpus, folds: int
) -> tuple[list[str], LabelledPoints]:
    """Return the labels with enough sequences, and these; refuse a corpus that cannot be nested over people."""
    column = person_column(components.data)
    if not any(corpus.truth):
        raise SettingError(
            "task=reduce needs true labels: a column truth in data.annotations=TABLE, or an array truth in the npz"
        )
    if not all(person for person, truth in zip(corpus.person, corpus.truth, strict=True) if truth):
        raise SettingError(
            f"task=reduce judges on people that were not ranked on, and {column!r} is not known of every sequence; "
            f"add a column {column} to data.annotations=TABLE, or name another by data.group=COLUMN"
        )
    counts = pd.Series([truth for truth in corpus.truth if truth]).value_counts().sort_index()
    whose = {label: set() for label in counts.index}  # type: dict[str, set[str]]
    for truth, person in zip(corpus.truth, corpus.person, strict=True):
        if truth:
            whose[truth].add(person)
    labels = [
        str(label)
        for label in counts.index
        if counts[label] >= LEAST_SEQUENCES and len(whose[label]) >= folds
    ]
    for label in counts.index:
        if label not in labels:
            components.data.notes.append(
                f"{label} is left out: {counts[label]} {'sequence' if counts[label] == 1 else 'sequences'} of "
                f"{len(whose[label])} {'person' if len(whose[label]) == 1 else 'people'} are too few for {folds} folds"
            )
            sys.stderr.write(f"{components.data.notes[-1]}\n")
    if len(labels) < 2:
        raise SettingError(
            f"task=reduce needs two labels or more with at least {LEAST_SEQUENCES} sequences of {folds} people each; "
            f"here are {', '.join(f'{label} ({count})' for label, count in counts.items())}"
        )
    shown = Counter(person for label in labels for person in whose[label])
    if once := sum(count == 1 for count in shown.values()):
        components.data.notes.append(
            f"{once} of {len(shown)} people show one label alone, so what is theirs may be ranked for the label's; "
            "judged it is on other people"
        )
        sys.stderr.write(f"{components.data.notes[-1]}\n")
    return labels, corpus.labelled(labels, corpus.truth)


def fold_result(
    state: Path, plan: ReductionPlan, everyone: LabelledPoints, judged: torch.Tensor, number: int, quiet: bool
) -> FoldResult:
    """Return the result of a fold: from an interrupted command's file, or computed and kept."""
    file = state / f"{number}.pt"
    if file.is_file():
        return read_fold(file)
    found = reduce_fold(plan, everyone, judged, number)
    half = file.with_suffix(".tmp")
    half.write_text(json.dumps(fold_words(found)))
    half.replace(file)
    if not quiet:
        sys.stderr.write(f"people of part {number + 1} judged: {int(judged.sum()):,} sequences\n")
    return found


def fold_words(found: FoldResult) -> dict[str, Any]:
    """Return a fold as JSON can hold it."""
    return {
        "people": found.people,
        "sums": [[*key, value.tolist()] for key, value in found.sums.items()],
        "milliseconds": [[size, value] for size, value in found.milliseconds.items()],
        "ranks": [[*key, value.tolist()] for key, value in found.ranks.items()],
        "completeness_error": found.completeness_error,
    }


def read_fold(file: Path) -> FoldResult:
    """Read a fold that `fold_words` wrote."""
    words = json.loads(file.read_text())
    return FoldResult(
        words["people"],
        {(order, draw, size, again): np.array(sums) for order, draw, size, again, sums in words["sums"]},
        dict(map(tuple, words["milliseconds"])),
        {(order, draw): np.array(ranks) for order, draw, ranks in words["ranks"]},
        words["completeness_error"],
    )


def reduction_key(components: Components, settings: Reduce) -> str:
    """Name all that decides a reduction: settings, code, and the contents of the sequences."""
    data, listing = components.data, components.listing
    handled = ("workers", "export", "max_unreadable", "batch_size")
    own = {name: value for name, value in components.settings["data"].items() if name not in handled}
    told = [
        code_digest(),
        own,
        {name: components.settings.get(name) for name in ("classifier", "attribution", "seed")},
        vars(settings),
        [printable(path) for path in listing],
        sorted(
            {
                str(digest)
                for digest in components.digests.of_all([data.picture_file(path) for path in listing])
            }
        ),
        hashlib.sha256(repr([data.known(path) for path in listing]).encode()).hexdigest(),
    ]
    return hashlib.sha256(json.dumps(told, sort_keys=True, default=str).encode()).hexdigest()


def begin_reduction(folder: Path, key: str) -> Path:
    """Make the folder of what is needed to go on; one of another command is left alone."""
    state, summary = folder / REDUCTION_STATE, read_summary(folder)
    written: Any = summary.get(KEY)
    if (state / KEY).is_file():
        written = (state / KEY).read_text()
    if written not in (None, key) or (summary and written is None):
        raise SettingError(
            f"hydra.run.dir {folder} holds a run of other settings, files or code; name another folder, or remove "
            "this one"
        )
    state.mkdir(exist_ok=True)
    (state / KEY).write_text(key)
    return state


def write_ledger(components: Components, corpus: PointCorpus) -> None:
    """Write the ledger of all listed sequences."""
    used = {int(place) for place in corpus.place}
    rows = [Refusal(printable(components.listing[place]), place, "done", "") for place in sorted(used)]
    table = refusal_table(sorted([*rows, *corpus.refusals], key=lambda row: row.index))
    write_parquet(pa.table(table.drop_columns(["index"])), components.folder / parquet(LEDGER))


def names_of(layout: PointLayout, ranked: np.ndarray, size: int) -> list[str]:
    """Return the names of the points that are left in the end."""
    return [layout.points[place] for place in ranked[:size]]


def row_of(
    rows: pd.DataFrame, order: str, size: int, retrained: bool = True, label: str = EVERY_LABEL
) -> pd.Series:
    """Return the one row of a choice."""
    found = rows[(rows["label"] == label) & (rows["order"] == order) & (rows["points"] == size)]
    return found[found["retrained"] == retrained].iloc[0]


def reduction_headline(
    rows: pd.DataFrame, plan: ReductionPlan, chosen: dict[str, int], first: str
) -> dict[str, float]:
    """Return the numbers that a script wants first."""
    most, few = max(plan.sizes), chosen[EVERY_LABEL]
    whole, small = row_of(rows, first, most), row_of(rows, first, few)
    return {
        "accuracy_all": float(whole["balanced_accuracy"]),
        "accuracy_smallest": float(small["balanced_accuracy"]),
        "points_smallest": float(few),
        "milliseconds_all": float(whole["milliseconds"]),
        "milliseconds_smallest": float(small["milliseconds"]),
    }


def reduction_lines(rows: pd.DataFrame, plan: ReductionPlan, chosen: dict[str, int], first: str) -> list[str]:
    """Return what fewer points cost, which curve says what, and what is saved."""
    most, few = max(plan.sizes), chosen[EVERY_LABEL]

    def percent(order: str, size: int, retrained: bool = True) -> str:
        row = row_of(rows, order, size, retrained)
        return f"{row['balanced_accuracy']:.1%} ({row['low']:.1%} to {row['high']:.1%})"

    lines = [f"all {most} points: balanced accuracy {percent(first, most)} on people unseen"]
    curve = rows[(rows["label"] == EVERY_LABEL) & (rows["order"] == first) & rows["retrained"]]
    if (curve["low"] <= CHANCE).all():
        lines.append(
            f"that is not above one half, and no number of points by {first} is: nothing was learnt that holds for "
            "other people, so the points chosen say nothing"
        )
    else:
        lines.append(
            f"{few} points are enough, by {first} (smallest within one standard error of the best): "
            f"{percent(first, few)}"
        )
    if few < most:
        controls = [f"{order} {percent(order, few)}" for order in plan.orders if order != first]
        lines.append(
            f"as many points by other orders: {', '.join(controls)}"
            if controls
            else "no control was asked for"
        )
        lines.append(f"the network with all points, others at rest: {percent(first, few, False)}")
    whole, small = row_of(rows, first, most)["milliseconds"], row_of(rows, first, few)["milliseconds"]
    lines.append(
        f"a sequence costs {whole:.3f} ms with all points and {small:.3f} ms with {few}; finding landmarks in a "
        "picture costs milliseconds a frame, however few are kept"
    )
    return lines
