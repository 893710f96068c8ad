import numpy as np
import pytest
import torch
from pytorch_grad_cam import EigenCAM as Library

from emocam.cam.eigencam import EigenCAM, first_projection


def slow(activation):
    """One image's cells on the first right singular vector, by numpy."""
    cells = activation.flatten(1).T.double().numpy()
    projection = cells @ np.linalg.svd(cells, full_matrices=False)[2][0]
    turned = projection if projection @ np.abs(cells).sum(1) >= 0 else -projection
    return torch.from_numpy(turned).float().view(activation.shape[1:])


def test_it_is_the_first_singular_vector(forward, positive):
    for of in (forward, positive):
        expected = torch.stack([slow(activation) for activation in of.activation.detach()])
        assert torch.allclose(EigenCAM().raw(of), expected, atol=1e-4 * float(expected.abs().max()))


def test_positive_activations_give_a_positive_map(positive):
    raw = EigenCAM().raw(positive)
    assert raw.min() >= -1e-4 * raw.max() and raw.max() > 0


@pytest.mark.parametrize("cells, channels", [(5, 9), (9, 5)])
def test_either_gram_matrix_gives_the_same_vector(cells, channels):
    matrix = torch.rand(2, cells, channels, generator=torch.Generator().manual_seed(0))
    expected = torch.linalg.svd(matrix).S[:, 0]
    assert torch.allclose(first_projection(matrix).norm(dim=-1), expected, rtol=1e-4)


def test_the_library_centres_first_and_leaves_the_sign_to_chance(positive, agrees):
    """On activations whose channels have mean zero both are the same vector, up to its sign."""
    activation = positive.activation.detach()
    positive.activation = activation - activation.mean((-2, -1), keepdim=True)

    class SameSign(Library):
        def get_cam_image(self, *given):
            theirs = super().get_cam_image(*given)
            ours = EigenCAM().raw(positive).numpy()
            return theirs * np.sign((theirs * ours).sum((1, 2), keepdims=True))

    agrees(EigenCAM(), positive, SameSign, share=1e-4)
