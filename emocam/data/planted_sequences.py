"""The worlds of `data=planted` whose images are sequences of points."""

from typing import Any, Literal

import numpy as np

from emocam.data.point_picture import as_sequence, object_points, point_objects, point_picture
from emocam.face.point_layouts import ibug_layout
from emocam.records.picture import Picture
from emocam.world.sequences import FRAMES, SEQUENCE_CAUSES, compose_sequence, film_sequence, role_of_points

SECONDS = 1 / 25
"""From one frame to the next."""


class PlantedSequences:
    """Sequences of 68 points by formula; the objects are their regions, or each point where `detail` is fine."""

    def __init__(self, world: str, seed: int, detail: Literal["coarse", "fine"]) -> None:
        self.world, self.seed, self.detail = world, seed, detail
        self.layout = ibug_layout()
        self.objects, self.labels = point_objects(self.layout, detail), list(SEQUENCE_CAUSES)

    def known(self, index: int) -> dict[str, str | float]:
        """Return the label of a sequence, and whose it is."""
        face = compose_sequence(self.world, self.seed, index)
        return {"truth": face.label, "person": f"person {self.seed}-{face.person:02}"}

    def picture(self, index: int) -> Picture:
        """Return the picture of a sequence, which carries the points."""
        face = compose_sequence(self.world, self.seed, index)
        times = np.arange(FRAMES) * SECONDS
        sequence = as_sequence(film_sequence(face), times, self.layout)
        known: dict[str, str | float] = {
            "truth": face.label,
            "person": f"person {self.seed}-{face.person:02}",
        }
        return point_picture(sequence, self.detail, known)

    def roles(self) -> list[dict[str, Any]]:
        """Return the cells that have a role: which regions, or points, an emotion's movements are seen at."""
        members = zip(self.objects, object_points(self.layout, self.detail), strict=True)
        cells = [
            {"object": object, "label": label, "role": role_of_points(self.world, points, label)}
            for object, points in members
            for label in self.labels
        ]
        return [cell for cell in cells if cell["role"] is not None]
