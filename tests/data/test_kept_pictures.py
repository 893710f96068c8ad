"""What a worker has drawn is not drawn again, and is the same picture."""

import os
import pickle
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from emocam.data import kept_pictures, planted
from emocam.data.planted import Planted


def pixels(data: Planted, path: str) -> np.ndarray:
    return np.asarray(data.open_again(path).image)


def undrawable(*_: object) -> Image.Image:
    raise AssertionError("drawn again")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are not forked here")
@pytest.mark.parametrize("world", ["standard", "faces"])
def test_what_a_forked_worker_drew_is_here_as_it_was_drawn(
    world: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    data, alone = Planted(images=4, world=world), Planted(images=4, world=world)
    data.prepare()
    if (worker := os.fork()) == 0:
        try:
            for path in data.paths()[:3]:
                data.open(path)
        finally:
            os._exit(0)
    os.waitpid(worker, 0)
    expected = [np.asarray(alone.open(path).image) for path in alone.paths()]
    monkeypatch.setattr(planted, "draw", undrawable)
    monkeypatch.setattr(planted, "draw_face", undrawable)
    for path, same in zip(data.paths()[:3], expected, strict=False):
        assert np.array_equal(pixels(data, path), same)
    with pytest.raises(AssertionError, match="drawn again"):  # which nobody has drawn yet
        pixels(data, data.paths()[3])


def test_pictures_without_a_place_are_drawn_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_pictures, "MOST", 1)
    data = Planted(images=3)
    data.prepare()
    for path in data.paths():
        assert np.array_equal(np.asarray(data.open(path).image), pixels(data, path))
    assert data.kept is not None and data.kept.get(0) is not None and data.kept.get(1) is None


def test_a_process_that_is_not_forked_draws_for_itself(tmp_path: Path) -> None:
    data = Planted(images=2)
    data.prepare()
    drawn = np.asarray(data.open("00001.png").image)
    elsewhere = pickle.loads(pickle.dumps(data))
    assert elsewhere == data and sys.getsizeof(pickle.dumps(data)) < 10_000
    assert np.array_equal(pixels(elsewhere, "00001.png"), drawn)
    elsewhere.open("00001.png")
