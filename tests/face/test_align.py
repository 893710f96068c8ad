"""Squares around faces: what is cut out lies where it should, and goes on beyond the border."""

import numpy as np
import pytest
from PIL import Image

from emocam.face.align import (
    EYE_CORNERS,
    EYES,
    FaceSquare,
    aligned_square,
    cut_square,
    eye_centres,
    square_of_box,
    square_of_points,
)


def mesh(right: tuple[float, float], left: tuple[float, float], seed: int = 0) -> np.ndarray:
    """Points of which the eyes' corners alone mean something."""
    points = np.random.default_rng(seed).uniform(0, 100, (468, 2))
    for corners, place in zip(EYE_CORNERS, (right, left), strict=True):
        points[list(corners)] = np.array(place) + np.array([[-3.0, 1.0], [3.0, -1.0]])
    return points


def smooth(width: int, height: int) -> Image.Image:
    y, x = np.mgrid[:height, :width]
    return Image.fromarray(np.stack([x * 2 % 256, y * 2 % 256, (x + y) % 256], -1).astype(np.uint8))


def slow_cut(image: Image.Image, square: FaceSquare, side: int) -> np.ndarray:
    """Bilinear, pixel by pixel, with the outermost pixels repeated beyond the border."""
    pixels = np.asarray(image).astype(float)
    found = np.zeros((side, side, 3))
    for row in range(side):
        for column in range(side):
            x, y = square.to_picture(np.array([[(column + 0.5) / side, (row + 0.5) / side]]))[0] - 0.5
            x0, y0 = int(np.floor(x)), int(np.floor(y))
            for across, down in ((0, 0), (1, 0), (0, 1), (1, 1)):
                weight = (1 - abs(x - x0 - across)) * (1 - abs(y - y0 - down))
                at = pixels[
                    min(max(y0 + down, 0), image.height - 1), min(max(x0 + across, 0), image.width - 1)
                ]
                found[row, column] += weight * at
    return found


def test_places_go_to_the_picture_and_back() -> None:
    square = FaceSquare(30, 40, 20, 0.3)
    places = np.random.default_rng(0).random((9, 2))
    assert square.to_square(square.to_picture(places)) == pytest.approx(places)
    assert square.to_picture(np.array([[0.5, 0.5]])) == pytest.approx(np.array([[30, 40]]))


@pytest.mark.parametrize("turn", [0.0, 0.4, -1.2, 3.0])
def test_eyes_come_to_their_places(turn: float) -> None:
    across = 30 * np.array([np.cos(turn), np.sin(turn)])
    points = mesh(tuple(np.array([60, 50]) - across), tuple(np.array([60, 50]) + across))
    square = aligned_square(points)
    assert square.to_square(eye_centres(points)) == pytest.approx(np.array(EYES))
    assert square.side == pytest.approx(60 / 0.475)
    assert square.roll == pytest.approx(turn)


@pytest.mark.parametrize(
    "square",
    [
        FaceSquare(40, 30, 24, 0),
        FaceSquare(41.3, 29.6, 30, 0.5),
        FaceSquare(5, 55, 30, -0.8),
        FaceSquare(60, 2, 40, 2.5),
    ],
)
def test_a_cut_is_bilinear_with_its_border_repeated(square: FaceSquare) -> None:
    image = smooth(64, 60)
    found = np.asarray(cut_square(image, square, 24)).astype(float)
    assert np.abs(found - slow_cut(image, square, 24)).max() <= 1.01


def test_a_large_face_is_averaged_before_it_is_cut() -> None:
    dots = np.zeros((400, 400, 3), np.uint8)
    dots[::2, ::2] = 255  # a quarter of the pixels
    found = np.asarray(cut_square(Image.fromarray(dots), FaceSquare(200, 200, 320, 0), 40)).astype(float)
    assert found.mean() == pytest.approx(255 / 4, abs=1)
    assert found.std() < 4


def test_a_square_that_is_nowhere_is_an_error() -> None:
    with pytest.raises(ValueError, match="far outside"):
        cut_square(smooth(40, 40), FaceSquare(20, 20, 1e9), 24)
    with pytest.raises(ValueError, match="far outside"):
        cut_square(smooth(40, 40), FaceSquare(float("nan"), 20, 10), 24)


def test_a_picture_of_one_pixel_can_be_cut() -> None:
    assert (
        np.asarray(cut_square(Image.new("RGB", (1, 1), "red"), FaceSquare(0.5, 0.5, 1.5), 8)).mean((0, 1))[0]
        == 255
    )


def test_the_mesh_looks_one_and_a_half_times_around() -> None:
    box = np.array([10.0, 20.0, 50.0, 40.0])
    square = square_of_box(box, np.array([20.0, 30.0]), np.array([30.0, 40.0]))
    assert (square.x, square.y, square.side) == (30, 30, 60)
    assert square.roll == pytest.approx(np.pi / 4)
    points = mesh((30, 50), (70, 50))
    next_one = square_of_points(points)
    assert next_one.side == pytest.approx(1.5 * (points.max(0) - points.min(0)).max())
