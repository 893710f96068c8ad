"""What `task=train` writes into a weights file beside the tensors, and its use wherever the weights are used."""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save
from torch import Tensor, nn

from emocam.errors import SettingError
from emocam.network.labels_file import read_labels
from emocam.network.weights import is_file, read_metadata
from emocam.view.base import View

OPERATING_POINTS = (0, 1)


@dataclass(frozen=True)
class Trained:
    """How a network was trained, as strings of a safetensors file's metadata.

    `labels` (L) in the order of the answers, `view` what it was shown, `mean` and `std` what a channel in
    [0, 1] was shifted and divided by; `digest` names the pictures and their labels. `prior` (L) are the shares
    of the labels among the training pictures, none for a network that answers with numbers; where the answers
    are `balanced`, adding its logarithm gives those of a corpus with these shares. `temperature` divides the
    logits so that confidences are right on the held-out part, `temperature_corpus` does so at the corpus' point.
    """

    labels: list[str]
    view: str = ""
    mean: list[float] = field(default_factory=list)
    std: list[float] = field(default_factory=list)
    prior: list[float] = field(default_factory=list)
    balanced: bool = False
    temperature: float = 1.0
    temperature_corpus: float = 1.0
    network: str = ""
    settings: dict[str, Any] = field(default_factory=dict)
    digest: str = ""
    pictures: int = 0
    epoch: int = 0
    figures: dict[str, float] = field(default_factory=dict)

    def metadata(self) -> dict[str, str]:
        """Return what is written into the file: labels one a line, everything else as JSON."""
        written = {name: json.dumps(value, sort_keys=True) for name, value in asdict(self).items()}
        plain = {name: getattr(self, name) for name in ("view", "network", "digest")}
        return written | plain | {"labels": "\n".join(self.labels)}

    def answer_change(self, adjust: int) -> tuple[Tensor, float]:
        """Return what an operating point adds to logits (L), and what it divides them by afterwards."""
        if not adjust:
            return torch.zeros(len(self.labels)), self.temperature
        return torch.tensor(self.prior).clamp(min=1e-12).log(), self.temperature_corpus


def read_trained(weights: str | Path | None) -> Trained | None:
    """Return how the weights of a file were trained; None where the file does not say, or none is named."""
    if weights is None or weights == "random" or not str(weights).endswith(".safetensors"):
        return None
    path = Path(weights).expanduser()
    metadata = read_metadata(path)
    if "labels" not in metadata or "temperature" not in metadata:
        return None
    plain = ("labels", "view", "network", "digest")
    try:
        known: dict[str, Any] = {name: metadata[name] for name in plain[1:]}
        known |= {f.name: json.loads(metadata[f.name]) for f in fields(Trained) if f.name not in plain}
        trained = Trained(labels=metadata["labels"].split("\n"), **known)
        # numbers have no prior, labels have one each
        whole = not trained.prior if metadata.get("values") else len(trained.prior) == len(trained.labels)
        whole = whole and min(trained.prior, default=0) >= 0
        if not (whole and trained.temperature > 0 and trained.temperature_corpus > 0):
            raise ValueError("its prior or temperature does not fit its labels")
    except (KeyError, ValueError, TypeError) as error:
        raise SettingError(
            f"classifier.weights: {path} does not say how it was trained as task=train writes it ({error})"
        ) from None
    return trained


def file_bytes(state: dict[str, Tensor], metadata: dict[str, str]) -> bytes:
    """Return a safetensors file, the same bytes for the same weights: the library writes metadata in any order."""
    whole = save(state, metadata)
    start = 8 + int.from_bytes(whole[:8], "little")
    header = json.loads(whole[8:start])
    metadata = dict(sorted(header.pop("__metadata__").items()))
    text = json.dumps({"__metadata__": metadata, **header}, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)  # tensors begin at a multiple of eight bytes
    return len(text).to_bytes(8, "little") + text + whole[start:]


def labels_of(weights: str | None, labels: str | None, default: list[str] | None = None) -> list[str]:
    """Return the names of a network's answers: those of a labels file, of its weights, or its own.

    A file that names the same labels in another order would exchange them silently, so it is refused.
    """
    trained = read_trained(weights) if weights is not None and is_file(weights) else None
    if labels is None:
        if trained is not None:
            return trained.labels
        if default is None:
            raise SettingError("classifier.labels is not set; give a text file with one label a line")
        return list(default)
    names = read_labels(labels)
    if trained is not None and names != trained.labels and sorted(names) == sorted(trained.labels):
        place = next(i for i, (a, b) in enumerate(zip(names, trained.labels, strict=True)) if a != b)
        raise SettingError(
            f"classifier.labels: {labels} lists the labels in another order than {weights} answers: line "
            f"{place + 1} is {names[place]!r}, and the network's is {trained.labels[place]!r}; leave "
            "classifier.labels away, since the weights name their labels"
        )
    return names


def labels_if_named(weights: str | None, labels: str | None) -> list[str] | None:
    """Return the labels of a labels file, or of the weights' file; None where neither names any."""
    trained = read_trained(weights) if weights is not None and is_file(weights) else None
    return labels_of(weights, labels) if labels is not None or trained is not None else None


def channel_statistics(prepare: Callable[[Tensor], Tensor], view: Tensor) -> tuple[list[float], list[float]]:
    """Return the mean and spread, of channels in [0, 1], that a classifier's `prepare` takes of a view (1, c, h, w)."""
    dark = prepare(torch.zeros_like(view)).mean((0, -2, -1))
    bright = prepare(torch.full_like(view, 255)).mean((0, -2, -1))
    std = 1 / (bright - dark)
    return [[round(v, 5) for v in values.tolist()] for values in (-dark * std, std)]  # type: ignore[return-value]


def check_operating_point(adjust: object) -> None:
    """Refuse a `classifier.adjust` that is neither 0 nor 1."""
    if adjust not in OPERATING_POINTS or isinstance(adjust, bool):
        raise SettingError(
            f"classifier.adjust must be 0 (balanced answers) or 1 (as the training corpus), got {adjust!r}"
        )


def settle_answers(
    network: nn.Module, weights: str | None, adjust: int, view: View, dry: Tensor
) -> Trained | None:
    """Make a network with trained weights answer at an operating point, tried on an input `dry` (2, c, H, W).

    The prior and the temperature go into the last layer, so that no CAM method meets a step it has no rule for.
    """
    check_operating_point(adjust)
    trained = read_trained(weights)
    if trained is None or not trained.balanced:
        if adjust:
            raise SettingError(
                "classifier.adjust=1 needs weights that were trained for balanced answers, and these were not; "
                "train with train.adjust=1, or leave classifier.adjust away"
            )
        if trained is None:
            return None
    if trained.view and trained.view != repr(view):
        raise SettingError(
            f"classifier.weights: {weights} was trained on the view {trained.view}, and this classifier is shown "
            f"{view!r}; take the classifier and the settings that it was trained with"
        )
    shift, temperature = trained.answer_change(adjust)
    if not fold(network, shift, temperature, dry) and adjust:
        raise SettingError(
            "classifier.adjust=1 needs a network whose last layer is linear, and this one's is not"
        )
    return trained


@torch.no_grad()
def fold(network: nn.Module, shift: Tensor, temperature: float, dry: Tensor) -> bool:
    """Make the last layer answer (z + shift) / temperature in place of logits z; return whether that is possible."""
    if temperature == 1 and not shift.any():
        return True
    kinds = (nn.Linear, nn.Conv2d)
    last = [m for m in network.modules() if isinstance(m, kinds) and m.weight.shape[0] == len(shift)][-1:]
    if not last:
        return False
    layer = last[0]
    mode = network.training
    network.eval()
    before = network(dry)
    kept = layer.weight.clone(), layer.bias
    bias = torch.zeros_like(shift) if layer.bias is None else layer.bias.clone()
    layer.weight.div_(temperature)
    layer.bias = nn.Parameter((bias + shift) / temperature, requires_grad=layer.weight.requires_grad)
    expected = (before + shift) / temperature
    fits = torch.allclose(network(dry), expected, rtol=1e-4, atol=1e-4 * float(expected.abs().max()))
    if not fits:
        layer.weight.copy_(kept[0])
        layer.bias = kept[1]
    network.train(mode)
    return fits
