"""Regions of drawn faces: what a network uses is known, and this says which methods name it.

python experiments/faces.py                        seeds 0 to 2 of faces and faces_shortcut, ten of faces_null
python experiments/faces.py --seeds 1 --nulls 0    faster
python experiments/faces.py --images 120 --masks 300

For each CAM: the labels of six whose first region, by mean importance against the other labels, is one in
which a cause is drawn, and whether regions of bystanders alone are called used. Regions without a role are
counted, too.
"""

import argparse
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import emocam
from emocam.cells.fixed_regions import importance_contrast
from emocam.cells.verdict import USED
from emocam.world.face_rules import FACE_WORLDS

METHODS = {"regions": (), "rise": ("cam.masks=500",), "gradcam": (), "centre": ()}
QUICK = (
    "logger=null",
    "cache=null",
    "quiet=true",
    "~callback.report",
    "~callback.overlay",
    "data.group=person",
)


@dataclass(frozen=True)
class FacesRow:
    """What one run found: labels with a planted region first, and cells called used by role."""

    world: str
    seed: int
    cam: str
    accuracy: float
    planted_first: int
    used: dict[str, int]

    def __str__(self) -> str:
        used = ", ".join(f"{count} {role}" for role, count in self.used.items()) or "none"
        return (
            f"| {self.world} | {self.seed} | {self.cam} | {self.accuracy:.3f} "
            f"| {self.planted_first} of 6 | {used} |"
        )


def run_faces(
    world: str, seed: int, cam: str, images: int, folder: Path, effect: bool = True, *words: str
) -> FacesRow:
    """Explain a corpus of faces, take regions away, and hold the run against the rules of the world."""
    erase = ("effect=erase", "effect.images=30", "effect.cells=78", "effect.random=0") if effect else ()
    run = emocam.run(
        f"data.world={world}",
        f"seed={seed}",
        f"data.images={images}",
        f"cam={cam}",
        f"hydra.run.dir={folder}",
        *METHODS.get(cam, ()),
        *QUICK,
        *erase,
        *words,
    )
    assert isinstance(run, emocam.Run)
    rules = FACE_WORLDS[world]
    contrast = importance_contrast(run, run.thresholds)
    first = 0
    for place, label in enumerate(run.label_names):
        best = run.object_names[int(contrast[:, place].argmax())] if contrast.size else ""
        first += rules.role(best, label) in ("cause", "shortcut")
    cells = run.cells[run.cells["verdict"].astype(str) == USED] if effect else run.cells[:0]
    roles = [str(rules.role(cell.object, cell.label)) for cell in cells.itertuples()]
    counts = {role: roles.count(role) for role in dict.fromkeys(sorted(roles))}
    return FacesRow(world, seed, cam, float(run.summary.get("accuracy", 0.0)), first, counts)


def main() -> None:
    """Print a row a run."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--nulls", type=int, default=10)
    parser.add_argument("--images", type=int, default=240)
    parser.add_argument("--masks", type=int, default=500)
    asked = parser.parse_args()
    print("| world | seed | cam | accuracy | planted region first | called used |\n|---|---|---|---|---|---|")
    with TemporaryDirectory() as folder:
        for seed in range(asked.seeds):
            for world in ("faces", "faces_shortcut"):
                for cam in METHODS:
                    words = (f"cam.masks={asked.masks}",) if cam == "rise" else ()
                    at = Path(folder) / f"{world}-{seed}-{cam}"
                    print(run_faces(world, seed, cam, asked.images, at, cam == "regions", *words), flush=True)
        for seed in range(asked.nulls):
            at = Path(folder) / f"null-{seed}"
            print(run_faces("faces_null", seed, "regions", asked.images, at), flush=True)


if __name__ == "__main__":
    main()
