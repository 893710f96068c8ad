"""From a run's folder to its manifold: points, a picture, what stands beside it, the tables and the page."""

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import torch

from emocam.functional.statistics.embedding import METHODS, Measure, on_main_axes, quality
from emocam.report.manifold import FOLDER, Drawn, write_manifold
from emocam.results.features import read_points
from emocam.results.file_list import update_file_list
from emocam.results.parquet_file import write_parquet
from emocam.results.run import Run
from emocam.results.spreadsheet import write_csv

TABLE, QUALITY = "manifold.parquet", "quality.csv"


def draw_run(folder: Path, of: str, method: str, seed: int) -> list[str]:
    """Leave the manifold in the run's folder, and return the lines that say what was found."""
    run = Run(folder)
    points = on_main_axes(torch.from_numpy(read_points(run, of)))
    place = METHODS[method]
    picture = place(points, seed)
    other = None if method == "pca" else place(points, seed + 1)
    labels = torch.from_numpy(
        run.predictions["label"].astype("category").cat.codes.to_numpy(np.int64, copy=True)
    )
    measures = list(quality(points, picture, other, labels if len(labels.unique()) > 1 else None))
    coordinates = picture.double().numpy()
    names = pa.array(run.predictions["image"].astype(str))
    columns = {"image": names, "x": coordinates[:, 0], "y": coordinates[:, 1]}
    write_parquet(pa.table(columns), folder / TABLE)
    write_csv(pd.DataFrame(measures), folder / QUALITY, index=False)
    page = write_manifold(run, Drawn(coordinates, method, of, measures))
    pages = sorted(file for file in (folder / FOLDER).rglob("*") if file.is_file())
    update_file_list(folder, TABLE, QUALITY, *(file.relative_to(folder).as_posix() for file in pages))
    return [*told(measures, method, len(names)), f"table    {folder / TABLE}", f"manifold {page}"]


def told(measures: list[Measure], method: str, images: int) -> list[str]:
    """Return in words how far the picture can be believed."""
    value = {measure.measure: measure for measure in measures}
    kept, same = value["neighbours kept"], value.get("neighbours of the same label, in the picture")
    lines = [
        f"{images:,} pictures by {method}: of a point's neighbours {kept.value:.0%} are its neighbours in full "
        f"({kept.chance:.1%} by lot), trustworthiness {value['trustworthiness'].value:.3f} (.5 by lot)"
    ]
    if same is not None:
        full = value["neighbours of the same label, in full"]
        lines.append(
            f"neighbours of the same label: {full.value:.0%} in full, {same.value:.0%} in the picture, "
            f"{same.chance:.0%} by lot"
        )
    if not np.isnan(kept.between_seeds):
        lines.append(
            f"pictures of two seeds share {kept.between_seeds:.0%} of the neighbours: trust no single gap"
        )
    return lines
