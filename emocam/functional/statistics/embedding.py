"""Points of many dimensions as a picture, by PCA, PaCMAP, t-SNE or UMAP, and how far each can be believed."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from emocam.errors import SettingError
from emocam.functional.statistics.neighbours import (
    NEAREST,
    anchors,
    chance_share,
    faithfulness,
    intrinsic_dimension,
    nearest_points,
    own_share,
    shared_neighbours,
)
from emocam.functional.statistics.pacmap import pacmap, principal_axes

AXES = 50
"""Of the greatest variance, to which points of more dimensions are reduced first."""


class Measure(NamedTuple):
    """A number that stands beside a picture; `chance` is that of points placed by lot, or neighbours by lot.

    `between_seeds` is the same of the pictures of two seeds, where it means something.
    """

    measure: str
    value: float
    chance: float = np.nan
    between_seeds: float = np.nan


def pca(points: Tensor, seed: int) -> Tensor:
    """Return the two axes of the greatest variance; no seed changes them."""
    return principal_axes(points, 2)


def tsne(points: Tensor, seed: int) -> Tensor:
    """Return t-SNE's picture by the library openTSNE."""
    try:
        from openTSNE import TSNE
    except ImportError:
        raise _absent("tsne", "openTSNE") from None
    return torch.from_numpy(
        np.asarray(TSNE(random_state=seed, n_jobs=torch.get_num_threads()).fit(points.numpy()))
    )


def umap(points: Tensor, seed: int) -> Tensor:
    """Return UMAP's picture by its library."""
    try:
        from umap import UMAP
    except ImportError:
        raise _absent("umap", "umap-learn") from None
    way = UMAP(n_neighbors=min(NEAREST, len(points) - 1), random_state=seed, n_jobs=1)
    return torch.from_numpy(np.asarray(way.fit_transform(points.numpy())))


METHODS: dict[str, Callable[[Tensor, int], Tensor]] = {
    "pca": pca,
    "pacmap": pacmap,
    "tsne": tsne,
    "umap": umap,
}


def on_main_axes(points: Tensor) -> Tensor:
    """Return points (N, D) on their first AXES axes, where they have more."""
    return principal_axes(points, AXES) if points.shape[1] > AXES else points - points.mean(0)


def quality(points: Tensor, picture: Tensor, other: Tensor | None, of: Tensor | None) -> Iterator[Measure]:
    """Yield what must stand beside a picture (N, 2) of points (N, D).

    `other` is the picture of another seed, None for a method without lots; `of` (N,) are the points' labels.
    """
    around = anchors(len(points))
    draws = torch.Generator().manual_seed(0)
    kept = faithfulness(points, picture, around)
    lot = faithfulness(points, torch.rand(len(points), 2, generator=draws), around)
    near, shown = (nearest_points(space, NEAREST)[0] for space in (points, picture))
    seeds = np.nan if other is None else shared_neighbours(shown, nearest_points(other, NEAREST)[0])
    yield Measure("trustworthiness", kept.trustworthiness, lot.trustworthiness)
    yield Measure("continuity", kept.continuity, lot.continuity)
    yield Measure("neighbours kept", kept.overlap, near.shape[1] / (len(points) - 1), seeds)
    yield Measure("order of distances kept", kept.distances, 0.0)
    if of is not None:
        chance = chance_share(of)
        yield Measure("neighbours of the same label, in full", own_share(near, of), chance)
        yield Measure("neighbours of the same label, in the picture", own_share(shown, of), chance)
    yield Measure("intrinsic dimension", intrinsic_dimension(nearest_points(points.double(), 2)[1]))


def _absent(method: str, package: str) -> SettingError:
    return SettingError(
        f"--method {method} needs the package {package}, which is not installed; install it with "
        "pip install 'emocam[embed]', or take --method pacmap"
    )
