"""Maps of a finished run, given to another: read alike from one table and from one in parts."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import torch

from emocam.cam.given import Given
from emocam.settings.digests import Digests
from emocam.settings.read_files import recorded_files


def rows(first: int, count: int) -> pa.Table:
    places = range(first, first + count)
    box = {
        name: [float(value)] * count
        for name, value in zip(("x0", "y0", "x1", "y1"), (0, 0, 1, 1), strict=True)
    }
    maps = [np.arange(4.0) + place for place in places]
    return pa.table({"image": [f"{place}.png" for place in places], "height": [2] * count, "width": [2] * count,
                     "map": maps, **box})  # fmt: skip


def test_a_run_in_parts_gives_its_maps(tmp_path: Path) -> None:
    for name in ("one", "parts/maps.parquet"):
        (tmp_path / name).mkdir(parents=True)
    pq.write_table(rows(0, 5), tmp_path / "one/maps.parquet")
    parts = [tmp_path / f"parts/maps.parquet/part-0000{number}.parquet" for number in (1, 2)]
    pq.write_table(rows(3, 2), parts[0])
    pq.write_table(rows(0, 3), parts[1])
    (tmp_path / "parts/2.png").write_bytes(b"a figure of the run, which is no map")
    whole = Given(root=tmp_path / "one").of_run
    with recorded_files(Digests()) as read:
        divided = Given(root=tmp_path / "parts").of_run
    assert set(read) == {str(part) for part in parts}
    names = ["4.png", "0.png", "none.png"]
    assert whole and divided and torch.equal(whole.maps(names[:2]), divided.maps(names[:2]))
    assert divided.maps(names)[2].isnan().all()
