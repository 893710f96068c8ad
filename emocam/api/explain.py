"""The function `emocam.explain`: where a model looks in some pictures, without a line of settings."""

from collections.abc import Iterable, Iterator, Sequence
from copy import copy
from functools import cache
from itertools import islice
from pathlib import Path

import torch
from omegaconf import OmegaConf
from PIL import Image
from torch import Tensor, nn

from emocam.api.explanation import Explained
from emocam.api.inputs import Input, PictureShown, Transform, preparation, read_inputs
from emocam.api.known_model import is_known
from emocam.api.method_names import method_name
from emocam.api.own_model import OwnModel, layer_name, state_restored
from emocam.api.slow_methods import progress_told
from emocam.cam.base import CAM, PREDICTED, ForwardPass
from emocam.cam.completeness import read_checks
from emocam.classifier.base import Classifier
from emocam.errors import SettingError, nearest
from emocam.network.answers import probability_kind, unfit_weights
from emocam.settings.build import Kind, build
from emocam.settings.paths import resource_folder

AT_ONCE = 16
"""The number of pictures in one pass."""
WRAPPERS = {"OptimizedModule": "_orig_mod", "DataParallel": "module", "DistributedDataParallel": "module"}


WITHOUT_GRADIENT = ("not have been used in the graph", "does not require grad")
"""What PyTorch says where there is none."""


def explain(
    model: nn.Module,
    images: Image.Image | str | Path | Tensor | Iterable[Image.Image | str | Path | Tensor],
    method: str | CAM = "gradcam",
    layer: str | nn.Module | None = None,
    labels: Sequence[str] | None = None,
    transform: Transform | None = None,
    target: str | int | None = None,
) -> Explained:
    """Return maps of where the model looks in each picture, for the label it predicts or the one `target` names.

    `model` is any module that returns logits (B, L) for pictures (B, C, H, W), in any mode; afterwards it
    is as it was before. `images` are PIL pictures, paths, or tensors that are already inputs of the model.
    `method` is a name of conf/cam, in any spelling, or a CAM with settings of its own. `layer`, a name or a
    module, is by default the last one with spatial dimensions. Without `labels` these are numbers. `transform` turns an
    upright PIL picture into a tensor (C, H, W); without one a model of timm or of emocam has its own, and
    every other gets what most of torchvision's take: the shorter side at 256, the middle 224 x 224,
    ImageNet's mean and deviation. `target` is a label's name or its place.
    """
    check_model(model)
    model = unwrapped(model)
    cam = cam_of(method)
    ready = preparation(model, transform)
    by = method if isinstance(method, str) else type(method).__name__
    shown: list[PictureShown] = []
    answers: list[tuple[Tensor, Tensor]] = []
    classifier: Classifier | None = None
    with torch.inference_mode(False), state_restored(model), progress_told(by):
        for part in _in_parts(read_inputs(images, ready)):
            x = _side_by_side(part, model)
            if classifier is None:
                classifier = _classifier(model, labels, layer, x, ready.grey_of(part[0]))
                cam = aimed_at(cam, target, classifier.labels)
                cam.check_sees(classifier)
            names = [one.shown.name for one in part]
            forward = ForwardPass(classifier, x, cam.explained, cam.label_index(classifier.labels), names)
            if not answers:
                _check_logits(forward.logits)
            answers.append(_answer(cam, forward, part, by))
            shown += [one.shown for one in part]
    if classifier is None:
        raise SettingError("images must hold at least one picture, got none")
    maps, logits = (torch.cat(parts) for parts in zip(*answers, strict=True))
    return Explained(maps, logits, classifier.labels, classifier.layer, by, cam.target, shown)


def _answer(cam: CAM, forward: ForwardPass, part: list[Input], by: str) -> tuple[Tensor, Tensor]:
    """Return the maps and the logits of one pass, which are numbers."""
    _check_finite(forward.logits, part, "the model's answer to")
    try:
        maps = cam.maps(forward)
    except RuntimeError as error:
        if not any(words in str(error) for words in WITHOUT_GRADIENT):
            raise
        raise SettingError(
            f"no gradient leads from the model's answer back to its layer {forward.classifier.layer}, as in a "
            "quantised model, or one that detaches its numbers; method='occlusion' and 'rise' ask for none"
        ) from None
    _check_finite(maps, part, f"the map by {by} of")
    read_checks()
    return maps.cpu(), forward.logits.detach().cpu()


def check_model(model: object) -> None:
    """Check that a model is a module that can answer at all."""
    if not isinstance(model, nn.Module):
        raise TypeError(f"model must be a torch module, got {type(model).__name__}")
    if isinstance(model, torch.jit.ScriptModule):
        raise SettingError(
            "the model is a program of TorchScript, of which only the answers can be seen; give the module that it was "
            "made of, or save it and explain a folder: classifier=torchscript classifier.weights=FILE cam=occlusion"
        )
    devices = {str(tensor.device) for tensor in (*model.parameters(), *model.buffers())}
    if "meta" in devices:
        raise SettingError(
            "the model's weights are on the meta device, so they hold no numbers; load them first"
        )
    if len(devices) > 1:
        raise SettingError(
            f"the model must lie on one device, got {' and '.join(sorted(devices))}; model.to('cpu') puts it on one"
        )
    if not is_known(unwrapped(model)) and (name := unfit_weights(model)) is not None:
        raise SettingError(f"the model's {name} holds NaN or infinity, so it can answer nothing")


def _check_logits(logits: Tensor) -> None:
    """Check that a model's answers (B, L) are not probabilities."""
    if (kind := probability_kind(logits)) is not None:
        raise SettingError(
            f"the model ends in a {kind}, so its answers are probabilities where logits are expected; leave "
            f"the {kind} out (of a Sequential: model[:-1])"
        )


def _check_finite(values: Tensor, part: list[Input], what: str) -> None:
    """Check that numbers (B, ...) are none of them NaN or infinite, and name the first picture whose are."""
    fine = torch.isfinite(values).flatten(1).all(-1).tolist()
    if not all(fine):
        raise SettingError(f"{what} image {part[fine.index(False)].shown.name} holds NaN or infinity")


def aimed_at(cam: CAM, target: str | int | None, labels: list[str]) -> CAM:
    """Return a CAM that explains the label of this name or place; without one as it is."""
    if target is None:
        return cam
    if isinstance(target, bool) or not isinstance(target, str | int):
        raise TypeError(f"target must be a label's name or its place, got {type(target).__name__}")
    if isinstance(target, int) and not 0 <= target < len(labels):
        raise SettingError(f"target must be a place from 0 to {len(labels) - 1}, got {target}")
    if isinstance(target, str) and target not in (PREDICTED, *labels):
        raise SettingError(f"target {target!r} is no label; {nearest(target, [PREDICTED, *labels])}")
    aimed = copy(cam)
    aimed.target = labels[target] if isinstance(target, int) else target
    return aimed


def cam_of(method: str | CAM) -> CAM:
    """Return a CAM by its name, with the settings written in conf/cam; a CAM as it is."""
    if isinstance(method, CAM):
        return method
    node = OmegaConf.load(resource_folder("conf") / "cam" / f"{cam_named(method)}.yaml")
    return build(OmegaConf.create({"cam": node, "seed": 0}).cam, "method", [], Kind(CAM))


def cam_named(method: str | CAM) -> str:
    """Return the option of conf/cam that a method is, however its name is written."""
    if not isinstance(method, str | CAM):
        raise TypeError(f"method must be a name or a CAM, got {type(method).__name__}")
    targets = _cam_targets()
    if isinstance(method, str):
        return method_name(method, list(targets))
    kind = f"{type(method).__module__}.{type(method).__qualname__}"
    return next((name for name, target in targets.items() if target == kind), "gradcam")


@cache
def _cam_targets() -> dict[str, str]:
    """Return the class that each option of conf/cam names."""
    files = sorted((resource_folder("conf") / "cam").glob("*.yaml"))
    nodes = {file.stem: OmegaConf.select(OmegaConf.load(file), "_target_") for file in files}
    return {name: str(target) for name, target in nodes.items() if target is not None}


def unwrapped(model: nn.Module) -> nn.Module:
    """Return the module itself where it is compiled or spread over devices."""
    inner = WRAPPERS.get(type(model).__name__)
    return getattr(model, inner) if inner else model


def _in_parts(stream: Iterator[Input]) -> Iterator[list[Input]]:
    while part := list(islice(stream, AT_ONCE)):
        yield part


def _side_by_side(part: list[Input], model: nn.Module) -> Tensor:
    """Stack inputs (B, C, H, W) on the model's device."""
    shapes = {tuple(one.x.shape) for one in part}
    if len(shapes) > 1:
        raise SettingError(
            f"all inputs must have one shape (C, H, W), got {' and '.join(map(str, sorted(shapes)[:2]))}; "
            "end the transform in Resize((H, W)) or CenterCrop"
        )
    weights = [parameter for parameter in model.parameters() if parameter.is_floating_point()]
    if wrong := {weight.dtype for weight in weights} - {torch.float32}:
        raise SettingError(
            f"the model must hold float32 numbers, got {wrong.pop()}; model.float() makes them so"
        )
    return torch.stack([one.x for one in part]).to(weights[0].device if weights else "cpu")


def _classifier(
    model: nn.Module,
    labels: Sequence[str] | None,
    layer: str | nn.Module | None,
    x: Tensor,
    grey: Tensor,
) -> Classifier:
    """Return the model as a classifier, which is what the methods take."""
    if labels is not None and (isinstance(labels, str) or not isinstance(labels, Iterable)):
        given = "one text" if isinstance(labels, str) else type(labels).__name__
        raise TypeError(f"labels must be a list of names, got {given}")
    if isinstance(model, Classifier):
        if layer is not None or labels is not None:
            raise SettingError("a classifier of emocam has its layer and labels; leave layer and labels out")
        return model.freeze()
    names = None if labels is None else [str(name) for name in labels]
    # two different inputs, so that a mix-up of the two would show
    dry = torch.rand(2, *x.shape[1:], generator=torch.Generator().manual_seed(0)).to(x)
    return OwnModel(model, names, layer_name(model, layer), dry, grey)
