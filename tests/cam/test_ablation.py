from dataclasses import replace

import pytest
import torch
from pytorch_grad_cam import AblationCAM as Library
from torch import nn

from emocam.cam.ablation import AblationCAM


def test_a_weight_is_what_the_score_loses(classifier, forward):
    weights = AblationCAM().channel_weights(forward)
    for image, channel in [(0, 0), (1, 3), (2, weights.shape[1] - 1)]:
        changed = forward.activation.detach()[[image]]
        changed[:, channel] = 0
        lost = forward.scores[image] - forward.score_of(changed, torch.tensor([image]))[0].detach()
        assert weights[image, channel].item() == pytest.approx(lost.item(), abs=2e-6)


def test_on_positive_activations_the_library_draws_the_same(positive, agrees):
    agrees(AblationCAM(relative=True), positive, Library, share=1e-4)  # its scores are differences


def test_on_signed_activations_the_library_does_not_ablate(small, small_batch, library_map):
    """It writes the smallest activation minus 1e7 into a channel, and the head answers to that."""
    forward = AblationCAM().forward_pass(small, small_batch)
    forward.head = replace(forward.head, module=nn.Sequential(nn.Conv2d(12, 12, 1), *forward.head.module))
    forward.logits = forward.head(forward.activation)
    ours, theirs = AblationCAM(relative=True).raw(forward), library_map(Library, forward)
    assert theirs.abs().max() > 1e4 * ours.abs().max()


def test_division_by_a_negative_score_turns_the_map_over(forward):
    forward.scores = torch.tensor([-2.0, 2.0, 0.0])
    drop, relative = (AblationCAM(relative=r).channel_weights(forward) for r in (False, True))
    assert torch.equal(relative, drop / torch.tensor([[-2.0], [2.0], [1.0]]))
