"""A program of TorchScript: torch's interpreter runs it, and no Python code is in it."""

import warnings
from pathlib import Path

import torch
from torch import nn

from emocam.errors import SettingError
from emocam.settings.read_files import noted


def read_program(path: str) -> nn.Module:
    """Load a file of torch.jit.save for answering alone."""
    file = Path(path).expanduser()
    if not file.is_file():
        raise SettingError(f"classifier.weights: there is no file {file}")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that there are newer formats
            program: nn.Module = torch.jit.load(str(noted(file)), map_location="cpu")
    except Exception as error:  # whatever its bytes lead to
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0][:160]
        raise SettingError(
            f"classifier.weights: {file} is no program of TorchScript ({reason}); torch.jit.trace(model, x).save(FILE) "
            "writes one, and a state dict goes with classifier=torchvision or classifier=timm"
        ) from None
    return program.eval()
