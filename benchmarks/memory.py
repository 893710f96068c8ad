"""Whether a run's memory grows with its corpus: peak resident memory for few and for many images.

    python benchmarks/memory.py                    2,000 and 26,000 pictures
    python benchmarks/memory.py --images 200 800   quicker

Each run is the ordinary command in a process of its own, without tracking and without workers, on
pictures that cost next to nothing: 16 x 16 pixels, three annotated objects each, and a classifier of
one small convolution. What is left is what EmoCAM itself keeps: listing, ledger, shards, merge, matrix,
cells, page. Writes benchmarks/memory.md.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

CHEAP = """
from dataclasses import dataclass

import numpy as np
import torch
from PIL import Image
from torch import nn

from emocam.classifier.base import Classifier
from emocam.data.base import Data
from emocam.view.crops import Stretch
from emocam.records.picture import Picture


class Net(Classifier):
    layer = "the only convolution"

    def __init__(self) -> None:
        super().__init__()
        self.labels, self.view = [f"Label {i}" for i in range(8)], Stretch((16, 16))
        torch.manual_seed(0)
        self.features = nn.Sequential(nn.Conv2d(3, 8, 5, stride=3))
        self.head = nn.Sequential(nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 8))


@dataclass(kw_only=True)
class Pictures(Data):
    count: int = 2000

    def __post_init__(self) -> None:
        super().__post_init__()
        self.objects = [f"Object {i}" for i in range(40)]

    def paths(self) -> list[str]:
        return [f"folder/{i:07d}.png" for i in range(self.count)]

    def open(self, path: str) -> Picture:
        dice = np.random.default_rng(int(path[-11:-4]))
        pixels = dice.integers(256, size=(16, 16, 3), dtype=np.uint8)
        corner = dice.random((3, 2), np.float32) / 2
        boxes = np.concatenate([corner, corner + 0.4], 1)
        return Picture(Image.fromarray(pixels), boxes, dice.integers(40, size=3))
"""
MEASURED = """
import json, resource, sys
from emocam.cli.main import answer
sys.path.insert(0, ".")
assert answer(sys.argv[1:]) == 0
print(json.dumps(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10))
"""
WORDS = (
    *("data._target_=cheap.Pictures", "classifier._target_=cheap.Net", "allow=[cheap]", "cam=gradcam"),
    *("+data.workers=0", "logger=null", "cache=null", "quiet=true", "trainer=cpu"),
)
STAGES = {"all": (), "without the page": ("~callback.report",), "tables alone": ("callback={}",)}


def peak(folder: Path, images: int, *words: str) -> float:
    """MiB."""
    run = f"hydra.run.dir={folder}/{images}-{len(list(folder.iterdir()))}"
    command = [sys.executable, "-c", MEASURED, *WORDS, f"data.count={images}", run, *words]
    done = subprocess.run(
        command, capture_output=True, text=True, cwd=folder, env=os.environ | {"OMP_NUM_THREADS": "1"}
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return float(json.loads(done.stdout.splitlines()[-1]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, nargs=2, default=(2_000, 26_000))
    parser.add_argument("--stages", nargs="+", default=["all"], choices=list(STAGES))
    given = parser.parse_args()
    few, many = given.images
    lines = [f"| run | {few:,} images | {many:,} images | growth |", "|---|---|---|---|"]
    with tempfile.TemporaryDirectory(prefix="emocam-memory-") as temporary:
        folder = Path(temporary)
        (folder / "cheap.py").write_text(CHEAP)
        for stage in given.stages:
            low, high = (peak(folder, images, *STAGES[stage]) for images in (few, many))
            lines.append(f"| {stage} | {low:,.0f} MiB | {high:,.0f} MiB | {100 * (high / low - 1):+.1f} % |")
            print(lines[-1], flush=True)
    lines += ["", f"{datetime.now(UTC):%d %B %Y, %H:%M} UTC. Peak resident memory of the whole command."]
    Path(__file__).with_suffix(".md").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
