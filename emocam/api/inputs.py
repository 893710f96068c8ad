"""The conversion of pictures, paths and tensors to a model's inputs."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from PIL import Image
from torch import Tensor

from emocam.classifier.base import Classifier
from emocam.classifier.library import Preprocessing
from emocam.data.base import Data
from emocam.data.image_file import UPRIGHT, open_upright, orientation_of, to_rgb
from emocam.errors import Refused, SettingError
from emocam.records.base import WHOLE
from emocam.view.crops import CentreCrop

Transform = Callable[[Image.Image], Tensor]
Item = Image.Image | str | Path | Tensor
IMAGENET = Preprocessing(
    CentreCrop(256, (224, 224)), (224, 224), (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
)
"""The preprocessing of most models of torchvision."""
LARGEST_SHOWN = 512
"""The longer side in pixels of the copies kept for display."""


@dataclass(frozen=True)
class PictureShown:
    """A picture to look at; the model saw the `window` (4,) of it."""

    name: str
    picture: Image.Image
    window: Tensor


@dataclass(frozen=True)
class Input:
    """An input `x` (C, H, W), the picture to display for it, and whether the input was made from a picture here."""

    x: Tensor
    shown: PictureShown
    prepared: bool


@dataclass(frozen=True)
class Preparation:
    """The function that turns an upright picture into an input (C, H, W); `window` gives its part, if known."""

    prepare: Transform
    window: Callable[[Image.Image], Tensor] | None

    def grey_of(self, first: Input) -> Tensor:
        """Return the input of a middle grey (C,); zero where inputs are given as tensors, as if normalised."""
        if not first.prepared:
            return torch.zeros(len(first.x))
        return self.prepare(Image.new("RGB", (256, 256), (128, 128, 128))).float().mean((-2, -1))


def preparation(model: torch.nn.Module, transform: Transform | None) -> Preparation:
    """Return the given transform, else the model's own, else the usual one of ImageNet."""
    if transform is not None:
        if not callable(transform):
            raise TypeError(f"transform must be callable, got {type(transform).__name__}")
        return Preparation(transform, _window_of(transform))
    if isinstance(model, Classifier):
        return Preparation(
            lambda picture: model.prepare(model.view(picture)[0][None])[0],
            lambda picture: model.view(picture)[1],
        )
    preprocessing = _timm(model) if hasattr(model, "pretrained_cfg") else IMAGENET
    mean, std = (torch.tensor(values)[:, None, None] for values in (preprocessing.mean, preprocessing.std))
    return Preparation(
        lambda picture: (preprocessing.view(picture)[0].float() / 255 - mean) / std,
        lambda picture: preprocessing.view(picture)[1],
    )


def _timm(model: torch.nn.Module) -> Preprocessing:
    from emocam.classifier.timm import preprocessing_of

    return preprocessing_of(model)


def _window_of(transform: Any) -> Callable[[Image.Image], Tensor] | None:
    """Return the window of torchvision's own presets; None for other transforms, whose window is not known."""
    resize, crop = (getattr(transform, name, None) for name in ("resize_size", "crop_size"))
    if not (resize and crop and len(resize) == 1):
        return None
    view = CentreCrop(resize[0], (crop[0], crop[-1]))
    return lambda picture: view(picture)[1]


def read_inputs(images: object, ready: Preparation) -> Iterator[Input]:
    """Yield inputs one by one, so that only as many pictures are open as are used."""
    for number, item in enumerate(_items(images)):
        if isinstance(item, Tensor):
            x = _checked(item, "images")
            yield Input(x, PictureShown(str(number), _seen(x), torch.tensor(WHOLE)), prepared=False)
            continue
        name = str(number) if isinstance(item, Image.Image) else str(item)
        picture = upright_copy(item) if isinstance(item, Image.Image) else opened_picture(Path(item))
        x = _checked(ready.prepare(picture), "transform")
        if ready.window is None:
            yield Input(x, PictureShown(name, _seen(x), torch.tensor(WHOLE)), prepared=True)
        else:
            window = ready.window(picture)
            picture.thumbnail((LARGEST_SHOWN, LARGEST_SHOWN))
            yield Input(x, PictureShown(name, picture, window), prepared=True)


def _items(images: object) -> Iterator[Item]:
    if isinstance(images, Tensor) and images.ndim == 4:
        yield from images
    elif isinstance(images, Image.Image | str | Path | Tensor):
        yield images
    elif isinstance(images, Iterable) and not isinstance(images, dict) and not hasattr(images, "__array__"):
        for item in images:
            yield from _items(item)
    else:
        raise TypeError(
            "images must be PIL pictures, paths or tensors, "
            f"got {type(images).__name__}; of an array: PIL.Image.fromarray(array)"
        )


def upright_copy(image: Image.Image) -> Image.Image:
    """Return a picture as a person sees it, in RGB."""
    orientation = orientation_of(image)
    rgb = to_rgb(image)
    return rgb.transpose(UPRIGHT[orientation]) if orientation in UPRIGHT else rgb.copy()


def opened_picture(path: Path) -> Image.Image:
    """Open a file of `images`, upright and RGB."""
    file = path.expanduser()
    if file.is_dir():
        raise SettingError(
            f'images: {path} is a folder; give its pictures, as in sorted(Path(...).glob("*.jpg"))'
        )
    if not file.exists():
        raise SettingError(f"images: there is no file {path}")
    try:
        return open_upright(file, Data.max_pixels)[0]
    except Refused as reason:
        raise SettingError(f"images: {path} {reason}") from None
    except Exception as error:  # whatever the file's bytes lead to
        raise SettingError(f"images: {path} cannot be read as a picture ({error})") from None


def _checked(x: object, whose: str) -> Tensor:
    if not isinstance(x, Tensor):
        raise TypeError(f"{whose} must give tensors (C, H, W), got {type(x).__name__}")
    if x.ndim != 3 or not x.is_floating_point():
        raise SettingError(
            f"{whose} must give what the model takes, floating point (C, H, W), "
            f"got {x.dtype} of shape {tuple(x.shape)}"
        )
    x = x.detach().float()
    if wrong := int((~x.isfinite()).sum()):
        raise SettingError(
            f"{whose} must give finite numbers, got NaN or infinity at {wrong:,} of {x.numel():,} places"
        )
    return x


def _seen(x: Tensor) -> Image.Image:
    """Return an input as a picture, with its numbers stretched from black to white."""
    x = x.detach().float().cpu()
    low, high = x.min(), x.max()
    stretched = (255 * (x - low) / (high - low).clamp(min=1e-12)).to(torch.uint8)
    colours = stretched if len(stretched) == 3 else stretched.float().mean(0, keepdim=True).to(torch.uint8)
    return Image.fromarray(colours.expand(3, -1, -1).permute(1, 2, 0).contiguous().numpy())
