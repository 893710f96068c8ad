"""The removal of a region: blurred, greyed or inpainted."""

from collections.abc import Iterator, Sequence

from PIL import Image

from emocam.errors import SettingError
from emocam.paste.base import Region, Variant
from emocam.paste.fill import fill_named, pixels
from emocam.paste.patch import Patch


class Erase:
    """Each region of the classes in `where` is erased by itself; the rest of the picture stays as it is."""

    def __init__(self, where: Sequence[str], fill: str = "blur") -> None:
        if not where:
            raise SettingError("paste.where must name the objects to take away, as in paste.where=[Balloon]")
        self.where = list(where)
        self.name = fill
        self.fill = fill_named(fill)

    def __call__(self, image: Image.Image, regions: Sequence[Region]) -> Iterator[Variant]:
        for region in regions:
            box = pixels(image, region.box)
            patch = Patch(self.fill(image, box), box[:2])
            yield Variant(region.object, f"erased by {self.name}", (patch,), region.box)
