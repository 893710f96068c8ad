"""Checkpoints of training frameworks: the same tensors, wherever they lie and whatever stands before their names."""

import argparse
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from emocam.classifier.library import fill
from emocam.errors import SettingError
from emocam.network.weights import is_file, read_weights

State = dict[str, Tensor]


def build() -> nn.Module:
    body = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.AdaptiveAvgPool2d(1))
    return nn.Sequential(body, nn.Flatten(), nn.Linear(4, 3)).eval()


class Hyper:
    """A class of a user's own, which a reader of the file need not have."""

    def __init__(self) -> None:
        self.rate = 0.1


def prefixed(prefix: str, state: State) -> State:
    return {f"{prefix}{name}": value for name, value in state.items()}


ADAM = {"state": {0: {"exp_avg": torch.zeros(3)}}, "param_groups": [{"lr": 0.1}]}
KINDS: dict[str, Callable[[State], Any]] = {
    "plain.pth": lambda s: s,
    "parallel.pt": lambda s: prefixed("module.", s),
    "compiled.pth": lambda s: prefixed("_orig_mod.", s),
    "parallel-compiled.pth": lambda s: prefixed("module._orig_mod.", s),
    "lightning.ckpt": lambda s: {
        "epoch": 3,
        "pytorch-lightning_version": "2.5.0",
        "state_dict": prefixed("model.", s) | {"criterion.weight": torch.ones(3)},
        "optimizer_states": [ADAM],
        "hyper_parameters": argparse.Namespace(lr=0.1, own=Hyper()),
        "callbacks": {"ModelCheckpoint": {"best": Path("x")}},
    },
    "timm.pth.tar": lambda s: {"arch": "resnet50", "state_dict": s, "optimizer": ADAM, "epoch": 1},
    "timm-both.pth.tar": lambda s: {"state_dict_ema": {k: v + 1.0 for k, v in s.items()}, "state_dict": s},
    "averaged.pth": lambda s: {"model_ema": prefixed("module.", s), "epoch": 1},
    "nested.pth": lambda s: {"model": s, "optimizer": ADAM},
    "deeper.pth": lambda s: {"checkpoint": {"model_state_dict": prefixed("net.backbone.", s)}, "step": 4},
    "huggingface.bin": lambda s: prefixed("timm_model.", s),
    "extra.pth": lambda s: {"state_dict": s | {"metric._extra_state": {"n": 3}}},
}


@pytest.mark.parametrize("kind", KINDS)
def test_every_framework_s_checkpoint_gives_the_same_network(tmp_path: Path, kind: str) -> None:
    torch.manual_seed(3)
    trained, fresh = build(), build()
    torch.save(KINDS[kind](trained.state_dict()), tmp_path / kind)
    note = fill(fresh, str(tmp_path / kind), 3)
    x = torch.rand(2, 3, 8, 8)
    torch.testing.assert_close(fresh(x), trained(x), rtol=0, atol=0)
    expected = {
        "lightning.ckpt": "'model.'",
        "deeper.pth": "'net.backbone.'",
        "huggingface.bin": "'timm_model.'",
    }
    assert (expected[kind] in note) if kind in expected else not note
    assert ("1 other tensors (criterion.weight) are not used" in note) == (kind == "lightning.ckpt")
    assert is_file(kind)


def sharded(folder: Path, state: State) -> Path:
    """Write a state in two shards with their index, as Hugging Face does."""
    names = sorted(state)
    parts = {"model-00001-of-00002.safetensors": names[::2], "model-00002-of-00002.safetensors": names[1::2]}
    for file, some in parts.items():
        save_file({name: state[name].contiguous() for name in some}, folder / file)
    index = folder / "model.safetensors.index.json"
    weight_map = {name: file for file, some in parts.items() for name in some}
    index.write_text(json.dumps({"metadata": {}, "weight_map": weight_map}))
    return index


def test_shards_are_one_network_by_their_index_and_by_their_folder(tmp_path: Path) -> None:
    trained = build()
    index = sharded(tmp_path, trained.state_dict())
    for source in (index, tmp_path):
        fresh = build()
        fill(fresh, str(source), 3)
        assert all(torch.equal(a, b) for a, b in zip(fresh.parameters(), trained.parameters(), strict=True))
    assert is_file(index.name)


def test_half_a_network_is_one_sentence(tmp_path: Path) -> None:
    index = sharded(tmp_path, build().state_dict())
    with pytest.raises(
        SettingError, match=r"is shard 1 of 2; give classifier\.weights=.*safetensors\.index\.json"
    ):
        read_weights(tmp_path / "model-00001-of-00002.safetensors")
    (tmp_path / "model-00002-of-00002.safetensors").unlink()
    with pytest.raises(
        SettingError, match=r"1 of the 2 shards that .* names are missing \(model-00002-of-00002"
    ):
        read_weights(index)


@pytest.mark.parametrize(
    "text",
    ["{", "[]", '{"weight_map": {"a": "../x.safetensors"}}', '{"weight_map": {"a": 1}}', '{"weight_map": 3}'],
)
def test_an_index_names_files_beside_it(tmp_path: Path, text: str) -> None:
    (tmp_path / "m.index.json").write_text(text)
    with pytest.raises(SettingError, match=r"is no index of shards \(.*a weight_map from each tensor's name"):
        read_weights(tmp_path / "m.index.json")


def leave_trace(file: Path) -> None:
    file.write_text("run")


class Grabbing:
    """An object whose unpickling would write a file."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def __reduce__(self) -> tuple[Any, ...]:
        return leave_trace, (self.file,)


def test_nothing_in_a_checkpoint_is_run(tmp_path: Path) -> None:
    state = build().state_dict()
    torch.save({"state_dict": state, "hook": Grabbing(tmp_path / "trace")}, tmp_path / "x.ckpt")
    assert read_weights(tmp_path / "x.ckpt").keys() == state.keys()
    assert not (tmp_path / "trace").exists()


def test_a_whole_pickled_network_is_told(tmp_path: Path) -> None:
    torch.save(build(), tmp_path / "whole.pth")
    with pytest.raises(
        SettingError, match=r"something else than tensors: objects of .*, whose code is not run"
    ):
        read_weights(tmp_path / "whole.pth")


def test_of_two_networks_in_a_file_the_model_is_taken(tmp_path: Path) -> None:
    trained, other, fresh = build(), build(), build()
    torch.save(
        prefixed("ema.", other.state_dict()) | prefixed("model.", trained.state_dict()), tmp_path / "two.pth"
    )
    note = fill(fresh, str(tmp_path / "two.pth"), 3)
    assert torch.equal(fresh[2].weight, trained[2].weight) and "9 other tensors (ema." in note


def test_a_prefix_does_not_hide_what_is_missing(tmp_path: Path) -> None:
    state = prefixed("model.", build().state_dict())
    del state["model.2.bias"]
    torch.save(state, tmp_path / "x.pth")
    with pytest.raises(SettingError, match=r"does not fit Sequential: 1 missing \(2\.bias\)$"):
        fill(build(), str(tmp_path / "x.pth"), 3)
