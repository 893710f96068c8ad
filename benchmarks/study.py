"""The whole study, from files to tables: ours beside a loop in the manner of the reference (loop.py).

The networks have random weights, the detector's last layers scaled so that it finds boxes.
"""

import tempfile
from collections.abc import Iterator
from functools import cache, partial
from pathlib import Path
from typing import Any

import limits
import networks
import numpy as np
import torch
from batches import PAPER, Ours
from loop import Loop
from PIL import Image
from racing import Agreement, Contest, Way, duration, race
from telling import Kept, table_of

from emocam.results.tables import evidence_tables

PHOTOS = Path(__file__).resolve().parents[2] / "shared/data/photos"
FINDINGEMO = 25_869
LOOP, MARGIN = "the loop", 0.02


@cache
def photos(folder: Path, images: int) -> Path:
    """A folder of photographs: real ones where they are, else drawn from noise."""
    folder.mkdir(exist_ok=True)
    real = sorted(PHOTOS.glob("*.jpg"))[:images] if PHOTOS.is_dir() else []
    dice = np.random.default_rng(0)
    for number in range(images):
        file = folder / f"{number:03d}.jpg"
        if real:
            file.write_bytes(real[number % len(real)].read_bytes())
        else:
            noise = Image.fromarray(dice.integers(0, 255, (24, 32, 3), np.uint8))
            noise.resize((640, 480), Image.Resampling.BICUBIC).save(file, quality=90)
    return folder


def credited(objects: Any, importance: Any, above: float) -> set[int]:
    return {int(o) for o, i in zip(objects, importance, strict=True) if i > above}


def agreement(ours: Ours, loop: Loop, files: list[Path], tolerance: float) -> Agreement:
    """Objects that one counts in an image and the other does not, were the threshold a margin lower."""
    evidence, differing, total = ours.explain()[0], 0, 0
    for i, file in enumerate(files):
        rows, here = loop.explain(file, "gradcam"), evidence.detections.image == i
        one = evidence.detections.object[here], evidence.importance[here]
        two = rows["object"], rows["importance"]
        sure, other = credited(*one, 0.3 + MARGIN), credited(*two, 0.3 + MARGIN)
        differing += len(sure - credited(*two, 0.3 - MARGIN)) + len(other - credited(*one, 0.3 - MARGIN))
        total += len(sure | other)
    return Agreement(differing / max(total, 1), tolerance, f"share of {total} objects counted by one alone")


def pasted(ours: Ours, loop: Loop, file: Path) -> Agreement:
    one, two = ours.paste()[0], loop.paste(file)
    apart = sum(a != b for a, b in zip(one, two, strict=True)) / len(one)
    return Agreement(apart, 0.02, f"share of {len(one)} labels after pasting that differ")


def contests_in(folder: Path, small: bool) -> Iterator[Contest]:
    size, images = (96, 2) if small else (608, 4)
    files = sorted(photos(folder, images).iterdir())
    loop = Loop(size)

    def everything() -> None:
        for method in PAPER:
            loop.explain(files[0], method)
        loop.paste(files[0])

    for precision, least, tolerance in (("32", (1.3, 9), 0.05), ("bf16", (2.6, 18), 0.5)):
        single, five = (
            Ours(folder, size, methods, images, precision) for methods in (["gradcam"], list(PAPER))
        )
        said = "" if precision == "32" else ", precision=bf16"
        yield Contest(
            f"Grad-CAM study, batch {images}{said}",
            Way(single.explain, images),
            {LOOP: Way(lambda: loop.explain(files[0], "gradcam"))},
            partial(agreement, single, loop, files[:2], tolerance),
            {LOOP: least[0]},
        )
        yield Contest(
            f"five CAMs and paste (51 variants), batch {images}{said}",
            Way(five.both, images),
            {LOOP: Way(everything)},
            partial(pasted, five, loop, files[0]),
            {LOOP: least[1]},
        )


def contests(small: bool = False) -> Iterator[Contest]:
    with tempfile.TemporaryDirectory(prefix="emocam-bench-") as name:
        yield from contests_in(Path(name) / "photos", small)


def projection(kept: Kept) -> str:
    """Hours of one core for the pictures of FindingEmo."""
    lines = [f"\n{FINDINGEMO:,} pictures on this one core would take, by these medians:", ""]
    for work, times in kept:
        told = ", ".join(f"{name} {seconds * FINDINGEMO / 3600:.1f} h" for name, seconds in times.items())
        lines.append(f"- {work}: {told}")
    return "\n".join(lines)


def stages() -> str:
    """Where the time of ours goes, beside what the core could do, and what a corpus costs."""
    with tempfile.TemporaryDirectory(prefix="emocam-bench-") as name:
        ours = Ours(photos(Path(name) / "photos", 8), 608, list(PAPER), 8)
        batch = ours.open()
        x = ours.net.prepare(batch.classifier_view)
        assert isinstance(batch.detector_view, torch.Tensor)
        view = batch.detector_view[:1].float() / 255
        with torch.no_grad():
            prediction, explanation = ours.step.explain(batch)[0]
            found = ours.detector(batch)
        evidence = ours.step.weigh(batch, prediction, explanation, found)
        seen = ours.net.features(x)
        work = {
            "open, turn, both views": (ours.open, 0.0),
            "EmoNet's features": (lambda: ours.net.features(x), networks.flop(ours.net.features, x[:1])),
            "EmoNet's head": (lambda: ours.net.head(seen), networks.flop(ours.net.head, seen[:1])),
            "features, answer and five CAMs": (lambda: ours.step.explain(batch), 0.0),
            "YOLOv3-608 with post-processing": (
                lambda: ours.detector(batch),
                networks.flop(networks.yolo(608), view),
            ),
            "importance and chance, one CAM": (
                lambda: ours.step.weigh(batch, prediction, explanation, found),
                0.0,
            ),
            "tables, one CAM": (
                lambda: evidence_tables(evidence, ours.net.labels, ours.detector.objects),
                0.0,
            ),
            "paste, 51 variants": (ours.paste, 0.0),
        }
        ways = {name: Way(torch.no_grad()(call) if flop else call, 8) for name, (call, flop) in work.items()}
        times = race({**ways, "limit": limits.best()}, rounds=3)
    best = {name: min(t.seconds) for name, t in times.items()}
    lines = [
        f"\n{len(found) / 8:.0f} regions a picture.",
        "",
        "| stage, batch 8 | an image | of the best product |",
        "|---|---|---|",
    ]
    for name, (_, flop) in work.items():
        share = f"{100 * flop / 1e9 * best['limit'] / best[name]:.0f} %" if flop else ""
        lines.append(f"| {name} | {duration(best[name])} | {share} |")
    return "\n".join(lines)


def table() -> str:
    kept: Kept = []
    return "\n".join([table_of(contests(), kept), projection(kept), stages()])


if __name__ == "__main__":
    print(table())
