import torch

from emocam.cam.random import RandomWeights


def test_weights_follow_seed_and_name_and_nothing_else(classifier, batch, forward):
    first, again, other = (RandomWeights(seed=seed).channel_weights(forward) for seed in (0, 0, 1))
    assert torch.equal(first, again)
    assert not (first == other).any()
    assert not torch.equal(first[0], first[1])


def test_weights_are_standard_normal(resnet, resnet_batch):
    weights = torch.cat(
        [
            RandomWeights(seed=seed).channel_weights(RandomWeights().forward_pass(resnet, resnet_batch))
            for seed in range(3)
        ]
    )
    assert abs(weights.mean()) < 0.05 and abs(weights.std() - 1) < 0.05
