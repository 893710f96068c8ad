import pytest
import torch

from emocam.network import packed_product as packed
from emocam.network.packed_product import pack, product


@pytest.mark.parametrize("shape", [(1, 7), (0, 7), (5, 7), (2, 3, 7), (40, 7), (5, 0)])
@pytest.mark.parametrize("biased", [True, False])
@pytest.mark.parametrize("can", [True, False])
def test_it_is_the_product(shape: tuple[int, ...], biased: bool, can: bool, monkeypatch) -> None:
    monkeypatch.setattr(packed, "CAN", packed.CAN and can)
    torch.manual_seed(0)
    x, matrix, bias = torch.randn(shape), torch.randn(4, shape[-1]), torch.randn(4)
    written = x.double() @ matrix.double().T + (bias if biased else 0)
    found = product(x, pack(matrix), bias if biased else None)
    torch.testing.assert_close(found.double(), written, atol=1e-5, rtol=1e-5)


def test_matrices_may_lie_in_memory_in_any_order() -> None:
    x, matrix = torch.randn(6, 40).T[3:], torch.randn(6, 9, 2)[..., 0].T
    torch.testing.assert_close(product(x, pack(matrix)), x @ matrix.T)


@pytest.mark.parametrize("kind", [torch.float64, torch.bfloat16])
def test_other_numbers_go_the_usual_way(kind: torch.dtype) -> None:
    x, matrix = torch.randn(3, 5).to(kind), torch.randn(2, 5).to(kind)
    assert pack(matrix) is matrix
    assert torch.equal(product(x, pack(matrix)), torch.nn.functional.linear(x, matrix))


@pytest.mark.skipif(not torch.backends.mkldnn.is_available(), reason="this torch has no oneDNN")
def test_this_torch_can_pack() -> None:
    """Else all is right, and slower; then see what took the place of the two operators."""
    assert pack(torch.randn(4, 7)).is_mkldnn
