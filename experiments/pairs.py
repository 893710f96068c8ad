"""Do pairs find the rules that were planted? Six worlds of the same rules and other objects, a network each.

    python experiments/pairs.py [FOLDER] [WORLDS] [IMAGES]

trains each network (`task=train data.world=logic1`), runs `+effect=pairs` over pictures that it was not trained on, and
leaves `found.csv`: for each world and planted pair what the rule is, what composing the pictures again says of the
network, and what was found; and every pair that was found and is not planted.
"""

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
from emocam.world.draw import draw
from emocam.world.rules import DRAWN_WORLDS, Combined

KINDS = {"both": ONLY_WITH, "either": EITHER, "unless": UNLESS}
TRUTH = 30
"""Pictures in which a planted pair is composed again without the one, the other and both."""


def commands(folder: Path, world: str, images: int) -> list[list[str]]:
    """The two commands of a world."""
    common = ("logger=null", "quiet=true", f"data.world={world}")
    return [
        [
            "task=train",
            *common,
            "task.pictures=5000",
            "train.epochs=40",
            f"hydra.run.dir={folder / world}-network",
        ],
        [
            *("+effect=pairs", *common, f"data.images={images}", "effect.fills=[blur]", "effect.images=30"),
            *("effect.sets=10", "callback.report=null", "callback.overlay=null"),
            f"classifier.weights={folder / world}-network/{world}.safetensors",
            f"hydra.run.dir={folder / world}",
        ],
    ]


def composed(network: PlantedClassifier, world: str, label: str, rule: Combined) -> str:
    """What the network makes of a planted pair, by composing pictures again without the objects."""
    rules = DRAWN_WORLDS[world]
    scenes = []
    number = UNSEEN
    while len(scenes) < TRUTH:
        scene = compose(rules, 0, number)
        number += 1
        if {rule.first, rule.second} <= {thing.object for thing in scene.things}:
            scenes.append(scene)
    a, b = rule.first, rule.second
    shown = (
        scenes,
        [scene.without(a) for scene in scenes],
        [scene.without(b) for scene in scenes],
        [scene.without(a).without(b) for scene in scenes],
    )
    of = torch.full((TRUTH,), network.labels.index(label))
    scores = [log_odds(logits_of_pictures(network, [draw(scene) for scene in part]), of) for part in shown]
    here, no_a, no_b, none = (score.mean().item() for score in scores)
    shares = [score.sigmoid().mean().item() for score in scores]
    interaction = (here - none) - (here - no_a) - (here - no_b)
    row: dict[str, object] = {"a": a, "b": b, "alone_a": here - no_a, "alone_b": here - no_b, "q": 0.0}
    row |= {name: shares[0] - share for name, share in zip(LOST, shares[1:], strict=True)}
    row |= {"interaction": interaction, "low": interaction, "high": interaction}
    return str(with_relations(pd.DataFrame([row]), 0.5)["relation"].iloc[0])


def score(folder: Path, world: str) -> list[dict[str, object]]:
    """A row for each planted pair, and for each found one that is not planted."""
    table = pd.read_csv(folder / world / "pairs.csv", keep_default_na=False)
    found = {
        (row["label"], frozenset((row["a"], row["b"]))): row
        for row in table[table["relation"] != ""].to_dict("records")
    }
    network = PlantedClassifier(weights=str(folder / f"{world}-network" / f"{world}.safetensors"))
    rows: list[dict[str, object]] = []
    for label, rule in DRAWN_WORLDS[world].combined.items():
        row = found.pop((label, frozenset((rule.first, rule.second))), None)
        right = row is not None and row["relation"] == KINDS[rule.how]
        if right and rule.how == "unless":
            right = row is not None and row["a"] == rule.first
        rows.append(
            {
                "world": world,
                "label": label,
                "a": rule.first,
                "b": rule.second,
                "planted": KINDS[rule.how],
                "composed": composed(network, world, label, rule),
                "found": "" if row is None else row["relation"],
                "right": right,
            }
        )
    for (label, _), row in found.items():
        pair = {name: row[name] for name in ("a", "b")}
        rows.append(
            {"world": world, "label": label, **pair, "planted": "", "found": row["relation"], "right": False}
        )
    return rows


def main() -> None:
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "outputs/pairs").absolute()
    names = (
        sys.argv[2].split(",")
        if len(sys.argv) > 2
        else [name for name in DRAWN_WORLDS if name.startswith("logic")]
    )
    images = int(sys.argv[3]) if len(sys.argv) > 3 else 500
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
        learned = int((of_kind["composed"] == kind).sum())
        sys.stdout.write(
            f"{kind}: {count} of {tried} found ({low:.2f} to {high:.2f}), learned by {learned} networks\n"
        )
    false = table[table["planted"] == ""]
    sys.stdout.write(f"false pairs: {len(false)}, in {false['world'].nunique()} of {len(names)} worlds\n")


if __name__ == "__main__":
    main()
