"""Which part of a network hands its answer on to which other, in networks whose code need not be known."""

from collections import Counter
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

Kind = Callable[[nn.Module], bool]


def handed_on(
    network: nn.Module, run: Callable[[], object], makes: Kind, reads: Kind
) -> list[tuple[str, str]]:
    """Return the names of parts of two kinds, of which the second is handed the very tensor that the first returned.

    Each is called once in a call of `run`. Whether something else reads that tensor as well cannot be seen.
    """
    names = {module: name for name, module in network.named_modules()}
    calls: Counter[nn.Module] = Counter()
    made: dict[int, tuple[nn.Module, Tensor]] = {}  # tensors are held, so that no number comes again
    found: dict[nn.Module, nn.Module] = {}

    def note(module: nn.Module, inputs: Any, output: Tensor) -> None:
        calls[module] += 1
        made[id(output)] = module, output

    def ask(module: nn.Module, inputs: Any) -> None:
        calls[module] += 1
        if inputs and id(inputs[0]) in made:
            found[module] = made[id(inputs[0])][0]

    hooks = [part.register_forward_hook(note) for part in names if makes(part)]
    hooks += [part.register_forward_pre_hook(ask) for part in names if reads(part)]
    try:
        with torch.no_grad():
            run()
    finally:
        for hook in hooks:
            hook.remove()
    once = [(first, then) for then, first in found.items() if calls[first] == calls[then] == 1]
    return [(names[first], names[then]) for first, then in once]
