"""Programs of which only the answers are seen: the same answers and maps as the network they were written from."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import nn

from emocam.cam.base import ForwardPass
from emocam.cam.occlusion import Occlusion
from emocam.cam.rise import RISE
from emocam.classifier.onnx import OnnxClassifier
from emocam.classifier.opaque import OpaqueClassifier
from emocam.classifier.torchscript import TorchScriptClassifier
from emocam.errors import SettingError
from emocam.results.run import Run
from tests.classifier.programs import SIDE, small_network, write_labels, write_onnx, write_torchscript

pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")
QUICK = ["logger=null", "cache=null", "trainer=cpu", "data.workers=0", "quiet=true"]


def program(kind: str, folder: Path, **given: object) -> OpaqueClassifier:
    network, labels = small_network(), write_labels(folder)
    if kind == "onnx":
        return OnnxClassifier(write_onnx(network, folder / "net.onnx"), labels, **given)  # type: ignore[arg-type]
    file = write_torchscript(network, folder / "net.pt")
    return TorchScriptClassifier(file, labels, size=SIDE, **given)  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", ["onnx", "torchscript"])
@pytest.mark.parametrize("method", [Occlusion(cells=6), RISE(masks=30)], ids=["occlusion", "rise"])
def test_a_program_answers_and_is_explained_as_its_network(
    kind: str, method: Occlusion | RISE, tmp_path: Path
) -> None:
    classifier = program(kind, tmp_path).freeze()
    view = torch.randint(0, 256, (3, 3, SIDE, SIDE), generator=torch.Generator().manual_seed(1))
    x = classifier.prepare(view)
    network = small_network().requires_grad_(False)
    torch.testing.assert_close(classifier(x), network(x), rtol=1e-4, atol=1e-5)

    class Plain(OpaqueClassifier):
        """The network itself in the place of its program."""

        def __init__(self) -> None:
            super().__init__(
                network, str(tmp_path / "labels.txt"), (SIDE, SIDE), classifier.labels, *STATISTICS, False
            )

    maps = method.maps(ForwardPass(classifier, x, method.explained))
    torch.testing.assert_close(
        maps, method.maps(ForwardPass(Plain(), x, method.explained)), rtol=1e-3, atol=1e-4
    )
    assert maps.amax() == 1


STATISTICS = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))


@pytest.mark.parametrize("kind", ["onnx", "torchscript"])
def test_a_run_takes_a_program_and_says_which_methods_do(
    kind: str, emocam: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    program(kind, tmp_path)
    file = "net.onnx" if kind == "onnx" else "net.pt"
    words = [f"classifier={kind}", f"classifier.weights={tmp_path / file}", "classifier.size=32", *QUICK]
    words += [f"classifier.labels={tmp_path / 'labels.txt'}", "data.images=4"]
    assert emocam("cam=gradcam", *words) == 1
    told = capsys.readouterr().err
    assert (
        "GradCAM looks at a layer or a gradient" in told
        and "cam=occlusion, cam=rise, cam=regions ask" in told
    )
    assert emocam("cam=occlusion", "cam.cells=4", *words, "hydra.run.dir=run") == 0
    run = Run("run")
    assert len(run.evidence) and run.evidence["importance"].notna().all()


def test_two_programs_are_two_networks(tmp_path: Path) -> None:
    from emocam.network.weights import fingerprint

    one = fingerprint(program("onnx", tmp_path))
    assert fingerprint(program("onnx", tmp_path)) == one
    other = write_onnx(small_network(2), tmp_path / "other.onnx")
    write_labels(tmp_path, ["a", "b"])
    assert fingerprint(OnnxClassifier(other, str(tmp_path / "labels.txt"))) != one


def test_a_file_that_takes_one_picture_names_its_labels_and_ends_in_softmax(tmp_path: Path) -> None:
    network = small_network()
    names = "{0: 'cat', 1: 'dog', 2: 'cow'}"
    file = write_onnx(network, tmp_path / "net.onnx", batch=1, names=names, last="Softmax")
    classifier = OnnxClassifier(file)
    assert classifier.labels == ["cat", "dog", "cow"] and "probabilities of a softmax" in classifier.notes[0]
    x = torch.rand(3, 3, SIDE, SIDE)
    torch.testing.assert_close(classifier(x).softmax(-1), network(x).softmax(-1), rtol=1e-4, atol=1e-5)


def test_sigmoids_are_many_labels(tmp_path: Path) -> None:
    file = write_onnx(small_network(), tmp_path / "net.onnx", last="Sigmoid")
    labels = write_labels(tmp_path)
    with pytest.raises(SettingError, match=r"do not sum to 1.*give classifier\.many=true"):
        OnnxClassifier(file, labels)
    x = torch.rand(2, 3, SIDE, SIDE)
    torch.testing.assert_close(
        OnnxClassifier(file, labels, many=True)(x), small_network()(x), rtol=1e-3, atol=1e-4
    )


def test_one_output_is_two_labels(tmp_path: Path) -> None:
    network = small_network(1)
    file = write_onnx(network, tmp_path / "net.onnx")
    classifier = OnnxClassifier(file, write_labels(tmp_path, ["smiling"]))
    assert classifier.labels == ["not smiling", "smiling"]
    x = torch.rand(2, 3, SIDE, SIDE)
    torch.testing.assert_close(classifier(x).softmax(-1)[:, 1:], network(x).sigmoid(), rtol=1e-4, atol=1e-5)


class Boxes(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x.mean((2, 3))[:, :, None].expand(-1, 3, 7)


FLAT = nn.Sequential(nn.Flatten(), nn.Linear(3 * SIDE * SIDE, 3))


class Same(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return 0 * x.mean((2, 3))


@pytest.mark.parametrize(
    ("network", "size", "labels", "fault"),
    [
        (Boxes(), SIDE, 3, r"got \(2, 3, 7\); a detector's export goes with detector"),
        (Same(), SIDE, 3, "answers the same to every picture"),
        (small_network(), SIDE, 2, r"classifier\.labels has 2 labels, but .* answers with 3"),
        (FLAT, 48, 3, r"cannot take pictures of 48 x 48 .*classifier\.size"),
    ],
)
def test_a_program_that_is_no_classifier_is_one_sentence(
    network: nn.Module, size: int, labels: int, fault: str, tmp_path: Path
) -> None:
    file = write_torchscript(network, tmp_path / "net.pt")
    named = write_labels(tmp_path, [f"l{i}" for i in range(labels)])
    with pytest.raises(SettingError, match=fault) as told:
        TorchScriptClassifier(file, named, size=size)
    assert "\n" not in str(told.value)


def test_an_onnx_file_of_two_outputs_asks_for_one(tmp_path: Path) -> None:
    file = write_onnx(small_network(), tmp_path / "net.onnx", second=True)
    labels = write_labels(tmp_path)
    with pytest.raises(
        SettingError, match=r"has 2 outputs \(answers .*, f .*\), and a classifier has one; name it by"
    ):
        OnnxClassifier(file, labels)
    with pytest.raises(SettingError, match=r"classifier\.output: .* has no output 'boxes'"):
        OnnxClassifier(file, labels, output="boxes")
    assert OnnxClassifier(file, labels, output="answers").labels == ["cat", "dog", "cow"]
    with pytest.raises(SettingError, match=r"classifier\.size is 64 x 64, but .* takes 32 x 32"):
        OnnxClassifier(file, labels, size=64, output="answers")


@pytest.mark.parametrize("kind", [OnnxClassifier, TorchScriptClassifier])
def test_a_file_of_another_kind_is_told(kind: type, tmp_path: Path) -> None:
    (tmp_path / "x.bin").write_bytes(b"nothing of the kind")
    with pytest.raises(SettingError, match=r"is no (ONNX file|program of TorchScript)"):
        kind(str(tmp_path / "x.bin"))
    with pytest.raises(SettingError, match="there is no file"):
        kind(str(tmp_path / "none"))
    with pytest.raises(SettingError, match=r"classifier\.weights is not set"):
        kind()
