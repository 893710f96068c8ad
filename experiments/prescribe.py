"""From a shortcut to its cure by one command: prescribe, train, explain again, compare; and on unseen pictures as well.

    python experiments/prescribe.py [FOLDER] [SEED]
    python experiments/prescribe.py FOLDER SEED PHOTOS KIND WEIGHTS

on the embedded world, or on planted photographs of a network of this KIND and these WEIGHTS, trained with the same
seed. Of photographs every second picture of the corpus is prescribed from and trained on (`before`, `trained`,
`after`), and nobody has seen the others (`unseen-before`, `unseen-after`); the embedded world draws new ones.
`compared` and `unseen-compared` say whether the shortcut is gone, and the last lines what the unseen pictures lose
when they are composed again without it, before and after.
"""

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from emocam.cells.effects import CELL, COMPOSED
from emocam.cells.paired_effects import cured_cells, spread_interval
from emocam.results.files import EFFECT
from emocam.results.parquet_file import read_frame
from emocam.results.run import Run

UNSEEN = 1000
"""How far the seed of unseen pictures of the embedded world is from that of the others."""
TRAIN = ("train.hold=0", "train.keep=last", "train.augment=null", "logger=null", "quiet=true")


@dataclass(frozen=True)
class Study:
    """What is cured: words of all runs, of the network before, of any network, of training and cure."""

    folder: Path
    seed: int = 0
    run: tuple[str, ...] = ("data.images=300", "effect.fills=[blur]")
    halves: bool = False
    first: tuple[str, ...] = ()
    network: tuple[str, ...] = ()
    train: tuple[str, ...] = ("train.epochs=25", "train.rate=0.001")
    cure: tuple[str, ...] = ()

    def explain(self, name: str, study: str, weights: tuple[str, ...]) -> list[str]:
        """Return the command of a run over the pictures that are trained on, or over unseen ones."""
        unseen = name.startswith("unseen")
        own = (f"seed={self.seed}", "logger=null", "quiet=true")
        if self.halves:
            own += (f"data.shard={2 if unseen else 1}/2",)
        elif unseen:
            own += (f"data.seed={self.seed + UNSEEN}",)
        words = (*study.split(), *self.run, *own, *self.network, *weights)
        return [*words, f"hydra.run.dir={self.folder / name}"]

    def commands(self) -> list[list[str]]:
        """Return the seven commands, in their order."""
        made, trained = self.folder / "before/prescription", self.folder / "trained"
        effects, cured = "+cam=gradcam +effect=erase", (f"classifier.weights={trained}/weights.safetensors",)
        return [
            self.explain("before", "+experiment=prescribe", (*self.first, *self.cure)),
            [
                *("task=train", "data=table", f"data.file={made}/labels.csv", "classifier=planted"),
                *(f"classifier.labels={made}/labels.txt", f"seed={self.seed}", *TRAIN, *self.train),
                *(*self.network, *self.first, f"hydra.run.dir={trained}"),
            ],
            self.explain("after", effects, cured),
            self.compare("before", "after", "compared"),
            self.explain("unseen-before", f"{effects} effect.composed=true", self.first),
            self.explain("unseen-after", f"{effects} effect.composed=true", cured),
            self.compare("unseen-before", "unseen-after", "unseen-compared"),
        ]

    def compare(self, before: str, after: str, out: str) -> list[str]:
        """Return the command that compares two runs."""
        runs = (str(self.folder / before), str(self.folder / after))
        return ["compare", *runs, "--paired", "--out", str(self.folder / out)]


def of_photographs(folder: Path, seed: int, photos: str, kind: str, weights: str) -> Study:
    """Return the study of a network of planted photographs."""
    return Study(
        folder,
        seed,
        (
            "data=planted",
            "data.world=photographs",
            f"data.root={photos}",
            "data.images=500",
            *("effect.images=25", "effect.cells=20", "effect.random=0"),
        ),
        True,
        (f"classifier.weights={weights}",),
        ("classifier.world=photographs", f"classifier.network={kind}"),
        ("train.epochs=14", "train.rate=0.001"),
        ("prescribe.images=100",),
    )


def composed_again(folder: Path) -> list[str]:
    """What the unseen pictures called as the shortcut's label lose when they are composed again without it."""
    lines = []
    for name in ("unseen-before", "unseen-after"):
        run = Run(folder / name)
        rows = read_frame(run.file(EFFECT), columns=[*CELL, "fill", "effect"])
        rows = rows.astype(dict.fromkeys([*CELL, "fill"], str))
        rows = rows[rows["fill"] == COMPOSED]
        for object, label in sorted(cured_cells(run)):
            drop = rows.loc[(rows["object"] == object) & (rows["label"] == label), "effect"].to_numpy(float)
            low, high = spread_interval(drop)
            lines.append(
                f"{name}: composed again without {object}, {len(drop)} pictures called {label} lose "
                f"{drop.mean():.2f} log-odds ({low:.2f} to {high:.2f})"
            )
    return lines


def main(words: list[str]) -> None:
    folder, seed = (
        Path(words[0] if words else "outputs/cure").absolute(),
        int(words[1]) if len(words) > 1 else 0,
    )
    study = of_photographs(folder, seed, *words[2:5]) if len(words) > 2 else Study(folder, seed)
    for command in study.commands():
        subprocess.run([sys.executable, "-m", "emocam", *command], check=True)
    sys.stdout.write("\n".join(composed_again(folder)) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
