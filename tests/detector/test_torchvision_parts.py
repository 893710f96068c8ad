import copy

import pytest
import torch
from torch import nn

from emocam.detector.joined import Joined
from emocam.detector.torchvision import TorchvisionDetector
from emocam.detector.torchvision_parts import heads_of, quicken
from emocam.network.quick_copy import PieceByPiece, tensors_in
from emocam.network.weights import fingerprint

SMALL = "ssdlite320_mobilenet_v3_large"
TWO_STEPS = "fasterrcnn_mobilenet_v3_large_320_fpn"


@pytest.fixture(scope="module", params=[SMALL, TWO_STEPS])
def detector(request) -> TorchvisionDetector:
    made = TorchvisionDetector(request.param, "random", score=0.01, iou=0.4)
    if request.param == TWO_STEPS:
        made.network.rpn._post_nms_top_n = {"testing": 40}
    torch.manual_seed(0)
    for module in made.network.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.bias, -0.5, 0.5)
            nn.init.uniform_(module.running_var, 0.5, 1.5)
    return made


def test_all_parts_answer_the_same_without_a_norm_in_them(detector) -> None:
    network = copy.deepcopy(detector.network)
    quicken(network)
    assert not any(isinstance(module, nn.BatchNorm2d) for module in network.modules())
    x = torch.rand(1, 3, 160, 130)
    own, found = (list(one.backbone(x).values()) for one in (detector.network, network))
    near(found, own)
    for (owner, name, given), (other, _, _) in zip(
        heads_of(detector.network, own), heads_of(network, own), strict=True
    ):
        near(getattr(other, name)(given), getattr(owner, name)(given))


def near(found, own) -> None:
    for a, b in zip(tensors_in(found), tensors_in(own), strict=True):
        assert a.shape == b.shape and (a - b).abs().max() <= 1e-5 * b.abs().max()


def test_it_is_done_once_on_the_first_picture_where_it_is_allowed(
    detector, look, pictures, monkeypatch
) -> None:
    asked = []
    monkeypatch.setattr("emocam.detector.torchvision.quicken", asked.append)
    identity, weights = detector.identity, fingerprint(detector.network)
    look(detector, pictures[0])
    assert not asked
    detector.allow_fast()
    look(detector, pictures[0])
    look(detector, pictures[0])
    assert asked == [detector.network]
    assert (detector.identity, fingerprint(detector.network)) == (identity, weights)


def test_many_rows_go_in_pieces() -> None:
    sizes: list[int] = []

    def double(x):
        sizes.append(len(x))
        return {"twice": 2 * x}

    head = PieceByPiece(nn.Identity(), 3)
    head.network.forward = double  # type: ignore[method-assign]
    x = torch.rand(7, 2)
    assert torch.equal(head(x)["twice"], 2 * x) and sizes == [3, 3, 1]


def test_detectors_that_are_joined_are_all_allowed_and_advise() -> None:
    other = TorchvisionDetector(SMALL, "random")
    assert other.advice == ""
    other.advice = "take another"
    joined = Joined(["a"], a=lambda: other)
    joined.allow_fast()
    assert other.fast and joined.advice == "take another"


def test_what_is_computed_as_written_is_remembered_by_itself() -> None:
    other = TorchvisionDetector(SMALL, "random")
    joined = Joined(["a"], a=lambda: other)
    alone, together = other.identity, joined.identity
    joined.forbid_fast()
    assert other.identity != alone and joined.identity != together and other.identity in joined.identity
    assert not other.fast


def test_large_pictures_go_one_by_one_where_it_is_fast(detector) -> None:
    views = 3 * [torch.zeros(3, 40, 30)]
    asked = copy.copy(detector)
    asked.fast = True
    fixed = bool(detector.network.transform.fixed_size)
    assert list(asked._alike(views)) == ([[0, 1, 2]] if fixed else [[0], [1], [2]])
    asked.fast = False
    assert list(asked._alike(views)) == [[0, 1, 2]]
