"""Parts of the soak, made of steps that can be given up and taken up again."""

import json
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

FILE = "soak.json"


@dataclass(frozen=True)
class Part:
    """`step(number, folder)` does one step and returns counts, which are added up, and `faults`, sentences.

    `steps` is how many there are at size 1; `shared` is a folder beside the step's that all steps may use.
    """

    step: Callable[[int, Path, Path], dict[str, Any]]
    steps: int


def run_part(name: str, part: Part, out: Path, size: float) -> int:
    """Do the steps that are left, and return how many faults there are."""
    total = max(1, round(part.steps * size))
    state = read_state(out).get(name, {"steps": 0, "counts": {}, "faults": [], "seconds": 0.0})
    shared = out / name
    shared.mkdir(parents=True, exist_ok=True)
    for number in range(state["steps"], total):
        folder = shared / f"step-{number}"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        began = time.perf_counter()
        outcome = part.step(number, folder, shared)
        faults = [f"step {number}: {fault}" for fault in outcome.pop("faults", [])]
        for key, value in outcome.items():
            before = state["counts"].get(key, 0)
            state["counts"][key] = max(before, value) if key.startswith("most ") else before + value
        state["steps"], state["faults"] = number + 1, state["faults"] + faults
        state["seconds"] = round(state["seconds"] + time.perf_counter() - began, 1)
        state["until"] = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
        write_state(out, name, state)
        if not faults:
            shutil.rmtree(folder, ignore_errors=True)  # what went wrong stays to be looked at
        told = ", ".join(f"{key} {value:,}" for key, value in state["counts"].items())
        print(f"{name} {number + 1}/{total}: {told}; {len(state['faults'])} faults", flush=True)
        for fault in faults:
            print(f"  {fault}", flush=True)
    return len(state["faults"])


def read_state(out: Path) -> dict[str, Any]:
    """Return what earlier calls found."""
    return json.loads((out / FILE).read_text()) if (out / FILE).is_file() else {}


def write_state(out: Path, name: str, state: dict[str, Any]) -> None:
    """Write what was found so far, in one step."""
    half = out / f"{FILE}.tmp"
    half.write_text(json.dumps({**read_state(out), name: state}, indent=1))
    half.replace(out / FILE)
