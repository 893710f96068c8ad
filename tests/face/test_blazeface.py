"""BlazeFace's answers, against loops written from its description."""

import math

import pytest
import torch

from emocam.face.blazeface import GRIDS, average_overlaps, decode_faces, face_anchors
from emocam.face.found import FoundFaces
from emocam.network.face_files import ANCHORS


@pytest.mark.parametrize("kind", sorted(GRIDS))
def test_anchors_stand_row_by_row_in_the_middle_of_cells(kind: str) -> None:
    expected = [
        ((x + 0.5) / cells, (y + 0.5) / cells)
        for cells, often in GRIDS[kind]
        for y in range(cells)
        for x in range(cells)
        for _ in range(often)
    ]
    found = face_anchors(kind)
    assert len(found) == ANCHORS[kind]
    torch.testing.assert_close(found, torch.tensor(expected))


def test_an_answer_is_a_box_and_points_around_its_anchor() -> None:
    anchors = torch.tensor([[0.5, 0.25], [0.5, 0.5]])
    raw = torch.zeros(1, 2, 16)
    raw[0, 0, :4] = torch.tensor([10.0, 0.0, 20.0, 40.0])
    raw[0, 0, 4:6] = torch.tensor([-10.0, 10.0])
    found = decode_faces(raw, torch.tensor([[[math.log(3)], [-200.0]]]), anchors, 100, 0.5)
    torch.testing.assert_close(found.boxes, torch.tensor([[0.5, 0.05, 0.7, 0.45]]))
    torch.testing.assert_close(found.points[0, :2], torch.tensor([[0.4, 0.35], [0.5, 0.25]]))
    assert found.score.tolist() == pytest.approx([0.75])
    assert found.image.tolist() == [0]


def slow_average(faces: FoundFaces, overlap: float) -> list[tuple[int, list[float], float]]:
    """The same, one face after another, with numbers of Python's own."""

    def common(a: list[float], b: list[float]) -> float:
        wide = max(0.0, min(a[2], b[2]) - max(a[0], b[0]))
        tall = max(0.0, min(a[3], b[3]) - max(a[1], b[1]))
        areas = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1])
        return wide * tall / (areas - wide * tall)

    rows = zip(faces.image.tolist(), faces.boxes.tolist(), faces.score.tolist(), strict=True)
    left = sorted(rows, key=lambda row: (row[0], -row[2]))
    found = []
    while left:
        first = left[0]
        group = [row for row in left if row[0] == first[0] and common(row[1], first[1]) > overlap]
        total = sum(row[2] for row in group)
        mean = [sum(row[1][side] * row[2] for row in group) / total for side in range(4)]
        found.append((first[0], mean, first[2]))
        left = [row for row in left if row not in group]
    return found


def test_overlapping_faces_become_their_weighted_mean() -> None:
    torch.manual_seed(0)
    corner = torch.rand(60, 2) * 0.7
    boxes = torch.cat([corner, corner + 0.1 + 0.2 * torch.rand(60, 2)], 1)
    faces = FoundFaces(boxes, torch.rand(60, 6, 2), torch.rand(60), torch.arange(60) % 3)
    found, expected = average_overlaps(faces, 0.3), slow_average(faces, 0.3)
    assert len(found) == len(expected) < 60
    assert found.image.tolist() == [row[0] for row in expected]
    assert found.score.tolist() == pytest.approx([row[2] for row in expected])
    torch.testing.assert_close(found.boxes, torch.tensor([row[1] for row in expected]))


def test_no_face_is_no_accident() -> None:
    none = FoundFaces(
        torch.zeros(0, 4), torch.zeros(0, 6, 2), torch.zeros(0), torch.zeros(0, dtype=torch.int64)
    )
    assert len(average_overlaps(none, 0.3)) == 0
