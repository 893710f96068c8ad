import json
import pickle
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torchvision.ops import box_iou

from emocam.detector.darknet import Darknet
from emocam.errors import SettingError

cv2 = pytest.importorskip("cv2")

DATA = Path(__file__).parents[3] / "shared/data"
MODEL = DATA / "detector/yolo-fastest-1.1-xl"
RENAMED = {
    "airplane": "aeroplane",
    "couch": "sofa",
    "dining table": "diningtable",
    "motorcycle": "motorbike",
    "potted plant": "pottedplant",
    "tv": "tvmonitor",
}
needs_data = pytest.mark.skipif(not Path(f"{MODEL}.weights").is_file(), reason="no real detector here")


@pytest.fixture
def detector(small_net) -> Darknet:
    return Darknet(**small_net)


def test_scores_below_opencvs_own_threshold_are_kept(detector, look, pictures) -> None:
    score = look(detector, *pictures).score
    assert score.min() < 0.02
    assert score.max() > 0.2


def test_one_picture_is_as_in_a_batch(detector, look, pictures) -> None:
    together = look(detector, *pictures)
    for i, picture in enumerate(pictures):
        alone = look(detector, picture)
        assert torch.equal(together.boxes[together.image == i], alone.boxes)


def test_a_higher_score_keeps_a_part(small_net, look, pictures) -> None:
    every, some = (look(Darknet(**small_net, score=s, iou=1), *pictures) for s in (0.005, 0.2))
    assert 0 < len(some) < len(every)
    assert len(some) == (every.score > 0.2).sum()


def test_the_cfgs_own_threshold_does_not_stand_in_the_way(small_net, look, pictures) -> None:
    cfg = Path(small_net["cfg"])
    expected = look(Darknet(**small_net), *pictures)
    cfg.write_text(cfg.read_text() + "thresh = 0.9\nignore_thresh = .7\n")
    assert torch.equal(look(Darknet(**small_net), *pictures).score, expected.score)


def test_size_replaces_the_cfgs(small_net) -> None:
    assert Darknet(**small_net).view.size == (64, 64)
    assert Darknet(**small_net, size=96).view.size == (96, 96)


def test_stretched_pictures_fill_the_view(small_net) -> None:
    picture = Image.new("RGB", (200, 50), "white")
    view, window = Darknet(**small_net, fit="stretch").view(picture)
    assert view.min() == 255
    assert window.tolist() == [0, 0, 1, 1]


def test_travels_to_another_process(detector, look, pictures) -> None:
    twin = pickle.loads(pickle.dumps(detector))
    assert torch.equal(look(twin, *pictures).boxes, look(detector, *pictures).boxes)


def test_identity_follows_the_files(small_net, detector) -> None:
    assert Darknet(**small_net).identity == detector.identity
    weights = Path(small_net["weights"])
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(content)
    assert Darknet(**small_net).identity != detector.identity


def broken(small_net: dict[str, str], file: str, content: str | bytes) -> str:
    """What a user reads when one of the files is this."""
    path = Path(small_net[file])
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(SettingError) as error:
        Darknet(**small_net)
    sentence = str(error.value)
    assert "\n" not in sentence
    assert str(path) in sentence
    return sentence


def test_weights_cut_short(small_net) -> None:
    content = Path(small_net["weights"]).read_bytes()
    whole = (len(content) - 20) // 4
    sentence = broken(small_net, "weights", content[:2020])
    assert sentence.endswith(f"is cut short: it holds 500 weights, the network has {whole:,}")
    sentence = broken(small_net, "weights", content + content[:40])
    assert sentence.endswith(
        f"is of another network: it holds {whole + 10:,} weights, the network has {whole:,}"
    )
    assert broken(small_net, "weights", b"ab").endswith("is too short to be a file of darknet's")


def test_names_of_another_length(small_net) -> None:
    assert broken(small_net, "names", "a\nb").endswith(
        "lists 2 names, but " + small_net["cfg"] + " has 3 classes"
    )
    assert "needs one different name a line, but 'a' stands twice" in broken(small_net, "names", "a\nb\na")
    assert "it is empty" in broken(small_net, "names", "")


def test_a_cfg_that_is_none(small_net) -> None:
    cfg = Path(small_net["cfg"]).read_text()
    assert "has no [yolo] or [region] layer" in broken(small_net, "cfg", "hello")
    assert "has no [yolo] or [region] layer" in broken(small_net, "cfg", bytes(range(256)))
    sentence = broken(small_net, "cfg", cfg.replace("activation=leaky", "activation=odd", 1))
    assert "OpenCV cannot read" in sentence
    assert "Unsupported activation: odd" in sentence
    assert "has no line width=NUMBER" in broken(small_net, "cfg", cfg.replace("width=", "breadth="))


def test_missing_files_and_settings(small_net) -> None:
    with pytest.raises(SettingError, match=r"needs three files: .* detector\.weights is missing"):
        Darknet(cfg=small_net["cfg"], names=small_net["names"])
    with pytest.raises(SettingError, match=r"detector\.cfg: there is no file /nowhere/net\.cfg"):
        Darknet(**{**small_net, "cfg": "/nowhere/net.cfg"})
    with pytest.raises(SettingError, match=r"detector\.fit must be letterbox or stretch, got 'crop'"):
        Darknet(**small_net, fit="crop")
    with pytest.raises(SettingError, match=r"detector\.size must be a multiple of 32 or null, got 33"):
        Darknet(**small_net, size=33)


def test_a_size_that_the_layers_cannot_join_is_refused(small_net, monkeypatch) -> None:
    def fails(*_: object) -> None:
        raise cv2.error("OpenCV(4) concat.cpp:1: error: (-201) Inconsistent shape for ConcatLayer")

    monkeypatch.setattr(Darknet, "_run", fails)
    with pytest.raises(
        SettingError, match=r"net\.cfg cannot take pictures of 96 x 96 \(\(-201\) Inconsistent"
    ):
        Darknet(**small_net, size=96)


@needs_data
def test_finds_what_people_marked_in_real_photos(look) -> None:
    """Measured: precision .82, recall .24 above .4 with the paper's suppression at .005."""
    detector = Darknet(f"{MODEL}.cfg", f"{MODEL}.weights", str(DATA / "detector/coco.names"))
    truth = json.loads((DATA / "photos/instances.json").read_text())
    names = {c["id"]: RENAMED.get(c["name"], c["name"]) for c in truth["categories"]}
    right = told = marked = 0
    for entry in truth["images"]:
        found = look(detector, Image.open(DATA / "photos" / entry["file_name"]).convert("RGB"))
        mine = [a for a in truth["annotations"] if a["image_id"] == entry["id"]]
        corners = np.array([a["bbox"] for a in mine], np.float32).reshape(-1, 4)
        corners[:, 2:] += corners[:, :2]
        boxes = torch.from_numpy(corners / np.array([entry["width"], entry["height"]] * 2, np.float32))
        object = torch.tensor([detector.objects.index(names[a["category_id"]]) for a in mine])
        clear = found.score > 0.4
        match = (box_iou(found.boxes[clear], boxes) >= 0.5) & (found.object[clear][:, None] == object)
        right, told, marked = right + match.any(0).sum().item(), told + clear.sum().item(), marked + len(mine)
    assert right / told > 0.75
    assert right / marked > 0.2


@needs_data
def test_a_real_train_is_found_in_every_frame(look) -> None:
    """The same photo, and with bars of its own beside it: the box stays on the train."""
    detector = Darknet(f"{MODEL}.cfg", f"{MODEL}.weights", str(DATA / "detector/coco.names"))
    photo = Image.open(DATA / "photos/000000000071.jpg").convert("RGB")
    train = detector.objects.index("train")
    square = Image.new("RGB", (photo.width, photo.width), (127, 127, 127))
    above = (photo.width - photo.height) // 2
    square.paste(photo, (0, above))
    plain, framed = (look(detector, picture) for picture in (photo, square))
    plain, framed = (d.boxes[(d.object == train) & (d.score > 0.9)][0] for d in (plain, framed))
    scale, shift = photo.height / photo.width, above / photo.width
    expected = plain * torch.tensor([1, scale, 1, scale]) + torch.tensor([0, shift, 0, shift])
    torch.testing.assert_close(framed, expected, atol=0.01, rtol=0)
