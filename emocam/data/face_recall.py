"""The faces of a finished run, read back from its table in place of a second search."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from emocam.data.address import read_address
from emocam.data.face_scan import NO_TICK, NO_TRACK, POINTS, FaceRows

NEEDED = {"source", "time", "pts", "face", "track", "presence", "width", "height", "landmarks"}


def rows_of_files(images: Sequence[str], faces: pa.Table | None) -> dict[str, FaceRows] | None:
    """Return the faces of each file that the images name, in their order; None where the table does not hold them."""
    if faces is None or not set(faces.column_names) >= NEEDED:
        return None
    if len(faces) and faces["landmarks"].type.list_size != 2 * POINTS:
        return None
    sources = np.array(faces["source"].to_pylist(), object)
    rows = _all_rows(faces)
    places: dict[str, list[int]] = {read_address(path).file: [] for path in images}
    for place, source in enumerate(sources):
        places.setdefault(source, []).append(place)
    return {file: _some(rows, np.array(own, np.int64)) for file, own in places.items()}


def _all_rows(faces: pa.Table) -> FaceRows:
    """Return all rows of the table; what a picture has not, such as a time, is empty there."""

    def numbers(name: str, none: float) -> np.ndarray:
        return np.asarray(faces[name].combine_chunks().fill_null(none).to_numpy(zero_copy_only=False))

    flat = faces["landmarks"].combine_chunks().flatten().to_numpy(zero_copy_only=False)
    return FaceRows(
        time=numbers("time", np.nan).astype(float),
        tick=numbers("pts", NO_TICK).astype(np.int64),
        track=numbers("track", NO_TRACK).astype(np.int64),
        face=numbers("face", 0).astype(np.int64),
        presence=numbers("presence", 0.0).astype(float),
        size=np.stack([numbers("width", 0), numbers("height", 0)], 1).astype(np.int64),
        points=np.asarray(flat, np.float32).reshape(len(faces), POINTS, 2),
    )


def _some(rows: FaceRows, places: np.ndarray) -> FaceRows:
    return FaceRows(**{name: getattr(rows, name)[places] for name in FaceRows.__dataclass_fields__})
