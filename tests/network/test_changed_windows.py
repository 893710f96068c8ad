"""Features of inputs that are alike, beside the same layers on whole inputs."""

import pytest
import torch
from torch import Tensor, nn

from emocam.classifier.emonet import EmoNet
from emocam.intervention.paste import with_changed_windows
from emocam.network.changed_windows import ChangedWindows, Reach, reaches
from emocam.network.response_norm import ResponseNorm

STACKS: dict[str, list[nn.Module]] = {
    "AlexNet's": [
        *(nn.Conv2d(3, 6, 11, 4), nn.ReLU(), ResponseNorm(), nn.MaxPool2d(3, 2)),
        *(nn.Conv2d(6, 8, 5, padding=2, groups=2), nn.ReLU(), nn.MaxPool2d(3, 2)),
    ],
    "VGG's": [nn.Conv2d(3, 4, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2, 2), nn.Conv2d(4, 4, 3, padding=1)],
    "oblong": [nn.Conv2d(3, 4, (3, 5), (2, 1), (0, 2)), nn.MaxPool2d(3, 2, 1), nn.Conv2d(4, 5, 1, 3)],
    "ends in what sees all": [nn.Conv2d(3, 4, 3), nn.InstanceNorm2d(4), nn.Conv2d(4, 4, 3)],
    "begins with what sees all": [nn.InstanceNorm2d(3), nn.Conv2d(3, 4, 3)],
    "strides over pixels": [nn.Conv2d(3, 4, 2, 5), nn.ReLU()],
}


def inputs(height: int = 71, width: int = 83) -> Tensor:
    """One, and others that differ from it in windows: inside, at corners, a pixel, nothing, all rows."""
    dice = torch.Generator().manual_seed(0)
    x = torch.randn(1, 3, height, width, generator=dice).repeat(9, 1, 1, 1)
    windows = [
        (20, 33, 30, 44),
        (0, 9, 0, 7),
        (60, 71, 70, 83),
        (64, 71, 0, 9),
        (35, 36, 41, 42),
        (4, 5, 4, 5),
    ]
    for row, (y0, y1, x0, x1) in zip(x[1:], windows, strict=False):
        row[:, y0:y1, x0:x1] += torch.randn(3, y1 - y0, x1 - x0, generator=dice)
    x[8, 1, :, 40] += 1
    return x


@pytest.mark.parametrize("name", STACKS)
@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_alike_inputs_have_the_features_of_whole_ones(name: str, layout: torch.memory_format) -> None:
    torch.manual_seed(0)
    layers, x = STACKS[name], inputs().to(memory_format=layout)
    with torch.no_grad():
        torch.testing.assert_close(
            ChangedWindows(*layers)(x), nn.Sequential(*layers)(x), rtol=1e-4, atol=1e-5
        )
        other = x.flip(0)  # the first differs from all others
        torch.testing.assert_close(
            ChangedWindows(*layers)(other), nn.Sequential(*layers)(other), rtol=1e-4, atol=1e-5
        )


def test_the_early_layers_see_windows_only(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []
    convolve = nn.functional.conv2d
    monkeypatch.setattr(
        "emocam.network.changed_windows.conv2d",
        lambda x, *rest: seen.append(x.shape[-1]) or convolve(x, *rest),
    )
    with torch.no_grad():
        ChangedWindows(*STACKS["VGG's"])(inputs()[:2])
    assert seen == [14 + 4, 9 + 4]  # 14 columns and a border of two; halved after one more; and its border


def test_inputs_that_are_not_alike_go_through_together() -> None:
    x = torch.randn(3, 3, 40, 40)
    layers = STACKS["VGG's"]
    assert torch.equal(ChangedWindows(*layers)(x), nn.Sequential(*layers)(x))


def test_reach_is_known_of_plain_layers_alone() -> None:
    assert reaches(nn.Conv2d(3, 3, (3, 5), 2, 1)) == (Reach(3, 2, 1), Reach(5, 2, 1))
    for layer in (
        nn.Conv2d(3, 3, 3, dilation=2),
        nn.Conv2d(3, 3, 3, padding=1, padding_mode="reflect"),
        nn.Conv2d(3, 3, 3, padding="same"),
        nn.MaxPool2d(3, ceil_mode=True),
        nn.AdaptiveAvgPool2d(1),
        nn.BatchNorm2d(3),
    ):
        assert reaches(layer) is None


def test_a_classifier_s_twin_shares_its_weights_and_leaves_it_as_it_is() -> None:
    classifier = EmoNet(weights="random")
    before, twin = classifier.features, with_changed_windows(classifier)
    assert classifier.features is before and isinstance(twin.features, ChangedWindows)
    assert twin.features.conv1 is before.conv1 and twin.head is classifier.head
    views = torch.randint(0, 256, (1, 3, 227, 227)).repeat(3, 1, 1, 1)
    views[1, :, 50:90, 100:140], views[2, :, 200:, :30] = 0, 255
    x = classifier.prepare(views)
    with torch.no_grad():
        torch.testing.assert_close(twin(x), classifier(x), rtol=1e-4, atol=1e-5)
