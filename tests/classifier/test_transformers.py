"""Classifiers of transformers and timm's hub, from folders that the tests write: their answers and their views."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from emocam.cam.base import ForwardPass
from emocam.cam.gradcam import GradCAM
from emocam.errors import SettingError
from tests.classifier.programs import write_labels

transformers = pytest.importorskip("transformers")
LABELS = {0: "cat", 1: "dog", 2: "cow"}


def write_model(folder: Path, kind: str = "vit", **given: object) -> Path:
    """Write a small model with its processor as `save_pretrained` does."""
    torch.manual_seed(0)
    common = {"id2label": LABELS, "label2id": {v: k for k, v in LABELS.items()}} | given
    if kind == "vit":
        sizes = {"hidden_size": 16, "num_hidden_layers": 3, "num_attention_heads": 2, "intermediate_size": 32}
        config = transformers.ViTConfig(image_size=32, patch_size=8, **sizes, **common)
        processor = transformers.ViTImageProcessor(size={"height": 32, "width": 32})
    elif kind == "resnet":
        config = transformers.ResNetConfig(embedding_size=8, hidden_sizes=[8, 16], depths=[1, 1], **common)
        processor = transformers.ConvNextImageProcessor(size={"shortest_edge": 64}, crop_pct=0.875)
    else:
        config = transformers.ConvNextConfig(hidden_sizes=[8, 16], depths=[1, 1], num_stages=2, **common)
        processor = transformers.CLIPImageProcessor(
            size={"shortest_edge": 72}, crop_size={"height": 64, "width": 64}
        )
    transformers.AutoModelForImageClassification.from_config(config).save_pretrained(folder)
    processor.save_pretrained(folder)
    return folder


def classifier_of(folder: Path, **given: object):
    from emocam.classifier.transformers import TransformersClassifier

    return TransformersClassifier(str(folder), **given).freeze()


def picture(width: int = 160, height: int = 120) -> Image.Image:
    coarse = np.random.default_rng(1).integers(0, 256, (6, 8, 3), dtype=np.uint8)
    return Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC)


@pytest.mark.parametrize("kind", ["vit", "resnet", "convnext"])
def test_answers_and_view_are_the_library_s_own(kind: str, tmp_path: Path) -> None:
    folder = write_model(tmp_path, kind)
    classifier = classifier_of(folder)
    assert classifier.labels == ["cat", "dog", "cow"]
    processor = transformers.AutoImageProcessor.from_pretrained(folder)
    model = transformers.AutoModelForImageClassification.from_pretrained(folder).eval()
    theirs = processor(images=picture(), return_tensors="pt")["pixel_values"]
    ours = classifier.prepare(classifier.view(picture())[0][None])
    assert (ours - theirs).abs().mean() < 0.02, "Pillow's filter beside torchvision's"
    with torch.no_grad():
        torch.testing.assert_close(classifier(theirs), model(theirs).logits, rtol=1e-4, atol=1e-5)
    forward = ForwardPass(classifier, ours)
    maps = GradCAM().maps(forward)
    assert maps.shape[-2:] == forward.activation.shape[-2:] and min(maps.shape[-2:]) > 1
    torch.testing.assert_close(forward.logits, classifier(ours), rtol=1e-4, atol=1e-5)


def test_the_layer_s_cells_are_where_the_picture_has_them(tmp_path: Path) -> None:
    classifier = classifier_of(write_model(tmp_path))
    x = torch.rand(1, 3, 32, 32).repeat(2, 1, 1, 1)
    x[1, :, :8, 24:] = 3 - x[1, :, :8, 24:]
    before, after = classifier.cut(x)[0]
    change = (after - before).abs().sum(0)
    assert divmod(int(change.argmax()), change.shape[1]) == (0, 3)


def test_a_model_of_many_labels_says_so_itself(tmp_path: Path) -> None:
    folder = write_model(tmp_path, problem_type="multi_label_classification")
    assert classifier_of(folder).many is not None
    assert classifier_of(folder, many=False).many is None


def test_a_command_takes_a_folder(emocam: Callable[..., int], tmp_path: Path) -> None:
    folder = write_model(tmp_path / "net", "resnet")
    words = ["data.images=3", "logger=null", "cache=null", "trainer=cpu", "data.workers=0", "quiet=true"]
    assert emocam("cam=gradcam", "classifier=transformers", f"classifier.model={folder}", *words) == 0


def test_what_cannot_be_read_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(
        SettingError, match="could not be read as an image classifier of transformers"
    ) as told:
        classifier_of(tmp_path / "empty")
    assert "\n" not in str(told.value)
    folder = write_model(tmp_path / "net")
    with pytest.raises(SettingError, match=r"classifier\.labels has 2 labels, but the model answers with 3"):
        classifier_of(folder, labels=write_labels(tmp_path, ["a", "b"]))
    with pytest.raises(SettingError, match=r"classifier\.model is not set"):
        from emocam.classifier.transformers import TransformersClassifier

        TransformersClassifier()
    transformers.ViTImageProcessor(size={"height": 32, "width": 32}, do_resize=False).save_pretrained(folder)
    with pytest.raises(SettingError, match=r"prepares pictures by \w+, in a way that is not known here"):
        classifier_of(folder)


def test_a_folder_of_timm_s_hub_brings_its_labels_and_view(tmp_path: Path) -> None:
    timm = pytest.importorskip("timm")
    from timm.models import save_for_hf

    from emocam.classifier.timm import TimmClassifier

    torch.manual_seed(0)
    network = timm.create_model("resnet10t", num_classes=3).eval()
    network.pretrained_cfg = {**network.pretrained_cfg, "mean": (0.1, 0.2, 0.3), "input_size": (3, 64, 64)}
    save_for_hf(network, tmp_path, model_config={"num_classes": 3, "label_names": ["cat", "dog", "cow"]})
    classifier = TimmClassifier(f"local-dir:{tmp_path}").freeze()
    assert classifier.labels == ["cat", "dog", "cow"]
    x = torch.rand(1, 3, 64, 64)
    with torch.no_grad():
        torch.testing.assert_close(classifier(x), network(x), rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(classifier.mean.flatten(), torch.tensor([0.1, 0.2, 0.3]))
    with pytest.raises(
        SettingError, match=r"classifier\.model: timm's hf-hub:none/none could not be fetched"
    ):
        TimmClassifier("hf-hub:none/none")
