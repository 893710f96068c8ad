"""Styles of drawn faces: the same rules and people, other pictures."""

import numpy as np
import pytest

from emocam.data.planted import Planted
from emocam.errors import SettingError
from emocam.world.face_styles import DIM, STYLES


@pytest.mark.parametrize("style", STYLES)
def test_a_style_changes_pictures_and_neither_labels_nor_people(style: str) -> None:
    plain, styled = (Planted(world="faces", images=3, style=name) for name in ("plain", style))  # type: ignore[arg-type]
    for path in plain.paths():
        one, other = (np.asarray(data.open(path).image, float) for data in (plain, styled))
        assert plain.known(path) == styled.known(path)
        if style == "negative":
            np.testing.assert_array_equal(one, 255 - other)
        if style == "dim":
            assert abs(other.mean() - DIM * one.mean()) < 5
        if style == "soft":
            assert np.abs(np.diff(other, axis=0)).mean() < np.abs(np.diff(one, axis=0)).mean() / 2
        points = [data.face_points(path) for data in (plain, styled)]
        moved = np.abs(points[0] - points[1]).max()  # type: ignore[operator]
        assert (moved > 0.05) == (style == "turned") and (moved == 0) == (style != "turned")


def test_a_style_is_one_of_drawn_faces() -> None:
    with pytest.raises(
        SettingError, match=r"^data.style=soft goes with the worlds of faces, got data.world=standard"
    ):
        Planted(style="soft")
    with pytest.raises(SettingError, match=r"^data.style 'odd' is not known"):
        Planted(world="faces", style="odd")  # type: ignore[arg-type]
