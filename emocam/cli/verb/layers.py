"""The command `emocam layers MODEL`: the layers a CAM can look at."""

import argparse
import sys
from pathlib import Path
from typing import Any

from emocam.errors import SettingError, nearest


def main(words: list[str]) -> int:
    """Print the layers' names and output shapes and the one taken by default, and return 0."""
    parser = argparse.ArgumentParser(prog="emocam layers", description="The layers a CAM can look at.")
    parser.add_argument(
        "model",
        help="a classifier of torchvision or timm by name, hf-hub:ORG/NAME or local-dir:FOLDER of timm, ORG/NAME or a "
        "folder of transformers; all as in classifier.model=resnet50",
    )
    model = parser.parse_args(words).model

    import torch
    from torch import nn

    from emocam.network.layers import spatial_layers

    network, size = _torchvision(model) or _timm(model) or _hub(model) or (nn.Identity(), (0, 0))
    if not any(size):
        raise SettingError(_unknown(model))
    layers = spatial_layers(network.eval(), torch.zeros(1, 3, *size))
    default, refusal = _default(layers)
    width = max(len(layer.name) for layer in layers)
    lines = [f"{model} at {size[0]} x {size[1]}: layer, channels x height x width"]
    for layer in layers:
        shape = " x ".join(str(side) for side in layer.map_shape)
        mark = "   its cells are not where the picture has them" if not layer.placed else ""
        mark = "   used more than once" if layer.calls > 1 else mark
        mark = "   taken by default" if layer is default else mark
        lines.append(f"  {layer.name:{width}}  {shape}{mark}")
    lines += [refusal] * bool(refusal)
    sys.stdout.write("\n".join(lines) + "\n")
    return 0


def _default(layers: list[Any]) -> tuple[Any, str]:
    """Return the layer taken by default, or None and why none is."""
    from emocam.network.layers import default_layer

    try:
        return default_layer(layers), ""
    except SettingError as error:
        return None, f"none is taken by default: {str(error).removeprefix('classifier.layer: ')}"


def _torchvision(model: str) -> tuple[Any, tuple[int, int]] | None:
    from torchvision import models

    if model not in models.list_models(module=models):
        return None
    preset = models.get_model_weights(model).DEFAULT.transforms()
    return models.get_model(model, weights=None), (preset.crop_size[0], preset.crop_size[0])


def _timm(model: str) -> tuple[Any, tuple[int, int]] | None:
    try:
        import timm
    except ImportError:
        return None
    from emocam.classifier.timm import HUBS, hub_network

    if model.startswith(HUBS):
        network: Any = hub_network(model, weights=False)
    elif model in timm.list_models():
        network = timm.create_model(model, pretrained=False)
    else:
        return None
    return network, tuple(timm.data.resolve_model_data_config(network)["input_size"][-2:])


def _hub(model: str) -> tuple[Any, tuple[int, int]] | None:
    """Return a network of transformers, by a folder or by its name on the hub, which holds one stroke."""
    if not Path(model).expanduser().is_dir() and model.count("/") != 1:
        return None
    from emocam.classifier.transformers import blank_network

    return blank_network(model)


def _unknown(model: str) -> str:
    from torchvision import models

    names = models.list_models(module=models)
    try:
        import timm

        return f"{model} is no model of torchvision or timm; {nearest(model, [*names, *timm.list_models()])}"
    except ImportError:
        return f"{model} is no model of torchvision; {nearest(model, names)} (timm is not installed)"
