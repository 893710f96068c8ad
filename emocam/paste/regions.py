"""Objects pasted on detected regions, for instance to mask every face."""

from collections.abc import Iterator, Sequence

from PIL import Image

from emocam.errors import SettingError
from emocam.paste.base import Region, Variant
from emocam.paste.sticker import lay, read_stickers


class Regions:
    """Each object on each region of the classes in `where`, at `cover` times the region's height."""

    def __init__(
        self, where: Sequence[str], objects: Sequence[str] | None = None, cover: float = 1.0
    ) -> None:
        if not where:
            raise SettingError(
                "paste.where must name the objects to paste on, as in paste.where=[Human face]"
            )
        if not isinstance(cover, int | float) or not 0 < cover <= 4:
            raise SettingError(f"paste.cover must be in (0, 4] times the region's height, got {cover!r}")
        self.where = list(where)
        self.stickers = read_stickers(objects)
        self.cover = cover

    def __call__(self, image: Image.Image, regions: Sequence[Region]) -> Iterator[Variant]:
        for sticker in self.stickers:
            for region in regions:
                x0, y0, x1, y1 = region.box
                height = min(1.0, max(1 / image.height, self.cover * (y1 - y0)))
                object = sticker.at_height(height, image)
                patch, box = lay(object, image, ((x0 + x1) / 2, (y0 + y1) / 2))
                yield Variant(sticker.name, f"on {region.object}", (patch,), box)
