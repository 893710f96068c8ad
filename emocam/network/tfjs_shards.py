"""TensorFlow.js' weights as a state dict: a manifest names shapes and quantisation, shards hold the bytes."""

import json
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from emocam.errors import SettingError
from emocam.settings.read_files import noted

BYTES = {"float32": 4, "uint8": 1, "uint16": 2}


def read_shards(manifest: Path, setting: str = "classifier.weights") -> dict[str, Tensor]:
    """Return the arrays that a manifest names, in float32 and with TensorFlow's axes.

    A quantised value is stored as an unsigned integer, times `scale`, plus `min`.
    """
    try:
        groups = json.loads(noted(manifest).read_text(encoding="utf-8"))
        found: dict[str, Tensor] = {}
        for group in groups:
            # a shard lies beside its manifest: a path to elsewhere is not followed
            whole = b"".join(noted(manifest.parent / Path(path).name).read_bytes() for path in group["paths"])
            place = 0
            for entry in group["weights"]:
                quantised = entry.get("quantization")
                kind = quantised["dtype"] if quantised else entry["dtype"]
                shape = [int(size) for size in entry["shape"]]
                count = int(np.prod(shape, dtype=np.int64))
                part = whole[place : place + count * BYTES[kind]]
                if len(part) < count * BYTES[kind]:
                    raise ValueError(f"its shards end before {entry['name']}")
                place += len(part)
                values = np.frombuffer(part, np.dtype(kind).newbyteorder("<")).astype(np.float64)
                if quantised:
                    values = values * quantised["scale"] + quantised["min"]
                found[str(entry["name"])] = torch.from_numpy(values.astype(np.float32).reshape(shape))
    except OSError as error:
        raise SettingError(
            f"{setting}: {error.filename or manifest} cannot be read ({error.strerror or error}); a manifest "
            "needs its shards beside it"
        ) from None
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        reason = " ".join(str(error).split())[:160]
        raise SettingError(
            f"{setting}: {manifest} is no manifest of TensorFlow.js' weights ({reason})"
        ) from None
    return found
