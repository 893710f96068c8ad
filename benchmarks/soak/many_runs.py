"""Twenty runs in one process: memory, open files and threads stay as they are after the first few."""

import gc
import json
import os
import threading
from pathlib import Path
from typing import Any

from child import QUIET, fork, warm_up
from steps import Part

RUNS, SETTLED = 20, 5
"""Runs of a step, and how many of them may still load or keep something for the first time."""
GROWTH = 0.02
IMAGES = 80
WORDS = (*QUIET, "cam=gradcam", "data.workers=0")


def step(
    number: int, folder: Path, shared: Path, runs: int = RUNS, settled: int = SETTLED, images: int = IMAGES
) -> dict[str, Any]:
    """Run the command again and again in one process, and hold what it has at the end against the beginning."""
    warm_up()

    def work() -> int:
        import emocam

        os.environ["XDG_CACHE_HOME"] = str(folder / "cache")
        os.environ["MLFLOW_TRACKING_URI"] = f"sqlite:///{folder / 'mlflow.db'}"
        seen = []
        for place in range(runs):
            emocam.run(*WORDS, f"data.images={images}", f"seed={place}", f"hydra.run.dir=run{place}")
            gc.collect()
            seen.append(holdings())
            (folder / "seen.json").write_text(json.dumps(seen))
        return 0

    status = fork(folder, work).wait(7200)
    seen = json.loads((folder / "seen.json").read_text()) if (folder / "seen.json").is_file() else []
    if status != 0 or len(seen) < runs:
        return {"runs": len(seen), "faults": [f"run {len(seen)} ended with {status}"]}
    first, last = seen[settled - 1], seen[-1]
    growth = (last["memory"] / first["memory"] - 1) / max(1, runs - settled)
    faults = [f"memory grows by {growth:.1%} a run"] if growth > GROWTH else []
    faults += [
        f"{name}: {first[name]} after run {settled}, {last[name]} after run {runs}"
        for name in ("files", "threads")
        if last[name] > first[name]
    ]
    return {
        "runs": runs, "most MB after the first": first["memory"] // 1_000_000, "most MB at the end":
        last["memory"] // 1_000_000, "most files": last["files"], "most threads": last["threads"], "faults": faults,
    }  # fmt: skip


def holdings() -> dict[str, int]:
    """Return the bytes in memory, the open files and the threads of this process."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    files = len(list(Path("/proc/self/fd").iterdir())) - 1
    return {"memory": pages * os.sysconf("SC_PAGE_SIZE"), "files": files, "threads": threading.active_count()}


PART = Part(step, 1)
