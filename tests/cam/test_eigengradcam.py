import numpy as np
import torch

from emocam.cam.eigengradcam import EigenGradCAM


def test_it_is_the_first_singular_vector_of_the_evidence(forward):
    for image, raw in enumerate(EigenGradCAM().raw(forward)):
        evidence = (forward.gradient * forward.activation.detach())[image].flatten(1).T.double().numpy()
        left, value, _ = np.linalg.svd(evidence, full_matrices=False)
        first = torch.from_numpy(left[:, 0] * value[0]).float().view_as(raw)
        off = min((raw - first).abs().max(), (raw + first).abs().max())
        assert off <= 1e-3 * first.abs().max()


def test_it_points_to_what_speaks_for_the_label(positive):
    positive.activation = torch.tensor([[[[1.0, 3.0]], [[2.0, 1.0]]]])
    positive.gradient = torch.tensor([[[[1.0, -0.1]], [[1.0, -0.1]]]])
    raw = EigenGradCAM().raw(positive)[0, 0]
    assert raw[0] > 0 > raw[1]
