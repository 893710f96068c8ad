"""Runs that end in seven ways, at three moments: the tracking store says how, at the latest after the next start."""

import json
import os
import resource
import shutil
import signal
import time
from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Any

from child import QUIET, Child, fork, run, start, warm_up
from steps import Part

WORDS = (*QUIET, "cam=gradcam", "data.images=20", "data.workers=0", "cache=null", "~callback.overlay")
NEXT = (*QUIET, "data.images=4", "data.workers=0", "cache=null", "callback={}")
ENDINGS: dict[str, tuple[int, tuple[str, ...]]] = {
    "an exception": (1, ("FAILED",)),
    "Ctrl-C": (130, ("KILLED",)),
    "Ctrl-C twice": (130, ("KILLED",)),
    "SIGTERM": (143, ("KILLED",)),
    "SIGKILL": (-9, ("KILLED",)),
    "no more memory": (1, ("FAILED",)),
    "a full disk": (1, ("FAILED", "KILLED")),  # the store's own file may be what cannot be written
}
"""The exit status, and what the store may say once another command was given."""
MOMENTS = ("in the beginning", "in the pictures", "in the page")
CASES = list(product(ENDINGS, MOMENTS))
MISSING = 2**30
"""Bytes that are asked for where there are not as many."""
LARGEST = 8_192
"""Bytes of a file where the disk is full."""


def interrupt(times: int, number: int) -> None:
    """Let another process send a signal to this one, the second time while the first is seen to."""
    parent = os.getpid()
    if os.fork() == 0:
        for _ in range(times):
            os.kill(parent, number)
            time.sleep(0.02)
        os._exit(0)
    time.sleep(5)


def end_by(ending: str) -> None:
    """Let this process meet its ending."""
    if ending == "an exception":
        raise RuntimeError("what nobody expects")
    if ending == "no more memory":
        used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (used + MISSING // 2, resource.RLIM_INFINITY))
        try:
            bytearray(MISSING)
        finally:
            resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    elif ending == "a full disk":
        resource.setrlimit(resource.RLIMIT_FSIZE, (LARGEST, resource.RLIM_INFINITY))
    elif ending == "SIGKILL":
        os.kill(os.getpid(), signal.SIGKILL)
    else:
        interrupt(1 + (ending == "Ctrl-C twice"), signal.SIGTERM if ending == "SIGTERM" else signal.SIGINT)


def spoilt(folder: Path, ending: str, moment: str) -> Child:
    """Start a command that meets its ending at a moment."""

    def work() -> int:
        from emocam.callback import report
        from emocam.cli.main import answer
        from emocam.predict.chunk_writer import WriteChunks
        from emocam.task.association import Association

        os.environ["XDG_CACHE_HOME"] = str(folder / "cache")
        os.environ["MLFLOW_TRACKING_URI"] = f"sqlite:///{folder / 'mlflow.db'}"
        places = dict(
            zip(
                MOMENTS,
                ((Association, "perform"), (WriteChunks, "_keep"), (report, "write_report")),
                strict=True,
            )
        )
        place, name = places[moment]
        usual: Callable[..., Any] = getattr(place, name)

        def spoil(*given: Any, **more: Any) -> Any:
            end_by(ending)
            return usual(*given, **more)

        setattr(place, name, spoil)
        return answer([*WORDS, "hydra.run.dir=run"])

    return fork(folder, work)


def statuses(folder: Path, run: str) -> list[str]:
    """Return what the store says of the runs of a folder."""
    from mlflow.tracking import MlflowClient

    store = MlflowClient(f"sqlite:///{folder / 'mlflow.db'}")
    found = store.search_runs([one.experiment_id for one in store.search_experiments()])
    return [one.info.status for one in found if one.data.tags.get("emocam.folder") == str(folder / run)]


def step(number: int, folder: Path, shared: Path) -> dict[str, Any]:
    """Let a run end, give another command, and then the same again."""
    warm_up()
    ending, moment = CASES[number % len(CASES)]
    expected, allowed = ENDINGS[ending]
    store = shared / "mlflow.db"
    if not store.is_file():  # to make a store takes longer than all else
        (shared / "first").mkdir(exist_ok=True)
        run(shared / "first", *NEXT, "hydra.run.dir=first", uri=f"sqlite:///{store}")
    shutil.copyfile(store, folder / "mlflow.db")
    child = spoilt(folder, ending, moment)
    status = child.end(120)
    lines = [line for line in child.errors.splitlines() if line.strip()]
    faults = []
    if status != expected or "Traceback" in child.errors or len(lines) > 2:
        faults.append(f"ended with {status} and {child.errors[-400:]!r}")
    after = start(folder, *NEXT, "hydra.run.dir=next", name="next")
    if (status := after.wait(120)) != 0:
        faults.append(f"the next command ended with {status}: {after.errors[-300:]!r}")
    told = statuses(folder, "run")
    if len(told) != 1 or told[0] not in allowed:
        faults.append(f"the store says {told}")
    again = start(folder, *WORDS, "hydra.run.dir=run", name="again")
    if (status := again.wait(120)) != 0:
        faults.append(f"the same command again ended with {status}: {again.errors[-300:]!r}")
    elif json.loads((folder / "run/summary.json").read_text()).get("done") != 20:
        faults.append("the same command again has not all pictures")
    if (told := statuses(folder, "run")).count("FINISHED") != 1 or "RUNNING" in told:
        faults.append(f"afterwards the store says {told}")
    return {"endings": 1, "told": int(not faults), "faults": [f"{ending} {moment}: {f}" for f in faults]}


PART = Part(step, len(CASES))
