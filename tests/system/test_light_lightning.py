"""Lightning is imported without what it needs not, and all of that is there as soon as it is asked for."""

import subprocess
import sys

import pytest

LIGHT = "import sys\nfrom emocam.system.light_lightning import lighten_lightning\nlighten_lightning()\n"
HEAVY = ("sympy", "torch._dynamo", "torchvision", "transformers", "torchmetrics.functional", "scipy.signal")


def printed(code: str) -> list[str]:
    return subprocess.run(
        [sys.executable, "-c", LIGHT + code], capture_output=True, text=True, check=True
    ).stdout.splitlines()


def test_nothing_heavy_is_imported_and_nothing_is_lost() -> None:
    code = f"""
import pytorch_lightning
print(*[name for name in {HEAVY} if name in sys.modules])
import torchmetrics
from torchmetrics.aggregation import SumMetric
from pytorch_lightning.core.module import Metric
total = torchmetrics.MeanMetric()
total.update(3)
print(int(total.compute()), isinstance(total, Metric), issubclass(SumMetric, Metric))
from lightning_fabric.wrappers import OptimizedModule
import torch
plain = torch.nn.Linear(1, 1)
print(isinstance(plain, OptimizedModule), isinstance(torch.compile(plain), OptimizedModule))
"""
    assert printed(code) == ["", "3 True True", "False True"]


@pytest.mark.slow
def test_a_version_that_needs_more_is_imported_in_full() -> None:
    code = """
import emocam.system.light_lightning as light
light._disable = None
import pytorch_lightning
from pytorch_lightning.core.module import Metric
import torchmetrics
print(torchmetrics.Metric is Metric, hasattr(pytorch_lightning.Trainer, 'predict'), 'sympy' in sys.modules)
"""
    assert printed(code) == ["True True True"]
