"""What people wrote about pictures, whatever format they wrote it in."""

from dataclasses import dataclass, field

import numpy as np

from emocam.data.annotations.masks import Shape


@dataclass(frozen=True)
class Regions:
    """The annotated regions of one image: boxes (k, 4), and their classes (k,).

    Boxes are fractions of the image's width and height, or `pixels` of it. `size` is the (width,
    height) in pixels that the annotators saw, where their format says so. `shapes` are outlines
    in fractions of the image, None where only the box was drawn.
    """

    boxes: np.ndarray
    object: np.ndarray
    size: tuple[float, float] | None = None
    pixels: bool = False
    shapes: list[Shape | None] | None = None


@dataclass(frozen=True)
class AnnotationTable:
    """All regions of a corpus by the path of the image, or by as much of it as the format tells.

    `truth` holds labels of whole images, where known; `notes` what a person should be told about
    how the file was read.
    """

    objects: list[str]
    regions: dict[str, Regions]
    truth: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


NO_REGIONS = Regions(np.zeros((0, 4)), np.zeros(0, np.int64))
