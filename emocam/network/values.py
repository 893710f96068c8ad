"""A network that answers with numbers: each value is asked in both directions, as labels `NAME +` and `NAME -`.

The logits are z and -z, where z is the value less its centre, in standard deviations. Both are the last
layer's own answers, so that no CAM method meets a step it has no rule for.
"""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from emocam.errors import SettingError
from emocam.network.weights import is_file, read_metadata

DIRECTIONS = ("+", "-")
TAKEN = ("image", "label", "confidence", "logits", "index", "truth", "group", "time", "object", "person")
"""Columns of predictions that a value's own column must not hide."""
DEVIATION, OWN_UNIT = "standard deviations", "of its own units"
Asked = Sequence[str] | bool | None
"""What `classifier.values` may be: the names, whether the network's own labels are values, or null."""


@dataclass(frozen=True)
class Values:
    """The names (A,) of a network's answers; `centre` and `scale` (A,) are their mean and deviation in training.

    Where these are not `known` they are 0 and 1, and a value's own unit takes the place of a standard deviation.
    """

    names: tuple[str, ...]
    centre: tuple[float, ...]
    scale: tuple[float, ...]
    known: bool = True

    @property
    def labels(self) -> list[str]:
        """The labels, both directions of each value."""
        return [f"{name} {direction}" for name in self.names for direction in DIRECTIONS]

    @property
    def unit(self) -> str:
        """What an effect on a value is measured in."""
        return DEVIATION if self.known else OWN_UNIT

    @property
    def notes(self) -> list[str]:
        """What a person should be told of the values."""
        if self.known:
            return []
        return [
            "classifier.values: the weights do not say how far the values of their training pictures lie apart, so "
            "effects and verdict.effect are in the values' own units, not in standard deviations"
        ]

    def in_own_units(self, logits: Tensor) -> dict[str, Tensor]:
        """Return each value (B,) in its own units, from logits (B, 2 A)."""
        return {
            name: logits[:, 2 * place] * self.scale[place] + self.centre[place]
            for place, name in enumerate(self.names)
        }

    def metadata(self) -> dict[str, str]:
        """Return what a weights file says of its values."""
        numbers = {"centre": list(self.centre), "scale": list(self.scale)} if self.known else {}
        return {"values": "\n".join(self.names)} | {name: json.dumps(one) for name, one in numbers.items()}


def check_value_names(names: Sequence[object], setting: str = "classifier.values") -> list[str]:
    """Refuse names that no column and no label could have."""
    for name in names:
        if not isinstance(name, str) or not name.strip() or name != name.strip():
            fault = "is no name"
        elif "+" in name or name.endswith(" -") or "\n" in name:
            fault = "holds a sign, and the signs are the labels' own (`NAME +`, `NAME -`)"
        elif name in TAKEN or name.startswith("truth_"):
            fault = "is a column that predictions.parquet has already"
        elif list(names).count(name) > 1:
            fault = "stands twice"
        else:
            continue
        raise SettingError(f"{setting} must be different plain names, and {name!r} {fault}")
    return [str(name) for name in names]


def read_values(weights: str | Path | None) -> Values | None:
    """Return the values that a safetensors file says it answers with; None where it speaks of none."""
    if weights is None or not str(weights).endswith(".safetensors"):
        return None
    path = Path(weights).expanduser()
    metadata = read_metadata(path)
    if not metadata.get("values"):
        return None
    names = check_value_names(metadata["values"].split("\n"), f"classifier.weights: {path}: its values")
    if "centre" not in metadata:
        return unmeasured(names)
    try:
        centre, scale = (tuple(map(float, json.loads(metadata[name]))) for name in ("centre", "scale"))
        sound = len(centre) == len(scale) == len(names) and all(map(math.isfinite, (*centre, *scale)))
        if not sound or min(scale) <= 0:
            raise ValueError("one finite centre and one scale above 0 is needed for each value")
    except (KeyError, ValueError, TypeError) as error:
        raise SettingError(
            f"classifier.weights: {path} does not say how its values vary as task=train writes it ({error})"
        ) from None
    return Values(tuple(names), centre, scale)


def unmeasured(names: Sequence[str]) -> Values:
    """Return values of which only the names are known."""
    return Values(tuple(names), (0.0,) * len(names), (1.0,) * len(names), known=False)


def settle_values(asked: Asked, weights: str | None, labels: list[str] | None = None) -> Values | None:
    """Return the values of a network with these weights; None for one that answers with labels.

    `labels` are those of a labels file, or of the weights.
    """
    written = read_values(weights) if weights is not None and is_file(weights) else None
    if asked is None:
        return written
    if asked is False:
        return None
    if asked is True:
        if written is None and labels is None:
            raise SettingError(
                "classifier.values=true needs names; give classifier.values=[NAME, ...], or classifier.labels=FILE "
                "with one name a line"
            )
        return written or unmeasured(check_value_names(labels or []))
    if isinstance(asked, str) or not len(asked):
        raise SettingError(f"classifier.values must be true or a list of names, got {asked!r}")
    names = check_value_names(asked)
    if written is None:
        return unmeasured(names)
    if list(written.names) != names:
        raise SettingError(
            f"classifier.values are {names}, but {weights} answers with {list(written.names)}; "
            "leave classifier.values away, since the weights name their values"
        )
    return written


def answer_strengths(logits: Tensor, values: bool) -> Tensor:
    """Return how sure each answer (..., L) is: its probability, or with values the value itself."""
    return logits if values else logits.softmax(-1)


@torch.no_grad()
def ask_both_directions(network: nn.Module, values: Values, dry: Tensor) -> None:
    """Make the last layer answer z and -z of each value; tried on an input `dry` (2, c, H, W)."""
    answers = len(values.names)
    kinds = (nn.Linear, nn.Conv2d)
    last = [m for m in network.modules() if isinstance(m, kinds) and m.weight.shape[0] == answers][-1:]
    mode = network.training
    before = network.eval()(dry)
    if before.shape[-1] != answers:
        raise SettingError(
            f"classifier.values names {answers} values, but the network answers with {before.shape[-1]} numbers"
        )
    centre, scale = torch.tensor(values.centre), torch.tensor(values.scale)
    z = (before - centre) / scale
    expected = torch.stack([z, -z], -1).flatten(1)
    fits = False
    if last:
        both_directions(last[0], centre, scale)
        after = network(dry)
        fits = after.shape == expected.shape and torch.allclose(
            after, expected, rtol=1e-4, atol=1e-4 * max(1.0, float(expected.abs().max()))
        )
    if not fits:
        raise SettingError(
            "classifier.values needs a network whose last layer is linear and answers with the values themselves, "
            "and this one's is not"
        )
    network.train(mode)


def both_directions(layer: nn.Linear | nn.Conv2d, centre: Tensor, scale: Tensor) -> None:
    """Replace a layer's A answers by 2 A, those of each value standardised, and their opposite."""
    signs = torch.tensor([1.0, -1.0]).repeat(len(scale))
    bias = torch.zeros_like(scale) if layer.bias is None else layer.bias.detach()
    turned = ((bias - centre) / scale).repeat_interleave(2) * signs
    factor = (signs / scale.repeat_interleave(2)).reshape(-1, *[1] * (layer.weight.ndim - 1))
    grows = layer.weight.requires_grad
    layer.weight = nn.Parameter(layer.weight.detach().repeat_interleave(2, 0) * factor, requires_grad=grows)
    layer.bias = nn.Parameter(turned, requires_grad=grows)
    if isinstance(layer, nn.Linear):
        layer.out_features *= 2
    else:
        layer.out_channels *= 2
