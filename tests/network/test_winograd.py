import pytest
import torch
from torch.nn.functional import conv2d

from emocam.network.winograd import KERNEL, convolve, kernel_at_points


@pytest.mark.parametrize("size", [(1, 1), (3, 5), (4, 4), (8, 13), (19, 19)])
@pytest.mark.parametrize("batch", [1, 3])
@pytest.mark.parametrize("biased", [True, False])
def test_it_is_the_convolution(size: tuple[int, int], batch: int, biased: bool) -> None:
    torch.manual_seed(0)
    x, weight = torch.randn(batch, 5, *size), torch.randn(7, 5, 3, 3)
    bias = torch.randn(7) if biased else None
    written = conv2d(x.double(), weight.double(), None if bias is None else bias.double(), padding=1)
    found = convolve(x, kernel_at_points(weight), bias)
    assert found.is_contiguous(memory_format=torch.channels_last)
    torch.testing.assert_close(found.double(), written, atol=2e-4, rtol=0)


def test_it_is_exact_but_for_rounding() -> None:
    x, weight = torch.randn(2, 5, 9, 6).double(), torch.randn(7, 5, 3, 3).double()
    found = convolve(x, kernel_at_points(weight))
    torch.testing.assert_close(found, conv2d(x, weight, padding=1), atol=1e-12, rtol=0)


def test_the_points_are_values_of_a_polynomial() -> None:
    """At 1, -1, 2 and -2 the values of a + b t + c t^2 are in the ratios that the points' factors leave."""
    values = (KERNEL @ torch.tensor([1.0, 10.0, 100.0], dtype=torch.float64)).tolist()
    factors = 1 / 4, -1 / 6, -1 / 6, 1 / 24, 1 / 24, 1
    expected = [1, 111, 91, 421, 381, 100]  # at 0, 1, -1, 2, -2 and infinity
    assert values == pytest.approx([f * v for f, v in zip(factors, expected, strict=True)])


def test_the_order_of_memory_does_not_matter() -> None:
    x, kernel = torch.randn(2, 4, 6, 7), kernel_at_points(torch.randn(3, 4, 3, 3))
    assert torch.equal(convolve(x, kernel), convolve(x.contiguous(memory_format=torch.channels_last), kernel))
