"""Every row of the benchmarks before and after a change, in one run: the same rows, asked of two packages in turn.

    git worktree add ../before COMMIT
    python benchmarks/before_after.py ../before             all subjects
    python benchmarks/before_after.py ../before cams grid   two; --seconds 200 begins no row after that many
    python benchmarks/before_after.py ../before --again     once more what is slower by more than the noise

The rows are built in two fresh processes, one with each package, that are asked alternately: before, after, after,
before. Times are their processor seconds. Rows that are done are kept in soak/before_after.jsonl: the same
command goes on where it stopped, and writes benchmarks/before_after.md. The benchmarks themselves are this checkout's.
"""

import argparse
import contextlib
import importlib
import json
import os
import platform
import re
import runpy
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

HERE = Path(__file__).resolve().parent
KEPT = HERE.parent / "soak/before_after.jsonl"
RACES = (
    *("attribute_maps", "cams", "chance", "decode", "evidence", "explain", "forward", "gaze", "grid"),
    *("manifold", "paste", "quick", "regions", "study"),
)
PROGRAMS = {"audit": ("8000", "2000"), "dependence": (), "digests": (), "films": ()}
"""What prints its own figures, or none: a whole process is a turn."""
WHOLE = "the whole program"
END = "its last row is done"
ROUNDS, BUDGET, SHORTEST = 6, 6.0, 0.1
"""Most rounds of two turns each; seconds of a row after which no further begins; a turn is repeated up to this."""
NOISE = 0.05
PRINTED = re.compile(
    r"^\| (?P<work>[^|]+) \| (?P<number>[\d.]+)(?: (?P<unit>s|ms|µs))?(?: \*\*missed\*\*)? \|"
)
UNITS = {None: 1.0, "s": 1.0, "ms": 1e-3, "µs": 1e-6}
Pairs = list[list[float]]
"""Seconds before and after, turn by turn."""
Rows = dict[tuple[str, str], Pairs]
"""By subject and work."""


def environment(package: Path) -> dict[str, str]:
    """Return the environment in which `import emocam` finds a package."""
    return os.environ | {"PYTHONPATH": str(package), "OMP_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1"}


class Asked:
    """A process that builds rows with one package, and takes turns when asked."""

    def __init__(self, package: Path) -> None:
        words = [sys.executable, __file__, str(package), "--child"]
        self.process = subprocess.Popen(
            words, env=environment(package), text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )

    def ask(self, word: str) -> Any:
        """Return the answer, or None from a process that ended because its package lacks what the row needs."""
        assert self.process.stdin is not None and self.process.stdout is not None
        try:
            self.process.stdin.write(f"{word}\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            return None
        return json.loads(self.process.stdout.readline() or "null")

    def end(self) -> None:
        self.process.communicate()


def answer() -> None:
    """Take a turn for each number that is read, build the next row at `next`, and begin with a subject that is named.

    A subject that asks for more than the package has is without rows.
    """
    from racing import OURS, turn

    told = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # libraries print
    rows: Iterator[Any] = iter(())
    contest: Any = None
    for word in map(str.strip, sys.stdin):
        if word.isdigit():
            said: object = turn(contest.ours, int(word), OURS)
        elif word == "next":
            contest = next(rows, None)
            said = contest and contest.work
        else:
            rows = iter(())
            with contextlib.suppress(ImportError):
                rows = importlib.import_module(word).contests()
            said = word
        told.write(f"{json.dumps(said)}\n")
        told.flush()


def pairs_of(before: Asked, after: Asked) -> Pairs:
    """Return the seconds of a row's turns: before, after, after, before."""
    if None in [sides.ask("1") for sides in (before, after)]:  # warms up, and does not count
        return []
    start = one = time.perf_counter()
    before.ask("1")
    repeats = max(1, min(200, round(SHORTEST / max(time.perf_counter() - one, 1e-4))))
    pairs: Pairs = []
    for number in range(ROUNDS):
        if number and time.perf_counter() - start > BUDGET:
            break
        for order in ((before, after), (after, before)):
            seconds = {sides: sides.ask(str(repeats)) for sides in order}
            pairs.append([seconds[before], seconds[after]])
    return pairs


def race(
    sides: Sequence[Asked], subject: str, wanted: set[str] | None, done: set[str]
) -> Iterator[tuple[str, Pairs]]:
    """Yield the rows of a subject as they are measured: those that are wanted, or those that are not done."""
    before, after = sides
    for side in sides:
        side.ask(subject)
    while (work := after.ask("next")) is not None:
        if before.ask("next") != work:
            yield work, []
            return  # what follows cannot be told from what is new
        if (wanted is None and work not in done) or (wanted is not None and work in wanted):
            yield work, pairs_of(before, after)


def perform(package: Path, subject: str) -> dict[str, float]:
    """Return the seconds that a program prints, and those of its process and of those that it starts."""
    began = os.times()
    words = [sys.executable, str(HERE / f"{subject}.py"), *PROGRAMS[subject]]
    printed = subprocess.run(
        words, env=environment(package), stdout=subprocess.PIPE, text=True, check=True
    ).stdout
    ended = os.times()
    rows = filter(None, map(PRINTED.match, printed.splitlines()))
    found = {row["work"].strip(): float(row["number"]) * UNITS[row["unit"]] for row in rows}
    spent = ended.children_user + ended.children_system - began.children_user - began.children_system
    return found | {WHOLE: spent}


def programs(packages: Sequence[Path], subject: str) -> Iterator[tuple[str, Pairs]]:
    """Yield the rows of a program after two pairs of processes, in both orders."""
    before, after = packages
    turns = [(package, perform(package, subject)) for package in (before, after, after, before)]
    pairs = [dict(turns[:2]), dict(turns[2:])]
    for work in turns[0][1]:
        yield work, [[pair[side][work] for side in packages] for pair in pairs if work in pair[after]]


def ratios(pairs: Pairs) -> list[float]:
    """Return how many times as fast it is after, turn by turn."""
    return [before / after for before, after in pairs if after > 0]


def kept() -> tuple[Rows, list[float]]:
    """Return what was measured so far, and the machine's load at each row."""
    found: Rows = {}
    loads = []
    for line in KEPT.read_text().splitlines() if KEPT.is_file() else []:
        subject, work, pairs, load = json.loads(line)
        found.setdefault((subject, work), []).extend(pairs)
        loads.append(load)
    return found, loads


def keep(subject: str, work: str, pairs: Pairs) -> None:
    """Add a row to what is measured, and show it."""
    KEPT.parent.mkdir(exist_ok=True)
    with KEPT.open("a") as file:
        file.write(f"{json.dumps([subject, work, pairs, os.getloadavg()[0]])}\n")
    told = " ".join(f"{ratio:.3f}" for ratio in ratios(pairs))
    print(f"{subject}: {work}: {told}", flush=True)


def slower(found: Rows, subject: str) -> set[str]:
    """Return the rows of a subject that are slower by more than the noise."""
    return {
        work
        for (of, work), pairs in found.items()
        if of == subject and pairs and median(ratios(pairs)) < 1 - NOISE
    }


def table(found: Rows) -> Iterator[str]:
    """Yield the table, a line a row."""
    from racing import duration

    yield "| subject | work | before | after | times as fast | from, to | turns |"
    yield "|---|---|---|---|---|---|---|"
    for (subject, work), pairs in sorted(found.items(), key=lambda row: row[0][0]):
        if work == END:
            continue
        if not pairs:
            yield f"| {subject} | {work} | was not there | | | | |"
            continue
        before, after = (duration(median(side)) for side in zip(*pairs, strict=True))
        each = ratios(pairs)
        told = f"**{median(each):.2f}x** | {min(each):.2f}x, {max(each):.2f}x | {len(each)}"
        yield f"| {subject} | {work} | {before} | {after} | {told} |"


def commit(package: Path) -> str:
    """Return a checkout's commit and its hour."""
    words = ["git", "-C", str(package), "log", "-1", "--format=%h of %cd", "--date=format:%d %B %Y, %H:%M"]
    return subprocess.run(words, capture_output=True, text=True, check=True).stdout.strip()


def write(packages: Sequence[Path]) -> None:
    """Leave before_after.md."""
    benchmarks = runpy.run_path(str(HERE / "__main__.py"))
    found, loads = kept()
    told = (
        f"Before: {commit(packages[0])}; after: {commit(packages[1])}. {datetime.now(UTC):%d %B %Y, %H:%M} UTC. "
        f"{benchmarks['processor']()}, {os.cpu_count()} cores, one used by each of two processes that take turns; load "
        f"{min(loads):.1f} to {max(loads):.1f}. Python {platform.python_version()}, {benchmarks['versions']()}."
    )
    (HERE / "before_after.md").write_text("\n".join([*table(found), "", told, ""]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("before", type=Path, help="a checkout of the package as it was")
    parser.add_argument("subjects", nargs="*", help=", ".join([*RACES, *PROGRAMS]))
    parser.add_argument("--seconds", type=float, default=float("inf"), help="begin no row after so many")
    parser.add_argument("--again", action="store_true", help="what is slower by more than the noise")
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.child:
        answer()
        return
    packages = given.before.resolve(), HERE.parent
    sides = [Asked(package) for package in packages]
    try:
        measure(packages, sides, given.subjects or (*RACES, *PROGRAMS), given.again, given.seconds)
    finally:
        for side in sides:
            side.end()
    write(packages)


def measure(
    packages: Sequence[Path], sides: Sequence[Asked], subjects: Sequence[str], again: bool, most: float
) -> None:
    """Measure and keep what is open of some subjects, or again what is slower, until so many seconds have gone."""
    start = time.monotonic()
    for subject in subjects:
        found, _ = kept()
        wanted = slower(found, subject) if again else None
        done = {work for of, work in found if of == subject}
        if wanted == set() or (wanted is None and END in done):
            continue
        rows = programs(packages, subject) if subject in PROGRAMS else race(sides, subject, wanted, done)
        for work, pairs in rows:
            keep(subject, work, pairs)
            if subject in RACES and time.monotonic() - start > most:
                return
        keep(subject, END, [])
        if time.monotonic() - start > most:
            return


if __name__ == "__main__":
    main()
