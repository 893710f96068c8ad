"""Commands killed hard anywhere, and given again until they end: nothing is lost, doubled or different."""

import os
import random
import shutil
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from child import QUIET, Child, start, warm_up
from equal import differences
from steps import Part

KILLS = 4
"""Of one step: the command is then left to end."""
IMAGES = 60
RUN = (*QUIET, "cam=gradcam", f"data.images={IMAGES}", "logger=null")
BARE = (*RUN, "data.workers=0", "cache=null")
FEW = ("+effect=erase", "effect.cells=2", "effect.random=0", "effect.images=3", "effect.fills=[grey]")
KINDS: dict[str, list[tuple[str, ...]]] = {
    "plain": [(*BARE, "hydra.run.dir=run")],
    "workers": [(*RUN, "data.workers=2", "cache=null", "hydra.run.dir=run")],
    "shards and merge": [
        (*BARE, "data.shard=1/2", "hydra.run.dir=one"),
        (*BARE, "data.shard=2/2", "hydra.run.dir=two"),
        ("merge", "one", "two", "--out", "run"),
    ],
    "report": [(*BARE, "hydra.run.dir=run")],
    "cache": [
        (*RUN, "data.workers=0", "detector=haar", "hydra.run.dir=first"),
        (*RUN, "data.workers=0", "detector=haar", "hydra.run.dir=run"),
    ],
    "effect": [(*BARE, *FEW, "hydra.run.dir=run")],
    "replay": [
        (*BARE, "hydra.run.dir=first"),
        (*QUIET, "logger=null", "task=replay", "evidence=first", "vocabulary.rename={Boat: Ship}",
         *FEW, "data.workers=0", "hydra.run.dir=run"),
    ],
}  # fmt: skip


def step(number: int, folder: Path, shared: Path) -> dict[str, Any]:
    """Kill the commands of one kind a few times, end them, and hold the result against an undisturbed one."""
    kind = list(KINDS)[number % len(KINDS)]
    reference, seconds = undisturbed(kind, shared)
    dice = random.Random(number)
    places: Counter[str] = Counter()
    faults = []
    commands = KINDS[kind]
    for place, words in enumerate(commands):
        kills = KILLS if place == len(commands) - 1 else 1
        for _ in range(kills):
            name = words[-1].partition("=")[2] or words[-1]
            child = start(folder, *words)
            if kind == "report":
                written = folder / name / "predictions.parquet"
                wait_for(child, written.exists)
            time.sleep(dice.uniform(0, 0.95 * seconds[place]) * (0.4 if kind == "report" else 1))
            if killed := kill(child, dice, of_worker=kind == "workers" and dice.random() < 0.5):
                places[where(folder / name)] += 1
            elif killed is None:
                faults.append(f"{kind}: ended with {child.errors[-200:]!r}")
        ended = start(folder, *words)
        if (status := ended.wait()) != 0:
            ended.kill() if status is None else None
            faults.append(f"{kind}: {' '.join(words)} ended with {status}: {ended.errors[-300:]!r}")
            break
    else:
        faults += [f"{kind}: {fault}" for fault in differences(folder / "run", reference)]
    return {
        "kills": sum(places.values()),
        **{f"in {name}": n for name, n in places.items()},
        "faults": faults,
    }


def undisturbed(kind: str, shared: Path) -> tuple[Path, list[float]]:
    """Return the run of commands that nobody killed, and the seconds that each took."""
    warm_up()
    folder = shared / f"undisturbed-{kind.replace(' ', '-')}"
    file = folder / "seconds"
    if not file.is_file():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        seconds = []
        for words in KINDS[kind]:
            began = time.perf_counter()
            child = start(folder, *words)
            if child.wait() != 0:
                raise RuntimeError(f"{kind}: {child.errors[-400:]}")
            seconds.append(time.perf_counter() - began)
        file.write_text(" ".join(map(str, seconds)))
    return folder / "run", [float(text) for text in file.read_text().split()]


def kill(child: Child, dice: random.Random, of_worker: bool) -> bool | None:
    """Kill a command, or one of its workers; False where it had ended by itself, None where it ended badly."""
    workers = list(children(child.pid)) if of_worker else []
    if workers:
        try:
            os.kill(dice.choice(workers), 9)
        except ProcessLookupError:
            workers = []
    if workers:
        status = child.wait(60)
        if status is None:
            child.kill()
        # a worker's death is told in a sentence, or it had nothing left to do
        return True if status in (0, 1, None) and "Traceback" not in child.errors else None
    status = child.wait(0)
    if status is None:
        child.kill()
        return True
    return False if status == 0 else None


def children(pid: int) -> Iterator[int]:
    """Yield the processes that a process started."""
    for file in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(file.read_text().rpartition(")")[2].split()[1])
        except (OSError, ValueError, IndexError):
            continue
        if parent == pid:
            yield int(file.parent.name)


def wait_for(child: Child, ready: Callable[[], bool], seconds: float = 120) -> None:
    """Wait until something is there, or the command has ended."""
    end = time.monotonic() + seconds
    while not ready() and time.monotonic() < end and Path(f"/proc/{child.pid}/fd").exists():
        if Path(f"/proc/{child.pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
            return
        time.sleep(0.002)


def where(folder: Path) -> str:
    """Return what a killed command was at, by what it left."""
    if (folder / "files.json").is_file():
        return "a finished folder"
    if (folder / "report.tmp").is_dir():
        return "the page"
    if (folder / "trying").is_dir():
        return "the effect"
    if (folder / "shards.merged").is_dir() or (
        (folder / "shards").is_dir() and list(folder.glob("*.parquet"))
    ):
        return "the merging of shards"
    if (folder / "shards").is_dir():
        return "the pictures"
    if (folder / "predictions.parquet").is_file():
        return "the callbacks"
    return "the beginning"


PART = Part(step, 48)
