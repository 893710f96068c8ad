"""Are the pairs that are told of networks of planted photographs true of them? Over runs of `+effect=pairs`.

    python experiments/photograph_pairs.py RUN...

A row of `pairs.csv` that names a relation is held against the run's own pictures, composed again without the one
object, the other and both. Prints every such row, and then what was planted (one of two suffices, two only together,
one unless another): whether the network does it, and whether it was found.
"""

import sys
from pathlib import Path

import pandas as pd
import torch
from hydra.utils import instantiate
from omegaconf import OmegaConf
from pairs import KINDS, said

from emocam.classifier.planted import PlantedClassifier
from emocam.data.planted import Planted
from emocam.functional.statistics.log_odds import log_odds
from emocam.functional.statistics.wilson import wilson
from emocam.train.world_truth import logits_of_pictures
from emocam.world.photograph_rules import Kind, PhotographRules

PLANTED: dict[Kind, str] = {"either": KINDS["either"], "both": KINDS["both"], "veto": KINDS["unless"]}
"""What two objects of a label do together by its kind of rule."""
LEAST, MOST = 8, 60
"""Pictures in which a pair is composed again: of fewer nothing is known."""

Relation = tuple[str, str]
"""What two objects do, and of which of them it is said where that matters."""


def planted_pairs(rules: PhotographRules) -> dict[tuple[str, str, str], Relation]:
    """Return by label and two objects in alphabetical order what the rules make of them."""
    found = {}
    for rule in rules.rules:
        if rule.kind in PLANTED:
            one, other = sorted([*rule.causes, rule.beside or ""][:2])
            found[rule.label, one, other] = (
                PLANTED[rule.kind],
                rule.causes[0] if rule.kind == "veto" else "",
            )
    return found


def by_composing(
    data: Planted, network: PlantedClassifier, label: str, a: str, b: str
) -> tuple[Relation | None, int]:
    """Return what the network makes of two objects in the corpus' own pictures, and of how many that is known."""
    scenes = (data.photo_scene(path) for path in data.paths())
    both = [scene for scene in scenes if {a, b} <= {thing.object for thing in scene.things}][:MOST]
    if len(both) < LEAST:
        return None, len(both)
    fours = (
        both,
        [scene.without(a) for scene in both],
        [scene.without(b) for scene in both],
        [scene.without(a).without(b) for scene in both],
    )
    of = torch.full((len(both),), network.labels.index(label))
    scores = [
        log_odds(logits_of_pictures(network, [data.photographs.draw(scene) for scene in part]), of)
        for part in fours
    ]
    drops = [score.mean().item() for score in scores]
    return said(a, b, drops, [score.sigmoid().mean().item() for score in scores]), len(both)


def score_run(folder: Path) -> pd.DataFrame:
    """Return a row for each planted pair, and for each found one that is not planted."""
    settings = OmegaConf.load(folder / ".hydra/config.yaml")
    data, network = instantiate(settings.data), instantiate(settings.classifier)
    table = pd.read_csv(folder / "pairs.csv", keep_default_na=False)
    tried = {(row["label"], *sorted((row["a"], row["b"]))): row for row in table.to_dict("records")}
    planted = planted_pairs(data.photographs.rules)
    rows = []
    for key in dict.fromkeys([*planted, *(key for key, row in tried.items() if row["relation"])]):
        label, a, b = key
        row = tried.get(key)
        found = ("", "") if row is None else relation_of(row)
        truth, pictures = by_composing(data, network, label, a, b)
        rows.append(
            {
                **{
                    "run": folder.name,
                    "label": label,
                    "a": a,
                    "b": b,
                    "planted": planted.get(key, ("", ""))[0],
                },
                **{
                    "tried": row is not None,
                    "found": found[0],
                    "network": "?" if truth is None else truth[0],
                },
                **{"true": truth is not None and found == truth, "pictures": pictures, "pairs": len(table)},
            }
        )
    return pd.DataFrame(rows)


def relation_of(row: dict[str, str]) -> Relation:
    """Return what a row of pairs.csv says."""
    return row["relation"], row["a"] if row["relation"] == KINDS["unless"] else ""


def lines_of(table: pd.DataFrame) -> list[str]:
    """What is said of all runs together."""
    lines = []
    for kind, rows in table[table["planted"] != ""].groupby("planted", sort=False):
        done = rows[rows["network"] == kind]
        lines.append(
            f"{kind}: planted in {len(rows)} corpora, tried in {rows['tried'].sum()}; {len(done)} networks do it, of "
            f"these {share((done['found'] == kind) & done['true'])} found"
        )
    told = table[table["found"] != ""]
    known = told[told["network"] != "?"]
    false = known[~known["true"]]
    return [
        *lines,
        f"told: {len(told)} pairs, of {len(known)} of them it is known: {share(known['true'])} true; false ones in "
        f"{false['run'].nunique()} of {table['run'].nunique()} corpora",
    ]


def share(hits: pd.Series) -> str:
    """A count with its 95 % interval."""
    if not len(hits):
        return "0 of 0"
    low, high = (
        float(end[0])
        for end in wilson(pd.Series([hits.sum()]).to_numpy(int), pd.Series([len(hits)]).to_numpy())
    )
    return f"{hits.sum()} of {len(hits)} ({low:.2f}-{high:.2f})"


def main(folders: list[str]) -> None:
    """Print the rows of each run, and what all say together."""
    table = pd.concat([score_run(Path(folder)) for folder in folders], ignore_index=True)
    sys.stdout.write(table.drop(columns="pairs").to_string(index=False) + "\n")
    sys.stdout.write("\n".join(lines_of(table)) + "\n")


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(
            "name at least one run of +effect=pairs on planted photographs: "
            "python experiments/photograph_pairs.py RUN..."
        )
    main(sys.argv[1:])
