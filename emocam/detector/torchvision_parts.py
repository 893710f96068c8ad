"""The parts of torchvision's detectors in which their time goes, each by faster kernels or in bfloat16.

Between the parts torchvision sorts, cuts and suppresses boxes, which stays as it is.
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from emocam.network.packed_linear import packing
from emocam.network.precision import Bfloat16Copy
from emocam.network.quick_copy import KERNELS, Kernels, PieceByPiece, agreeing_copy

REGIONS = 64
"""Rows of a head at once, for each thread: 64 regions of 256 x 7 x 7 numbers are 3 MB."""
TRIED = (1, 3, 128, 160)
"""A view on which the parts are compared."""
LAST = (
    "cls_logits",
    "bbox_pred",
    "bbox_reg",
    "bbox_ctrness",
    "cls_score",
    "mask_fcn_logits",
    "kps_score_lowres",
)
"""Layers of numbers that are compared with thresholds or move boxes; they cost next to nothing."""


def heads_of(network: Any, maps: list[Tensor]) -> list[tuple[nn.Module, str, Any]]:
    """Return the owner and the name of each head, and what it can be called with."""
    if not hasattr(network, "roi_heads"):
        return [(network, "head", maps)]
    found: list[tuple[nn.Module, str, Any]] = [(network.rpn, "head", maps)]
    for name, pool in (
        ("box_head", "box_roi_pool"),
        ("mask_head", "mask_roi_pool"),
        ("keypoint_head", "keypoint_roi_pool"),
    ):
        if getattr(network.roi_heads, name, None) is not None:
            size = getattr(network.roi_heads, pool).output_size
            generator = torch.Generator().manual_seed(0)
            rows = torch.rand(2, network.backbone.out_channels, *size, generator=generator)
            found.append((network.roi_heads, name, rows))
    return found


@torch.no_grad()
def quicken(network: Any) -> None:
    """Replace a frozen detector's parts, in place, by faster copies whose answers are the same up to rounding."""
    replace_parts(network, KERNELS)


@torch.no_grad()
def narrow(network: Any) -> None:
    """Cast a detector's parts to bfloat16, in place, except the layers whose numbers are scores and moves."""
    replace_parts(network, ("folded",))
    for owner, name, _ in [*heads_of(network, []), (network, "backbone", None)]:
        part = getattr(owner, name)
        kept = [inner for inner, _ in part.named_modules() if inner.rpartition(".")[2] in LAST]
        setattr(owner, name, Bfloat16Copy(part, kept))


def replace_parts(network: Any, kernels: Sequence[Kernels]) -> None:
    """Replace the backbone and each head by the first of these copies that agrees with it."""
    view = torch.rand(TRIED, generator=torch.Generator().manual_seed(0))
    heads = heads_of(network, list(network.backbone(view).values()))
    for owner, name, given in [(network, "backbone", view), *heads]:
        part = agreeing_copy(getattr(owner, name), lambda part, given=given: part(given), kernels)  # type: ignore[misc]
        rows = owner is not network and isinstance(given, Tensor)
        setattr(owner, name, PieceByPiece(packing(part), REGIONS * torch.get_num_threads()) if rows else part)
