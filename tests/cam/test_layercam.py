import torch
from pytorch_grad_cam import LayerCAM as Library

from emocam.cam.layercam import LayerCAM


def test_the_library_draws_the_same(forward, positive, agrees):
    # the library cuts negative sums before it returns them, so ours are cut for the comparison
    class Cut(LayerCAM):
        def raw(self, forward):
            return super().raw(forward).relu()

    class CutLibrary(Library):
        def get_cam_image(self, *given):
            return super().get_cam_image(*given).clip(0)

    agrees(Cut(), forward, CutLibrary)
    agrees(Cut(), positive, CutLibrary)


def test_a_negative_gradient_counts_nothing(positive):
    positive.activation = torch.tensor([[[[1.0, 3.0]], [[2.0, 5.0]]]])
    positive.gradient = torch.tensor([[[[0.5, -1.0]], [[1.0, 2.0]]]])
    assert LayerCAM().raw(positive).tolist() == [[[2.5, 10.0]]]
