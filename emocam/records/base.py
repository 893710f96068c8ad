"""The base of every record: a frozen dataclass of tensors."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace
from typing import Self

import torch
from torch import Tensor

WHOLE = (0.0, 0.0, 1.0, 1.0)
"""The window of a view that shows all of the image, and nothing else."""


class Record:
    """A frozen dataclass that moves to a device with all it holds."""

    def to(self, device: torch.device | str) -> Self:
        """Move the record to a device; an accelerator is not waited for, so that it computes meanwhile."""
        ahead = torch.device(device).type != "cpu"
        return self._with_each(lambda tensor: tensor.to(device, non_blocking=ahead))

    def pin_memory(self) -> Self:
        """Copy the record to memory that an accelerator fetches from by itself; data loaders call this."""
        return self._with_each(Tensor.pin_memory)

    def _with_each(self, change: Callable[[Tensor], Tensor]) -> Self:
        def changed(value: object) -> object:
            if isinstance(value, Tensor):
                return change(value)
            if isinstance(value, Record):
                return value._with_each(change)
            if isinstance(value, list | tuple) and value and isinstance(value[0], Tensor | list):
                return type(value)(changed(item) for item in value)
            return value

        return replace(self, **{f.name: changed(getattr(self, f.name)) for f in fields(self)})  # type: ignore
