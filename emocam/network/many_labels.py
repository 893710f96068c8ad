"""Networks whose labels do not exclude each other: the threshold above which a picture has each of them."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from emocam.errors import SettingError, nearest
from emocam.network.thresholds_file import SETTING, read_thresholds

UNKNOWING = ("effect", "paste", "slices", "attribution")
"""Settings of what goes by one label a picture."""


def undecided(labels: int) -> Tensor:
    """Return the thresholds (L,) of a network of many labels before any are given."""
    return torch.full((labels,), 0.5)


def check_many(classifier: Any, settings: Mapping[str, Any]) -> None:
    """Refuse what knows one label a picture alone."""
    if classifier.values is not None:
        raise SettingError(
            "classifier.many goes with labels, and classifier.values are numbers; give one of them"
        )
    for name in UNKNOWING:
        if settings.get(name) is not None:
            raise SettingError(
                f"{name} asks about one label a picture, and with classifier.many a picture may have several; leave "
                f"{name} away, or give classifier.many=false to ask about the strongest label alone"
            )


def label_thresholds(asked: float | str, labels: list[str]) -> Tensor:
    """Return the threshold of each label (L,): one for all, or those of a file with `label,threshold` a line."""
    if not isinstance(asked, str):
        return torch.full((len(labels),), float(asked))
    found = read_thresholds(asked)
    for name in found:
        if name not in labels:
            raise SettingError(
                f"{SETTING}: {asked} names {name!r}, which is no label; {nearest(name, labels)}"
            )
    if missing := [name for name in labels if name not in found]:
        raise SettingError(
            f"{SETTING}: {asked} has no threshold for {len(missing)} of the {len(labels)} labels "
            f"({', '.join(missing[:3])}{', ...' * (len(missing) > 3)}); give a line to each"
        )
    return torch.tensor([found[name] for name in labels])
