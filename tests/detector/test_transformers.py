"""Detectors of transformers, beside the library's own reading, on small networks with random weights."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from PIL import Image
from torchvision.ops import batched_nms

transformers = pytest.importorskip("transformers")

from emocam.detector.transformers import TransformersDetector, text_of_tokens  # noqa: E402
from emocam.errors import SettingError  # noqa: E402
from emocam.records.detections import Detections  # noqa: E402
from tests.detector.hub_folders import grounding_folder, owl_folder, rtdetr_folder  # noqa: E402

Look = Callable[..., Detections]


def by_the_library(
    detector: TransformersDetector, picture: Image.Image
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Read a picture by the library's own steps: boxes in [0, 1], classes and scores, overlaps removed."""
    network, processor = detector.network, detector.processor
    size = [(picture.height, picture.width)]
    with torch.no_grad():
        if detector.kind == "owlv2":
            inputs = processor(images=picture, text=[detector.texts], return_tensors="pt")
            (answer,) = processor.post_process_grounded_object_detection(
                network(**inputs), threshold=detector.score, target_sizes=size
            )
        else:
            inputs = processor(images=picture, return_tensors="pt")
            (answer,) = processor.post_process_object_detection(
                network(**inputs), threshold=detector.score, target_sizes=size
            )
    boxes = answer["boxes"] / torch.tensor([*picture.size, *picture.size])
    kept = batched_nms(boxes.float(), answer["scores"].float(), answer["labels"], detector.iou)
    boxes = boxes[kept].clamp(0, 1)
    inside = (boxes[:, 2:] > boxes[:, :2]).all(1)
    return boxes[inside], answer["labels"][kept][inside], answer["scores"][kept][inside]


@pytest.mark.parametrize("kind", ["rtdetr", "owlv2"])
def test_regions_are_those_of_the_library(
    kind: str, tmp_path: Path, look: Look, pictures: list[Image.Image]
) -> None:
    folder = (rtdetr_folder if kind == "rtdetr" else owl_folder)(tmp_path)
    texts = None if kind == "rtdetr" else ["hat", "boat"]
    detector = TransformersDetector(str(folder), texts, score=0.1 if texts is None else 0.0, iou=0.6)
    assert detector.objects == (["cup", "hat", "kite"] if texts is None else texts)
    found = look(detector, *pictures)
    for i, picture in enumerate(pictures):
        boxes, object, score = by_the_library(detector, picture)
        mine = found.image == i
        assert len(boxes) > 0
        assert found.object[mine].tolist() == object.tolist()
        torch.testing.assert_close(found.score[mine], score, atol=1e-4, rtol=0)
        torch.testing.assert_close(found.boxes[mine], boxes, atol=1e-4, rtol=0)


def test_a_text_s_score_is_that_of_its_likeliest_word(
    tmp_path: Path, look: Look, pictures: list[Image.Image]
) -> None:
    detector = TransformersDetector(str(grounding_folder(tmp_path)), ["red hat", "boat"], score=0.0, iou=1.0)
    found = look(detector, pictures[0])
    inputs = detector.processor(images=pictures[0], text="red hat. boat.", return_tensors="pt")
    with torch.no_grad():
        outputs = detector.network(**inputs)
    words = detector.processor.tokenizer.convert_ids_to_tokens(inputs["input_ids"][0])
    odds = outputs.logits[0].sigmoid()
    places = {"red hat": [words.index("red"), words.index("hat")], "boat": [words.index("boat")]}
    expected = sorted(
        (max((max(float(row[place]) for place in places[text]), text) for text in places) for row in odds),
        reverse=True,
    )
    mine = [
        (float(score), detector.objects[object])
        for score, object in zip(found.score, found.object.tolist(), strict=True)
    ]
    assert [text for _, text in mine] == [text for _, text in expected][: len(mine)]
    assert [score for score, _ in mine] == pytest.approx(
        [score for score, _ in expected][: len(mine)], abs=1e-4
    )
    assert len(mine) > 3


def test_tokens_are_counted_to_their_text() -> None:
    tokens = torch.tensor([101, 7, 8, 1012, 9, 1012, 102, 0])
    assert text_of_tokens(tokens, 1012, 2).tolist() == [-1, 0, 0, -1, 1, -1, -1, -1]


def test_the_key_of_detections_is_of_the_weights_and_the_words(tmp_path: Path) -> None:
    first = TransformersDetector(str(rtdetr_folder(tmp_path / "a")))
    same = TransformersDetector(str(rtdetr_folder(tmp_path / "b")))
    other = TransformersDetector(str(rtdetr_folder(tmp_path / "c", seed=1)))
    assert first.identity == same.identity != other.identity


def test_what_does_not_fit_is_told_in_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.chdir(tmp_path)
    closed = str(rtdetr_folder(tmp_path / "closed"))
    opened = str(owl_folder(tmp_path / "opened"))
    with pytest.raises(SettingError, match=r"detector\.model is not set"):
        TransformersDetector()
    with pytest.raises(SettingError, match=r"detector\.model: nowhere cannot be loaded as a detector"):
        TransformersDetector("nowhere")
    with pytest.raises(SettingError, match="has classes of its own; leave the texts out"):
        TransformersDetector(closed, ["hat"])
    with pytest.raises(SettingError, match=r"detector\.texts must list what"):
        TransformersDetector(opened)
    with pytest.raises(SettingError, match="words without a full stop"):
        TransformersDetector(opened, ["hat", "a. b"])
    with pytest.raises(SettingError, match="must differ, but 'hat' stands twice"):
        TransformersDetector(opened, ["hat", "hat"])
