"""The logits within what a network answers: a tensor, a dictionary or a record, of one output or more."""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass

import torch
from torch import Tensor, nn

from emocam.errors import SettingError
from emocam.network.answers import NEAR

LOGITS = "logits"
LEAST = 1e-12
"""Below it a probability is not told from zero."""


def picked_logits(output: object, whose: str = "the network") -> Tensor:
    """Return the answers (B, L) in what a network returns; of one output z two labels' answers, -z / 2 and z / 2."""
    found = _tensor_of(output, whose)
    if found.ndim == 1 or (found.ndim == 2 and found.shape[1] == 1):
        half = found.reshape(-1, 1) / 2
        return torch.cat([-half, half], 1)
    if found.ndim == 4 and found.shape[-2:] == (1, 1):
        return found.flatten(1)
    if found.ndim != 2:
        boxes = "; a detector's export goes with detector, not with classifier" if found.ndim == 3 else ""
        raise SettingError(
            f"{whose} must answer with a number a label for each picture (B, L), got {tuple(found.shape)}{boxes}"
        )
    return found


def _tensor_of(output: object, whose: str) -> Tensor:
    entries = _entries(output)
    if entries is None:
        if isinstance(output, Tensor):
            return output
        raise SettingError(f"{whose} must answer with a tensor of logits, got {_described(output)}")
    if isinstance(entries.get(LOGITS), Tensor):
        return entries[LOGITS]  # type: ignore[return-value]
    tensors = {name: value for name, value in entries.items() if isinstance(value, Tensor)}
    if len(tensors) == 1:
        return next(iter(tensors.values()))
    raise SettingError(
        f"{whose} answers with {len(entries)} entries ({', '.join(map(str, list(entries)[:4]))}), and none is called "
        f"{LOGITS}; wrap it in a module whose forward returns its logits"
    )


def _entries(output: object) -> Mapping[str, object] | None:
    """Return the named parts of an output; None where it has no names."""
    if isinstance(output, Mapping):
        return output
    if is_dataclass(output) and not isinstance(output, type):
        return {field.name: getattr(output, field.name) for field in fields(output)}
    if isinstance(output, tuple) and hasattr(output, "_asdict"):
        return output._asdict()
    return None


def _described(output: object) -> str:
    if isinstance(output, list | tuple):
        shapes = ", ".join(
            str(tuple(part.shape)) if isinstance(part, Tensor) else type(part).__name__ for part in output
        )
        return f"a {type(output).__name__} of {shapes}"
    return f"a {type(output).__name__}"


def has_one_output(answers: Tensor) -> bool:
    """Return whether answers (B, 2) were made of one output: each is the other with another sign."""
    return answers.shape[1] == 2 and bool((answers[:, 0] == -answers[:, 1]).all())


def is_plain(output: object) -> bool:
    """Return whether a network's output is the answers (B, L) of at least two labels as it is."""
    return isinstance(output, Tensor) and output.ndim == 2 and output.shape[1] > 1


class PickedAnswers(nn.Module):
    """A head, or a whole network, whose answers are picked from what it returns."""

    def __init__(self, module: nn.Module) -> None:
        super().__init__()
        self.module = module

    def forward(self, *inputs: Tensor) -> Tensor:
        return picked_logits(self.module(*inputs))


def probabilities_as_logits(answers: Tensor, many: bool) -> str | None:
    """Return `softmax` or `sigmoid` where a network of which only answers (B, L) are seen gives probabilities."""
    within = bool(((answers >= 0) & (answers <= 1)).all())
    if not within:
        return None
    if bool(((answers.double().sum(-1) - 1).abs() < NEAR).all()):
        return "softmax"
    if many:
        return "sigmoid"
    raise SettingError(
        "classifier: all answers lie between 0 and 1 and do not sum to 1, as those of a sigmoid a label; give "
        "classifier.many=true, or a network that answers with logits"
    )


def to_logits(answers: Tensor, kind: str | None) -> Tensor:
    """Return logits (B, L) that have these probabilities; answers that are logits stay."""
    if kind is None:
        return answers
    safe = answers.clamp(LEAST, 1 if kind == "softmax" else 1 - 1e-7)
    return safe.log() if kind == "softmax" else safe.logit()
