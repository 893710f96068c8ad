"""Networks of timm, against timm itself on the same pictures."""

import pytest
import torch

timm = pytest.importorskip("timm")

from emocam.classifier.timm import TimmClassifier, _names  # noqa: E402
from emocam.errors import SettingError  # noqa: E402
from emocam.network.cut import Watched  # noqa: E402

LAYERS = {
    "resnet18": "layer4",
    "convnext_atto": "stages",
    "vit_tiny_patch16_224": "blocks.11.norm1",
    "swin_tiny_patch4_window7_224": "norm",
    "tf_efficientnet_lite0": "bn2",
}


def their_network(name):
    torch.manual_seed(0)
    return timm.create_model(name).eval().requires_grad_(False)


@pytest.fixture(scope="module", params=LAYERS)
def name(request):
    return request.param


@pytest.fixture(scope="module")
def classifier(name):
    return TimmClassifier(name, weights="random")


@pytest.fixture(scope="module")
def theirs(name):
    return their_network(name)


def test_pictures_are_prepared_as_timm_does(classifier, theirs, pictures):
    transform = timm.data.create_transform(**timm.data.resolve_model_data_config(theirs))
    for image in pictures:
        x = classifier.prepare(classifier.view(image)[0][None])[0]
        torch.testing.assert_close(x, transform(image), rtol=0, atol=1e-5)


def test_logits_are_those_of_timm(classifier, theirs, pictures):
    transform = timm.data.create_transform(**timm.data.resolve_model_data_config(theirs))
    x = torch.stack([classifier.view(image)[0] for image in pictures[:2]])
    expected = theirs(torch.stack([transform(image) for image in pictures[:2]]))
    torch.testing.assert_close(classifier(classifier.prepare(x)), expected, rtol=1e-3, atol=1e-5)
    assert (expected[0] - expected[1]).abs().max() > 1e-3


def test_the_layer_is_the_last_one_that_matters_and_the_cut_is_clean(name, classifier):
    assert classifier.layer == LAYERS[name]
    assert not isinstance(classifier.features.part, Watched)


def test_tokens_before_the_last_attention_are_a_map_with_gradients(pictures):
    classifier = TimmClassifier("vit_tiny_patch16_224", weights="random")
    activation, head = classifier.cut(classifier.prepare(classifier.view(pictures[0])[0][None]))
    assert activation.shape == (1, 192, 14, 14)
    activation.requires_grad_()
    (gradient,) = torch.autograd.grad(head(activation)[0, 0], activation)
    assert (gradient.abs().amax(1) > 0).all()


def test_without_attention_the_last_tokens_are_taken():
    assert TimmClassifier("mixer_s32_224", weights="random").layer == "norm"


def test_a_layer_can_be_named():
    classifier = TimmClassifier("resnet18", layer="layer3.0.conv2", weights="random")
    assert classifier.cut(torch.zeros(1, 3, 64, 64))[0].shape == (1, 256, 4, 4)


def test_a_file_of_weights_has_as_many_labels_as_are_listed(tmp_path):
    (tmp_path / "labels.txt").write_text("awe\nfear\njoy\n")
    torch.manual_seed(5)
    network = timm.create_model("resnet18", num_classes=3).eval()
    torch.save({f"module.{key}": value for key, value in network.state_dict().items()}, tmp_path / "own.pth")
    classifier = TimmClassifier(
        "resnet18", weights=str(tmp_path / "own.pth"), labels=str(tmp_path / "labels.txt")
    )
    x = torch.rand(2, 3, 64, 64)
    torch.testing.assert_close(classifier(x), network(x), rtol=1e-3, atol=1e-5)
    assert classifier.labels == ["awe", "fear", "joy"]
    with pytest.raises(SettingError) as error:
        TimmClassifier("resnet18", weights=str(tmp_path / "own.pth"))
    assert str(error.value).startswith(
        f"classifier.labels has 1000 labels, but {tmp_path / 'own.pth'} answers with 3; classifier.labels=FILE"
    )


def test_labels_are_unique_and_those_of_torchvision_where_they_are_the_same():
    thousand, many = _names("resnet18"), _names("convnext_nano.in12k")
    assert thousand[0] == "tench" and thousand[134] == "crane bird" and len(set(thousand)) == 1000
    assert len(set(many)) == len(many) == 11821
    assert "ball (n02778669)" in many


def test_outputs_without_names_ask_for_them():
    with pytest.raises(
        SettingError, match=r"classifier\.labels is not set, and timm has no names for the 512"
    ):
        TimmClassifier("vit_base_patch32_clip_224.openai", weights="random")


def test_weights_are_those_of_the_tag_or_of_the_default(monkeypatch):
    asked, create = [], timm.create_model

    def listen(name, pretrained=False, **settings):
        asked.append((name, pretrained))
        return create(name, **settings)

    monkeypatch.setattr(timm, "create_model", listen)
    TimmClassifier("resnet18")
    TimmClassifier("resnet18.tv_in1k")
    TimmClassifier("resnet18", weights="gluon_in1k")
    assert asked == [("resnet18", True), ("resnet18.tv_in1k", True), ("resnet18.gluon_in1k", True)]


def test_weights_that_cannot_be_fetched_are_one_sentence(monkeypatch):
    def fail(*given, **settings):
        raise RuntimeError("no address\nand more lines")

    monkeypatch.setattr(timm, "create_model", fail)
    with pytest.raises(SettingError) as error:
        TimmClassifier("resnet18")
    assert str(error.value) == (
        "classifier.weights: timm's resnet18 could not be fetched (no address); give a file with "
        "classifier.weights=FILE.pth, or try the way with classifier.weights=random"
    )


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"model": "resnt18"}, r"classifier\.model 'resnt18' is not in timm; did you mean resnet18"),
        ({"model": "resnet18.tv_in2k"}, r"classifier\.model 'tv_in2k' is no tag of timm's resnet18; did you"),
        ({"model": "resnet18", "weights": "imagenet"}, r"classifier\.weights 'imagenet' is no tag of timm's"),
        (
            {"model": "resnet18", "weights": "no/such.pth"},
            r"classifier\.weights: there is no file no/such\.pth",
        ),
        ({"model": "resnet18", "weights": "random", "layer": "layr4"}, r"did you mean layer4"),
        ({"model": "efficientnet_b8"}, r"classifier\.weights: timm has none for efficientnet_b8"),
    ],
)
def test_what_cannot_be_is_named(settings, told):
    with pytest.raises(SettingError, match=told):
        TimmClassifier(**settings)


def test_labels_that_are_too_few_for_timms_weights_are_told_before_fetching(tmp_path):
    (tmp_path / "labels.txt").write_text("awe\nfear\n")
    with pytest.raises(
        SettingError, match=r"labels has 2 labels, but timm's resnet18 answers with 1000; give"
    ):
        TimmClassifier("resnet18", labels=str(tmp_path / "labels.txt"))
