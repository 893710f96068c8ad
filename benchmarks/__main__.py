"""All subjects, or those that are named: their tables beside this file, and the README of all.

python benchmarks                  everything, a quarter of an hour on a quiet core
python benchmarks cams forward     two subjects; the others keep the tables that they have
python benchmarks gpu              all questions to a GPU, in less than eight minutes: gpu.md, gpu.json
"""

import argparse
import importlib
import os
import platform
import sys
import time
from datetime import UTC, datetime
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

HERE = Path(__file__).parent
SUBJECTS = {
    "study": "The whole study",
    "whole_command": "The whole command",
    "cams": "CAM methods",
    "quick": "Networks by the quickest way",
    "explain": "emocam.explain, call after call",
    "forward": "The networks' passes, and boxes from YOLO",
    "decode": "Opening pictures",
    "regions": "Means in boxes",
    "chance": "Levels of chance",
    "dependence": "Pictures that are not independent",
    "films": "Films",
    "gaze": "Gaze, and what observers say of a film",
    "paste": "Pasting",
    "evidence": "The table of regions",
    "grid": "Grids of thresholds",
    "attribute_maps": "Maps of many attributes",
    "manifold": "Manifolds",
    "page": "The report in a browser",
    "labels": "A thousand labels",
}
ALONE = {
    "scale": "When the evidence outgrows memory",
    "memory": "Memory and the number of images",
    "before_after": "Every row before and after",
    "replay": "Large runs replayed, with their page",
}
"""Too long for an hour, or of two commits: each is measured by itself."""
LIBRARIES = (
    *("torch", "torchvision", "grad-cam", "captum", "lightnet"),
    *("opencv-python-headless", "pillow", "pandas", "pyarrow"),
)
HEADER = """# Benchmarks

EmoCAM beside what a user would otherwise call, at the same work, in one process and on one thread.

- **How to read a row.** *Ours* and *theirs* are the time of one image (or of the whole job, where the row
  says so). The ratio is theirs over ours: of the medians, and of the minima in brackets. *At least* is the
  goal; a row that is under it by both says **missed**, and the notes say why.
- **Alternating.** Contestants take turns, in this order and in its reverse, so that a machine that slows
  down slows both. Ratios move from run to run by a few percent; milliseconds move with the processor.
- **Processor seconds.** Time that others had the core is not counted, nor is waiting for a disk.
- **Memory.** Ours keeps what it has freed for the next batch, as a run does (emocam/system/memory.py); the others have
  what glibc comes to by itself.
- **Agreement first.** Before a race the answers are compared; the last column says how far apart they are
  and how far they may be. What does not agree is not timed. `pytest tests/test_benchmarks.py` runs these
  comparisons, small.
- **Random weights.** They change no time; shares of labels that stay are told with them, so take those
  as a hint.
- **One core, no GPU.** None could be had yet: what one would be asked, and what is known without one, is in
  [gpu.md](gpu.md); `make gpu` asks it.
- `make bench` repeats everything; `python benchmarks cams` one subject, `python benchmarks/cams.py` without
  writing. Each table tells when and on what it was measured, and the limits of that hour.
- `python benchmarks/before_after.py CHECKOUT` holds every row to an earlier commit: ours then and now, in turn.
"""


def versions() -> str:
    told = []
    for library in LIBRARIES:
        try:
            told.append(f"{library} {version(library)}")
        except importlib.metadata.PackageNotFoundError:
            continue
    return ", ".join(told)


def processor() -> str:
    """Its model, and what of bfloat16 it has."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    found = dict(line.split(":", 1) for line in lines if ":" in line)
    fields = {key.strip(): value.strip() for key, value in found.items()}
    extras = [
        flag for flag in ("avx512f", "avx512_bf16", "amx_tile") if flag in fields.get("flags", "").split()
    ]
    family = f"family {fields.get('cpu family')}, model {fields.get('model')}"
    return f"{fields.get('model name', platform.machine())} ({family}; {' '.join(extras) or 'no avx512'})"


def circumstances() -> str:
    """Date, machine, load and limits, in one paragraph."""
    import limits  # which needs what a GPU's machine may lack

    busy = os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")
    return (
        f"{datetime.now(UTC):%d %B %Y, %H:%M} UTC. {processor()}, {os.cpu_count()} cores, one used; load "
        f"{busy:.1f}. Limits: {limits.line()}. Python {platform.python_version()}, {versions()}."
    )


def measure(subject: str) -> None:
    """Leaves SUBJECT.md."""
    start, told = time.perf_counter(), circumstances()
    print(f"\n## {SUBJECTS[subject]}\n\n{told}\n", flush=True)
    table = importlib.import_module(subject).table()
    print(table, flush=True)
    took = f"Measured in {time.perf_counter() - start:.0f} s."
    (HERE / f"{subject}.md").write_text(f"{table.strip()}\n\n{told} {took}\n")


def assemble() -> str:
    """All tables that there are, each with its notes where it has some."""
    parts = [HEADER]
    for subject, title in (SUBJECTS | ALONE).items():
        if (HERE / f"{subject}.md").is_file():
            notes = HERE / "notes" / f"{subject}.md"
            told = f"{notes.read_text().strip()}\n\n" if notes.is_file() else ""
            by = (
                f"`benchmarks/{subject}.py`\n\n" if (HERE / f"{subject}.py").is_file() else ""
            )  # else by hand
            parts.append(f"## {title}\n\n{by}{told}{(HERE / f'{subject}.md').read_text()}")
    return "\n".join(parts)


def main() -> None:
    if sys.argv[1:2] == ["gpu"]:
        sys.exit(importlib.import_module("gpu").main(sys.argv[2:]))
    there = [subject for subject in SUBJECTS if find_spec(subject)]
    parser = argparse.ArgumentParser(prog="python benchmarks", description=__doc__.splitlines()[0])
    parser.add_argument("subjects", nargs="*", help=", ".join([*there, "or readme: assemble it anew"]))
    given = parser.parse_args()
    unknown = set(given.subjects) - set(there) - {"readme"}
    if unknown:
        parser.error(f"no subject {', '.join(sorted(unknown))}; there are {', '.join(there)}")
    for subject in given.subjects or there:
        if subject != "readme":
            measure(subject)
    (HERE / "README.md").write_text(assemble())
    print(f"\n{HERE / 'README.md'}")


if __name__ == "__main__":
    main()
