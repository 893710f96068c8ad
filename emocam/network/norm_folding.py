"""Batch normalisations folded into the convolutions before them, in networks whose code need not be known.

Which normalisation reads which convolution is seen in one pass (handed_on.py). Whether something else reads what is
between them cannot be seen, so whoever folds compares the answers with those of before.
"""

from collections.abc import Callable
from typing import Any

from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_weights

from emocam.network.handed_on import handed_on

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
    return handed_on(network, run, lambda part: type(part) is nn.Conv2d, is_norm)


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
