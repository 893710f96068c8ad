"""Sequences of points in files, as other programs write them."""

from pathlib import Path

import numpy as np
import pandas as pd

from emocam.world.sequences import compose_sequence, film_sequence

COUNT = 6


def sequences(count: int = COUNT) -> tuple[np.ndarray, list[str], list[str]]:
    """Points (N, 16, 68, 2) in pixels, with labels and persons."""
    faces = [compose_sequence("sequences", 0, index) for index in range(count)]
    points = np.stack([100 * film_sequence(face) + 200 for face in faces])
    return points, [face.label for face in faces], [f"p{face.person}" for face in faces]


def write_npz(file: Path, count: int = COUNT) -> Path:
    points, labels, persons = sequences(count)
    times = np.arange(16) / 25
    np.savez(file, points=points, times=times, truth=np.array(labels), person=np.array(persons))
    return file


def write_long(file: Path, count: int = COUNT) -> Path:
    points, labels, persons = sequences(count)
    rows = [
        (f"s{n}", t / 25, p, *points[n, t, p].round(6), labels[n], persons[n])
        for n in range(count)
        for t in range(16)
        for p in range(68)
    ]
    columns = ["image", "time", "point", "x", "y", "truth", "person"]
    pd.DataFrame(rows, columns=columns).to_csv(file, index=False)
    return file


def write_openface(folder: Path, count: int = COUNT) -> Path:
    """A file a film, with spaces behind the commas, and a frame that the program gave up."""
    points, *_ = sequences(count)
    for n in range(count):
        columns = {"frame": np.arange(1, 17), "timestamp": np.arange(16) / 25, "success": np.ones(16, int)}
        columns |= {f"x_{p}": points[n, :, p, 0] for p in range(68)}
        columns |= {f"y_{p}": points[n, :, p, 1] for p in range(68)}
        table = pd.DataFrame(columns)
        table.loc[5, "success"] = 0
        table.loc[5, [name for name in table if name[:2] in ("x_", "y_")]] = 0.0
        text = table.to_csv(index=False).replace(",", ", ")
        (folder / f"film{n}.csv").write_text(text)
    return folder


def write_facts(file: Path, names: list[str], count: int = COUNT) -> Path:
    _, labels, persons = sequences(count)
    pd.DataFrame({"path": names, "truth": labels, "person": persons}).to_csv(file, index=False)
    return file
