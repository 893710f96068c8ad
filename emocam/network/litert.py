"""LiteRT, an optional runtime for TensorFlow Lite's files, five times as fast as torch on a core."""

from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from emocam.errors import SettingError
from emocam.system.quiet import stderr_closed


def has_litert() -> bool:
    """Return whether LiteRT is installed."""
    return find_spec("ai_edge_litert") is not None


class LiteRT(nn.Module):
    """A file's network run by LiteRT on the processor: pictures (B, C, H, W) -> its outputs."""

    def __init__(self, file: Path) -> None:
        super().__init__()
        if not has_litert():
            raise SettingError(
                "runtime=litert needs LiteRT, which is not installed; pip install ai-edge-litert, or take "
                "runtime=torch"
            )
        self.file = file
        self._opened: Any = None

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_opened": None}  # an interpreter does not travel between processes

    def _interpreter(self) -> Any:
        if self._opened is None:
            from ai_edge_litert.interpreter import Interpreter  # optional

            with stderr_closed():  # the runtime says a line a process
                self._opened = Interpreter(str(self.file), num_threads=1)
                self._opened.allocate_tensors()
        return self._opened

    def forward(self, pictures: Tensor) -> tuple[Tensor, ...]:
        interpreter = self._interpreter()
        taken = interpreter.get_input_details()[0]["index"]
        made = [output["index"] for output in interpreter.get_output_details()]
        found: list[list[Tensor]] = [[] for _ in made]
        for picture in pictures.permute(0, 2, 3, 1).contiguous().cpu().numpy():
            interpreter.set_tensor(taken, picture[None])
            interpreter.invoke()
            for place, kept in zip(made, found, strict=True):
                kept.append(torch.from_numpy(interpreter.get_tensor(place)))
        return tuple(torch.cat(kept).to(pictures.device) for kept in found)
