"""Records on their way from an accelerator to the host's memory, while both go on with other work."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from emocam.records.base import Record


@dataclass
class HostCopy:
    """What arrives; `ready` is the moment when it is there, None where nothing had to move."""

    values: list[Any]
    ready: torch.cuda.Event | None

    def wait(self) -> list[Any]:
        """Return the values once they are there: to be called by a thread that has time."""
        if self.ready is not None:
            self.ready.synchronize()
        return self.values


def to_host(values: Sequence[Any]) -> HostCopy:
    """Start to copy tensors and records, behind all that the accelerator was asked to do before.

    A tensor that several records share is copied once.
    """
    copies: dict[int, Tensor] = {}
    moved = False

    def copied(tensor: Tensor) -> Tensor:
        nonlocal moved
        if tensor.device.type == "cpu":
            return tensor
        moved = moved or tensor.device.type == "cuda"
        if id(tensor) not in copies:
            copies[id(tensor)] = tensor.detach().to("cpu", non_blocking=tensor.device.type == "cuda")
        return copies[id(tensor)]

    found = [_with_each(value, copied) for value in values]
    ready = None
    if moved and torch.cuda.is_available():
        ready = torch.cuda.Event()
        ready.record()
    return HostCopy(found, ready)


def _with_each(value: Any, change: Any) -> Any:
    if isinstance(value, Tensor):
        return change(value)
    if isinstance(value, Record):
        return value._with_each(change)
    return [_with_each(item, change) for item in value] if isinstance(value, list) else value
