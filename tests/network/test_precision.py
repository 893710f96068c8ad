"""bfloat16 changes what is asked without a gradient, a little, and nothing else."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
import torch
from torch import nn

from emocam.network import precision
from emocam.network.precision import Bfloat16Copy, bfloat16_copy, cast_network
from emocam.runner import command

Command = Callable[..., int]
QUICK = ("logger=null", "~callback.report", "~callback.stability", "data.workers=0", "data.images=12")


@pytest.fixture
def able(monkeypatch: pytest.MonkeyPatch) -> None:
    """Any processor computes bfloat16, if slowly."""
    monkeypatch.setattr(precision, "computes_bf16", lambda accelerator: True)


def network() -> nn.Sequential:
    torch.manual_seed(0)
    layers = (
        nn.Conv2d(3, 8, 3),
        nn.BatchNorm2d(8),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(8 * 36, 16),
        nn.ReLU(),
    )
    return nn.Sequential(*layers, nn.Linear(16, 4)).eval().requires_grad_(False)


def test_weights_are_cast_once_and_the_last_layer_and_statistics_stay_exact() -> None:
    net = network()
    net[1].running_var.fill_(1.2345678)
    copy = bfloat16_copy(net)
    assert bfloat16_copy(net) is copy
    assert net[0].weight.dtype == torch.float32
    assert copy.network[0].weight.dtype == copy.network[4].weight.dtype == torch.bfloat16
    assert torch.equal(copy.network[6].weight, net[6].weight)
    assert torch.equal(copy.network[1].running_var, net[1].running_var)


def test_answers_are_float32_and_close() -> None:
    net, x = network(), torch.randn(5, 3, 8, 8, generator=torch.Generator().manual_seed(1))
    exact, found = net(x), bfloat16_copy(net)(x)
    assert found.dtype == torch.float32
    assert 0 < (found - exact).abs().max() < 0.02 * exact.abs().max()
    # logits are not rounded: bfloat16 has three digits
    assert not torch.equal(found, found.to(torch.bfloat16).float())


def test_a_network_with_nothing_to_save_is_left_alone() -> None:
    last = nn.Sequential(nn.ReLU(), nn.Linear(4, 2))
    assert bfloat16_copy(last) is last


def test_records_of_tensors_come_back_as_they_are() -> None:
    class Levels(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = nn.Conv2d(3, 4, 1)

        def forward(self, x: torch.Tensor) -> dict[str, torch.Tensor]:
            return {"fine": self.conv(x), "coarse": self.conv(x[..., ::2, ::2])}

    found = Bfloat16Copy(Levels())(torch.rand(1, 3, 4, 4))
    assert list(found) == ["fine", "coarse"] and {x.dtype for x in found.values()} == {torch.float32}


def test_cast_takes_inputs_of_either_kind() -> None:
    net, x = network(), torch.rand(2, 3, 8, 8)
    exact = net(x)
    assert torch.equal(cast_network(net)(x), net(x.to(torch.bfloat16)))
    assert (net(x).float() - exact).abs().max() < 0.03 * exact.abs().max()


@pytest.mark.usefixtures("able")
def test_predictions_are_those_of_32_and_maps_nearly(emocam: Command) -> None:
    for name in ("32", "bf16"):
        assert emocam(*QUICK, "+cam=ablation", f"precision={name}", f"hydra.run.dir={name}") == 0
    one, other = (pd.read_parquet(f"{name}/predictions.parquet") for name in ("32", "bf16"))
    pd.testing.assert_frame_equal(one, other, check_exact=True)
    maps = [torch.tensor(pd.read_parquet(f"{name}/maps.parquet")["map"].tolist()) for name in ("32", "bf16")]
    assert (maps[0] - maps[1]).abs().max() < 0.05


def test_a_machine_without_it_says_so_and_takes_32(
    emocam: Command, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(precision, "computes_bf16", lambda accelerator: False)
    assert emocam(*QUICK, "precision=bf16", "hydra.run.dir=run") == 0
    assert "precision=bf16 needs a processor or GPU that computes bfloat16 itself" in capsys.readouterr().err
    assert '"precision": "32"' in Path("run/summary.json").read_text()
    assert command.precision({"precision": 32, "trainer": {}}) == 32


def test_another_precision_is_refused(emocam: Command, capsys: pytest.CaptureFixture[str]) -> None:
    assert emocam("precision=16") == 1
    assert "precision must be 32 or bf16, got 16" in capsys.readouterr().err
