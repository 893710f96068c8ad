"""The oracle reads the bytes and computes the layers with torch's functions alone."""

import json
from itertools import pairwise

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from emocam.classifier.faceapi import CHANNELS, LABELS, POINTS, FaceApi
from emocam.errors import SettingError


def arrays(answers):
    """Names and shapes as face-api's manifests have them."""
    for block, (before, after) in enumerate(pairwise(CHANNELS)):
        for step in range(4):
            place, inner = f"dense{block}/conv{step}", before if step == 0 else after
            if block == step == 0:
                yield f"{place}/filters", (3, 3, 3, 32)
            else:
                yield f"{place}/depthwise_filter", (3, 3, inner, 1)
                yield f"{place}/pointwise_filter", (1, 1, inner, after)
            yield f"{place}/bias", (after,)
    yield "fc/weights", (256, answers)
    yield "fc/bias", (answers,)


def write_manifest(folder, answers):
    """Write a manifest whose filters are quantised and whose biases are not, and return the values that it means."""
    draw = np.random.default_rng(0)
    entries, values, shards = [], {}, b""
    for name, shape in arrays(answers):
        entry = {"name": name, "shape": list(shape), "dtype": "float32"}
        if name.endswith("bias"):
            values[name] = draw.normal(0, 0.1, shape).astype("<f4")
            shards += values[name].tobytes()
        else:
            stored = draw.integers(0, 256, shape, dtype=np.uint8)
            entry["quantization"] = {"dtype": "uint8", "scale": 0.004, "min": -0.5}
            values[name] = (stored.astype(np.float64) * 0.004 - 0.5).astype(np.float32)
            shards += stored.tobytes()
        entries.append(entry)
    half = len(shards) // 2
    (folder / "a.bin").write_bytes(shards[:half])
    (folder / "b.bin").write_bytes(shards[half:])
    file = folder / "model-weights_manifest.json"
    file.write_text(json.dumps([{"weights": entries, "paths": ["a.bin", "b.bin"]}]))
    return file, {name: torch.from_numpy(array) for name, array in values.items()}


@pytest.fixture
def manifest(tmp_path):
    return write_manifest(tmp_path, len(LABELS))


def same(x, kernel, stride, groups=1):
    """TensorFlow's convolution: what is left of the padding goes to the right and below."""
    total = max((-(-x.shape[-1] // stride) - 1) * stride + 3 - x.shape[-1], 0)
    left = total // 2
    return F.conv2d(F.pad(x, (left, total - left) * 2), kernel, stride=stride, groups=groups)


def by_hand(values, x):
    def conv(x, place, stride):
        bias = values[f"{place}/bias"].view(1, -1, 1, 1)
        if f"{place}/filters" in values:
            return same(x, values[f"{place}/filters"].permute(3, 2, 0, 1), stride) + bias
        depthwise = values[f"{place}/depthwise_filter"].permute(2, 3, 0, 1)
        x = same(x, depthwise, stride, groups=x.shape[1])
        return torch.einsum("bchw,cd->bdhw", x, values[f"{place}/pointwise_filter"][0, 0]) + bias

    for block in range(4):
        outs = [conv(x, f"dense{block}/conv0", 2).clamp(min=0)]
        for step in range(1, 4):
            x = sum(outs).clamp(min=0) if step > 1 else outs[0]
            outs.append(conv(x, f"dense{block}/conv{step}", 1))
        x = sum(outs).clamp(min=0)
    return x.mean((-2, -1)) @ values["fc/weights"] + values["fc/bias"]


def test_shards_give_the_logits_of_their_layers(manifest):
    file, values = manifest
    net = FaceApi(weights=str(file))
    x = torch.randn(2, 3, 112, 112)
    with torch.no_grad():
        expected = by_hand(values, x)
        torch.testing.assert_close(net(x), expected, rtol=1e-3, atol=1e-4 * float(expected.abs().max()))
    assert net.labels == list(LABELS) and net.cut(x)[0].shape == (2, 256, 7, 7)


def test_the_network_of_points_answers_with_places_in_both_directions(tmp_path):
    file, values = write_manifest(tmp_path, len(POINTS))
    net = FaceApi(weights=str(file))
    x = torch.randn(2, 3, 112, 112)
    with torch.no_grad():
        expected, found = by_hand(values, x), net(x)
    scale = float(expected.abs().max())
    torch.testing.assert_close(found[:, ::2], expected, rtol=1e-3, atol=1e-4 * scale)
    torch.testing.assert_close(found[:, 1::2], -expected, rtol=1e-3, atol=1e-4 * scale)
    assert net.labels[:3] == ["point 00 across +", "point 00 across -", "point 00 down +"]
    torch.testing.assert_close(net.derive(found)["point 67 down"], found[:, -2])
    with pytest.raises(SettingError, match=r"classifier\.labels has no use with .*68 points"):
        FaceApi(weights=str(file), labels="labels.txt")


def test_a_view_is_shifted_by_face_api_s_mean():
    net = FaceApi(weights="random")
    white = net.prepare(torch.full((1, 3, 112, 112), 255, dtype=torch.uint8))[0, :, 0, 0]
    torch.testing.assert_close(white, (255 - torch.tensor([122.782, 117.001, 104.298])) / 255)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda file: file.with_name("b.bin").unlink(), "cannot be read .*; a manifest needs its shards"),
        (lambda file: file.with_name("b.bin").write_bytes(b"1"), "its shards end before"),
        (lambda file: file.write_text("{}"), "is no manifest of TensorFlow.js' weights|does not fit"),
        (lambda file: file.write_text("no json"), "is no manifest of TensorFlow.js' weights"),
    ],
)
def test_broken_files_are_one_sentence(manifest, change, told):
    file, _ = manifest
    change(file)
    with pytest.raises(SettingError, match=told):
        FaceApi(weights=str(file))


def test_without_files_it_says_where_they_are():
    with pytest.raises(SettingError, match="npm pack @vladmandic/face-api"):
        FaceApi()
