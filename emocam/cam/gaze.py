"""No method of a network: where people looked at each picture, so that objects can be weighed by that."""

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

from emocam.cam.base import CAM, ForwardPass, Score
from emocam.data.address import read_address
from emocam.data.annotations.gaze.join import check_films, looks_of
from emocam.data.annotations.gaze.read import read_fixations
from emocam.data.annotations.gaze.settings import GazeSettings
from emocam.errors import SettingError
from emocam.functional.gaze.density import GRID, densities
from emocam.functional.map.maps import normalise
from emocam.records.base import WHOLE


class Gaze(CAM):
    """The density of fixations in `file`; a picture nobody looked at has a flat map, so its objects weigh nothing."""

    looks_inside = False

    grid = GRID

    def __init__(
        self,
        score: Score = "logit",
        target: str = "predicted",
        file: str | Path | None = None,
        degrees: float | None = None,
        sigma: float | None = None,
        frame: Sequence[float] | None = None,
        seconds: float = 1.0,
    ) -> None:
        super().__init__(score, target)
        if file is None:
            raise SettingError(
                "cam.file is not set; cam=gaze needs a table of eye movements, or a folder of them"
            )
        self.settings = GazeSettings(degrees, sigma, frame, seconds)
        self.fixations = read_fixations(file, self.settings, "cam.file")
        self.notes = self.fixations.notes
        self.films: set[str] = set()

    def maps(self, forward: ForwardPass) -> Tensor:
        self.films |= {read_address(path).file for path in forward.paths}
        check_films(self.fixations, self.films, "cam.file")
        picture, look, lasted = looks_of(self.fixations, forward.paths, self.settings.seconds, "cam.file")
        density = densities(
            torch.from_numpy(self.fixations.place[look]),
            torch.from_numpy(lasted),
            torch.from_numpy(picture),
            len(forward.paths),
            torch.from_numpy(self.settings.reach(self.fixations.aspect[look])),
        )
        return normalise(density.float()).to(forward.x.device)

    def windows(self, forward: ForwardPass) -> Tensor:
        return torch.tensor(WHOLE).expand(len(forward.paths), 4).to(forward.x.device)
