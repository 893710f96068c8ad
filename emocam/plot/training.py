"""The curves of a training."""

import pandas as pd
from matplotlib.figure import Figure

NAMES = {"accuracy": "accuracy", "balanced_accuracy": "mean recall", "macro_f1": "macro F1"}
VALUE_NAMES = {"r": "mean r"}
LOSSES = {"loss": "training", "held_loss": "held out"}


def training_figure(rows: pd.DataFrame, kept: int) -> Figure:
    """Plot losses and held-out figures against the epoch, with a line at the epoch that was kept."""
    figures, scale, unit = (VALUE_NAMES, 1.0, "r, held out") if "r" in rows else (NAMES, 100.0, "held out, %")
    held = [name for name in figures if name in rows]
    figure = Figure(figsize=(7.6 if held else 4.2, 3.2), dpi=150, layout="constrained")
    axes = figure.subplots(1, 2 if held else 1, squeeze=False)[0]
    parts = [(axes[0], LOSSES, 1.0, "loss")]
    if held:
        parts.append((axes[1], figures, scale, unit))
    for ax, names, scale, words in parts:
        for (name, told), marker in zip(names.items(), "os^", strict=False):
            if name in rows:
                ax.plot(rows["epoch"], scale * rows[name], marker=marker, markersize=3, label=told)
        ax.axvline(kept, color="0.6", linewidth=0.8, linestyle=":")
        ax.set(xlabel="epoch", ylabel=words)
        ax.xaxis.get_major_locator().set_params(integer=True)
        ax.legend(fontsize=8, frameon=False)
    axes[0].set_title(f"Epoch {kept} was kept", fontsize=9, loc="left")
    return figure
