"""The long tests of reliability: what kills, damages, fills, turns or repeats, and what is known of the answer.

    python benchmarks/soak                        all of it, an hour or more on one core
    python benchmarks/soak kills disk             two of its parts
    python benchmarks/soak --size 0.1             a tenth
    python benchmarks/soak --out FOLDER           goes on where FOLDER/soak.json stops

Each part prints a line a step and adds to FOLDER/soak.json. The exit status is 1 where anything was wrong.
"""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import annotation_files
import disk
import doors
import endings
import hostile
import install
import invariance
import kills
import many_runs
import metamorphic
import oracles
import pictures
import planted_truth
import random_settings
import ranks
import server
import stale
import store
import turned
from steps import Part, run_part

PARTS: dict[str, Part] = {
    "kills": kills.PART,
    "pictures": pictures.PART,
    "annotations": annotation_files.PART,
    "store": store.PART,
    "many_runs": many_runs.PART,
    "disk": disk.PART,
    "server": server.PART,
    "stale": stale.PART,
    "install": install.PART,
    "ranks": ranks.PART,
    "settings": random_settings.PART,
    "oracles": oracles.PART,
    "planted": planted_truth.PART,
    "turned": turned.PART,
    "hostile": hostile.PART,
    "endings": endings.PART,
    "invariance": invariance.PART,
    "metamorphic": metamorphic.PART,
    "doors": doors.PART,
}


def main() -> int:
    """Run the parts that are named, or all of them."""
    parser = argparse.ArgumentParser(prog="python benchmarks/soak", description=__doc__.splitlines()[0])
    parser.add_argument("parts", nargs="*", metavar="PART", help=", ".join(PARTS))
    parser.add_argument("--size", type=float, default=1.0, help="how much of it (1)")
    parser.add_argument("--out", type=Path, default=Path("soak"), help="where to work (soak)")
    given = parser.parse_args()
    if unknown := [name for name in given.parts if name not in PARTS]:
        parser.error(f"there is no part {unknown[0]}; they are {', '.join(PARTS)}")
    faults = 0
    for name in given.parts or PARTS:
        faults += run_part(name, PARTS[name], given.out.absolute(), given.size)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
