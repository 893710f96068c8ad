"""KPCA-CAM, Karmani et al. 2024, https://arxiv.org/abs/2410.00267."""

import torch
from torch import Tensor

from emocam.cam.base import CAM, ForwardPass, Score
from emocam.cam.eigencam import orient
from emocam.errors import SettingError, nearest

KERNELS = ("linear", "sigmoid", "rbf", "cosine")


class KPCACAM(CAM):
    """The cells on the first component of a kernel PCA of their channels. It does not look at the label.

    `gamma` is the kernel's width, 1 / C where it is null. The component has no sign of its own: this
    one points to where the activations are large.
    """

    def __init__(
        self,
        score: Score = "logit",
        target: str = "predicted",
        kernel: str = "sigmoid",
        gamma: float | None = None,
    ) -> None:
        super().__init__(score, target)
        if kernel not in KERNELS:
            raise SettingError(f"cam.kernel {kernel!r} is no kernel; {nearest(kernel, KERNELS)}")
        self.kernel = kernel
        self.gamma = gamma

    def products(self, cells: Tensor) -> Tensor:
        """Return the kernel between all cells (B, N, C) of an image: (B, N, N)."""
        gamma = 1 / cells.shape[-1] if self.gamma is None else self.gamma
        if self.kernel == "rbf":
            return torch.exp(-gamma * torch.cdist(cells, cells) ** 2)
        if self.kernel == "cosine":
            cells = torch.nn.functional.normalize(cells, dim=-1)
        product = cells @ cells.mT
        return torch.tanh(gamma * product + 1) if self.kernel == "sigmoid" else product

    def raw(self, forward: ForwardPass) -> Tensor:
        activation = forward.activation.detach()
        cells = activation.flatten(2).mT.double()  # tanh saturates: float32 would leave rounding
        kernel = self.products(cells - cells.mean(1, keepdim=True))
        row, column = kernel.mean(1, keepdim=True), kernel.mean(2, keepdim=True)
        values, vectors = torch.linalg.eigh(kernel - row - column + kernel.mean((1, 2), keepdim=True))
        component = vectors[..., -1] * values[:, -1:].clamp(min=0).sqrt()
        return orient(component, cells.abs().sum(-1)).view_as(activation[:, 0]).to(activation.dtype)
