"""Two small classifiers with random weights, and a batch of pictures for them."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from pytorch_grad_cam.base_cam import BaseCAM
from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget
from torch import nn

from emocam.cam.base import CAM, ForwardPass
from emocam.classifier.base import Classifier
from emocam.classifier.torchvision import TorchvisionClassifier
from emocam.records.base import WHOLE
from emocam.records.detections import Detections
from emocam.records.picture import Batch
from emocam.view.crops import Stretch


class SmallNet(Classifier):
    """A convolutional net with fully connected layers, cut before the ReLU, as EmoNet is."""

    def __init__(self) -> None:
        super().__init__()
        self.labels = ["awe", "fear", "joy", "calm"]
        self.view, self.layer = Stretch((40, 48)), "the second convolution"
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(1)
            self.features = nn.Sequential(
                *(nn.Conv2d(3, 8, 5, stride=2), nn.ReLU(), nn.MaxPool2d(2)),
                nn.Conv2d(8, 12, 3, padding=1),
            )
            self.head = nn.Sequential(
                *(nn.ReLU(), nn.MaxPool2d(3, 2), nn.Flatten()),
                *(nn.Linear(12 * 4 * 5, 32), nn.ReLU(), nn.Dropout(), nn.Linear(32, 4)),
            )
        # random nets answer all pictures alike; stronger weights spread their answers
        with torch.no_grad():
            for module in self.modules():
                if isinstance(module, nn.Conv2d | nn.Linear):
                    module.weight.mul_(2)
        self.freeze()

    def prepare(self, view: torch.Tensor) -> torch.Tensor:
        return view.float() / 128 - 1


def pictures(images: int, size: tuple[int, int], seed: int = 0) -> Batch:
    """Smooth random pictures, each with a name."""
    generator = torch.Generator().manual_seed(seed)
    coarse = torch.rand(images, 3, 6, 6, generator=generator)
    view = nn.functional.interpolate(coarse, size, mode="bicubic").clamp(0, 1)
    window = torch.tensor(WHOLE).repeat(images, 1)
    return Batch(
        paths=[f"{seed}/{i}.jpg" for i in range(images)],
        index=torch.arange(images),
        classifier_view=(view * 255).to(torch.uint8),
        classifier_window=window,
        detector_view=torch.zeros(images, 0),
        detector_window=window,
        annotated=Detections.none(),
        known={},
        refusals=[],
    )


@pytest.fixture(scope="session")
def small() -> Classifier:
    return SmallNet()


@pytest.fixture(scope="session")
def resnet() -> Classifier:
    """Mean pooling and one linear layer behind the explained one."""
    return TorchvisionClassifier("resnet18", layer="layer4", weights="random")


@pytest.fixture(params=["small", "resnet"])
def classifier(request: pytest.FixtureRequest) -> Classifier:
    return request.getfixturevalue(request.param)


@pytest.fixture
def batch(classifier: Classifier) -> Batch:
    """Three pictures of the classifier's size; the large net gets smaller ones, to be quick."""
    return pictures(3, (40, 48) if isinstance(classifier, SmallNet) else (96, 128))


@pytest.fixture
def small_batch() -> Batch:
    return pictures(3, (40, 48))


@pytest.fixture
def resnet_batch() -> Batch:
    return pictures(3, (96, 128))


@pytest.fixture
def forward(classifier: Classifier, batch: Batch) -> ForwardPass:
    """Logits explained."""
    return CAM().forward_pass(classifier, batch)


def draw_by_library(method: type[BaseCAM], forward: ForwardPass, **settings: object) -> torch.Tensor:
    """What pytorch-grad-cam draws (B, h, w), before it cuts, stretches and enlarges its map."""
    network = nn.Sequential(nn.Identity(), forward.head.module)
    network.register_parameter("device", nn.Parameter(torch.zeros(1)))  # the library looks for one
    found: list[np.ndarray] = []
    library = method(network, [network[0]], **settings)
    draw = library.get_cam_image

    def listen(*given: object) -> np.ndarray:
        found.append(draw(*given))
        return found[0]

    library.get_cam_image = listen
    activation = forward.activation.detach().clone().requires_grad_()
    library(activation, [ClassifierOutputTarget(int(label)) for label in forward.target])
    return torch.from_numpy(np.asarray(found[0]))


@pytest.fixture
def library_map() -> Callable[..., torch.Tensor]:
    return draw_by_library


@pytest.fixture
def agrees() -> Callable[..., None]:
    """`agrees(method, forward, Library)`: the raw maps are the library's, within 1e-5 of their range."""

    def compare(method: CAM, forward: ForwardPass, library: type[BaseCAM], share: float = 1e-5) -> None:
        theirs = draw_by_library(library, forward)
        assert (method.raw(forward).detach() - theirs).abs().max() <= share * (theirs.max() - theirs.min())

    return compare


@pytest.fixture
def positive(forward: ForwardPass) -> ForwardPass:
    """The pass as if the layer were cut after its ReLU: activations that are nowhere negative."""
    activation = forward.activation.detach().relu()

    network = Classifier()
    network.features, network.head, network.labels = nn.Identity(), forward.head.module, []
    return ForwardPass(network, activation, paths=forward.paths)


@pytest.fixture
def forward_of(classifier: Classifier, batch: Batch) -> Callable[..., ForwardPass]:
    """`forward_of(score="probability", target="fear")`."""
    return lambda **settings: CAM(**settings).forward_pass(classifier, batch)
