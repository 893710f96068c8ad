"""CAM methods as the documents of pytorch-grad-cam and captum use them."""

import copy
import warnings
from collections.abc import Callable, Sequence
from contextlib import redirect_stderr
from functools import cache
from io import StringIO
from typing import Any

import numpy as np
import torch
from captum._utils.models.linear_model import SkLearnRidge
from captum.attr import LRP, DeepLift, Lime, LimeBase, ShapleyValueSampling
from pytorch_grad_cam import AblationCAM
from pytorch_grad_cam.utils.image import scale_cam_image
from torch import Tensor, nn

from emocam.cam.base import CAM, ForwardPass
from emocam.cam.lime import LIMECAM

warnings.filterwarnings("ignore", category=UserWarning)


Weigh = Callable[[Tensor, Tensor], Tensor]
"""Activation (B, C, h, w) and target (B,) to weights (B, C)."""


def drawn_alike(raw: Tensor, size: Sequence[int]) -> np.ndarray:
    """Our raw map, stretched and enlarged in the steps of pytorch-grad-cam."""
    once = scale_cam_image(raw.detach().relu().numpy(), (size[1], size[0]))
    return scale_cam_image(np.maximum(once[:, None].mean(1), 0))


def ablation(network: nn.Module, layer: Any, x: Tensor) -> np.ndarray:
    """Without its progress bar."""
    with redirect_stderr(StringIO()):
        return AblationCAM(network, [layer])(x, None)


def _summed(library: Any, activation: Tensor, target: Tensor) -> Tensor:
    leaf = activation.detach().clone().requires_grad_()
    return library.attribute(leaf, target=target).detach().sum((-2, -1))


@cache
def as_written(head: nn.Module, library: type) -> nn.Module:
    """A head with torch's own products, for a library to work in."""
    plain = copy.deepcopy(head)
    for layer in plain.modules():
        vars(layer).pop("forward", None)  # emocam/network/packed_linear.py
    return plain


def deeplift(forward: ForwardPass) -> Weigh:
    library = DeepLift(as_written(forward.head.module, DeepLift))
    return lambda a, target: _summed(library, a, target)


def lrp(forward: ForwardPass) -> Weigh:
    library = LRP(as_written(forward.head.module, LRP))
    return lambda a, target: _summed(library, a, target)


def channels_of(activation: Tensor) -> Tensor:
    """captum's mask: the cells of a channel come and go together."""
    count = activation.shape[1]
    return torch.arange(count).view(1, count, 1, 1).expand_as(activation[:1]).contiguous()


def lime(forward: ForwardPass, samples: int, batch: int = 1, **settings: Any) -> Weigh:
    """captum's own coalitions and its own lasso; one image at a time, as it takes no more."""
    library = Lime(as_written(forward.head.module, Lime), **settings)
    channels = channels_of(forward.activation)

    def explain(activation: Tensor, target: Tensor) -> Tensor:
        with torch.no_grad():
            return torch.cat(
                [
                    library.attribute(
                        one[None],
                        target=t,
                        feature_mask=channels,
                        n_samples=samples,
                        perturbations_per_eval=batch,
                    )[:, :, 0, 0]
                    for one, t in zip(activation.detach(), target, strict=True)
                ]
            )

    return explain


def lime_of_our_coalitions(forward: ForwardPass, cam: LIMECAM) -> Tensor:
    """captum's weights (C,) of the first image, fitted by scikit-learn to the coalitions that we draw."""
    channels = forward.activation.shape[1]
    drawn = iter(cam.coalitions(channels))
    library = LimeBase(
        lambda x: forward.score_of(x, torch.tensor([0])).detach(),
        SkLearnRidge(alpha=cam.penalty),
        similarity_func=lambda *_, **__: 1.0,
        perturb_func=lambda *_, **__: next(drawn)[None],
        perturb_interpretable_space=True,
        from_interp_rep_transform=lambda there, x, **_: x * there[0][:, None, None],
        to_interp_rep_transform=None,
    )
    return library.attribute(forward.activation.detach()[:1], n_samples=cam.samples)[0].float()


def shapley(forward: ForwardPass, batch: int, orders: list[Tensor] | None = None) -> Callable[[], Tensor]:
    """Two orders of arrival of one image; `orders` takes the place of captum's own dice."""
    library = ShapleyValueSampling(as_written(forward.head.module, ShapleyValueSampling))
    if orders is not None:
        library.permutation_generator = lambda *_: (tuple(order.tolist()) for order in orders)
    activation, target = forward.activation.detach()[:1], forward.target[:1]

    def explain() -> Tensor:
        with torch.no_grad():
            return library.attribute(
                activation,
                target=target,
                feature_mask=channels_of(activation),
                n_samples=2,
                perturbations_per_eval=batch,
            )[:, :, 0, 0]

    return explain


def pass_of(classifier: nn.Module, batch: Any) -> ForwardPass:
    return CAM().forward_pass(classifier, batch)  # type: ignore[arg-type]
