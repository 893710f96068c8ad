import copy
import pickle
from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn
from torch.nn.modules.module import register_module_forward_hook

from emocam.cam.base import ForwardPass
from emocam.cam.gradcam import GradCAM
from emocam.cam.guidedgradcam import GuidedGradCAM
from emocam.cam.lrp import LRP
from emocam.classifier.base import Classifier
from emocam.classifier.library import LibraryClassifier, Preprocessing
from emocam.network import quick_copy, quick_features
from emocam.network.quick_features import PAYS, QuickForward, tensors_state
from emocam.network.weights import fingerprint
from emocam.view.crops import CentreCrop

Quicker = Callable[[str], None]


@pytest.fixture
def quickest(monkeypatch: pytest.MonkeyPatch) -> Quicker:
    """Decides the trial, whatever the machine does meanwhile."""
    monkeypatch.setattr(quick_features, "_chosen", {})

    def decide(best: str) -> None:
        monkeypatch.setattr(
            quick_features, "least_seconds", lambda runs: {w: 1 + 9 * (w != best) for w in runs}
        )

    return decide


class Residual(nn.Module):
    """Convolutions of all three kinds, of which one is added to what came before."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(3, 64, 3, stride=2, bias=False), nn.BatchNorm2d(64)
        self.conv2, self.bn2 = nn.Conv2d(64, 64, 3, padding=1, bias=False), nn.BatchNorm2d(64)
        self.conv3, self.bn3 = nn.Conv2d(64, 64, 1), nn.BatchNorm2d(64)
        self.relu, self.again, self.last = nn.ReLU(), nn.ReLU(), nn.Linear(64, 4)

    def forward(self, x: Tensor) -> Tensor:
        x = self.relu(self.bn1(self.conv1(x)))
        x = x + self.relu(self.bn2(self.conv2(x)))
        x = self.again(self.bn3(self.conv3(x)))
        return self.last(x.mean((-2, -1)))


class Reads(Residual):
    """Its code reads a convolution's weights, which another algorithm hides, and it holds a tensor of five axes."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("grid", torch.zeros(1, 1, 1, 1, 2))

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x + 0 * self.conv3.weight.sum())


def small(layer: str = "bn3", kind: type[Residual] = Residual) -> LibraryClassifier:
    torch.manual_seed(1)
    network = kind().eval()
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            for part in (module.weight, module.bias, module.running_mean, module.running_var):
                nn.init.uniform_(part, 0.5, 1.5)
    seen = Preprocessing(CentreCrop(32, (32, 32)), (32, 32), [0.5] * 3, [0.25] * 3)
    classifier = LibraryClassifier(network, list("abcd"), seen, layer, "small")
    classifier.fast = True
    classifier.freeze()
    return classifier


@pytest.fixture(scope="module")
def views() -> Tensor:
    return torch.randint(
        0, 256, (10, 3, 32, 32), dtype=torch.uint8, generator=torch.Generator().manual_seed(2)
    )


@pytest.mark.parametrize("layer", ["bn3", "conv3", "conv2"])
@pytest.mark.parametrize("way", ["folded", "faster"])
def test_maps_and_names_are_the_networks_own(quickest: Quicker, views: Tensor, way: str, layer: str) -> None:
    quickest(way)
    classifier = small(layer)
    x, digest, names = classifier.prepare(views), fingerprint(classifier), list(classifier.state_dict())
    methods = GradCAM(), GuidedGradCAM(grid=8), LRP(rule="zplus")
    own = ForwardPass(classifier, x)
    maps = [cam.maps(own) for cam in methods]
    classifier.settle(views, PAYS)
    assert twin_of(classifier) is not None
    found = ForwardPass(classifier, x)
    assert not torch.equal(found.activation, own.activation) and found.activation.is_contiguous()
    near(found.activation, own.activation)
    near(found.gradient, own.gradient)
    for cam, before in zip(methods, maps, strict=True):
        assert (cam.maps(found) - before).abs().max() <= 6e-6
    assert fingerprint(classifier) == digest and list(classifier.state_dict()) == names


def near(found: Tensor, own: Tensor) -> None:
    assert (found - own).abs().max() <= 1e-5 * own.abs().max()


def twin_of(classifier: Classifier) -> nn.Module | None:
    forward = classifier.features.forward
    return forward.twin if isinstance(forward, QuickForward) else None


def test_a_large_batch_goes_in_pieces_with_the_same_rows(quickest: Quicker, views: Tensor) -> None:
    quickest("faster")
    classifier = small()
    classifier.settle(views, PAYS)
    x, sizes = classifier.prepare(views), []
    twin_of(classifier).register_forward_pre_hook(lambda _, given: sizes.append(len(given[0])))
    together = classifier.cut(x)[0]
    assert sizes == [5, 5]
    near(torch.cat([classifier.cut(one)[0] for one in x.split(1)]), together)


def test_weights_that_changed_are_answered_by_the_network_itself(quickest: Quicker, views: Tensor) -> None:
    quickest("faster")
    classifier = small()
    classifier.settle(views, PAYS)
    for copied in (copy.deepcopy(classifier), pickle.loads(pickle.dumps(classifier))):
        assert twin_of(copied) is None
        near(copied.cut(x := copied.prepare(views))[0], classifier.cut(x)[0])
    own = type(classifier.features).forward
    with torch.no_grad():
        weight = next(classifier.features.parameters())
        weight.mul_(-1)
        assert torch.equal(classifier.cut(x)[0], own(classifier.features, x)[0])
        classifier.features.forward.state = tensors_state(classifier.features)  # type: ignore[attr-defined]
        weight.data.mul_(3)  # which PyTorch does not count
        assert torch.equal(classifier.cut(x)[0], own(classifier.features, x)[0])


@pytest.mark.parametrize("case", ["slower", "few", "switched off", "wrong"])
def test_the_network_itself_answers(quickest: Quicker, views: Tensor, case: str, monkeypatch) -> None:
    quickest("plain" if case == "slower" else "folded")
    classifier = small()
    classifier.fast = case != "switched off"
    if case == "wrong":
        monkeypatch.setattr(quick_copy, "fold_norms", lambda twin, run: twin.part.conv1.weight.mul_(1.001))
    own = classifier.cut(classifier.prepare(views[:8]))[0]
    classifier.settle(views, PAYS - 1 if case == "few" else PAYS)
    assert twin_of(classifier) is None
    assert torch.equal(classifier.cut(classifier.prepare(views[:8]))[0], own)


def test_where_one_way_cannot_be_gone_another_is(quickest: Quicker, views: Tensor) -> None:
    quickest("folded")
    classifier = small(kind=Reads)
    own = classifier.cut(classifier.prepare(views))[0]
    classifier.settle(views, PAYS)
    assert classifier.way == "folded" and twin_of(classifier) is not None
    near(classifier.cut(classifier.prepare(views))[0], own)


def test_answers_without_numbers_agree() -> None:
    assert quick_copy.agrees([torch.ones(1), torch.ones(0, 3)], [torch.ones(1), torch.ones(0, 3)])
    assert not quick_copy.agrees(torch.ones(0, 3), torch.ones(0, 2))


def test_networks_that_are_alike_keep_what_was_chosen(
    quickest: Quicker, views: Tensor, monkeypatch: pytest.MonkeyPatch
) -> None:
    quickest("folded")
    small().settle(views, PAYS)
    monkeypatch.setattr(quick_features, "least_seconds", None)
    second = small()
    second.settle(views, PAYS)
    assert twin_of(second) is not None


def test_a_network_that_stays_as_it_is_goes_in_pieces_that_memory_keeps(
    quickest: Quicker, views: Tensor, monkeypatch: pytest.MonkeyPatch
) -> None:
    quickest("plain")
    monkeypatch.setattr(quick_features, "LARGEST", 4 * 64 * 15 * 15 * 4)  # four pictures' largest maps
    classifier, sizes = small(), []
    classifier.settle(views, PAYS)
    classifier.get_submodule("features.part.conv1").register_forward_pre_hook(
        lambda _, given: sizes.append(len(given[0]))
    )
    x = classifier.prepare(views)
    near(classifier.cut(x)[0], torch.cat([classifier.cut(one)[0] for one in x.split(1)]))
    assert sizes[:3] == [4, 4, 2]


def test_a_hook_on_a_part_is_called_whichever_way_was_chosen(quickest: Quicker, views: Tensor) -> None:
    quickest("faster")
    classifier, seen = small(), []
    x = classifier.prepare(views)
    own = classifier.cut(x)[0]
    classifier.settle(views, PAYS)
    part = classifier.get_submodule("features.part.conv1")
    hook = part.register_forward_hook(lambda module, given, output: seen.append(len(output)))
    assert sum(seen) == 0 and torch.equal(classifier.cut(x)[0], own) and sum(seen) == len(x)
    hook.remove()
    assert not torch.equal(classifier.cut(x)[0], own)
    of_all = register_module_forward_hook(lambda module, given, output: None)
    assert torch.equal(classifier.cut(x)[0], own)
    of_all.remove()


def test_within_autocast_a_network_answers_itself(quickest: Quicker, views: Tensor) -> None:
    quickest("faster")
    classifier = small()
    x = classifier.prepare(views)
    with torch.autocast("cpu", torch.bfloat16):
        own = classifier.cut(x)[0]
    classifier.settle(views, PAYS)
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(classifier.cut(x)[0], own)
