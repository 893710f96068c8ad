"""The pictures of a study: a folder, files, or what a data set yields, as settings of `data`.

What is no file is written as one, without loss, so that the page, a replay and a later comparison can open it.
"""

import copy
import csv
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from PIL import Image
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, Subset

from emocam.api.inputs import Transform, opened_picture, upright_copy
from emocam.errors import SettingError

IMAGE_KEYS = ("image", "img", "pixel_values", "picture", "jpg", "png", "path", "file")
LABEL_KEYS = ("label", "labels", "target", "class")
TABLE = "pictures.csv"


@dataclass(frozen=True)
class StudyImages:
    """The option of `data` and its settings, with the labels and the transform that a data set brings."""

    option: str
    settings: dict[str, Any]
    labels: list[str] | None = None
    transform: Transform | None = field(default=None, repr=False)


def study_images(images: Any, beside: Path) -> StudyImages:
    """Return the settings for images; pictures that are no files are written into the folder `beside`."""
    if isinstance(images, str | Path):
        place = Path(images).expanduser()
        if place.is_dir():
            return StudyImages("folder", {"root": str(images)})
        return _listed([place])
    if isinstance(images, DataLoader):
        images = images.dataset
    if isinstance(images, Dataset):
        return _of_dataset(images, beside)
    if isinstance(images, dict | Image.Image) or hasattr(images, "__array__"):
        images = images if isinstance(images, Tensor) and images.ndim == 4 else [images]
    if not isinstance(images, Iterable):
        raise TypeError(
            f"images must be a folder, paths, PIL pictures or a data set, got {type(images).__name__}"
        )
    held = list(images) if isinstance(images, Sequence) else None
    if held is not None and held and all(isinstance(item, str | Path) for item in held):
        return _listed([Path(item) for item in held])
    return _written(iter(images), beside, None)


def _listed(files: Sequence[Path]) -> StudyImages:
    if folder := next((file for file in files if file.expanduser().is_dir()), None):
        raise SettingError(f"images: {folder} is a folder; give one folder alone, or files")
    if missing := next((file for file in files if not file.expanduser().is_file()), None):
        raise SettingError(f"images: there is no file {missing}")
    return StudyImages("files", {"files": [str(file) for file in files]})


def _of_dataset(data: Any, beside: Path) -> StudyImages:
    """Return a data set's files where it lists them, as torchvision's ImageFolder does, else what it yields."""
    inner, places = data, None
    while isinstance(inner, Subset):
        places = list(inner.indices) if places is None else [inner.indices[place] for place in places]
        inner = inner.dataset
    # without its transform a data set of torchvision yields pictures, and the transform is the model's
    transform = getattr(inner, "transform", None)
    plain = copy.copy(inner)
    if transform is not None and hasattr(plain, "transforms"):
        plain.transform, plain.transforms = None, None
    else:
        transform = None
    labels = getattr(inner, "classes", None)
    labels = [str(label) for label in labels] if isinstance(labels, list | tuple) else None
    rows = range(len(plain)) if places is None else places
    samples = getattr(plain, "samples", None)
    if isinstance(samples, list) and samples and isinstance(samples[0][0], str):
        found = [(Path(samples[row][0]), samples[row][1]) for row in rows]
        return _table(found, Path(plain.root), beside, labels, transform)
    try:
        items = (plain[row] for row in rows) if hasattr(plain, "__len__") else iter(plain)
    except TypeError:
        items = iter(plain)
    return _written(items, beside, labels, transform)


def _written(
    items: Iterator[Any], beside: Path, labels: list[str] | None, transform: Transform | None = None
) -> StudyImages:
    """Write what a data set yields as PNG files, and a table of them with their labels."""
    beside.mkdir(parents=True, exist_ok=True)
    rows: list[tuple[Path, object]] = []
    for number, item in enumerate(items):
        image, label = _parted(item)
        file = beside / f"{number:06}.png"
        _picture(image, number).save(file, compress_level=1)
        rows.append((file, label))
    if not rows:
        raise SettingError("images must hold at least one picture, got none")
    return _table(rows, beside, beside, labels, transform)


def _table(
    rows: Sequence[tuple[Path, object]],
    root: Path,
    beside: Path,
    labels: list[str] | None,
    transform: Transform | None,
) -> StudyImages:
    """Write a table of pictures under a root, with the true labels where they are known."""
    beside.mkdir(parents=True, exist_ok=True)
    known = any(label is not None for _, label in rows)
    with (beside / TABLE).open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n", quoting=csv.QUOTE_ALL)
        writer.writerow(["image", "truth"] if known else ["image"])
        for path, label in rows:
            name = path.relative_to(root).as_posix()
            writer.writerow([name, _label(label, labels)] if known else [name])
    return StudyImages("table", {"file": str(beside / TABLE), "root": str(root)}, labels, transform)


def _label(label: object, labels: list[str] | None) -> str:
    if isinstance(label, Tensor) and label.numel() == 1:
        label = label.item()
    if isinstance(label, int) and labels is not None and 0 <= label < len(labels):
        return labels[label]
    return "" if label is None else str(label)


def _parted(item: Any) -> tuple[Any, Any]:
    """Return an item's picture and its label, None where it has none."""
    if isinstance(item, tuple | list) and item:
        return item[0], item[1] if len(item) > 1 and isinstance(item[1], int | str | Tensor) else None
    if not isinstance(item, dict):
        return item, None
    image = next((item[key] for key in IMAGE_KEYS if key in item), None)
    if image is None:
        image = next((value for value in item.values() if isinstance(value, Image.Image)), None)
    if image is None:
        raise SettingError(
            f"images: the data set yields dictionaries with {', '.join(map(repr, list(item)[:8]))}, none of which is "
            f"a picture; give it under {', '.join(map(repr, IMAGE_KEYS[:3]))}, or map it to (picture, label)"
        )
    label = next((item[key] for key in LABEL_KEYS if key in item), None)
    return image, label if isinstance(label, int | str | Tensor) else None


def _picture(image: Any, number: int) -> Image.Image:
    """Return an item's picture; of a tensor the one that its numbers are."""
    if isinstance(image, Image.Image):
        return upright_copy(image)
    if isinstance(image, str | Path):
        return opened_picture(Path(image))
    if not isinstance(image, Tensor):
        raise TypeError(
            f"images must be files, PIL pictures or tensors, got {type(image).__name__} at {number}"
            + ("; of an array: PIL.Image.fromarray(array)" if hasattr(image, "__array__") else "")
        )
    x = image.detach().cpu()
    if x.ndim != 3 or len(x) not in (1, 3):
        raise SettingError(f"images: tensors must be one picture (3, H, W), got {tuple(x.shape)} at {number}")
    if x.is_floating_point():
        low, high = float(x.min()), float(x.max())
        if not 0 <= low <= high <= 1:
            raise SettingError(
                f"images: the tensor at {number} has numbers from {low:.3g} to {high:.3g}, so it is "
                "normalised and no picture any more; give the data set without its transform, and transform=..."
            )
        x = (255 * x).round().to(torch.uint8)
    elif x.dtype != torch.uint8:
        raise SettingError(f"images: tensors must hold uint8 or numbers in [0, 1], got {x.dtype} at {number}")
    return Image.fromarray(x.expand(3, -1, -1).permute(1, 2, 0).contiguous().numpy())
