"""What a command does not use it does not import: each of these takes a good part of a short run."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from emocam.system.cores import cores

HEAVY = {
    "sympy",
    "seaborn",
    "scipy.signal",
    "scipy.stats",
    "torch._dynamo",
    "torchmetrics.functional",
    "torchvision",
    "transformers",
}
TOLD = """
import sys
from emocam.cli.main import answer
from emocam.system.light_lightning import lighten_lightning
lighten_lightning()
status = answer(sys.argv[1:])
print("modules", status, *sys.modules)
"""


def imported(folder: Path, *words: str) -> tuple[int, set[str]]:
    said = subprocess.run(
        [sys.executable, "-c", TOLD, *words], cwd=folder, capture_output=True, text=True, check=True
    )
    _, status, *modules = said.stdout.splitlines()[-1].split()
    return int(status), set(modules)


@pytest.mark.parametrize(
    "words",
    [("data=folder", "data.root=nowhere"), ("task=replay", "evidence=nowhere"), ("classifier.weights=a.pt",)],
)
def test_a_mistake_imports_no_library_that_computes(tmp_path: Path, words: tuple[str, ...]) -> None:
    status, modules = imported(tmp_path, *words)
    assert status == 1
    assert not modules & {"numpy", "torch", "pandas", "pyarrow", "matplotlib", "mlflow", "pytorch_lightning"}


def test_a_replay_imports_no_lightning(finished_run, tmp_path: Path) -> None:
    finished_run("run", np.random.default_rng(0).random((60, 4)))
    status, modules = imported(
        tmp_path, "task=replay", "evidence=run", "logger=null", "hydra.run.dir=again", "callback.report=null"
    )
    assert status == 0 and "torch" in modules
    assert not modules & HEAVY
    assert not modules & {"pytorch_lightning", "torchmetrics"}


@pytest.mark.slow
def test_the_first_command_imports_lightning_alone(tmp_path: Path) -> None:
    status, modules = imported(tmp_path, "+cam=gradcam", "data.images=12", "hydra.run.dir=run")
    assert status == 0 and "pytorch_lightning" in modules
    assert not modules & HEAVY
    # with a second core another process opens the store
    assert ("mlflow" in modules) == (cores() < 2)
