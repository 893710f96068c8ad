import torch

from emocam.cam.edges import Edges


def test_the_border_between_dark_and_light_is_an_edge(positive):
    positive.activation = torch.zeros(1, 1, 4, 4)
    positive.x = torch.zeros(1, 3, 16, 16)
    positive.x[..., 6:] = 1
    raw = Edges().raw(positive)[0]
    # columns 5 and 6 each have the slope 4 and lie in the second cell, four columns wide
    assert torch.allclose(raw, torch.tensor([0.0, 2, 0, 0]).repeat(4, 1))
    assert torch.allclose(Edges().raw(turned(positive))[0], raw.T)


def turned(forward):
    forward.x = forward.x.mT
    return forward


def test_an_empty_picture_has_no_edges_not_even_its_frame(positive):
    positive.x = torch.full((3, 3, 20, 30), 0.7)
    assert not Edges().maps(positive).any()
