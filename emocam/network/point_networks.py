"""One binary network a label, all computed side by side, on the movement of points (B, 2, T, P).

Each label's network may see points of its own: `kept` (L, k) are their places.
"""

import copy
import math
from collections.abc import Callable

import torch
from torch import Tensor, nn

WINDOW = 5
"""Frames that a fixed convolution sees at once."""
GAIN = 4.0
"""How far fixed random features are driven: most of what they see is beyond their linear part."""
RIDGE = 1.0
TAIL = 4
"""Frames at the end whose mean is a feature beside that of all."""


PER_LABEL = ("kept", "weight", "bias", "inward", "inner", "inner_bias", "output", "threshold")
"""Tensors with a row for each label."""


class PointNetwork(nn.Module):
    """Base of the networks: picks each label's points, (L, B, T, 2k), and scores them, (B, L)."""

    kept: Tensor
    temperature: Tensor

    def __init__(self, labels: int, points: int, kept: Tensor | None = None) -> None:
        super().__init__()
        places = torch.arange(points).repeat(labels, 1) if kept is None else kept
        self.shared = kept is None
        self.register_buffer("kept", places, persistent=False)
        self.register_buffer("temperature", torch.ones(()), persistent=False)

    def pick(self, x: Tensor) -> Tensor:
        """Return what each label's network sees of movements (B, 2, T, P): (L, B, T, 2k)."""
        if self.shared:
            flat = x.permute(0, 2, 3, 1).flatten(2)
            return flat.expand(len(self.kept), *flat.shape)
        return x[..., self.kept].permute(3, 0, 2, 4, 1).flatten(3)

    def score(self, seen: Tensor) -> Tensor:
        """Return each label's score (L, B) of what its network sees (L, B, T, 2k)."""
        raise NotImplementedError

    def forward(self, x: Tensor) -> Tensor:
        return self.score(self.pick(x)).T / self.temperature

    def labels_from(self, first: int, count: int) -> "PointNetwork":
        """Return the networks of some of the labels, which share their tensors with these."""
        part = copy.copy(self)
        part._parameters, part._buffers = dict(self._parameters), dict(self._buffers)
        for held in (part._parameters, part._buffers):
            for name in PER_LABEL:
                if name in held:
                    tensor = held[name]
                    assert tensor is not None
                    held[name] = tensor[first : first + count]  # type: ignore[assignment]
        return part

    def label_score(self, label: int) -> Callable[[Tensor], Tensor]:
        """Return what scores movements (B, 2, T, P) for one label alone, (B,), by its network and no other."""
        alone = self.labels_from(label, 1)
        return lambda x: alone(x)[:, 0]


def drawn(*shape: int, inputs: int) -> nn.Parameter:
    """Draw weights so that a sum over `inputs` keeps its size."""
    return nn.Parameter(torch.randn(*shape) / math.sqrt(inputs))


class PointMLP(PointNetwork):
    """All frames of all points to hidden units, with a rectifier, to one number."""

    def __init__(
        self, labels: int, points: int, length: int, kept: Tensor | None = None, hidden: int = 48
    ) -> None:
        super().__init__(labels, points, kept)
        inputs = 2 * self.kept.shape[1] * length
        self.weight, self.bias = (
            drawn(labels, inputs, hidden, inputs=inputs),
            nn.Parameter(torch.zeros(labels, 1, hidden)),
        )
        self.output, self.threshold = (
            drawn(labels, hidden, 1, inputs=hidden),
            nn.Parameter(torch.zeros(labels, 1)),
        )

    def score(self, seen: Tensor) -> Tensor:
        hidden = torch.baddbmm(self.bias, seen.flatten(2), self.weight).relu()
        return torch.bmm(hidden, self.output).squeeze(-1) + self.threshold


class PointGRU(PointNetwork):
    """Gated recurrent units over the frames; the last state gives the number."""

    def __init__(
        self, labels: int, points: int, length: int, kept: Tensor | None = None, hidden: int = 32
    ) -> None:
        super().__init__(labels, points, kept)
        inputs, self.hidden = 2 * self.kept.shape[1], hidden
        self.inward, self.bias = (
            drawn(labels, inputs, 3 * hidden, inputs=inputs),
            nn.Parameter(torch.zeros(labels, 1, 3 * hidden)),
        )
        self.inner, self.inner_bias = (
            drawn(labels, hidden, 3 * hidden, inputs=hidden),
            nn.Parameter(torch.zeros(labels, 1, 3 * hidden)),
        )
        self.output, self.threshold = (
            drawn(labels, hidden, 1, inputs=hidden),
            nn.Parameter(torch.zeros(labels, 1)),
        )

    def score(self, seen: Tensor) -> Tensor:
        labels, batch, length, _ = seen.shape
        into = torch.baddbmm(self.bias, seen.flatten(1, 2), self.inward).view(labels, batch, length, -1)
        state = seen.new_zeros(labels, batch, self.hidden)
        for frame in range(length):
            reset, update, new = into[:, :, frame].chunk(3, -1)
            own_reset, own_update, own_new = torch.baddbmm(self.inner_bias, state, self.inner).chunk(3, -1)
            gate = torch.sigmoid(update + own_update)
            state = gate * state + (1 - gate) * torch.tanh(new + torch.sigmoid(reset + own_reset) * own_new)
        return torch.bmm(state, self.output).squeeze(-1) + self.threshold


class RandomPointNetwork(PointNetwork):
    """Fixed random convolutions over five frames, and a linear head that is solved in closed form."""

    projection: Tensor
    phase: Tensor

    def __init__(
        self, labels: int, points: int, length: int, kept: Tensor | None = None, hidden: int = 50
    ) -> None:
        super().__init__(labels, points, kept)
        inputs = 2 * WINDOW * self.kept.shape[1]
        self.register_buffer("projection", GAIN * torch.randn(inputs, hidden) / math.sqrt(inputs))
        self.register_buffer("phase", 2 * torch.rand(hidden) - 1)
        self.output, self.threshold = (
            nn.Parameter(torch.zeros(labels, 2 * hidden, 1)),
            nn.Parameter(torch.zeros(labels, 1)),
        )

    def features(self, seen: Tensor) -> Tensor:
        """Return the mean over all frames and over the last of each convolution (L, B, 2 hidden)."""
        windows = seen.unfold(2, WINDOW, 1).flatten(3)
        fixed = torch.tanh(windows @ self.projection + self.phase)
        return torch.cat([fixed.mean(2), fixed[:, :, -TAIL:].mean(2)], -1)

    def score(self, seen: Tensor) -> Tensor:
        found = self.features(seen[:1]).expand(len(seen), -1, -1) if self.shared else self.features(seen)
        return torch.bmm(found, self.output).squeeze(-1) + self.threshold

    @torch.no_grad()
    def solve(self, x: Tensor, label: Tensor, labels: int | None = None) -> None:
        """Fit each label's head to +1 for its sequences and -1 for all others, both together of equal weight.

        Where there are more networks than `labels`, they stand for the labels in turn.
        """
        seen = self.pick(x)
        for number in range(len(self.kept)):
            found = self.features(seen[number : number + 1])[0].double()
            own = (label == number % (labels or len(self.kept))).double()
            weight = own / own.sum().clamp(min=1) + (1 - own) / (1 - own).sum().clamp(min=1)
            weight = weight * len(x) / 2
            whole = torch.cat([found, torch.ones(len(x), 1, dtype=found.dtype)], 1)
            gram = whole.T @ (weight[:, None] * whole)
            gram.diagonal()[:-1] += RIDGE
            solution = torch.linalg.solve(gram, whole.T @ (weight * (2 * own - 1)))
            self.output[number, :, 0], self.threshold[number] = solution[:-1].float(), solution[-1].float()


KINDS: dict[str, type[PointNetwork]] = {"random": RandomPointNetwork, "mlp": PointMLP, "gru": PointGRU}


def build_point_network(
    kind: str, labels: int, points: int, length: int, kept: Tensor | None = None, hidden: int | None = None
) -> PointNetwork:
    """Build networks of a kind; without `hidden` as wide as is usual for it."""
    sizes = {} if hidden is None else {"hidden": hidden}
    return KINDS[kind](labels, points, length, kept, **sizes)  # type: ignore[call-arg, arg-type]
