"""An ONNX file as a torch module that answers, through ONNX Runtime; nothing of its inside is seen."""

import ast
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from emocam.errors import SettingError
from emocam.network.onnx_session import EXTRA, open_session

TYPES = {"tensor(float)": np.float32, "tensor(float16)": np.float16, "tensor(uint8)": np.uint8}


class OnnxNetwork(nn.Module):
    """The answers (B, L) of an ONNX file to pictures (B, 3, H, W); `output` names one of several.

    `size` (H, W) and `names` are what the file says of its input and its labels, None where it says nothing.
    """

    def __init__(self, path: str, output: str | None = None) -> None:
        super().__init__()
        file = Path(path).expanduser()
        session = open_session(
            file, "classifier.weights", f"classifier=onnx needs ONNX Runtime, which is not installed: {EXTRA}"
        )
        (given,) = _one_picture(session, file)
        self.session, self.input = session, given.name
        self.number = TYPES[given.type]
        self.last = list(given.shape)[1] != 3 and list(given.shape)[-1] == 3
        sides = given.shape[1:3] if self.last else given.shape[2:]
        self.size = tuple(sides) if all(isinstance(side, int) for side in sides) else None
        self.alone = given.shape[0] == 1
        self.output = _chosen_output(session, file, output)
        self.names = _names(session)

    def forward(self, x: Tensor) -> Tensor:
        """Run the session picture by picture where the file takes one at a time."""
        rows = x.detach().cpu().numpy().astype(self.number)
        rows = rows.transpose(0, 2, 3, 1) if self.last else rows
        parts = [rows[i : i + 1] for i in range(len(rows))] if self.alone else [rows]
        answers = [self.session.run([self.output], {self.input: part})[0] for part in parts]
        return torch.from_numpy(np.concatenate(answers).astype(np.float32)).to(x.device)


def _one_picture(session: Any, file: Path) -> list[Any]:
    """Return the input, which must be a batch of colour pictures."""
    inputs = session.get_inputs()
    told = ", ".join(f"{given.name} {given.shape} {given.type}" for given in inputs)
    picture = len(inputs) == 1 and len(inputs[0].shape) == 4 and inputs[0].type in TYPES
    if not picture or 3 not in (inputs[0].shape[1], inputs[0].shape[-1]):
        raise SettingError(
            f"classifier.weights: {file} must take one batch of colour pictures (B, 3, H, W), and it takes {told}"
        )
    return list(inputs)


def _chosen_output(session: Any, file: Path, asked: str | None) -> str:
    """Return the output that is the answers; of several one must be named."""
    outputs = {given.name: given.shape for given in session.get_outputs()}
    told = ", ".join(f"{name} {shape}" for name, shape in outputs.items())
    if asked is not None:
        if asked not in outputs:
            raise SettingError(f"classifier.output: {file} has no output {asked!r}; it has {told}")
        return asked
    if len(outputs) > 1:
        raise SettingError(
            f"classifier.weights: {file} has {len(outputs)} outputs ({told}), and a classifier has one; name it by "
            "classifier.output=NAME (a detector's file goes with detector, not with classifier)"
        )
    return next(iter(outputs))


def _names(session: Any) -> list[str] | None:
    """Return the labels that an export wrote beside the network, as `{0: 'cat', ...}` under `names`."""
    text = session.get_modelmeta().custom_metadata_map.get("names", "")
    try:
        found = ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return None
    values = list(found.values()) if isinstance(found, dict) else found
    fine = isinstance(values, list) and values and all(isinstance(value, str) for value in values)
    return values if fine and len(set(values)) == len(values) else None
