"""A row is known by its picture's file and by what the data set says of it, whatever they are called."""

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from emocam.data.annotations.masks import Polygons
from emocam.data.annotations.records import Regions
from emocam.data.base import Data
from emocam.data.contents import all_contents, contents_of
from emocam.data.folder import Folder
from emocam.data.planted import Planted
from emocam.errors import Refused
from emocam.settings.digests import Digests


class Told(Data):
    """Pictures of which something is said."""

    said: dict[str, Any]

    def facts_of(self, path: str) -> dict[str, Any]:
        return self.said


def facts(said: dict[str, Any]) -> str | None:
    data = Told()
    data.said = said
    return contents_of(data, "a", Digests()).facts


def test_a_picture_is_known_by_the_sha256_of_its_file_and_a_frame_by_that_of_its_film(tmp_path: Path) -> None:
    Image.new("RGB", (8, 8)).save(tmp_path / "a.png")
    sha256 = hashlib.sha256((tmp_path / "a.png").read_bytes()).hexdigest()
    data = Folder(root=tmp_path)
    paths = ["a.png", "a.png#t=0.500000", "none.png", "../a.png", "a\0.png"]
    assert [one.digest for one in all_contents(data, paths, Digests())] == [sha256, sha256, None, None, None]
    assert contents_of(Planted(images=2), "00000.png", Digests()) == (None, None)


def regions(box: float = 0.5, object: int = 0, points: float | None = None) -> Regions:
    shape = None if points is None else [Polygons([np.array([[points, 0], [1, 0], [1, 1]])])]
    return Regions(np.array([[0.1, 0.1, box, 0.5]]), np.array([object]), (8, 8), shapes=shape)


@pytest.mark.parametrize(
    "other",
    [
        {},
        {"regions": regions(0.6)},
        {"regions": regions(object=1)},
        {"regions": regions(points=0.1)},
        {"regions": regions(), "truth": "Joy"},
        {"truth": "Joy"},
    ],
)
def test_what_is_said_tells_two_rows_apart(other: dict[str, Any]) -> None:
    assert facts({"regions": regions()}) == facts({"regions": regions()}) not in (None, facts(other))


def test_values_do_not_run_into_each_other() -> None:
    assert (
        len({facts({"a": "bc"}), facts({"ab": "c"}), facts({"a": ["b", "c"]}), facts({"a": [["b"], "c"]})})
        == 4
    )


def test_what_raises_costs_its_own_row_its_digest_alone() -> None:
    class Raises(Data):
        def picture_file(self, path: str) -> Path:
            raise Refused("no")

        def facts_of(self, path: str) -> dict[str, Any]:
            raise KeyError(path)

    assert contents_of(Raises(), "a", Digests()) == (None, None)
