"""Values side by side: how ratings go together, and how predictions do."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

PANELS = ("ratings", "predictions")


def ward_order(correlation: np.ndarray) -> np.ndarray:
    """Return the order (A,) in which values that go together stand together, by Ward's clusters."""
    if len(correlation) < 3:
        return np.arange(len(correlation))
    # they take a while to import, and few runs have values
    from scipy.cluster.hierarchy import leaves_list, linkage
    from scipy.spatial.distance import squareform

    apart = np.sqrt(np.clip(2 * (1 - correlation), 0, None))
    np.fill_diagonal(apart, 0)
    return leaves_list(
        linkage(squareform((apart + apart.T) / 2, checks=False), "ward", optimal_ordering=True)
    )


def correlation_figure(rated: pd.DataFrame, predicted: pd.DataFrame) -> Figure:
    """Draw the correlations of the ratings and of the predictions side by side, both in the ratings' order."""
    matrices = [np.nan_to_num(table.corr().to_numpy()) for table in (rated, predicted)]
    order = ward_order(matrices[0])
    names = [str(rated.columns[i]) for i in order]
    side = 1.8 + 0.24 * len(names)
    figure = Figure(figsize=(2 * side + 1, side + 0.6), dpi=150, layout="constrained")
    panels = figure.subplots(1, 2)
    for ax, matrix, title in zip(panels, matrices, PANELS, strict=True):
        image = ax.imshow(matrix[np.ix_(order, order)], cmap="RdBu_r", vmin=-1, vmax=1)
        ax.set_title(f"correlations of {title}", fontsize=9, loc="left")
        ax.set_xticks(range(len(names)), names, rotation=90, fontsize=7)
        ax.set_yticks(range(len(names)), names, fontsize=7)
    figure.colorbar(image, ax=panels, label="r", shrink=0.8)
    return figure
