"""What every classifier owes, whatever it is: parametrised by conf/classifier."""

import inspect
import pickle
from pathlib import Path

import numpy as np
import pytest
import torch
from hydra.utils import get_class, instantiate
from omegaconf import OmegaConf

from emocam.errors import SettingError
from emocam.view.points import NormalisedPoints
from tests.classifier.programs import write_program
from tests.classifier.test_transformers import write_model

CONF = Path(__file__).parents[2] / "conf/classifier"
NAMES = sorted(path.stem for path in CONF.glob("*.yaml"))
LIBRARIES = {
    "timm": "timm",
    "efficientnet_lite0": "timm",
    "fer": "h5py",
    "onnx": "onnx",
    "transformers": "transformers",
}
PROGRAMS = ("onnx", "torchscript")
SMALL = {"torchvision": {"model": "resnet18"}, "timm": {"model": "vit_tiny_patch16_224"}}


@pytest.fixture(scope="module", params=NAMES)
def settings(request, tmp_path_factory):
    """The option as Hydra composes it: random weights where they can be asked for, real ones elsewhere."""
    own = OmegaConf.load(CONF / f"{request.param}.yaml")
    if library := LIBRARIES.get(request.param):
        pytest.importorskip(library)
    drawn = {"weights": "random"} if "seed" in own else {}
    if request.param in PROGRAMS:
        drawn = write_program(request.param, tmp_path_factory.mktemp("program"))
    if request.param == "transformers":
        drawn = {"model": str(write_model(tmp_path_factory.mktemp("model")))}
    whole = {"seed": 0, "classifier": OmegaConf.merge(own, SMALL.get(request.param, {}), drawn)}
    return OmegaConf.create(whole).classifier


def build(settings):
    try:
        return instantiate(settings, _convert_="all")
    except Exception as error:
        if isinstance(error.__cause__, SettingError) and "is not installed" in str(error.__cause__):
            pytest.skip(str(error.__cause__))
        raise


@pytest.fixture(scope="module")
def classifier(settings):
    return build(settings).freeze()


@pytest.fixture(scope="module")
def views(classifier):
    """Two pictures, (2, c, h, w), and their windows."""
    from PIL import Image

    from emocam.data.planted import Planted

    if isinstance(classifier.view, NormalisedPoints):
        moving = Planted(world="sequences", images=2)
        shown = [classifier.view(moving.open(path).image) for path in moving.paths()]
        return torch.stack([view for view, _ in shown]), torch.stack([window for _, window in shown])
    pixels = np.random.default_rng(0).integers(0, 256, (2, 6, 8, 3), dtype=np.uint8)
    images = [Image.fromarray(array).resize((160, 120), Image.BICUBIC) for array in pixels]
    shown = [classifier.view(image) for image in images]
    return torch.stack([view for view, _ in shown]), torch.stack([window for _, window in shown])


def test_labels_are_different_names(classifier):
    assert len(set(classifier.labels)) == len(classifier.labels) > 1
    assert all(isinstance(label, str) and label.strip() == label != "" for label in classifier.labels)
    assert isinstance(classifier.layer, str) and classifier.layer


def test_a_view_is_bytes_of_a_part_of_the_picture(classifier, views):
    view, window = views
    if isinstance(classifier.view, NormalisedPoints):  # numbers of points in place of bytes
        assert view.dtype == torch.float32 and view.shape[1] == 2
    else:
        assert view.dtype == torch.uint8 and view.shape[1] in (1, 3)
    assert window.shape == (2, 4) and (window[:, 2:] > window[:, :2]).all()
    x = classifier.prepare(view)
    assert x.dtype == torch.float32 and x.shape == view.shape and x.isfinite().all()
    assert torch.allclose(classifier.prepare(view[1:])[0], x[1])


def test_a_view_travels_to_workers(classifier):
    assert type(pickle.loads(pickle.dumps(classifier.view))) is type(classifier.view)


def test_head_of_features_is_the_whole(classifier, views):
    x = classifier.prepare(views[0])
    logits = classifier(x)
    activation, head = classifier.cut(x)
    assert logits.shape == (2, len(classifier.labels)) and logits.isfinite().all()
    torch.testing.assert_close(head(activation), logits, rtol=1e-4, atol=1e-5)
    assert torch.equal(classifier(x), logits), "the second answer differs from the first"
    image = torch.tensor([1, 1, 0])
    torch.testing.assert_close(head(activation[image], image), logits[image], rtol=1e-3, atol=1e-4)


def test_the_activation_is_a_map_that_the_answer_depends_on(classifier, views):
    activation, head = classifier.cut(classifier.prepare(views[0]))
    assert activation.ndim == 4 and min(activation.shape[-2:]) > 1 and not activation.requires_grad
    if classifier.opaque:
        pytest.skip("only its answers are seen")
    activation.requires_grad_()
    (gradient,) = torch.autograd.grad(head(activation)[:, 0].sum(), activation)
    assert gradient.abs().sum() > 0
    assert all(parameter.grad is None for parameter in classifier.parameters())


def test_parameters_are_frozen_and_nothing_works_in_place(classifier):
    assert not any(parameter.requires_grad for parameter in classifier.parameters())
    assert not any(module.training or getattr(module, "inplace", False) for module in classifier.modules())


def test_what_is_derived_is_a_number_a_picture(classifier, views):
    derived = classifier.derive(classifier(classifier.prepare(views[0])))
    assert all(values.shape == (2,) for values in derived.values())


def test_built_again_it_answers_the_same(settings, classifier, views):
    again = build(settings).freeze()
    x = classifier.prepare(views[0])
    assert torch.equal(again(x), classifier(x)) and again.labels == classifier.labels


@pytest.mark.parametrize("name", NAMES)
def test_the_yaml_names_every_setting_of_the_class(name):
    written = OmegaConf.to_container(OmegaConf.load(CONF / f"{name}.yaml"), resolve=False)
    if library := LIBRARIES.get(name):
        pytest.importorskip(library)
    taken = set(inspect.signature(get_class(written["_target_"])).parameters)
    assert set(written) - {"_target_"} <= taken
    left_out = taken - set(written) - {"seed"}
    assert left_out <= ({"labels"} if name == "planted" else set())
