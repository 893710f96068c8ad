"""Which cells are beyond chance, and warnings about what should make a reader careful."""

import numpy as np
from numpy.typing import NDArray

from emocam.cells.findings import FEW_IMAGES, StandOut
from emocam.report.top_pictures import Strongest
from emocam.results.files import CELLS
from emocam.results.parquet_file import read_frame, read_schema
from emocam.results.run import Matrix, Run
from emocam.results.sentences import capitalised, no_level_of_chance, of_series, units_of_tests
from emocam.results.summary import Summary
from emocam.results.support import ENOUGH

NEARLY_ALL = 0.9
MANY_REGIONS = 50
SURE = 0.05
"""The share of false discoveries among the cells that stand out."""
MOSTLY_OUTSIDE = 0.5
"""The share of the maps' mass from which on most of it is outside of all objects."""


def beyond_chance(run: Run) -> NDArray[np.bool_] | None:
    """Return which cells (O, L) go with their label beyond chance; None where that was not tested."""
    file = run.file(CELLS)
    if not file.is_file() or "q" not in read_schema(file).names:
        return None
    q = read_frame(file, columns=["q"])["q"].to_numpy(float)
    shape = len(run.object_names), len(run.label_names)
    return (q < SURE).reshape(shape) if q.size == np.prod(shape) else None


def labels_held_back(matrix: Matrix, cells: list[StandOut]) -> str | None:
    """Return how many labels stand in no card though objects count under them, and why; None where all stand in one."""
    counted = matrix.counts.any(axis=0)
    few = int((counted & (matrix.images < ENOUGH)).sum())
    others = int(counted.sum()) - few - len(cells)
    parts = [f"{_number_of_labels(few)} with fewer than {ENOUGH} pictures"] if few else []
    if others > 0:
        parts.append(f"{_number_of_labels(others)} under which nothing stands out as surely")
    return f"Held back: {' and '.join(parts)}. The matrix has all." if parts else None


def _number_of_labels(count: int) -> str:
    """Return a number of labels in words."""
    return "1 label" if count == 1 else f"{count:,} labels"


def _listed(names: list[str], most: int = 5) -> str:
    short = [name if len(name) <= 40 else f"{name[:39]}…" for name in names[:most]]
    return ", ".join(short) + (f" and {len(names) - most} more" if len(names) > most else "")


def warnings(
    matrix: Matrix,
    summary: Summary,
    explained: bool,
    strongest: Strongest,
    flat_maps: int,
    lost_pictures: int,
) -> list[str]:
    """Return what should make a reader careful, each in a sentence."""
    sentences = list(summary.get("notes", []))
    of_groups = (units_of_tests(summary), summary.get("dependence"), summary.get("labels_unlike"))
    sentences += [capitalised(sentence) for sentence in of_groups if sentence]
    if not explained:
        cure = "attribution=ig" if _of_points(summary) else "cam=gradcam"
        sentences.append(
            f"No CAM was asked: every detected object counts, looked at or not. Add one with {cure}."
        )
    sentences += _label_warnings(matrix)
    if not of_series(summary):  # a region is in every volume
        sentences += _object_warnings(matrix, summary, strongest)
    sentences += _map_warnings(summary, flat_maps)
    sentences += _picture_warnings(matrix, summary, lost_pictures)
    return sentences


def _of_points(summary: Summary) -> bool:
    """Return whether the run is of sequences of points."""
    return summary.get("choices", {}).get("classifier") == "landmarks"


def _label_warnings(matrix: Matrix) -> list[str]:
    """Return warnings about labels of no, few or nearly all images."""
    sentences = []
    images = int(matrix.images.sum())
    never = [name for name, n in zip(matrix.labels, matrix.images, strict=True) if n == 0]
    few = [
        f"{name} ({n})" for name, n in zip(matrix.labels, matrix.images, strict=True) if 0 < n < FEW_IMAGES
    ]
    if never:
        sentences.append(f"Never predicted, so nothing can be said of: {_listed(never)}.")
    if few:
        sentences.append(f"Few images, so percentages are uncertain: {_listed(few)}.")
    if images and len(matrix.labels) > 1 and matrix.images.max() > NEARLY_ALL * images:
        most = matrix.labels[int(matrix.images.argmax())]
        sentences.append(f"Nearly every image is called {_listed([most])}: the other columns rest on little.")
    return sentences


def _object_warnings(matrix: Matrix, summary: Summary, strongest: Strongest) -> list[str]:
    """Return warnings about objects in nearly all images, and about very many regions."""
    images = int(matrix.images.sum())
    if not images:
        return []
    sentences = []
    everywhere = [matrix.objects[i] for i in np.flatnonzero(strongest.seen.sum(1) > NEARLY_ALL * images)]
    if everywhere:
        sentences.append(
            f"In more than 90 % of all images, whatever their label: {_listed(everywhere)}. Compare along the row."
        )
    if summary.get("regions", 0) > MANY_REGIONS * images:
        each = summary["regions"] / images
        sentences.append(
            f"The detector finds {each:.0f} regions in an image on average: detector.score may be too low."
        )
    return sentences


def _map_warnings(summary: Summary, flat_maps: int) -> list[str]:
    """Return warnings about maps too coarse, mass outside of all objects, and flat maps."""
    blunt = no_level_of_chance(summary)
    sentences = [capitalised(blunt)] if blunt else []
    outside = summary.get("unexplained")
    if outside and outside > MOSTLY_OUTSIDE:
        sentences.append(
            f"{100 * outside:.0f} % of the maps' mass lies outside all detected objects: most of what is looked at "
            "has no row here."
        )
    if flat_maps:
        sentences.append(
            f"{flat_maps:,} of the maps are flat: there the CAM points nowhere, and no object can count."
        )
    return sentences


def _picture_warnings(matrix: Matrix, summary: Summary, lost_pictures: int) -> list[str]:
    """Return warnings about images that could not be used, and pictures that could not be opened."""
    sentences = []
    explained = int(matrix.images.sum())
    done = summary.get("done", explained)
    listed = summary.get("images", explained)
    if listed and done < 0.99 * listed:
        sentences.append(
            f"{listed - done:,} of {listed:,} images could not be used; ledger.parquet says why."
        )
    if lost_pictures:
        sentences.append(
            f"{lost_pictures:,} of the pictures could not be opened, or are left out of this page; their numbers "
            "are complete."
        )
    return sentences
