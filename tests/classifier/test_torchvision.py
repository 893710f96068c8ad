"""Networks of torchvision, against torchvision itself on the same pictures."""

from urllib.error import URLError

import pytest
import torch
from torchvision import models
from torchvision.models._api import WeightsEnum
from torchvision.transforms import functional as F

from emocam.classifier.torchvision import TorchvisionClassifier
from emocam.errors import SettingError

MODELS = ["resnet18", "efficientnet_b0", "regnet_y_400mf"]
"""Bilinear from 256, bicubic from 256, bilinear from 232."""


@pytest.fixture(scope="module", params=MODELS)
def name(request):
    return request.param


@pytest.fixture(scope="module")
def classifier(name):
    return TorchvisionClassifier(name, weights="random")


def test_a_view_is_exactly_torchvisions(name, classifier, pictures):
    preset = models.get_model_weights(name).DEFAULT.transforms()
    for image in pictures:
        view, window = classifier.view(image)
        resized = F.resize(image, preset.resize_size, preset.interpolation)
        assert torch.equal(view, F.pil_to_tensor(F.center_crop(resized, preset.crop_size)))
        assert torch.allclose(classifier.prepare(view[None])[0], preset(image), atol=1e-6)
        middle = (window[:2] + window[2:]) / 2
        assert torch.allclose(middle, torch.tensor([0.5, 0.5]), atol=0.5 / min(resized.size))


def test_logits_are_those_of_torchvision(name, classifier, pictures):
    torch.manual_seed(0)
    theirs = models.get_model(name, weights=None).eval()
    preset = models.get_model_weights(name).DEFAULT.transforms()
    with torch.no_grad():
        expected = theirs(torch.stack([preset(image) for image in pictures[:2]]))
    view = torch.stack([classifier.view(image)[0] for image in pictures[:2]])
    torch.testing.assert_close(classifier(classifier.prepare(view)), expected, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("name", ["resnet18", "googlenet"])
def test_weights_of_the_library_answer_as_they_do_there(name, monkeypatch, pictures):
    """GoogLeNet expects other colours than its preset gives, and corrects them in its first step."""
    torch.manual_seed(3)
    drawn = models.get_model(name, weights=None, **({"init_weights": True} if name == "googlenet" else {}))
    monkeypatch.setattr(WeightsEnum, "get_state_dict", lambda self, **settings: drawn.state_dict())
    theirs = models.get_model(name, weights="DEFAULT").eval()
    ours = TorchvisionClassifier(name)
    x = ours.prepare(torch.stack([ours.view(image)[0] for image in pictures[:2]]))
    with torch.no_grad():
        torch.testing.assert_close(ours(x), theirs(x), rtol=1e-3, atol=1e-5)


def test_the_seed_draws_the_weights_and_leaves_other_dice_alone():
    torch.manual_seed(11)
    before = torch.rand(1)
    torch.manual_seed(11)
    first = TorchvisionClassifier("resnet18", weights="random", seed=1)
    assert torch.equal(torch.rand(1), before)
    again = TorchvisionClassifier("resnet18", weights="random", seed=1)
    other = TorchvisionClassifier("resnet18", weights="random", seed=2)
    x = torch.rand(1, 3, 64, 64)
    assert torch.equal(first(x), again(x)) and not torch.allclose(first(x), other(x))


@pytest.fixture
def seven(tmp_path):
    """A file with seven answers, saved from several devices."""
    torch.manual_seed(5)
    network = models.resnet18(num_classes=7).eval()
    torch.save({f"module.{key}": value for key, value in network.state_dict().items()}, tmp_path / "own.pth")
    return tmp_path / "own.pth", network


def labels_file(folder, count):
    (folder / "labels.txt").write_text("".join(f"label {i}\n" for i in range(count)))
    return str(folder / "labels.txt")


def test_a_file_of_weights_has_as_many_labels_as_are_listed(seven, tmp_path):
    file, network = seven
    classifier = TorchvisionClassifier("resnet18", weights=str(file), labels=labels_file(tmp_path, 7))
    x = torch.rand(2, 3, 64, 64)
    torch.testing.assert_close(classifier(x), network(x), rtol=1e-3, atol=1e-5)
    assert classifier.labels[6] == "label 6"


def test_labels_of_the_wrong_length_are_counted(seven, tmp_path):
    file, _ = seven
    with pytest.raises(SettingError) as error:
        TorchvisionClassifier("resnet18", weights=str(file), labels=labels_file(tmp_path, 5))
    assert str(error.value) == (
        f"classifier.labels has 5 labels, but {file} answers with 7; classifier.labels=FILE needs one label "
        "a line, in the order of the network's answers"
    )
    with pytest.raises(
        SettingError, match=r"has 5 labels, but ResNet18_Weights\.IMAGENET1K_V1 answers with 1000"
    ):
        TorchvisionClassifier("resnet18", labels=labels_file(tmp_path, 5))


def test_weights_that_do_not_fit_name_the_keys(tmp_path):
    state = models.resnet18().state_dict()
    del state["conv1.weight"]
    state["head.weight"] = torch.zeros(3)
    state["bn1.bias"] = torch.zeros(3)
    torch.save(state, tmp_path / "own.pth")
    with pytest.raises(SettingError) as error:
        TorchvisionClassifier("resnet18", weights=str(tmp_path / "own.pth"))
    assert str(error.value) == (
        f"classifier.weights: {tmp_path / 'own.pth'} does not fit ResNet: 1 missing (conv1.weight); "
        "1 unknown (head.weight); 1 of another shape (bn1.bias (3,) instead of (64,))"
    )


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"model": "resnet19"}, r"classifier\.model 'resnet19' is not in torchvision; did you mean resnet"),
        (
            {"model": "resnet50", "weights": "IMAGENET1K_V3"},
            r"'IMAGENET1K_V3' is not of resnet50; did you mean",
        ),
        (
            {"model": "resnet18", "weights": "no/such.pth"},
            r"classifier\.weights: there is no file no/such\.pth",
        ),
        (
            {"model": "resnet18", "weights": "random", "layer": "fc"},
            r"classifier\.layer 'fc' is not a layer of",
        ),
    ],
)
def test_what_cannot_be_is_named(settings, told):
    with pytest.raises(SettingError, match=told):
        TorchvisionClassifier(**settings)


def test_weights_that_cannot_be_fetched_are_one_sentence(monkeypatch):
    def fail(self, **settings):
        raise URLError("no address")

    monkeypatch.setattr(WeightsEnum, "get_state_dict", fail)
    with pytest.raises(SettingError) as error:
        TorchvisionClassifier("resnet18")
    assert str(error.value) == (
        "classifier.weights: ResNet18_Weights.IMAGENET1K_V1 could not be fetched (<urlopen error no address>); "
        "give a file with classifier.weights=FILE.pth, or try the way with classifier.weights=random"
    )
