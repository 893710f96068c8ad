"""From a shortcut to its cure on the embedded world, by one command: prescribe, train, explain again, compare.

    python experiments/prescribe.py [FOLDER] [SEED]

leaves `before`, `trained`, `after` and `compared` in the folder; the last lines say whether the shortcut is gone.
"""

import subprocess
import sys
from pathlib import Path

COMMON = ("data.images=300", "effect.fills=[blur]", "logger=null", "quiet=true")
TRAIN = ("train.epochs=25", "train.rate=0.001", "train.hold=0", "train.keep=last", "train.augment=null")


def commands(folder: Path, seed: int) -> list[list[str]]:
    """The four commands, in their order."""
    before, trained, after = (folder / name for name in ("before", "trained", "after"))
    made = before / "prescription"
    own = (*COMMON, f"seed={seed}")
    return [
        ["+experiment=prescribe", *own, f"hydra.run.dir={before}"],
        [
            *("task=train", "data=table", f"data.file={made}/labels.csv", "classifier=planted", *TRAIN),
            *(f"classifier.labels={made}/labels.txt", f"seed={seed}", "logger=null", "quiet=true"),
            f"hydra.run.dir={trained}",
        ],
        [
            *("+cam=gradcam", "+effect=erase", *own, f"classifier.weights={trained}/weights.safetensors"),
            f"hydra.run.dir={after}",
        ],
        ["compare", str(before), str(after), "--paired", "--out", str(folder / "compared")],
    ]


def main() -> None:
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "outputs/cure").absolute()
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 0
    for words in commands(folder, seed):
        subprocess.run([sys.executable, "-m", "emocam", *words], check=True)


if __name__ == "__main__":
    main()
