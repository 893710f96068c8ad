"""What it costs to open a JPEG file and make both views of it: Pillow's resizing, and `data.resize=fast`.

The views are EmoNet's (227 x 227, bicubic) and YOLOv3's (608 x 608 letterbox, bilinear). All ways go
through the same door for files, which is therefore a limit: opening alone is a row of its own.
"""

import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import torch
from PIL import Image
from racing import Agreement, Contest, Way
from telling import table_of
from torch import Tensor

from emocam.data.image_file import open_upright
from emocam.data.planted import Planted
from emocam.view.base import View
from emocam.view.crops import Letterbox, Stretch
from emocam.view.fast_resize import quickened

SIZES = [(640, 480), (1024, 768), (2048, 1536), (4600, 3450)]
VIEWS: tuple[View, ...] = (Stretch((227, 227)), Letterbox((608, 608)))
FAST = tuple(quickened(view) for view in VIEWS)
PHOTOS = Path(__file__).parents[1].parent / "shared/data/photos"
MOST_PIXELS = 89_478_485
PILLOW, DOOR = "Pillow", "opening alone"


def photograph() -> Image.Image:
    """The largest photograph beside the checkout, else a drawn one."""
    files = sorted(PHOTOS.glob("*.jpg"), key=lambda file: file.stat().st_size)
    return open_upright(files[-1], MOST_PIXELS)[0] if files else Planted(images=1).open("00000.png").image


def views_of(file: Path, views: tuple[View, ...] = ()) -> list[Tensor]:
    image, _ = open_upright(file, MOST_PIXELS)
    return [view(image)[0] for view in views]


def levels(file: Path) -> Agreement:
    """Of all values but one of 20,000: so few may be two levels apart, where a picture is enlarged."""
    pairs = zip(views_of(file, VIEWS), views_of(file, FAST), strict=True)
    apart = torch.cat([(exact.int() - fast.int()).abs().flatten() for exact, fast in pairs])
    most = int(apart.sort().values[-max(1, len(apart) // 20_000)])
    return Agreement(most, 1, f"grey levels (of {(apart > 1).sum()} of {len(apart):,} values two)")


def contest(picture: Image.Image, size: tuple[int, int], folder: Path) -> Contest:
    file = folder / f"{size[0]}.jpg"
    picture.resize(size, Image.Resampling.LANCZOS).save(file)
    levels(file)  # the first large picture tells Pillow to keep the next ones in a piece
    return Contest(
        f"open and both views, JPEG {size[0]} x {size[1]}, {file.stat().st_size // 1000} kB",
        Way(partial(views_of, file, FAST)),
        {PILLOW: Way(partial(views_of, file, VIEWS)), DOOR: Way(partial(views_of, file))},
        partial(levels, file),
        {PILLOW: 4} if size == (1024, 768) else {},
    )


def resizing(file: Path, size: tuple[int, int]) -> Contest:
    """What the door leaves to be done."""
    image, _ = open_upright(file, MOST_PIXELS)

    def both(views: tuple[View, ...]) -> Way:
        return Way(lambda: [view(image) for view in views])

    return Contest(
        f"both views of an open picture, {size[0]} x {size[1]}",
        both(FAST),
        {PILLOW: both(VIEWS)},
        partial(levels, file),
    )


def contests(small: bool = False) -> Iterator[Contest]:
    picture = photograph()
    with tempfile.TemporaryDirectory() as folder:
        for size in SIZES[:1] if small else SIZES:
            yield contest(picture, size, Path(folder))
            yield resizing(Path(folder) / f"{size[0]}.jpg", size)


def table() -> str:
    return table_of(contests())


if __name__ == "__main__":
    print(table())
