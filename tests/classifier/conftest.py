"""Pictures of odd sizes, and the real ones where they are at hand."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

SHARED = Path(__file__).parents[2].parent / "shared/data"
SIZES = [(301, 199), (97, 203), (224, 224), (60, 41), (1000, 133)]


def draw(size, seed=0):
    """Smooth patches of colour, so that resizing matters and does not merely blur."""
    pixels = np.random.default_rng(seed).integers(0, 256, (9, 13, 3), dtype=np.uint8)
    return Image.fromarray(pixels).resize(size, Image.Resampling.BICUBIC)


@pytest.fixture(scope="session")
def pictures():
    return [draw(size, seed) for seed, size in enumerate(SIZES)]


@pytest.fixture
def shared():
    """The folder beside the checkout that holds photos."""
    if not SHARED.is_dir():
        pytest.skip("the photos are not beside the checkout")
    return SHARED


@pytest.fixture
def sample():
    """`sample("coffee")`: a photo that comes with scikit-image."""
    data = pytest.importorskip("skimage.data")
    return lambda name: Image.fromarray(getattr(data, name)())
