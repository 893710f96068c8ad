"""Do pairs find the rules that were planted? Worlds of the same rules and other objects, a network each.

    python experiments/pairs.py [FOLDER] [WORLDS] [IMAGES]

trains each network (`task=train data.world=logic1`), runs `+effect=pairs` over pictures that it was not trained on, and
leaves `found.csv`: for each world and planted pair, and each further pair that was found, what the rules say, what
composing pictures again says of the network, and what was found.
"""

import itertools
import subprocess
import sys
from pathlib import Path

import pandas as pd
import torch

from emocam.cells.pairs import EITHER, LOST, ONLY_WITH, UNLESS, with_relations
from emocam.classifier.planted import PlantedClassifier
from emocam.functional.statistics.log_odds import log_odds
from emocam.functional.statistics.wilson import wilson
from emocam.train.world_truth import UNSEEN, logits_of_pictures
from emocam.world.compose import compose
from emocam.world.draw import Scene, draw
from emocam.world.rules import DRAWN_WORLDS

KINDS = {"both": ONLY_WITH, "either": EITHER, "unless": UNLESS}
TRUTH = 20
"""Pictures in which a pair is composed again without the one, the other and both."""
SURE = 9.0
"""Log-odds that stand for a share of 1, where the rules themselves are asked."""


def commands(folder: Path, world: str, images: int) -> list[list[str]]:
    """The two commands of a world."""
    common = ("logger=null", "quiet=true", f"data.world={world}")
    return [
        [
            "task=train",
            *common,
            "task.pictures=8000",
            "train.epochs=60",
            f"hydra.run.dir={folder / world}-network",
        ],
        [
            *(
                "+effect=pairs",
                *common,
                f"data.images={images}",
                "effect.fills=[blur]",
                "effect.images=12",
                "effect.joint=10",
            ),
            *("effect.sets=0", "callback.report=null", "callback.overlay=null", "data.workers=0"),
            f"classifier.weights={folder / world}-network/{world}.safetensors",
            f"hydra.run.dir={folder / world}",
        ],
    ]


def with_both(world: str, a: str, b: str, count: int) -> list[Scene]:
    """Scenes that hold two objects, of no corpus and no training."""
    scenes = (compose(DRAWN_WORLDS[world], 0, number) for number in itertools.count(UNSEEN))
    found = (scene for scene in scenes if {a, b} <= {thing.object for thing in scene.things})
    return list(itertools.islice(found, count))


def four(scenes: list[Scene], a: str, b: str) -> list[list[Scene]]:
    """The scenes as they are, without the one, without the other, and without both."""
    return [
        scenes,
        [scene.without(a) for scene in scenes],
        [scene.without(b) for scene in scenes],
        [scene.without(a).without(b) for scene in scenes],
    ]


def said(a: str, b: str, scores: list[float], shares: list[float]) -> tuple[str, str]:
    """The relation, and of which object, by the mean score and the mean probability of each of the four."""
    lost = [shares[0] - share for share in shares[1:]]
    alone_a, alone_b, both = (scores[0] - score for score in scores[1:])
    row: dict[str, object] = {"a": a, "b": b, "alone_a": alone_a, "alone_b": alone_b, "q": 0.0}
    row |= dict(zip(LOST, lost, strict=True))
    row |= dict.fromkeys(("interaction", "low", "high", "own_low", "own_high"), both - alone_a - alone_b)
    (found,) = with_relations(pd.DataFrame([row]), 0.5)[["relation", "a"]].itertuples(index=False, name=None)
    return str(found[0]), str(found[1]) if found[0] == UNLESS else ""


def by_rules(world: str, label: str, a: str, b: str) -> tuple[str, str]:
    """What the rules of the world make of two objects under a label, also of those that follow from others."""
    rules = DRAWN_WORLDS[world]
    scenes = four(with_both(world, a, b, 4 * TRUTH), a, b)
    shares = [sum(rules.label(scene) == label for scene in part) / len(part) for part in scenes]
    return said(a, b, [SURE * share for share in shares], shares)


def by_composing(network: PlantedClassifier, world: str, label: str, a: str, b: str) -> tuple[str, str]:
    """What the network makes of them, by composing pictures again without the objects."""
    of = torch.full((TRUTH,), network.labels.index(label))
    scores = [
        log_odds(logits_of_pictures(network, [draw(scene) for scene in part]), of)
        for part in four(with_both(world, a, b, TRUTH), a, b)
    ]
    return said(
        a, b, [score.mean().item() for score in scores], [score.sigmoid().mean().item() for score in scores]
    )


def score(folder: Path, world: str) -> list[dict[str, object]]:
    """A row for each planted pair, and for each found one that is not planted."""
    table = pd.read_csv(folder / world / "pairs.csv", keep_default_na=False)
    found = {
        (row["label"], *sorted((row["a"], row["b"]))): (
            row["relation"],
            row["a"] if row["relation"] == UNLESS else "",
        )
        for row in table[table["relation"] != ""].to_dict("records")
    }
    network = PlantedClassifier(weights=str(folder / f"{world}-network" / f"{world}.safetensors"))
    planted = {
        (label, *sorted((rule.first, rule.second))): (
            KINDS[rule.how],
            rule.first if rule.how == "unless" else "",
        )
        for label, rule in DRAWN_WORLDS[world].combined.items()
    }
    rows: list[dict[str, object]] = []
    for key in dict.fromkeys([*planted, *found]):
        label, a, b = key
        here = found.get(key, ("", ""))
        rules, truth = by_rules(world, label, a, b), by_composing(network, world, label, a, b)
        row = {"world": world, "label": label, "a": a, "b": b, "planted": planted.get(key, ("", ""))[0]}
        row |= {"rules": rules[0], "network": truth[0], "found": here[0]}
        rows.append(
            {**row, "right": here in (planted.get(key, rules), rules), "true": here in (rules, truth)}
        )
    return rows


def main() -> None:
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "outputs/pairs").absolute()
    names = (
        sys.argv[2].split(",")
        if len(sys.argv) > 2
        else [name for name in DRAWN_WORLDS if name.startswith("logic")]
    )
    images = int(sys.argv[3]) if len(sys.argv) > 3 else 150
    rows = []
    for world in names:
        for words in commands(folder, world, images):
            if not (folder / world / "summary.json").is_file():
                subprocess.run([sys.executable, "-m", "emocam", *words], check=True)
        rows += score(folder, world)
    table = pd.DataFrame(rows)
    table.to_csv(folder / "found.csv", index=False)
    planted = table[table["planted"] != ""]
    for kind, of_kind in planted.groupby("planted", sort=False):
        count, tried = int(of_kind["right"].sum()), len(of_kind)
        low, high = (
            float(end[0])
            for end in wilson(of_kind[["right"]].sum().to_numpy(int), pd.Series([tried]).to_numpy())
        )
        learned = int((of_kind["network"] == kind).sum())
        sys.stdout.write(
            f"{kind}: {count} of {tried} found ({low:.2f} to {high:.2f}), learned by {learned} networks\n"
        )
    others = table[table["planted"] == ""]
    false, strange = others[~others["true"].astype(bool)], others[others["rules"] != others["found"]]
    sys.stdout.write(
        f"further pairs: {len(others)}; {len(others) - len(strange)} follow from the rules, {len(strange)} do not, in "
        f"{strange['world'].nunique()} of {len(names)} worlds; {len(false)} of these are not true of the network "
        f"either, in {false['world'].nunique()} worlds\n"
    )


if __name__ == "__main__":
    main()
