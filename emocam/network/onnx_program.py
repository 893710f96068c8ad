"""An ONNX file that is run by ONNX Runtime, and what it says of its inputs, outputs and names."""

import ast
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from emocam.errors import SettingError
from emocam.network.onnx_session import EXTRA, open_session

NUMBERS = {"tensor(float)": np.float32, "tensor(float16)": np.float16}


class OnnxProgram:
    """A file's outputs by their names, for pictures (B, 3, H, W); `setting` is what named the file.

    A second input, if there is one, is told the pictures' size (B, 2), as RT-DETR's own export asks.
    """

    def __init__(self, path: str | Path, setting: str) -> None:
        self.file, self.setting = Path(path).expanduser(), setting
        self.session = open_session(
            self.file, setting, f"{setting}: an ONNX file needs ONNX Runtime; install it with: {EXTRA}"
        )
        self.inputs = self.session.get_inputs()
        self.outputs = {output.name: list(output.shape) for output in self.session.get_outputs()}
        self.said: dict[str, str] = dict(self.session.get_modelmeta().custom_metadata_map)
        picture = self.inputs[0]
        if len(picture.shape) != 4 or picture.shape[1] not in (3, None, "channels"):
            raise self.fault(f"pictures (B, 3, H, W), and its input {picture.name} is {picture.shape}")
        if picture.type not in NUMBERS or len(self.inputs) > 2:
            told = ", ".join(f"{given.name} {given.type}" for given in self.inputs)
            raise self.fault(f"pictures of floating point and at most their sizes, and it takes {told}")

    def fault(self, takes: str) -> SettingError:
        return SettingError(f"{self.setting}: {self.file} must take {takes}")

    @property
    def version(self) -> str:
        """The version of ONNX Runtime, whose kernels decide the last bits."""
        import onnxruntime

        return str(onnxruntime.__version__)

    def size(self) -> tuple[int, int] | None:
        """Return the height and width that the file asks for; None where it takes any."""
        height, width = self.inputs[0].shape[2:]
        if isinstance(height, int) and isinstance(width, int):
            return height, width
        said = self._literal("imgsz")
        fine = isinstance(said, list | tuple) and len(said) == 2 and all(isinstance(n, int) for n in said)
        return (said[0], said[1]) if fine else None

    def names(self) -> list[str] | None:
        """Return the names of the classes that an export wrote beside the network, as `{0: 'cat', ...}`."""
        said = self._literal("names")
        names = [said[key] for key in sorted(said)] if isinstance(said, dict) else said
        return [str(name) for name in names] if isinstance(names, list) and names else None

    def _literal(self, key: str) -> Any:
        try:
            return ast.literal_eval(self.said.get(key, "None"))
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            return None

    def run(self, pictures: Tensor) -> dict[str, Tensor]:
        """Run the file on pictures (B, 3, H, W), one at a time where it takes no more."""
        rows = pictures.cpu().numpy().astype(NUMBERS[self.inputs[0].type])
        step = 1 if self.inputs[0].shape[0] == 1 else len(rows)
        parts = [self._run(rows[i : i + step]) for i in range(0, len(rows), step)]
        joined = (np.concatenate(found) for found in zip(*parts, strict=True))
        return {
            name: torch.from_numpy(found.astype(np.float32))
            for name, found in zip(self.outputs, joined, strict=True)
        }

    def _run(self, rows: np.ndarray) -> Sequence[np.ndarray]:
        given = {self.inputs[0].name: rows}
        if len(self.inputs) > 1:
            size = np.array([[rows.shape[3], rows.shape[2]]] * len(rows), np.int64)
            given[self.inputs[1].name] = size
        return list(self.session.run(list(self.outputs), given))
