"""Keras' HDF5 files as state dicts: only arrays are read, nothing in the file is run."""

from pathlib import Path

import h5py
import numpy as np
import torch
from torch import Tensor

from emocam.errors import SettingError
from emocam.settings.read_files import noted

SUFFIXES = (".hdf5", ".h5")
# Keras' name of an array: torch's name, and its axes in torch's order
ARRAYS = {
    "kernel": ("weight", (3, 2, 0, 1)),
    "bias": ("bias", (0,)),
    "depthwise_kernel": ("depthwise.weight", (2, 3, 0, 1)),
    "pointwise_kernel": ("pointwise.weight", (3, 2, 0, 1)),
    "gamma": ("weight", (0,)),
    "beta": ("bias", (0,)),
    "moving_mean": ("running_mean", (0,)),
    "moving_variance": ("running_var", (0,)),
}


def read_keras(path: Path, setting: str = "classifier.weights") -> dict[str, Tensor]:
    """Read a file's arrays, named LAYER.ARRAY as in a torch module whose children have the layers' names."""
    if not path.is_file():
        raise SettingError(f"{setting}: there is no file {path}")
    state: dict[str, Tensor] = {}

    def note(name: str, item: object) -> None:
        array = name.rpartition("/")[2].partition(":")[0]
        if isinstance(item, h5py.Dataset) and array in ARRAYS:
            ours, axes = ARRAYS[array]
            values = np.asarray(item[()], dtype=np.float32).transpose(axes)
            state[f"{name.partition('/')[0]}.{ours}"] = torch.from_numpy(np.ascontiguousarray(values))

    try:
        with h5py.File(noted(path)) as file:
            file["model_weights"].visititems(note)
    except (OSError, KeyError, ValueError, TypeError) as error:
        raise SettingError(
            f"{setting}: {path} is no model saved by Keras ({' '.join(str(error).split())[:160]})"
        ) from None
    return state
