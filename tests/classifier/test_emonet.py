"""EmoNet on files that are written here in the port's own format."""

import pickle
from pathlib import Path

import numpy as np
import pytest
import torch
from captum.attr import LRP, DeepLift
from PIL import Image
from torch.nn import functional as F

from emocam.classifier.emonet import AROUSAL, LABELS, VALENCE, EmoNet, build_layers
from emocam.errors import SettingError
from emocam.network.response_norm import ResponseNorm

SHAPES = {
    "conv1": (96, 3, 11, 11),
    "conv2": (256, 48, 5, 5),
    "conv3": (384, 256, 3, 3),
    "conv4": (384, 192, 3, 3),
    "conv5": (256, 192, 3, 3),
    "fc1": (4096, 9216),
    "fc2": (4096, 4096),
    "fc3": (20, 4096),
}


def port_weights() -> dict[str, torch.Tensor]:
    """A state dict in which every layer answers its picture clearly, from a fixed seed."""
    generator = torch.Generator().manual_seed(7)
    state = {}
    for name, shape in SHAPES.items():
        fan_in = int(np.prod(shape[1:]))
        state[f"{name}.weight"] = torch.randn(shape, generator=generator) * (2 / fan_in) ** 0.5
        state[f"{name}.bias"] = torch.randn(shape[0], generator=generator) * 0.1
    return state


def port_mean() -> np.ndarray:
    """Of every row y, red, green and blue side by side: (227, 3 * 227)."""
    return np.random.default_rng(7).uniform(90, 140, (227, 3 * 227)).round(3)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("emonet")
    torch.save(port_weights(), folder / "emonet.pth")
    lines = [",".join(str(number) for number in line) for line in port_mean()]
    (folder / "img_mean.txt").write_text("\n".join(lines) + "\n")
    yield folder
    (folder / "emonet.pth").unlink()


@pytest.fixture(scope="module")
def net(folder: Path) -> EmoNet:
    return EmoNet(weights=str(folder / "emonet.pth"))


def picture(seed: int) -> Image.Image:
    pixels = np.random.default_rng(seed).integers(0, 256, (9, 13, 3), dtype=np.uint8)
    return Image.fromarray(pixels).resize((300, 200), Image.Resampling.BICUBIC)


def independent_logits(image: Image.Image, state: dict[str, torch.Tensor], mean: np.ndarray) -> torch.Tensor:
    """The paper's description line by line, in double precision, with nothing of ours."""
    w = {name: value.double() for name, value in state.items()}
    pixels = np.asarray(image.resize((227, 227), Image.BICUBIC)).astype(np.float64)
    for y in range(227):
        for channel in range(3):
            pixels[y, :, channel] -= mean[y, 227 * channel : 227 * (channel + 1)]
    x = torch.from_numpy(pixels.transpose(2, 0, 1).copy())[None]
    for name, stride, padding, groups in [("conv1", 4, 0, 1), ("conv2", 1, 2, 2)]:
        x = F.conv2d(x, w[f"{name}.weight"], w[f"{name}.bias"], stride, padding, groups=groups).relu()
        x = F.local_response_norm(x, 5, alpha=1e-4, beta=0.75, k=1)
        x = F.max_pool2d(x, 3, 2)
    for name, groups in [("conv3", 1), ("conv4", 2), ("conv5", 2)]:
        x = F.conv2d(x, w[f"{name}.weight"], w[f"{name}.bias"], 1, 1, groups=groups).relu()
    x = F.max_pool2d(x, 3, 2).permute(0, 1, 3, 2).flatten(1)
    x = (x @ w["fc1.weight"].T + w["fc1.bias"]).relu()
    x = (x @ w["fc2.weight"].T + w["fc2.bias"]).relu()
    return (x @ w["fc3.weight"].T + w["fc3.bias"])[0]


def test_logits_are_those_of_an_independent_implementation(net):
    images = [picture(0), picture(1)]
    view = torch.stack([net.view(image)[0] for image in images])
    with torch.no_grad():
        ours = net(net.prepare(view))
    theirs = torch.stack([independent_logits(image, port_weights(), port_mean()) for image in images])
    assert torch.allclose(ours.double(), theirs, atol=2e-5 * float(theirs.abs().max()))
    assert theirs.std() > 0.1 and (theirs[0] - theirs[1]).abs().max() > 0.1


def test_the_explained_layer_is_conv5_before_its_relu(net):
    x = net.prepare(net.view(picture(0))[0][None])
    activation, head = net.cut(x)
    assert activation.shape == (1, 256, 13, 13) and activation.min() < 0
    with torch.no_grad():
        assert torch.allclose(head(activation), net(x), atol=1e-5)


def test_many_images_in_pieces_are_what_they_are_alone(net, monkeypatch):
    x = 50 * torch.randn(3, 3, 227, 227, generator=torch.Generator().manual_seed(0))
    whole = net.features(x)
    monkeypatch.setattr("emocam.network.in_batches.IMAGES", 2)
    monkeypatch.setattr(torch, "get_num_threads", lambda: 1)
    pieces = net.features(x)
    assert torch.allclose(pieces, whole, atol=1e-5 * float(whole.abs().max()))
    assert torch.equal(pieces[2:], net.features(x[2:]))


def test_it_has_as_many_parameters_as_the_port():
    assert sum(parameter.numel() for parameter in build_layers(20).parameters()) == 56_950_164


def test_the_norm_is_torchs():
    x = 50 * torch.randn(2, 16, 5, 7, generator=torch.Generator().manual_seed(0))
    expected = F.local_response_norm(x, 5, alpha=1e-4, beta=0.75, k=1)
    assert torch.allclose(ResponseNorm()(x), expected, rtol=1e-5)
    assert not torch.allclose(expected, x, rtol=1e-2)


def test_valence_and_arousal_are_linear_in_what_is_asked(net):
    logits = torch.zeros(2, 20)
    logits[1, LABELS.index("Joy")] = 100
    derived = net.derive(logits)
    assert derived["valence"][1].item() == pytest.approx(3.2963 - 0.2335, abs=1e-4)
    assert derived["arousal"][1].item() == pytest.approx(6.5139 - 0.0555, abs=1e-4)
    assert derived["valence"][0].item() == pytest.approx(3.2963 + sum(VALENCE[1:]) / 20, abs=1e-4)
    net.affect = "logits"
    assert net.derive(logits)["arousal"][1].item() == pytest.approx(AROUSAL[0] - 5.55, abs=1e-4)
    net.affect = "softmax"


def test_any_layer_with_a_map_can_be_explained():
    early = EmoNet(layer="pool2", weights="random", seed=3)
    whole = EmoNet(weights="random", seed=3)
    x = early.prepare(early.view(picture(2))[0][None])
    activation, _ = early.cut(x)
    assert activation.shape == (1, 256, 13, 13) and activation.min() >= 0
    with torch.no_grad():
        assert torch.allclose(early(x), whole(x), atol=1e-6)
    with pytest.raises(SettingError, match=r"classifier\.layer 'fc1' is not a layer of EmoNet with a map"):
        EmoNet(layer="fc1", weights="random")


def test_captum_can_walk_the_head(net):
    activation, head = net.cut(net.prepare(net.view(picture(0))[0][None]))
    with torch.no_grad():
        score = head(activation)[0, 3] - head(0 * activation)[0, 3]
    found = DeepLift(head.module).attribute(activation.contiguous(), target=3)
    assert found.sum().item() == pytest.approx(score.item(), rel=1e-3)
    assert LRP(head.module).attribute(activation.contiguous(), target=3).isfinite().all()


def test_a_file_without_a_key_is_named(tmp_path):
    state = port_weights()
    del state["conv5.bias"], state["fc1.weight"], state["fc2.weight"]
    torch.save(state, tmp_path / "emonet.pth")
    (tmp_path / "img_mean.txt").write_text("\n".join([",".join(["1"] * 681)] * 227))
    with pytest.raises(SettingError) as error:
        EmoNet(weights=str(tmp_path / "emonet.pth"))
    assert str(error.value) == (
        f"classifier.weights: {tmp_path / 'emonet.pth'} does not fit EmoNetLayers: "
        "3 missing (conv5.bias, fc1.weight, fc2.weight)"
    )


def test_a_file_of_another_shape_is_named(tmp_path):
    state = {name: torch.zeros(2) for name in build_layers(20).state_dict()}
    torch.save(state, tmp_path / "emonet.pth")
    (tmp_path / "img_mean.txt").write_text("\n".join([",".join(["1"] * 681)] * 227))
    with pytest.raises(SettingError, match=r"16 of another shape \(conv1.weight \(2,\) instead of \(96, 3, "):
        EmoNet(weights=str(tmp_path / "emonet.pth"))


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("\n".join([",".join(["1"] * 681)] * 226), "it has 226 lines"),
        ("\n".join([",".join(["1"] * 681)] * 226 + ["1,2,3"]), "line 227 has 3 numbers"),
        ("\n".join([",".join(["x"] * 681)] * 227), "could not convert string to float"),
        ("\n".join([",".join(["nan"] * 681)] * 227), "a number in it is not finite"),
        (None, "No such file"),
    ],
)
def test_a_bad_mean_file_is_one_sentence(text, fault, tmp_path):
    mean = tmp_path / "mean.txt"
    if text is not None:
        mean.write_text(text)
    with pytest.raises(SettingError) as error:
        EmoNet(weights="random", mean=str(mean))
    assert str(error.value).startswith(f"classifier.mean: {mean} is not EmoNet's mean image (")
    assert fault in str(error.value) and "\n" not in str(error.value)


class Executed:
    def __reduce__(self):
        return (Path.touch, (Path("executed"),))


def test_a_file_that_would_run_code_is_refused(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "img_mean.txt").write_text("\n".join([",".join(["1"] * 681)] * 227))
    torch.save({"conv1.weight": Executed()}, tmp_path / "emonet.pth")
    (tmp_path / "plain.pth").write_bytes(pickle.dumps(Executed()))
    for name in ("emonet.pth", "plain.pth"):
        with pytest.raises(SettingError, match=r"classifier\.weights: .* is no file of plain weights"):
            EmoNet(weights=str(tmp_path / name))
    assert not (tmp_path / "executed").exists()


def test_absent_weights_say_where_they_come_from_and_where_they_go(tmp_path, monkeypatch):
    monkeypatch.setattr("emocam.classifier.emonet.cached", lambda name: tmp_path / name)
    with pytest.raises(SettingError) as error:
        EmoNet()
    told = str(error.value)
    assert "emocam fetch emonet" in told and str(tmp_path) in told and "classifier.weights=FILE" in told


def test_settings_that_cannot_be_are_named():
    with pytest.raises(SettingError, match=r"classifier\.affect must be softmax or logits, got 'both'"):
        EmoNet(weights="random", affect="both")
    with pytest.raises(SettingError, match=r"classifier\.weights must be random, a file .*, got 'imagenet'"):
        EmoNet(weights="imagenet")
