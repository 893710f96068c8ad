import pytest
import torch
from torch import Tensor

from emocam.records.base import WHOLE
from emocam.records.detections import Detections
from emocam.records.picture import Batch


@pytest.fixture
def batch() -> Batch:
    """Two images, whose detector's views are lists as those of several detectors are."""
    views, window = torch.zeros(2, 3, 4, 4), torch.tensor([WHOLE] * 2)
    found = Detections(window, torch.arange(2), torch.ones(2), torch.arange(2))
    return Batch(["a", "b"], torch.arange(2), views, window, [[views, views]], window, found, {}, [])


def tensors(value: object) -> list[Tensor]:
    if isinstance(value, Tensor):
        return [value]
    inside = value if isinstance(value, list) else getattr(value, "__dict__", {}).values()
    return [tensor for one in inside for tensor in tensors(one)]


def test_a_record_goes_to_a_device_with_all_it_holds(batch: Batch) -> None:
    assert len(tensors(batch)) == 10
    assert {tensor.device.type for tensor in tensors(batch.to("meta"))} == {"meta"}
    assert batch.to("meta").paths == ["a", "b"]


@pytest.mark.parametrize(("device", "waits"), [("cpu", True), ("meta", False)])
def test_only_the_host_waits_for_a_copy(batch: Batch, device: str, waits: bool, monkeypatch) -> None:
    asked: list[bool] = []
    move = Tensor.to

    def listen(self: Tensor, to: str, non_blocking: bool) -> Tensor:
        asked.append(non_blocking)
        return move(self, to)

    monkeypatch.setattr(Tensor, "to", listen)
    batch.to(device)
    assert asked == [not waits] * 10


def test_a_record_is_pinned_with_all_it_holds(batch: Batch, monkeypatch) -> None:
    monkeypatch.setattr(Tensor, "pin_memory", lambda self: self.to("meta"))  # pinning needs an accelerator
    assert {tensor.device.type for tensor in tensors(batch.pin_memory())} == {"meta"}
