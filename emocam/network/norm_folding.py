"""Batch normalisations folded into the convolutions before them, in networks whose code need not be known.

Which normalisation reads which convolution is seen in one pass: it must be handed the very tensor that the
convolution returned, and each must be called once. Whether something else reads that tensor as well cannot
be seen, so whoever folds compares the answers with those of before.
"""

from collections import Counter
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_weights

FROZEN = "FrozenBatchNorm2d"
"""Torchvision's, which is a buffer's scale and shift at all times."""


def is_norm(module: nn.Module) -> bool:
    """Return whether a module normalises as a batch normalisation does."""
    return isinstance(module, nn.BatchNorm2d) or type(module).__name__ == FROZEN


def fold_norms(network: nn.Module, run: Callable[[], object]) -> int:
    """Replace normalisations in place by convolutions that hold them, and count them; `run` calls the network."""
    pairs = [
        pair for pair in norms_behind_convolutions(network, run) if _foldable(network.get_submodule(pair[1]))
    ]
    for convolution, norm in pairs:
        layer, then = network.get_submodule(convolution), network.get_submodule(norm)
        assert isinstance(layer, nn.Conv2d)
        network.set_submodule(convolution, with_norm(layer, then))
        network.set_submodule(norm, _without_norm(then))
    return len(pairs)


def norms_behind_convolutions(network: nn.Module, run: Callable[[], object]) -> list[tuple[str, str]]:
    """Return the names of convolutions, each with that of the normalisation which reads it in a call of `run`."""
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

    hooks = [m.register_forward_hook(note) for m in names if type(m) is nn.Conv2d]
    hooks += [m.register_forward_pre_hook(ask) for m in names if is_norm(m)]
    try:
        with torch.no_grad():
            run()
    finally:
        for hook in hooks:
            hook.remove()
    once = [(layer, norm) for norm, layer in found.items() if calls[layer] == calls[norm] == 1]
    return [(names[layer], names[norm]) for layer, norm in once]


def _foldable(norm: nn.Module) -> bool:
    """Return whether a normalisation is a fixed scale and shift, and is followed by no more than is known of it."""
    frozen = type(norm).__name__ == FROZEN
    if (norm.training and not frozen) or getattr(norm, "running_mean", None) is None:
        return False
    return frozen or type(norm) is nn.BatchNorm2d or (hasattr(norm, "drop") and hasattr(norm, "act"))


def with_norm(layer: nn.Conv2d, norm: nn.Module) -> nn.Conv2d:
    """Return a new convolution that answers as both do."""
    both: Any = norm
    weight, bias = fuse_conv_bn_weights(
        layer.weight, layer.bias, both.running_mean, both.running_var, both.eps, both.weight, both.bias
    )
    shape = layer.in_channels, layer.out_channels, layer.kernel_size, layer.stride
    new = nn.utils.skip_init(
        nn.Conv2d,
        *shape,
        padding=layer.padding,
        dilation=layer.dilation,
        groups=layer.groups,
        padding_mode=layer.padding_mode,
    )
    new.weight, new.bias = weight.requires_grad_(False), bias.requires_grad_(False)
    return new.eval()


def _without_norm(norm: nn.Module) -> nn.Module:
    """Return what else a module does that normalises: timm's have an activation within."""
    return nn.Sequential(norm.drop, norm.act) if hasattr(norm, "act") else nn.Identity()  # type: ignore[arg-type]
