"""`emocam.explain` on plain torch modules: right, and leaving them as they were found."""

import copy
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch
from matplotlib.figure import Figure
from PIL import Image
from pytorch_grad_cam import GradCAM as LibraryGradCAM
from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget
from torch import nn
from torchvision.models import ResNet18_Weights, resnet18

import emocam
from emocam.api.explain import cam_named
from emocam.cam.gradcam import GradCAM
from emocam.classifier.planted import PlantedClassifier
from emocam.errors import SettingError

METHODS = sorted(
    file.stem
    for file in (Path(__file__).parents[2] / "conf/cam").glob("*.yaml")
    if "_target_" in file.read_text()  # others name several methods
)
METHODS = [name for name in METHODS if name not in ("joined", "paper", "gaze", "given")]  # lists, and files


def small_net() -> nn.Sequential:
    torch.manual_seed(3)
    return nn.Sequential(
        *(nn.Conv2d(3, 8, 5, stride=2), nn.BatchNorm2d(8), nn.ReLU(inplace=True), nn.Dropout(0.5)),
        *(nn.Conv2d(8, 12, 3, padding=1), nn.ReLU(), nn.AdaptiveAvgPool2d(4), nn.Flatten()),
        nn.Linear(12 * 16, 5),
    )


@pytest.fixture(scope="module")
def resnet() -> nn.Module:
    torch.manual_seed(0)
    return resnet18(weights=None, num_classes=7)


def patches(number: int, size: tuple[int, int] = (40, 48)) -> torch.Tensor:
    """Smooth random inputs."""
    coarse = torch.rand(number, 3, 6, 6, generator=torch.Generator().manual_seed(1))
    return nn.functional.interpolate(coarse, size, mode="bicubic") * 4 - 2


def drawn(size: tuple[int, int] = (300, 240), seed: int = 0) -> Image.Image:
    pixels = np.random.default_rng(seed).integers(0, 256, (7, 9, 3), dtype=np.uint8)
    return Image.fromarray(pixels).resize(size, Image.Resampling.BICUBIC)


def test_a_map_is_what_another_library_draws_at_the_layer(resnet: nn.Module) -> None:
    x = patches(2, (96, 96))
    ours = emocam.explain(resnet, x, layer="layer3")
    model = copy.deepcopy(resnet).eval()
    targets = [ClassifierOutputTarget(int(place)) for place in model(x).argmax(-1)]
    theirs = LibraryGradCAM(model, [model.layer3])(x, targets)
    enlarged = nn.functional.interpolate(ours.maps[:, None], (96, 96), mode="bilinear")[:, 0]
    # the library stretches to [0, 1] after it has enlarged
    low, high = enlarged.amin((1, 2), keepdim=True), enlarged.amax((1, 2), keepdim=True)
    assert ours.maps.shape == (2, 6, 6)
    assert np.abs(((enlarged - low) / (high - low)).numpy() - theirs).max() < 1e-4


def test_label_and_confidence_are_the_model_s_own_in_evaluation_mode() -> None:
    net, x = small_net(), patches(5)
    found = emocam.explain(net.train(), x, labels=["awe", "fear", "joy", "calm", "rage"])
    probabilities = net.eval()(x).softmax(-1)
    names = ["awe", "fear", "joy", "calm", "rage"]
    assert found.label == [names[place] for place in probabilities.argmax(-1)]
    torch.testing.assert_close(found.confidence, probabilities.amax(-1).detach())
    assert emocam.explain(net, x).label == [str(int(place)) for place in probabilities.argmax(-1)]


@pytest.mark.parametrize("method", METHODS)
def test_every_method_of_the_folder_explains_a_plain_module(method: str) -> None:
    if method == "rise":
        pytest.skip("4,000 masks; the same way as occlusion's")
    if method == "regions":  # there are none here, and it says so
        with pytest.raises(SettingError, match="cam=regions explains the regions that a detector finds"):
            emocam.explain(small_net(), patches(2), method)
        return
    found = emocam.explain(small_net(), patches(2), method)
    assert found.maps.shape[0] == 2
    assert found.maps.min() >= 0 and found.maps.max() <= 1
    assert found.method == method


def state(model: nn.Module) -> list[object]:
    hooks = [
        (len(m._forward_hooks), len(m._forward_pre_hooks), len(m._backward_hooks)) for m in model.modules()
    ]
    modes = [(m.training, getattr(m, "inplace", None)) for m in model.modules()]
    wishes = [(p.requires_grad, p.grad is None) for p in model.parameters()]
    return [hooks, modes, wishes, list(dict(model.named_modules()))]


@pytest.mark.parametrize("method", ["gradcam", "lrp", "occlusion"])
def test_the_model_is_left_as_it_was_found(method: str) -> None:
    net = small_net()
    net[0].eval()
    net[4].requires_grad_(False)
    before, numbers = state(net), copy.deepcopy(net.state_dict())
    emocam.explain(net, patches(2), method)
    assert state(net) == before
    assert all(torch.equal(value, numbers[name]) for name, value in net.state_dict().items())


def test_the_model_is_left_as_it_was_found_after_a_mistake() -> None:
    net = small_net().train()
    before = state(net)
    with pytest.raises(SettingError, match=r"layer '7\.x' is not a layer of Sequential with a map"):
        emocam.explain(net, patches(2), layer="7.x")
    assert state(net) == before


def test_company_and_parts_change_nothing() -> None:
    net, x = small_net(), patches(19)
    together = emocam.explain(net, x, "occlusion")
    alone = emocam.explain(net, x[18], "occlusion")
    torch.testing.assert_close(together.maps[18:], alone.maps, atol=1e-4, rtol=0)
    assert len(together) == 19


@pytest.mark.parametrize("context", [torch.no_grad, torch.inference_mode])
def test_it_works_where_gradients_are_off(context: type) -> None:
    net, x = small_net().requires_grad_(False), patches(2)
    expected = emocam.explain(net, x).maps
    with context():
        torch.testing.assert_close(emocam.explain(net, x).maps, expected)


def test_a_layer_may_be_a_module(resnet: nn.Module) -> None:
    x = patches(1, (64, 64))
    by_module, by_name = (emocam.explain(resnet, x, layer=layer) for layer in (resnet.layer2, "layer2"))
    assert by_module.layer == by_name.layer == "layer2"
    torch.testing.assert_close(by_module.maps, by_name.maps)


def test_a_method_with_settings_of_its_own_is_taken() -> None:
    net, x = small_net(), patches(2)
    found = emocam.explain(net, x, GradCAM(target="joy"), labels=["awe", "fear", "joy", "calm", "rage"])
    assert found.method == "GradCAM"
    assert found.titles[0].endswith("the map is of joy")
    with pytest.raises(SettingError, match="'glee' is no label"):
        emocam.explain(net, x, GradCAM(target="glee"))


# ------------------------------------------------------------------------------- pictures


def test_a_picture_is_prepared_as_torchvision_does_by_default(resnet: nn.Module) -> None:
    picture = drawn()
    preset = ResNet18_Weights.IMAGENET1K_V1.transforms()
    ours = emocam.explain(resnet, picture)
    theirs = emocam.explain(resnet, preset(picture))
    torch.testing.assert_close(ours.logits, theirs.logits, atol=1e-3, rtol=0)
    # 320 x 256 after resizing, of which the middle 224 are seen
    torch.testing.assert_close(ours.shown[0].window, torch.tensor([48 / 320, 16 / 256, 272 / 320, 240 / 256]))
    with_preset = emocam.explain(resnet, picture, transform=preset)
    torch.testing.assert_close(with_preset.shown[0].window, ours.shown[0].window)


def test_paths_pictures_and_tensors_may_stand_beside_each_other(tmp_path: Path) -> None:
    picture = drawn((48, 40))
    picture.save(tmp_path / "one.png")

    def transform(picture: Image.Image) -> torch.Tensor:
        return torch.from_numpy(np.asarray(picture).copy()).permute(2, 0, 1) / 255

    given = [picture, tmp_path / "one.png", str(tmp_path / "one.png"), transform(picture)]
    found = emocam.explain(small_net(), given, transform=transform)
    assert found.maps.shape[0] == 4
    for map in found.maps[1:]:
        torch.testing.assert_close(map, found.maps[0])
    assert found.shown[1].name == str(tmp_path / "one.png")


def test_a_picture_is_seen_upright(tmp_path: Path) -> None:
    picture = drawn((48, 40))
    exif = Image.Exif()
    exif[274] = 6  # turn it right to see it
    picture.save(tmp_path / "turned.png", exif=exif)
    sizes = []

    def transform(picture: Image.Image) -> torch.Tensor:
        sizes.append(picture.size)
        return torch.zeros(3, 40, 48)

    with Image.open(tmp_path / "turned.png") as opened:
        emocam.explain(small_net(), [tmp_path / "turned.png", opened], "centre", transform=transform)
    assert sizes[:2] == [(40, 48), (40, 48)]


def test_a_picture_s_own_pixels_stay_as_they_are(resnet: nn.Module) -> None:
    picture = drawn((900, 600))
    before = picture.tobytes()
    emocam.explain(resnet, picture, "centre")
    assert picture.size == (900, 600)
    assert picture.tobytes() == before


def test_a_classifier_of_emocam_brings_its_labels_and_preparation() -> None:
    classifier = PlantedClassifier()
    found = emocam.explain(classifier, drawn((112, 112)))
    assert found.label[0] in classifier.labels
    with pytest.raises(SettingError, match="leave layer and labels out"):
        emocam.explain(classifier, drawn((112, 112)), labels=["a"])


def test_a_model_of_timm_brings_its_own_preparation() -> None:
    timm = pytest.importorskip("timm")
    model = timm.create_model("test_resnet", pretrained=False, num_classes=3)
    config = timm.data.resolve_model_data_config(model)
    transform = timm.data.create_transform(**config, is_training=False)
    theirs = emocam.explain(model, transform(drawn()))
    torch.testing.assert_close(emocam.explain(model, drawn()).logits, theirs.logits, atol=1e-3, rtol=0)


# ------------------------------------------------------------------------------- mistakes

MISTAKES = {
    "method": ({"method": "gradcm"}, SettingError, r"method 'gradcm' is no CAM method; did you mean gradcam"),
    "a list of methods": ({"method": "joined"}, SettingError, "method 'joined' is no CAM method"),
    "labels": ({"labels": ["a"]}, SettingError, "labels must name each of the model's 5 logits, got 1 names"),
    "one text": ({"labels": "abcde"}, TypeError, "labels must be a list of names, got one text"),
    "layer": ({"layer": nn.ReLU()}, SettingError, "this ReLU is none of its"),
    "nothing": ({"images": []}, SettingError, "images must hold at least one picture, got none"),
    "array": ({"images": np.zeros((4, 4, 3))}, TypeError, r"got ndarray; of an array: PIL\.Image\.fromarray"),
    "bytes": (
        {"images": torch.zeros(1, 3, 8, 8).byte()},
        SettingError,
        r"got torch\.uint8 of shape \(3, 8, 8\)",
    ),
    "shapes": ({"images": [torch.rand(3, 8, 8), torch.rand(3, 9, 9)]}, SettingError, "must have one shape"),
    "channels": ({"images": torch.rand(4, 40, 48)}, SettingError, "cannot take inputs of 4 x 40 x 48"),
    "missing": ({"images": "nowhere.jpg"}, SettingError, r"images: there is no file nowhere\.jpg"),
    "folder": ({"images": "/"}, SettingError, "is a folder; give its pictures"),
    "transform": ({"images": drawn(), "transform": lambda p: {}}, TypeError, "transform must give tensors"),
}


@pytest.mark.parametrize("what", MISTAKES)
def test_a_mistake_is_told_in_a_sentence(what: str) -> None:
    wrong, error, sentence = MISTAKES[what]
    with pytest.raises(error, match=sentence) as told:
        emocam.explain(small_net(), **{"images": patches(1), **wrong})
    assert "\n" not in str(told.value)


class Answers(nn.Module):
    def __init__(self, answer: object) -> None:
        super().__init__()
        self.convolution, self.answer = nn.Conv2d(3, 2, 3), answer

    def forward(self, x: torch.Tensor) -> object:
        return self.answer(self.convolution(x))


@dataclass
class Record:
    logits: torch.Tensor
    loss: None = None


PACKED: dict[str, Callable[[torch.Tensor], object]] = {
    "dictionary": lambda z: {"logits": z, "features": z},
    "one entry": lambda z: {"out": z},
    "record": lambda z: Record(z),
}


@pytest.mark.parametrize("form", PACKED)
def test_logits_are_found_in_what_a_model_packs_them_into(form: str) -> None:
    plain, packed = (Answers(lambda y: y.mean((2, 3))), Answers(lambda y: PACKED[form](y.mean((2, 3)))))
    packed.load_state_dict(plain.state_dict())
    ours, theirs = (emocam.explain(net, patches(3), labels=["a", "b"]) for net in (packed, plain))
    assert torch.equal(ours.logits, theirs.logits) and torch.allclose(ours.maps, theirs.maps)


def test_one_output_is_two_labels_whose_probabilities_are_its_sigmoid() -> None:
    torch.manual_seed(1)
    net = Answers(lambda y: 40 * y[:, :1].mean((2, 3)))
    found = emocam.explain(net, patches(4), labels=["smiling"])
    z = net(patches(4)).detach().flatten()
    assert found.label == ["smiling" if value > 0 else "not smiling" for value in z]
    torch.testing.assert_close(found.logits.softmax(-1)[:, 1], z.sigmoid())
    assert emocam.explain(net, patches(2)).labels == ["0", "1"]


def test_a_model_that_answers_the_same_to_every_picture_is_told() -> None:
    with pytest.warns(UserWarning, match="answers the same to every picture"):
        emocam.explain(Answers(lambda y: 0 * y.mean((2, 3))), patches(1))


def test_a_model_without_logits_is_told() -> None:
    with pytest.raises(SettingError, match=r"must give logits \(B, L\), .* got a dict; wrap it"):
        emocam.explain(Answers(lambda y: {"logits": y}), patches(1))
    with pytest.raises(SettingError, match=r"alone or as `logits` of a dictionary or record, got a tuple"):
        emocam.explain(Answers(lambda y: (y, y)), patches(1))
    with pytest.raises(SettingError, match=r"must hold float32 numbers, got torch\.float64"):
        emocam.explain(small_net().double(), patches(1))
    with pytest.raises(TypeError, match="model must be a torch module, got str"):
        emocam.explain("resnet18", patches(1))


# ------------------------------------------------------------------------------- looking


def test_a_plot_draws_each_picture_with_its_map_over_what_was_seen(resnet: nn.Module) -> None:
    found = emocam.explain(resnet, [drawn(), drawn(seed=1)], "centre")
    axes = found.plot(axes=Figure().subplots(1, 2))
    assert [ax.get_title() for ax in axes] == found.titles
    # the picture is 300 x 240; the model saw 45 to 255 across and 15 to 225 down
    assert axes[0].images[1].get_extent() == pytest.approx([45, 255, 225, 15])


def test_without_axes_a_figure_of_pyplot_s_is_drawn() -> None:
    import matplotlib.pyplot as plt

    axes = emocam.explain(small_net(), patches(5)).plot(columns=2)
    assert len(axes) == len(axes[0].figure.axes) == 5
    plt.close(axes[0].figure)


def test_a_notebook_shows_a_dozen_and_says_how_many_more() -> None:
    found = emocam.explain(small_net(), patches(15), labels=["<b>&", "b", "c", "d", "e"])
    html = found._repr_html_()
    assert html.count("<img ") == 12
    assert "and 3 more; .plot() draws all" in html
    assert "<b>" not in html and "<script" not in html and "http" not in html


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
@pytest.mark.parametrize("given", ["tensor", "transform"])
def test_numbers_that_are_none_are_told(value: float, given: str) -> None:
    pixels = torch.rand(3, 32, 32)
    pixels[0, 0, :2] = value
    whose, images, transform = (
        ("images", pixels, None) if given == "tensor" else ("transform", drawn(), lambda picture: pixels)
    )
    with pytest.raises(
        SettingError, match=f"^{whose} must give finite numbers, got NaN or infinity at 2 of 3,072"
    ):
        emocam.explain(small_net(), images, transform=transform)


@pytest.mark.parametrize(("last", "kind"), [(nn.Softmax(-1), "softmax"), (nn.Sigmoid(), "sigmoid")])
def test_a_model_that_gives_probabilities_is_refused(last: nn.Module, kind: str) -> None:
    with pytest.raises(SettingError, match=f"the model ends in a {kind}, .* expected; leave the {kind} out"):
        emocam.explain(nn.Sequential(small_net(), last), patches(1))


@pytest.mark.parametrize("place", ["weights", "answer", "map"])
def test_what_is_no_number_is_told_and_not_explained(place: str) -> None:
    model, x, method = small_net(), list(patches(2)), "gradcam"
    if place == "weights":
        model[0].weight.data[0] = torch.nan
    if place == "answer":  # finite weights, whose products are not
        model[-1].weight.data.fill_(3e38)
    if place == "map":

        class Broken(GradCAM):
            def channel_weights(self, forward):
                return super().channel_weights(forward) * torch.nan

        method = Broken()
    sentence = {
        "weights": r"the model's 0\.weight holds NaN or infinity",
        "answer": "the model's answer to image 0 holds NaN or infinity",
        "map": "the map by Broken of image 0 holds NaN or infinity",
    }
    with pytest.raises(SettingError, match=sentence[place]):
        emocam.explain(model, x, method)


def test_names_that_are_none_are_told() -> None:
    with pytest.raises(TypeError, match="labels must be a list of names, got int"):
        emocam.explain(small_net(), patches(1), labels=5)
    with pytest.raises(SettingError, match="target 'e' is no label; expected one of: predicted, 0, 1"):
        emocam.explain(small_net(), patches(1), target="e")
    with pytest.raises(SettingError, match="target must be a place from 0 to 4, got 5"):
        emocam.explain(small_net(), patches(1), target=5)


@pytest.mark.parametrize(
    ("written", "name"),
    [
        *(
            ("Grad-CAM", "gradcam"),
            ("GradCAM++", "gradcampp"),
            ("grad_cam", "gradcam"),
            ("LayerCAM", "layercam"),
        ),
        *(("Ablation-CAM", "ablation"), ("RISE", "rise"), ("LIFT-CAM", "lift"), ("HiResCAM", "hirescam")),
        *(
            ("Score CAM", "scorecam"),
            ("Integrated Gradients", "ig"),
            ("XGrad-CAM", "xgradcam"),
            ("score", "scorecam"),
        ),
        *(("EigenGradCAM", "eigengradcam"), ("KPCA-CAM", "kpcacam"), ("GuidedGradCAM", "guidedgradcam")),
    ],
)
def test_a_method_s_name_is_read_in_any_spelling(written: str, name: str) -> None:
    assert cam_named(written) == name


def test_a_slow_method_says_how_far_it_is(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    emocam.explain(small_net(), patches(1), "occlusion")
    assert capsys.readouterr().err == ""  # it was fast
    monkeypatch.setattr("emocam.api.slow_methods.PATIENCE", 0.0)
    monkeypatch.setattr("emocam.cam.input_scores.held", lambda device: 20 * 3 * 40 * 48)
    emocam.explain(small_net(), patches(1), "occlusion")
    first, *_, last = capsys.readouterr().err.splitlines()
    every = int(first.split(" of ")[1].split()[0])
    assert first == f"occlusion: 20 of {every} changed inputs of these pictures"
    assert every > 40 and int(last.split()[1]) < every


def test_a_target_is_a_label_s_name_or_its_place() -> None:
    net, x, names = small_net(), patches(2), ["awe", "fear", "joy", "calm", "rage"]
    theirs = emocam.explain(net, x, GradCAM(target="calm"), labels=names)
    for target in ("calm", 3):
        ours = emocam.explain(net, x, labels=names, target=target)
        assert torch.equal(ours.maps, theirs.maps) and ours.target == "calm"
    assert not torch.equal(theirs.maps, emocam.explain(net, x, labels=names, target="awe").maps)


class Detaching(nn.Module):
    """A network whose head passes no gradient on, as a quantised one does; part of its state is no tensor."""

    def __init__(self) -> None:
        super().__init__()
        self.convolution, self.last = nn.Conv2d(3, 8, 3, padding=1), nn.Linear(8, 4)

    def get_extra_state(self) -> object:
        return {"scale": 1.0}

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.last(self.convolution(x).relu().mean((2, 3)).detach()) + x.mean() * 0


def test_a_network_without_gradients_is_told_which_methods_ask_for_none() -> None:
    pictures = torch.rand(2, 3, 16, 16)
    with pytest.raises(SettingError, match=r"no gradient leads .* back to its layer .*method='occlusion'"):
        emocam.explain(Detaching(), pictures)
    assert emocam.explain(Detaching(), pictures, method="occlusion").maps.isfinite().all()
