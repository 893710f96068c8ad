"""Eight commands that start together on a tracking store which none of them finds: all of them are in it."""

from pathlib import Path
from typing import Any

from child import QUIET, start, warm_up
from steps import Part

PROCESSES = 8
WORDS = (*QUIET, "data.images=4", "data.workers=0", "~callback.report")


def step(number: int, folder: Path, shared: Path, processes: int = PROCESSES) -> dict[str, Any]:
    """Start the commands, wait for all, and read back what the store has of each."""
    warm_up()
    uri = f"sqlite:///{folder / 'mlflow.db'}"
    all_of_them = [
        start(folder, *WORDS, f"seed={place}", f"hydra.run.dir=run{place}", name=f"run{place}", uri=uri)
        for place in range(processes)
    ]
    statuses = [child.wait() for child in all_of_them]
    faults = [
        f"{child.name} ended with {status}: {child.errors[-300:]!r}"
        for child, status in zip(all_of_them, statuses, strict=True)
        if status != 0 or "locked" in child.errors or "duplicate" in child.errors
    ]
    complete, metrics = read_back(uri)
    if complete != processes:
        faults.append(f"the store has {complete} finished runs of {processes} with all their metrics")
    return {"runs": processes, "complete": complete, "metrics": metrics, "faults": faults}


def read_back(uri: str) -> tuple[int, int]:
    """Return how many finished runs have the numbers of their summary, and how many numbers that are."""
    import json

    from mlflow.tracking import MlflowClient

    from emocam.runner.tracking import summary_numbers

    store = MlflowClient(uri)
    complete = metrics = 0
    for run in store.search_runs([experiment.experiment_id for experiment in store.search_experiments()]):
        folder = Path(run.data.tags["emocam.folder"])
        wanted = summary_numbers(json.loads((folder / "summary.json").read_text()))
        metrics += len(run.data.metrics)
        complete += run.info.status == "FINISHED" and set(wanted) <= set(run.data.metrics)
    return complete, metrics


PART = Part(step, 5)
