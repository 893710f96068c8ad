"""Exported detectors: every layout beside a slow reading of the same numbers, and files that do not fit."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torchvision.ops import batched_nms

pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

from emocam.detector.onnx import OnnxDetector
from emocam.errors import SettingError
from emocam.records.detections import Detections
from tests.detector.onnx_files import write_onnx

NAMES = ["cup", "hat", "kite"]
SAID = {"names": str(dict(enumerate(NAMES))), "imgsz": "[64, 64]"}
SIZE, ROWS = 64, 20
Look = Callable[..., Detections]


def numbers(layout: str) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray], dict[str, str]]:
    """Return what a file of this layout answers, how the picture moves it, and what the file says of itself."""
    dice = np.random.default_rng(5)
    middle, size = dice.uniform(10, 54, (ROWS, 2)), dice.uniform(8, 30, (ROWS, 2))
    boxes = np.concatenate([middle, size], 1)
    scores = dice.uniform(0, 0.8, (ROWS, 3))
    ends = np.concatenate([middle - size / 2, middle + size / 2], 1)
    own = scores.max(1), scores.argmax(1)
    push = np.zeros((3, ROWS, 4), np.float32)
    push[0, :, 0] = 3  # redder pictures have their boxes further to the right
    if layout == "yolov5":
        rows = np.concatenate([boxes, dice.uniform(0.5, 1, (ROWS, 1)), scores], 1)
        return {"output0": rows}, {"output0": np.pad(push, ((0, 0), (0, 0), (0, 4)))}, SAID
    if layout == "yolov8":
        rows = np.concatenate([boxes, scores], 1)
        moved = np.pad(push, ((0, 0), (0, 0), (0, 3)))
        return {"output0": rows.T}, {"output0": moved.transpose(0, 2, 1)}, SAID
    if layout == "end2end":
        rows = np.concatenate([ends, own[0][:, None], own[1][:, None]], 1)
        return {"output0": rows}, {}, {**SAID, "description": "Ultralytics YOLOv10n model"}
    if layout == "rtdetr":
        rows = np.concatenate([boxes / SIZE, scores], 1)
        return {"output0": rows}, {}, {**SAID, "description": "Ultralytics RT-DETR-l model"}
    if layout == "queries":
        logits = dice.normal(0, 2, (ROWS, 4))
        return {"logits": logits, "pred_boxes": boxes / SIZE}, {"pred_boxes": push / SIZE}, SAID
    # their columns are one after another, (B, N) each
    return {"labels": own[1].astype(float), "boxes": ends, "scores": own[0]}, {}, SAID


def slowly(
    layout: str, picture: Image.Image, detector: OnnxDetector
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Read the numbers one row after another, and undo the view by hand."""
    answers, moved, _ = numbers(layout)
    view, _ = detector.view(picture)
    colour = view.double().numpy().mean((1, 2)) / 255
    raw = {
        name: answers[name] + np.tensordot(colour, moved[name], 1) if name in moved else answers[name]
        for name in answers
    }
    found = []
    for n in range(ROWS):
        if layout == "queries":
            odds = np.exp(raw["logits"][n])
            scores, box = (odds / odds.sum())[:3], raw["pred_boxes"][n] * SIZE
        elif layout == "sized":
            scores = np.zeros(3)
            scores[int(raw["labels"][n])] = raw["scores"][n]
            box = raw["boxes"][n]
        elif layout == "yolov8":
            box, scores = raw["output0"][:4, n], raw["output0"][4:, n]
        elif layout == "yolov5":
            box, scores = raw["output0"][n, :4], raw["output0"][n, 4] * raw["output0"][n, 5:]
        elif layout == "end2end":
            box, scores = raw["output0"][n, :4], np.zeros(3)
            scores[int(raw["output0"][n, 5])] = raw["output0"][n, 4]
        else:
            box, scores = raw["output0"][n, :4] * SIZE, raw["output0"][n, 4:]
        if layout not in ("end2end", "sized"):
            x, y, width, height = box
            box = np.array([x - width / 2, y - height / 2, x + width / 2, y + height / 2])
        if layout in ("yolov5", "yolov8", "end2end"):  # a letterbox: the longer side fills the view
            scale = min(SIZE / picture.width, SIZE / picture.height)
            inner = round(picture.width * scale), round(picture.height * scale)
            pad = np.array([(SIZE - inner[0]) // 2, (SIZE - inner[1]) // 2] * 2)
            box = (box - pad) / np.array([*inner, *inner])
        else:
            box = box / SIZE
        if scores.max() > detector.score:
            found.append((box, scores.argmax(), scores.max()))
    boxes, object, score = (np.array(part) for part in zip(*found, strict=True))
    kept = batched_nms(*map(torch.from_numpy, (boxes, score, object)), detector.iou).numpy()
    boxes = boxes[kept].clip(0, 1)
    inside = (boxes[:, 2:] > boxes[:, :2]).all(1)
    return boxes[inside], object[kept][inside], score[kept][inside]


@pytest.mark.parametrize("layout", ["yolov5", "yolov8", "end2end", "rtdetr", "queries", "sized"])
def test_a_layout_is_told_and_read_as_by_hand(
    layout: str, tmp_path: Path, look: Look, pictures: list[Image.Image]
) -> None:
    answers, moved, said = numbers(layout)
    file = write_onnx(tmp_path / "net.onnx", answers, moved, SIZE, said, alone=layout == "yolov8")
    detector = OnnxDetector(str(file))
    assert (detector.layout, detector.objects) == (layout, NAMES)
    found = look(detector, *pictures)
    for i, picture in enumerate(pictures):
        boxes, object, score = slowly(layout, picture, detector)
        mine = found.image == i
        assert len(boxes) > 3
        assert found.object[mine].tolist() == object.tolist()
        np.testing.assert_allclose(found.score[mine], score, atol=1e-5)
        np.testing.assert_allclose(found.boxes[mine], boxes, atol=1e-5)


def test_the_key_of_detections_is_of_the_file_s_content(tmp_path: Path) -> None:
    answers, moved, said = numbers("yolov8")
    first, second = (
        OnnxDetector(str(write_onnx(tmp_path / name, answers, moved, SIZE, said))) for name in "ab"
    )
    other = OnnxDetector(
        str(write_onnx(tmp_path / "c", {"output0": answers["output0"] + 0.01}, moved, SIZE, said))
    )
    assert first.identity == second.identity != other.identity
    assert OnnxDetector(str(tmp_path / "a"), score=0.5).identity != first.identity


FAULTS = {
    "no file": ({}, {}, "there is no file"),
    "no names": ({"said": {}}, {}, "names no classes; give a text file with a name a line"),
    "other names": ({}, {"names": "two.txt"}, "fit no layout that is known for 2 classes"),
    "a layout": ({}, {"layout": "yolov9"}, "detector.layout must be one of yolov5, yolov8, .*got 'yolov9'"),
    "another layout": ({}, {"layout": "queries"}, "cannot be read as queries of"),
    "a size": ({}, {"size": 320}, r"takes \(64, 64\), got \(320, 320\)"),
    "bytes": ({"bytes": True}, {}, "is no ONNX file that can be run"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_file_that_does_not_fit_is_told_in_a_sentence(
    fault: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    written, settings, sentence = FAULTS[fault]
    answers, moved, said = numbers("yolov8")
    Path("two.txt").write_text("cup\nhat\n")
    if written.get("bytes"):
        Path("net.onnx").write_bytes(b"no network")
    elif fault != "no file":
        write_onnx(Path("net.onnx"), answers, moved, SIZE, written.get("said", said))
    with pytest.raises(SettingError, match=sentence):
        OnnxDetector("net.onnx", **settings)  # type: ignore[arg-type]


def test_of_two_layouts_that_fit_one_is_asked_for(tmp_path: Path) -> None:
    rows = np.random.default_rng(0).uniform(0.1, 0.9, (30, 6))
    file = write_onnx(tmp_path / "net.onnx", {"out": rows}, said={"names": "{0: 'cup', 1: 'hat'}"})
    with pytest.raises(SettingError, match=r"fit rtdetr and end2end; give detector\.layout"):
        OnnxDetector(str(file))
    assert OnnxDetector(str(file), layout="rtdetr").objects == ["cup", "hat"]
