"""Which networks of a library a file of weights is near to, by the names and shapes of its tensors."""

from collections.abc import Callable, Iterable, Mapping

import torch
from torch import Tensor, nn

from emocam.network.checkpoint import named_as_in

MOST_TRIED = 40
NAMED = 3
NEAR_SHARE = 0.6
"""The share of a network's tensors, by name and shape, that a file must have to be called near."""


def near_networks(
    state: dict[str, Tensor], build: Callable[[str], nn.Module], names: Iterable[str], asked: str
) -> str:
    """Return the end of a sentence that names the networks a state is near to.

    Nothing where it is near none, or to the one that was `asked` for. Networks are built without numbers, and of
    `names` the first MOST_TRIED alone.
    """
    shares: dict[str, float] = {}
    for name in list(names)[:MOST_TRIED]:
        try:
            with torch.device("meta"):
                expected = build(name).state_dict()
        except Exception:  # one that cannot be built without numbers is not tried
            continue
        found, _ = named_as_in(expected, state)
        shares[name] = _share_of_shapes(expected, found)
    best = max(shares.values(), default=0.0)
    if best < NEAR_SHARE:
        return ""
    close = [name for name, share in shares.items() if share > best - 0.02][:NAMED]
    if asked in close:
        return ""
    return f"; by its names and shapes it is {'or '.join(f'{name} ' for name in close).strip()} ({100 * best:.0f} %)"


def _share_of_shapes(expected: Mapping[str, Tensor], state: Mapping[str, Tensor]) -> float:
    alike = sum(name in state and state[name].shape == tensor.shape for name, tensor in expected.items())
    return alike / max(len(expected), len(state), 1)


def alike_first(model: str, names: Iterable[str]) -> list[str]:
    """Return names in the order of how much of their beginning is the model's."""

    def common(name: str) -> int:
        pairs = zip(name, model, strict=False)
        return next((place for place, (a, b) in enumerate(pairs) if a != b), min(len(name), len(model)))

    return sorted(names, key=lambda name: (-common(name), len(name), name))
