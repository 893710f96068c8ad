from pathlib import Path

import pytest
import torch
from torch import nn
from torchvision import models
from torchvision.models.detection.roi_heads import paste_masks_in_image
from torchvision.transforms.functional import to_tensor

from emocam.detector import torchvision
from emocam.detector.torchvision import TorchvisionDetector
from emocam.errors import SettingError

SMALL = "ssdlite320_mobilenet_v3_large"


@pytest.fixture(scope="module")
def detector() -> TorchvisionDetector:
    return TorchvisionDetector(SMALL, "random")


def shrink(network: nn.Module) -> None:
    """Pictures of 100 pixels in place of 800, and few proposals: quick."""
    network.transform.min_size = (100,)
    if hasattr(network, "rpn"):
        network.rpn._post_nms_top_n = {"testing": 40}
        network.roi_heads.detections_per_img = 12


def bare(model: str, score: float, iou: float) -> nn.Module:
    """The same network as torchvision itself would use it."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network = models.get_model(model, weights=None, weights_backbone=None, num_classes=91).eval()
    heads = getattr(network, "roi_heads", network)
    heads.score_thresh, heads.nms_thresh = score, iou
    shrink(network)
    return network


@pytest.fixture(scope="module")
def masked() -> TorchvisionDetector:
    detector = TorchvisionDetector("maskrcnn_resnet50_fpn", "random", score=0.2)
    shrink(detector.network)
    return detector


def test_objects_are_names_and_nothing_else(detector) -> None:
    assert len(detector.objects) == len(set(detector.objects)) == 80
    assert detector.objects[:2] == ["person", "bicycle"]
    assert not {"__background__", "N/A"} & set(detector.objects)


def test_torchvisions_own_numbers_mean_the_same_names(detector) -> None:
    categories = models.get_model_weights(SMALL).DEFAULT.meta["categories"]
    for label, name in enumerate(categories):
        position = detector.position[label].item()
        assert position == -1 if name in ("__background__", "N/A") else detector.objects[position] == name


@pytest.mark.parametrize("model", [SMALL, "fasterrcnn_mobilenet_v3_large_320_fpn", "retinanet_resnet50_fpn"])
def test_regions_are_torchvisions_in_the_frame_of_the_image(model, look, pictures) -> None:
    detector = TorchvisionDetector(model, "random", score=0.01, iou=0.4)
    shrink(detector.network)
    picture = pictures[0]
    with torch.no_grad():
        (expected,) = bare(model, 0.01, 0.4)([to_tensor(picture)])
    real = (expected["boxes"][:, 2:] > expected["boxes"][:, :2]).all(-1)
    named = (detector.position[expected["labels"]] >= 0) & real
    found = look(detector, picture)
    assert len(found) > 3
    assert torch.equal(found.object, detector.position[expected["labels"][named]])
    pixels = torch.tensor([picture.width, picture.height] * 2)
    torch.testing.assert_close(found.boxes * pixels, expected["boxes"][named], atol=1e-3, rtol=1e-4)
    torch.testing.assert_close(found.score, expected["scores"][named])


def test_masks_pasted_by_torchvision_are_its_own(masked, look, pictures) -> None:
    """A picture of the size the network sees: then its own pasting is an oracle to the pixel."""
    picture = pictures[2].resize((100, 100))
    found = look(masked, picture)
    assert found.masks.shape == (len(found), 28, 28)
    assert set(found.masks.unique().tolist()) == {0.0, 1.0}
    with torch.no_grad():
        (expected,) = bare("maskrcnn_resnet50_fpn", 0.2, 0.005)([to_tensor(picture)])
    named = masked.position[expected["labels"]] >= 0
    pasted = paste_masks_in_image(found.masks[:, None], found.boxes * 100, (100, 100))
    agree = ((pasted > 0.5) == (expected["masks"][named] > 0.5)).float().mean()
    assert len(found) > 1
    assert agree > 0.97


def test_pictures_of_one_batch_do_not_disturb_each_other(masked, look, pictures) -> None:
    together = look(masked, *pictures, pictures[0])
    for i, picture in enumerate([*pictures, pictures[0]]):
        alone, mine = look(masked, picture), together.image == i
        torch.testing.assert_close(together.boxes[mine], alone.boxes, atol=1e-4, rtol=0)
        assert torch.equal(together.object[mine], alone.object)


def test_a_plain_file_gives_the_same_regions(detector, look, pictures, tmp_path: Path) -> None:
    file = tmp_path / "ssd.pth"
    torch.save(detector.network.state_dict(), file)
    other = TorchvisionDetector(SMALL, str(file), seed=9)
    assert torch.equal(look(other, pictures[0]).boxes, look(detector, pictures[0]).boxes)


def test_published_weights_are_known_by_their_hash(monkeypatch, tmp_path: Path) -> None:
    """The first weights of the resnet50 models were trained without an epsilon; frozen, too."""
    model = "fasterrcnn_resnet50_fpn"
    network = models.get_model(model, weights=None, weights_backbone=None)
    state = {k: v for k, v in network.state_dict().items() if not k.endswith("num_batches_tracked")}
    file = tmp_path / "mine.pth"
    torch.save(state, file)
    epsilons = []
    for sha in ("258fb6c6" + "0" * 56, "1" * 64):
        monkeypatch.setattr(torchvision, "file_sha256", lambda _, sha=sha: sha)
        norms = TorchvisionDetector(model, str(file)).network.modules()
        epsilons.append({m.eps for m in norms if isinstance(m, nn.BatchNorm2d)})
    assert epsilons == [{0.0}, {1e-5}]


def test_own_names_go_with_own_weights(tmp_path: Path) -> None:
    names, file = tmp_path / "mine.names", tmp_path / "mine.pth"
    names.write_text("cup\nhat\n")
    detector = TorchvisionDetector(SMALL, "random", str(names))
    assert detector.objects == ["cup", "hat"]
    assert detector.position.tolist() == [-1, 0, 1]
    torch.save(detector.network.state_dict(), file)
    assert TorchvisionDetector(SMALL, str(file), str(names)).objects == ["cup", "hat"]
    with pytest.raises(SettingError, match=r"mine\.pth does not fit SSD: .*of another shape"):
        TorchvisionDetector(SMALL, str(file))
    with pytest.raises(SettingError, match=r"detector\.names goes with weights of your own"):
        TorchvisionDetector(SMALL, names=str(names))


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"model": "fasterrcnn"}, "detector.model 'fasterrcnn' is not in torchvision"),
        (
            {"model": SMALL, "weights": "COCO_V7"},
            f"detector.weights 'COCO_V7' is not of {SMALL}; did you mean COCO_V1?",
        ),
        ({"model": SMALL, "weights": "/nowhere/a.pth"}, "detector.weights: there is no file /nowhere/a.pth"),
        ({"model": SMALL, "iou": -1}, "detector.iou must be in [0, 1], got -1"),
    ],
)
def test_settings_that_cannot_be(settings: dict, sentence: str) -> None:
    with pytest.raises(SettingError) as error:
        TorchvisionDetector(**settings)
    assert str(error.value).startswith(sentence)


def test_a_broken_file_is_one_sentence(tmp_path: Path) -> None:
    file = tmp_path / "broken.pth"
    file.write_bytes(b"PK\x03\x04 not really")
    with pytest.raises(SettingError, match=r"^detector\.weights: .*broken\.pth is no file of plain weights"):
        TorchvisionDetector(SMALL, str(file))


def test_without_a_network_the_way_is_named(monkeypatch, tmp_path: Path) -> None:
    def offline(*_: object, **__: object) -> None:
        raise OSError("no route")

    monkeypatch.setattr(models, "get_model", offline)
    with pytest.raises(
        SettingError, match=r"could not be fetched \(no route\); give a file with detector\.weights"
    ):
        TorchvisionDetector(SMALL)


def test_identity_follows_what_decides(detector) -> None:
    assert TorchvisionDetector(SMALL, "random").identity == detector.identity
    assert TorchvisionDetector(SMALL, "random", seed=1).identity != detector.identity
    assert TorchvisionDetector(SMALL, "random", iou=0.5).identity != detector.identity


def test_bfloat16_finds_nearly_the_same_under_another_identity(look, pictures) -> None:
    detector = TorchvisionDetector(SMALL, "random", score=0.01, iou=0.4)
    exact, identity = look(detector, pictures[0]), detector.identity
    x = torch.rand(1, 3, 320, 320, generator=torch.Generator().manual_seed(0))
    features = detector.network.backbone(x)
    detector.to_bf16()
    found = look(detector, pictures[0])
    assert detector.identity == f"{identity}, bf16"
    assert found.boxes.dtype == found.score.dtype == torch.float32
    assert len(found) == len(exact) and (found.score[0] - exact.score[0]).abs() < 0.02
    # the scores of a random net hardly depend on the picture, so look at what they are made of
    for name, level in detector.network.backbone(x).items():
        assert level.dtype == torch.float32
        assert 0 < (level - features[name]).abs().max() < 0.1 * features[name].abs().max()
