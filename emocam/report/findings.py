"""What a run says, in sentences, and what should make a reader careful."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from emocam.report.tables import RunTables
from emocam.report.top_pictures import Strongest

FEW_IMAGES = 30
"""Below this a percentage is uncertain by more than 15 points."""
NEARLY_ALL = 0.9
MANY_REGIONS = 50
MOSTLY_OUTSIDE = 0.5
"""Of the maps' mass."""


@dataclass(frozen=True)
class Finding:
    """An object and a label that stands out: percent of the label's images, and of all others."""

    object: int
    label: int
    count: int
    images: int
    percent: float
    elsewhere: float


def contrast(run: RunTables) -> NDArray[np.float64]:
    """Percent of the label's images less percent of all other images: (O, L)."""
    others = run.images.sum() - run.images
    elsewhere = 100 * (run.counts.sum(1, keepdims=True) - run.counts) / np.where(others > 0, others, np.nan)
    return run.percent - np.nan_to_num(elsewhere)


def standing_out(run: RunTables, most: int = 6) -> list[Finding]:
    """For each label the object with the highest contrast; the most certain labels first."""
    difference = np.nan_to_num(contrast(run), nan=-np.inf)
    found = []
    for label in np.flatnonzero(run.images):
        object = int(difference[:, label].argmax()) if len(run.objects) else -1
        if object >= 0 and run.counts[object, label] and difference[object, label] > 0:
            percent = float(run.percent[object, label])
            elsewhere = percent - float(difference[object, label])
            found.append(
                Finding(
                    object,
                    int(label),
                    int(run.counts[object, label]),
                    int(run.images[label]),
                    percent,
                    elsewhere,
                )
            )
    return sorted(found, key=lambda c: (c.images < FEW_IMAGES, c.elsewhere - c.percent))[:most]


def nothing(run: RunTables, highest: float) -> str:
    """Why no cell of the matrix is filled."""
    if not run.images.sum():
        return "No image was explained, so there is nothing to see."
    asked = run.thresholds
    if run.explained and asked.chance is not None:
        return f"No region passed threshold.chance={asked.chance:g} (the lowest was {1 - highest:.3f})."
    if run.explained and highest <= asked.importance:
        return f"No region passed threshold.importance={asked.importance:g} (the highest was {highest:.2f})."
    if not run.explained and highest <= asked.score:
        return f"No region passed threshold.score={asked.score:g} (the highest was {highest:.3f})."
    return "No region passed all thresholds; lower threshold.score, threshold.importance or threshold.confidence."


def ledger(run: RunTables) -> str:
    """The ledger in one line."""
    told = {
        key: int(run.summary.get(key, 0))
        for key in ("images", "done", "unreadable", "refused", "failed", "lost")
    }
    parts = [f"{told[key]:,} {key}" for key in ("unreadable", "refused", "lost")]
    parts += [f"{told['failed']:,} failed"] if told["failed"] else []
    return f"{told['images']:,} images: {told['done']:,} explained, {', '.join(parts)}"


def _listed(names: list[str], most: int = 5) -> str:
    short = [name if len(name) <= 40 else f"{name[:39]}…" for name in names[:most]]
    return ", ".join(short) + (f" and {len(names) - most} more" if len(names) > most else "")


def warnings(run: RunTables, strongest: Strongest, flat_maps: int, lost_pictures: int) -> list[str]:
    """What should make a reader careful, each in a sentence."""
    told, images = [str(note) for note in run.summary.get("notes", [])], int(run.images.sum())
    if not run.explained:
        told.append(
            "No CAM was asked: every detected object counts, looked at or not. Add one with cam=gradcam."
        )
    never = [name for name, n in zip(run.labels, run.images, strict=True) if n == 0]
    few = [f"{name} ({n})" for name, n in zip(run.labels, run.images, strict=True) if 0 < n < FEW_IMAGES]
    if never:
        told.append(f"Never predicted, so nothing can be said of: {_listed(never)}.")
    if few:
        told.append(f"Few images, so percentages are uncertain: {_listed(few)}.")
    if images and len(run.labels) > 1 and run.images.max() > NEARLY_ALL * images:
        most = run.labels[int(run.images.argmax())]
        told.append(f"Nearly every image is called {_listed([most])}: the other columns rest on little.")
    everywhere = (
        [run.objects[i] for i in np.flatnonzero(strongest.seen.sum(1) > NEARLY_ALL * images)]
        if images
        else []
    )
    if everywhere:
        told.append(
            f"In more than 90 % of all images, whatever their label: {_listed(everywhere)}. Compare along the row."
        )
    if images and run.summary.get("regions", 0) > MANY_REGIONS * images:
        each = run.summary["regions"] / images
        told.append(
            f"The detector finds {each:.0f} regions in an image on average: detector.score may be too low."
        )
    outside = run.summary.get("unexplained")
    if outside and outside > MOSTLY_OUTSIDE:
        told.append(
            f"{100 * outside:.0f} % of the maps' mass lies outside all detected objects: most of what is looked at "
            "has no row here."
        )
    if flat_maps:
        told.append(
            f"{flat_maps:,} of the maps are flat: there the CAM points nowhere, and no object can count."
        )
    done, listed = run.summary.get("done", images), run.summary.get("images", images)
    if listed and done < 0.99 * listed:
        told.append(f"{listed - done:,} of {listed:,} images could not be used; ledger.parquet says why.")
    if lost_pictures:
        told.append(
            f"{lost_pictures:,} of the pictures could not be opened, or are left out of this page; their numbers "
            "are complete."
        )
    return told
