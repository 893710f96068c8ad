"""Batches that travel to the GPU while it works on the one before."""

from collections.abc import Iterator, Sized
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import DataLoader

from emocam.records.base import Record


class DeviceAhead:
    """A loader's batches on the device; each is sent on a stream of its own before it is asked for."""

    def __init__(self, loader: DataLoader[Any], device: torch.device) -> None:
        self.loader = loader
        self.device = device

    def __len__(self) -> int:
        assert isinstance(self.loader, Sized)
        return len(self.loader)

    def __iter__(self) -> Iterator[Any]:
        stream = torch.cuda.Stream(self.device)
        sent: tuple[Record, torch.cuda.Event] | None = None
        for batch in self.loader:
            with torch.cuda.stream(stream):
                following = batch.to(self.device), stream.record_event()
            if sent is not None:
                yield arrived(*sent)
            sent = following
        if sent is not None:
            yield arrived(*sent)


def arrived(batch: Record, event: torch.cuda.Event) -> Record:
    """Return the batch to the stream that computes, which waits for it; the host does not."""
    computing = torch.cuda.current_stream()
    computing.wait_event(event)

    def used(tensor: Tensor) -> Tensor:
        if tensor.device.type == "cuda":
            tensor.record_stream(computing)  # its memory is not given away before this stream is through
        return tensor

    return batch._with_each(used)
