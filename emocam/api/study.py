"""The function `emocam.study`: a run over a corpus with a model that a program holds."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import torch
from omegaconf import OmegaConf, open_dict
from torch import nn

from emocam.api.explain import cam_named, check_model, unwrapped
from emocam.api.inputs import Transform
from emocam.api.memory_classifier import memory_classifier, recorded
from emocam.api.run import finished_run, hydra_as_found
from emocam.api.study_images import StudyImages, study_images
from emocam.cam.base import CAM
from emocam.cli.job import Verb
from emocam.cli.launch import launch
from emocam.cli.typed_values import quoted_value
from emocam.detector.base import Detector
from emocam.errors import SettingError
from emocam.results.run import Run
from emocam.runner.command import Command
from emocam.runner.single import run_command

FIXED = ("classifier", "cam", "detector", "hydra", "allow", "task", "evidence", "m", "multirun")
"""What stands in the call already, or has no meaning in it."""


def study(
    model: nn.Module,
    images: object,
    labels: Sequence[str] | None = None,
    detector: str | Detector | None = None,
    method: str | CAM | None = "gradcam",
    out: str | Path | None = None,
    layer: str | nn.Module | None = None,
    transform: Transform | None = None,
    **settings: object,
) -> Run:
    """Run a corpus through a model in memory, and return the run, as `emocam.run` does for a model of files.

    `model` is any module that returns logits (B, L) for pictures (B, C, H, W); it is copied and stays as it is.
    `images` is a folder, a list of paths or PIL pictures, or a data set that yields pictures, or tuples or
    dictionaries of pictures and labels; those that are no files are written beside the run. Without `labels`
    these are the data set's own, else numbers. `detector` and `method` are names of conf/detector and conf/cam,
    or objects; without a detector annotations are the objects, without a method every object counts. `out` is
    the run's folder. `transform` turns an upright PIL picture into the model's input: without one a model of
    timm has its own, and every other gets what most of torchvision's take. All other settings of the command
    line are given by name: `effect="erase"`, `threshold={"importance": 0.5}`, `**{"data.limit": 50}`.
    """
    check_model(model)
    folder = Path(out) if out is not None else Path("outputs") / f"{datetime.now():%Y-%m-%d_%H-%M-%S}"
    if folder.exists() and not folder.is_dir():
        raise SettingError(f"out must be a folder, and {out} is a file")
    words = list(_words(settings))
    pictures = study_images(images, folder.with_name(f"{folder.name}-pictures"))
    model = unwrapped(model)
    named = _labels(labels, pictures, model)
    shown = pictures.transform if transform is None else transform
    given: dict[str, object] = {"classifier": memory_classifier(model, named, layer, shown)}
    given |= {"detector": detector} if isinstance(detector, Detector) else {}
    given |= {"cam": method} if isinstance(method, CAM) else {}
    words += [f"detector={quoted_value(detector)}"] if isinstance(detector, str) else []
    words += [] if method is None else [f"cam={cam_named(method)}"]
    words += [] if "trainer" in settings else _trainer(model)
    return _run(
        [f"data={pictures.option}", *words, f"hydra.run.dir={quoted_value(str(folder))}"],
        _described(given, model),
        pictures.settings,
        given,
        f"emocam.study({type(model).__name__}, {_short(images)}, method={_short(method)}, out={str(folder)!r})",
    )


def _labels(labels: Sequence[str] | None, pictures: StudyImages, model: nn.Module) -> Sequence[str] | None:
    """Return the labels that are given, else the data set's where the model ends in as many answers."""
    if labels is not None or pictures.labels is None:
        return labels
    outputs = [module.out_features for module in model.modules() if isinstance(module, nn.Linear)]
    return pictures.labels if outputs and outputs[-1] == len(pictures.labels) else None


def _trainer(model: nn.Module) -> Iterator[str]:
    """Yield words for the device on which the model lies."""
    device = next((parameter.device for parameter in model.parameters()), torch.device("cpu"))
    if device.type in ("cpu", "cuda"):
        yield "trainer=cpu" if device.type == "cpu" else "trainer=gpu"
    if device.type == "cuda" and device.index is not None:
        yield f"trainer.devices=[{device.index}]"


def _words(settings: Mapping[str, object]) -> Iterator[str]:
    """Yield the command line's words for settings by name; those of a group may come as a dictionary."""
    for name, value in settings.items():
        if (group := name.partition(".")[0]) in FIXED and not (
            "." in name and group in ("detector", "cam", "allow")
        ):
            raise SettingError(f"{name} is no setting of a study; its arguments name it")
        if isinstance(value, Mapping) and "." not in name:
            yield from _words({f"{name}.{key}": inner for key, inner in value.items()})
        else:
            yield f"{name}={quoted_value(value)}"


def _short(value: object) -> str:
    """Return an argument as it may stand in one line."""
    return (
        repr(value)
        if isinstance(value, str | None)
        else repr(str(value))
        if isinstance(value, Path)
        else (type(value).__name__)
    )


def _described(given: Mapping[str, Any], model: nn.Module) -> dict[str, Any]:
    """Return the settings that tell of each component that the program made itself."""
    classes = {name: type(component) for name, component in given.items()}
    nodes = {name: {"_target_": f"{kind.__module__}.{kind.__qualname__}"} for name, kind in classes.items()}
    return nodes | {"classifier": recorded(given["classifier"], model)}


def _run(
    words: list[str],
    nodes: Mapping[str, Any],
    data: Mapping[str, Any],
    given: Mapping[str, object],
    call: str,
) -> Run:
    """Start a run with components of the program's own, and return it."""

    def perform(command: Command) -> int:
        cfg = command.cfg.copy()
        with open_dict(cfg):
            for name, node in nodes.items():
                cfg[name] = OmegaConf.create(dict(node))
            cfg.data.update(data)
        chosen = {name: str(node["_target_"]).rpartition(".")[2] for name, node in nodes.items()}
        chosen["classifier"] = str(nodes["classifier"]["model"])
        return run_command(
            replace(command, cfg=cfg, choices={**command.choices, **chosen}, call=call), given=given
        )

    quiet: Callable[[Exception], None] = lambda error: None  # noqa: E731
    with hydra_as_found():
        outcome = launch(words, quiet, time.perf_counter(), Verb(perform, []))
    return finished_run(outcome)
