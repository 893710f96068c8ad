"""Networks of which only the answers are seen: programs of TorchScript and ONNX."""

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torchvision.models import ResNet18_Weights

from emocam.classifier.base import Classifier
from emocam.errors import SettingError
from emocam.network.labels_file import read_labels
from emocam.network.many_labels import undecided
from emocam.network.outputs import picked_logits, probabilities_as_logits, to_logits
from emocam.network.weights import file_sha256
from emocam.view.crops import CentreCrop, Stretch

GRID = 14
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
CROP = 0.875
"""The share of the shorter side that most networks are shown."""


class CoarseInput(nn.Module):
    """A coarse copy of the input in place of a layer (B, 3, 14, 14), and the input itself, which the network takes."""

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        return F.adaptive_avg_pool2d(x, GRID), x


class WholeNetwork(nn.Module):
    """The whole network as the rest behind `CoarseInput`: no gradient comes back to these."""

    def __init__(self, network: nn.Module, kind: str | None) -> None:
        super().__init__()
        # a program's parts are not torch's own to freeze or walk through, so torch does not see it
        self.held = [network]
        self.kind = kind

    def forward(self, places: Tensor, x: Tensor) -> Tensor:
        with torch.no_grad():
            return to_logits(picked_logits(self.held[0](x)).float(), self.kind)


class OpaqueClassifier(Classifier):
    """A program by its file, shown the middle of pictures; `size`, `mean` and `std` are those of its training.

    CAM methods that look inside or need gradients are refused; those that ask about changed pictures work.
    """

    mean: Tensor
    std: Tensor
    opaque = True
    layer = "none: only its answers are seen"

    def __init__(
        self,
        network: nn.Module,
        weights: str,
        size: tuple[int, int],
        labels: list[str] | None,
        mean: Sequence[float],
        std: Sequence[float],
        many: bool,
    ) -> None:
        super().__init__()
        shorter = round(min(size) / CROP)
        self.view = CentreCrop(shorter, size) if size[0] == size[1] else Stretch(size)
        for name, numbers in (("mean", mean), ("std", std)):
            if len(numbers) != 3:
                raise SettingError(f"classifier.{name} needs a number a colour, got {len(numbers)}")
            self.register_buffer(name, torch.tensor(list(numbers)).float()[:, None, None], persistent=False)
        # the program is no tensor, so its digest stands for it where networks are told apart
        digest = torch.tensor(list(bytes.fromhex(file_sha256(weights))), dtype=torch.uint8)
        self.register_buffer("digest", digest)
        dry = torch.randint(0, 256, (2, 3, *size), generator=torch.Generator().manual_seed(0))
        answers = self._first_answers(network, self.prepare(dry), weights)
        self.labels = _labels_for(answers.shape[1], labels, weights)
        kind = probabilities_as_logits(answers, many)
        self.features, self.head = CoarseInput(), WholeNetwork(network, kind)
        self.many = undecided(len(self.labels)) if many else None
        if kind is not None:
            self.weights_note = (
                f"classifier.weights: {Path(weights).name} answers with probabilities of a {kind}; their logarithms "
                "are taken for logits"
            )

    def _first_answers(self, network: nn.Module, x: Tensor, weights: str) -> Tensor:
        try:
            with torch.no_grad():
                output = network(x)
        except Exception as error:
            reason = " ".join(str(error).split())[:200]
            raise SettingError(
                f"classifier.weights: {weights} cannot take pictures of {x.shape[2]} x {x.shape[3]} ({reason}); give "
                "classifier.size=[HEIGHT, WIDTH] as it was trained"
            ) from None
        answers = picked_logits(output, f"classifier.weights: {Path(weights).name}")
        if bool((answers[0] == answers[1]).all()):
            raise SettingError(
                f"classifier.weights: {weights} answers the same to every picture, so there is nothing to explain"
            )
        return answers

    def prepare(self, view: Tensor) -> Tensor:
        return (view.float() / 255 - self.mean) / self.std


def read_size(size: Sequence[int] | int | None, own: tuple[int, int] | None, weights: str) -> tuple[int, int]:
    """Return the height and width that a program takes: what its file says, else what was asked for, else 224."""
    if size is None:
        return own or (224, 224)
    found = (size, size) if isinstance(size, int) else tuple(size)
    if len(found) != 2 or not all(isinstance(side, int) and side > 0 for side in found):
        raise SettingError(f"classifier.size must be a number of pixels or [HEIGHT, WIDTH], got {size!r}")
    if own is not None and found != own:
        raise SettingError(
            f"classifier.size is {found[0]} x {found[1]}, but {weights} takes {own[0]} x {own[1]}; leave it away"
        )
    return found[0], found[1]


def read_program_labels(labels: str | None, own: list[str] | None) -> list[str] | None:
    """Return the names of a labels file, or those that the program itself names."""
    return own if labels is None else read_labels(labels)


def _labels_for(answers: int, names: list[str] | None, weights: str) -> list[str]:
    if names is None:
        if answers == 1000:
            return list(ResNet18_Weights.DEFAULT.meta["categories"])
        raise SettingError(
            f"classifier.labels is not set, and {weights} names none for its {answers} answers; give a text file with "
            "one label a line, in their order"
        )
    if answers == 2 and len(names) == 1:
        return [f"not {names[0]}", names[0]]
    if len(names) != answers:
        raise SettingError(
            f"classifier.labels has {len(names)} labels, but {weights} answers with {answers}; it needs one label a "
            "line, in the order of the answers"
        )
    return names
