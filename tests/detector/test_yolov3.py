import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torchvision.ops import box_iou

from emocam.detector import yolov3
from emocam.detector.darknet import Darknet
from emocam.detector.yolov3 import YOLOv3
from emocam.errors import SettingError
from emocam.functional.box.yolo import candidates
from emocam.records.detections import Detections

pytest.importorskip("lightnet")
from lightnet.data.transform import NMS, GetMultiScaleAnchorBoxes
from lightnet.models import YoloV3
from lightnet.util import Anchors


@pytest.fixture(scope="module")
def detector(yolov3_net) -> YOLOv3:
    return YOLOv3(yolov3_net["weights"], yolov3_net["names"], size=96)


@pytest.fixture(scope="module")
def lightnets(yolov3_net) -> torch.nn.Module:
    """The network as lightnet itself reads and runs it."""
    network = YoloV3(3)
    network.load(yolov3_net["weights"])
    return network.eval().requires_grad_(False)


def as_they_are(channels: int) -> torch.nn.Conv2d:
    """A last layer that changes nothing."""
    layer = torch.nn.Conv2d(channels, channels, 1).requires_grad_(False)
    torch.nn.init.dirac_(layer.weight)
    torch.nn.init.zeros_(layer.bias)
    return layer


def assert_same_regions(
    found: Detections, expected: Detections, clear: float = 0, tolerance: float = 1e-3
) -> None:
    """Each region of one with a score above `clear` is in the other too."""
    for some, others in ((found, expected), (expected, found)):
        ones = (some.score > clear).nonzero().flatten().tolist()
        assert len(ones) > 10
        for one in ones:
            alike = (others.object == some.object[one]) & (others.image == some.image[one])
            alike &= (others.boxes - some.boxes[one]).abs().amax(-1) < tolerance
            alike &= (others.score - some.score[one]).abs() < tolerance
            assert alike.any(), (some.boxes[one], some.score[one])


def with_opencvs_epsilon(classes: int) -> YoloV3:
    """lightnet's 1e-5 moves scores of this random net by .002."""
    network = YoloV3(classes)
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.eps = 1e-6
    return network


def test_boxes_are_those_of_opencv_on_the_same_files(yolov3_net, look, pictures, monkeypatch) -> None:
    pytest.importorskip("cv2")
    monkeypatch.setattr(yolov3, "_network", with_opencvs_epsilon)
    # without suppression, where one rounding decides about many boxes
    ours = YOLOv3(yolov3_net["weights"], yolov3_net["names"], size=96, iou=1)
    theirs = Darknet(**yolov3_net, iou=1)
    assert_same_regions(look(ours, *pictures), look(theirs, *pictures), clear=0.006, tolerance=2e-3)


def test_one_box_may_be_several_objects(detector, look, pictures) -> None:
    found = look(detector, *pictures)
    same = (box_iou(found.boxes, found.boxes) > 0.999) & (found.image[:, None] == found.image)
    assert (same & (found.object[:, None] != found.object)).any()


def raw(classes: int) -> list[torch.Tensor]:
    dice = torch.Generator().manual_seed(5)
    return [torch.randn(2, 3 * (5 + classes), 96 // s, 96 // s, generator=dice) for s in (32, 16, 8)]


@pytest.mark.parametrize("classes", [1, 7])
def test_softmax_reads_the_output_as_lightnet_does(classes: int) -> None:
    anchors, outputs = Anchors.YoloV3_COCO, raw(classes)
    scales = zip(outputs, anchors.split_scales(), (32, 16, 8), strict=True)
    last = as_they_are(3 * (5 + classes))
    found = [candidates(o, last, a.as_output(s), 0.2, "softmax") for o, a, s in scales]
    boxes, object, score, image = (torch.cat(parts) for parts in zip(*found, strict=True))
    theirs = GetMultiScaleAnchorBoxes(0.2, (32, 16, 8), anchors)([output.clone() for output in outputs])
    middle, half = theirs[:, 1:3] / 96, theirs[:, 3:5] / 96 / 2
    ours = torch.cat([image[:, None], boxes, score[:, None], object[:, None]], -1)
    theirs = torch.cat([theirs[:, :1], middle - half, middle + half, theirs[:, 5:]], -1)
    order = [rows[:, 5].argsort() for rows in (ours, theirs)]
    torch.testing.assert_close(ours[order[0]], theirs[order[1]], atol=1e-5, rtol=1e-5)


def test_regions_in_softmax_are_those_that_lightnet_ends_with(yolov3_net, lightnets, look, pictures) -> None:
    detector = YOLOv3(yolov3_net["weights"], yolov3_net["names"], 96, score=0.1, iou=0.3, classes="softmax")
    view, _ = detector.view(pictures[0])  # 240 x 120 in 96 x 96: 96 x 48, 24 rows of grey above and below
    outputs = lightnets(view[None].float() / 255)
    boxes = GetMultiScaleAnchorBoxes(0.1, lightnets.stride, lightnets.anchors)(outputs)
    theirs = NMS(0.3)(boxes)
    corner = (theirs[:, 1:3] - theirs[:, 3:5] / 2 - torch.tensor([0, 24])) / torch.tensor([96, 48])
    opposite = (theirs[:, 1:3] + theirs[:, 3:5] / 2 - torch.tensor([0, 24])) / torch.tensor([96, 48])
    inside = torch.cat([corner, opposite], -1).clamp(0, 1)
    seen = (inside[:, 2:] > inside[:, :2]).all(-1)
    expected = Detections(inside[seen], theirs[seen, 6].long(), theirs[seen, 5], theirs[seen, 0].long())
    assert_same_regions(look(detector, pictures[0]), expected)


def test_names_are_the_601_of_open_images() -> None:
    from emocam.detector.yolov3 import NAMES

    names = NAMES.read_text().splitlines()
    assert len(names) == len(set(names)) == 601
    assert [names[i] for i in (68, 501, 597)] == ["Person", "Human face", "Rugby ball"]


def test_a_state_dict_gives_the_same_regions(
    detector, lightnets, yolov3_net, look, pictures, tmp_path: Path
) -> None:
    file = tmp_path / "yolov3.pth"
    torch.save(lightnets.state_dict(), file)
    other = YOLOv3(str(file), yolov3_net["names"], size=96)
    file.unlink()  # 250 MB
    assert torch.equal(look(other, pictures[0]).boxes, look(detector, pictures[0]).boxes)


def test_identity_names_the_weights_and_what_decides_the_regions(detector, yolov3_net) -> None:
    other = YOLOv3(yolov3_net["weights"], yolov3_net["names"], size=96, score=0.1)
    assert detector.identity.startswith("yolov3(weights=")
    assert other.identity == detector.identity.replace("score=0.005", "score=0.1") != detector.identity


def test_absent_weights_say_where_to_get_them_and_where_to_put_them(monkeypatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with pytest.raises(SettingError, match=r"pjreddie\.com/media/files/yolov3-openimages\.weights") as error:
        YOLOv3()
    assert str(tmp_path / "emocam/weights/yolov3-openimages.weights") in str(error.value)


def test_weights_cut_short_are_told_with_their_length(yolov3_net, tmp_path: Path) -> None:
    short = tmp_path / "short.weights"
    with Path(yolov3_net["weights"]).open("rb") as file:
        short.write_bytes(file.read(20 + 4 * 5000))
    with pytest.raises(
        SettingError, match=r"short\.weights is cut short: it holds 5,000 weights, the network has 61,"
    ):
        YOLOv3(str(short), yolov3_net["names"])


def test_names_of_another_length_are_told_with_both_numbers(yolov3_net, tmp_path: Path) -> None:
    names = tmp_path / "five.names"
    names.write_text("a\nb\nc\nd\ne\n")
    with pytest.raises(SettingError, match=r"knows 3 classes, but detector\.names lists 5"):
        YOLOv3(yolov3_net["weights"], str(names))


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"classes": "softmx"}, "detector.classes 'softmx' is unknown; did you mean softmax?"),
        ({"size": 100}, "detector.size must be a multiple of 32, got 100"),
        ({"score": 1.5}, "detector.score must be in [0, 1], got 1.5"),
    ],
)
def test_settings_that_cannot_be(settings: dict, sentence: str) -> None:
    with pytest.raises(SettingError) as error:
        YOLOv3("weights.weights", **settings)
    assert str(error.value) == sentence


def test_a_drawn_rectangle_comes_back_at_its_place(detector, look) -> None:
    """The network is replaced by one that sees red, and says so in YOLO's own words."""

    def sees_red(x: torch.Tensor) -> list[torch.Tensor]:
        outputs = [torch.full((len(x), 24, 96 // s, 96 // s), -20.0) for s in (32, 16, 8)]
        for image, picture in enumerate(x):
            rows, columns = ((picture[0] > 0.8) & (picture[1] < 0.3)).nonzero(as_tuple=True)
            left, top, right, bottom = columns.min(), rows.min(), columns.max() + 1, rows.max() + 1
            middle, size = (
                torch.stack([left + right, top + bottom]) / 2 / 8,
                torch.stack([right - left, bottom - top]) / 8,
            )
            cell = middle.floor().long()
            output = outputs[2].view(len(x), 3, 8, 12, 12)[image, 1, :, cell[1], cell[0]]
            output[:2] = (middle - cell).clamp(1e-3, 1 - 1e-3).logit()
            output[2:4] = (size / torch.tensor([16 / 8, 30 / 8])).log()
            output[4] = output[7] = 9
        return outputs

    before = detector.network, detector.last
    detector.network, detector.last = torch.nn.Module(), torch.nn.ModuleList([as_they_are(24)] * 3)
    detector.network.forward = sees_red
    try:
        for size in ((600, 300), (300, 600), (450, 450)):
            picture = Image.new("RGB", size, (60, 90, 60))
            box = np.array([0.2, 0.5, 0.6, 0.9])
            picture.paste((255, 0, 0), tuple(np.round(box * [*size, *size]).astype(int)))
            found = look(detector, picture)
            assert found.object.tolist() == [2]
            np.testing.assert_allclose(found.boxes[0], box, atol=0.025)
    finally:
        detector.network, detector.last = before


def test_a_file_of_another_kind_is_refused(yolov3_net, tmp_path: Path) -> None:
    names = tmp_path / "odd.names"
    shutil.copy(yolov3_net["names"], names)
    names.write_text(names.read_text() + "\ncup")
    with pytest.raises(
        SettingError, match=r"odd\.names needs one different name a line, but 'cup' stands twice"
    ):
        YOLOv3(yolov3_net["weights"], str(names))


class Shallow(torch.nn.Module):
    """One convolution for each scale: seventy-five random ones would make much of every rounding."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        torch.manual_seed(4)
        self.scales = torch.nn.ModuleList(
            torch.nn.Conv2d(3, 3 * (5 + classes), side, stride=side) for side in (32, 16, 8)
        )

    def forward(self, x: torch.Tensor) -> list[torch.Tensor]:
        return [2 * scale(x) for scale in self.scales]


def test_bfloat16_finds_nearly_the_same_under_another_identity(yolov3_net, look, pictures) -> None:
    exact, narrow = (YOLOv3(yolov3_net["weights"], yolov3_net["names"], size=96, iou=1) for _ in range(2))
    for detector in (exact, narrow):
        detector.network = Shallow(len(detector.objects)).eval().requires_grad_(False)
        detector.last = torch.nn.ModuleList(as_they_are(24) for _ in range(3))
    narrow.to_bf16()
    assert narrow.identity == f"{exact.identity}, bf16"
    one, other = look(exact, *pictures), look(narrow, *pictures)
    assert other.boxes.dtype == other.score.dtype == torch.float32
    assert not torch.equal(one.score[:50], other.score[:50])
    assert_same_regions(one, other, clear=0.01, tolerance=0.02)
