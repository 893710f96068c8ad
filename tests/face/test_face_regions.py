"""Regions of a face: complete, named once, and right of left."""

import numpy as np
import pytest
from scipy.spatial import ConvexHull

from emocam.face.regions import BOTH, DETAILS, PAIRS, face_regions, hull, region_names
from emocam.records.face_regions import OUTSIDE, REST


def test_a_hull_is_scipy_s() -> None:
    for seed in range(20):
        points = np.random.default_rng(seed).normal(size=(14, 2))
        corners = {tuple(row) for row in points[ConvexHull(points).vertices].tolist()}
        assert {tuple(row) for row in hull(points).tolist()} == corners


@pytest.mark.parametrize("detail", DETAILS)
def test_each_name_is_one_region(detail: str) -> None:
    points = np.random.default_rng(0).random((468, 2))
    regions = face_regions(points, detail)
    assert [region.name for region in regions] == region_names(detail)
    assert len(set(region_names(detail))) == len(regions) == {"coarse": 13, "fine": 19}[detail]
    assert region_names(detail)[-2:] == [REST, OUTSIDE]
    assert all(name == name.lower() for name in region_names(detail))


def test_fine_regions_are_the_halves_of_coarse_ones() -> None:
    points = np.random.default_rng(0).random((468, 2))
    coarse = {region.name: region.polygons for region in face_regions(points)}
    fine = {region.name: region.polygons for region in face_regions(points, "fine")}
    for one, both in BOTH.items():
        halves = [*fine[f"right {one}"], *fine[f"left {one}"]]
        assert all(np.array_equal(a, b) for a, b in zip(halves, coarse[both], strict=True))
        assert {*PAIRS[one][0]}.isdisjoint(PAIRS[one][1])
