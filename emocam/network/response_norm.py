"""AlexNet's local response normalisation, Krizhevsky et al. 2012, section 3.3."""

from torch import Tensor, nn


class ResponseNorm(nn.Module):
    """The function x / (1 + alpha / 5 * the squares of five neighbouring channels) ** (3/4).

    Equal to torch's LocalResponseNorm(5, alpha), but summed as five shifted pictures instead of a
    3D pooling, and with the power made of roots.
    """

    def __init__(self, alpha: float = 1e-4) -> None:
        super().__init__()
        self.alpha = alpha

    def forward(self, x: Tensor) -> Tensor:
        square = x * x
        total = square.clone()
        for shift in (1, 2):
            total[:, shift:] += square[:, :-shift]
            total[:, :-shift] += square[:, shift:]
        root = (1 + self.alpha / 5 * total).rsqrt()
        return x * root * root.sqrt()
