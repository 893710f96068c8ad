"""The table of features: of each picture what the explained layer gave, and the picture, small, as JPEG."""

import io

import numpy as np
import pyarrow as pa
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from emocam.functional.map.features import small_views
from emocam.records.evidence import Evidence

QUALITY = 80


def feature_table(evidence: Evidence, view: Tensor, predictions: pa.Table) -> pa.Table:
    """Return the rows of the images that have a prediction; `view` (B, 1 or 3, h, w) is what the classifier saw."""
    features = evidence.prediction.features
    assert features is not None
    kept = torch.from_numpy(np.isin(evidence.index.cpu().numpy(), predictions["index"].to_numpy()))
    means = features.cpu()[kept].numpy()
    pixels = small_views(view.cpu()[kept]).permute(0, 2, 3, 1).contiguous().numpy()
    return pa.table(
        {
            "index": predictions["index"],
            "image": predictions["image"],
            "features": pa.FixedSizeListArray.from_arrays(pa.array(means.ravel()), means.shape[1]),
            "picture": pa.array([encode_jpeg(one) for one in pixels], pa.binary()),
        }
    )


def encode_jpeg(pixels: NDArray[np.uint8]) -> bytes:
    """Return pixels (h, w, 3) as a JPEG file."""
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=QUALITY)
    return file.getvalue()
