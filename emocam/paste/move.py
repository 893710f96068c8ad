"""The same object elsewhere in the same picture."""

from collections.abc import Iterator, Sequence

from PIL import Image

from emocam.errors import SettingError
from emocam.paste.base import Region, Variant, check_positions, within
from emocam.paste.fill import fill_named, pixels
from emocam.paste.patch import Patch


class Move:
    """Each region of the classes in `where` is cut out, its place filled, and put at each of `positions`."""

    def __init__(
        self,
        where: Sequence[str],
        positions: Sequence[Sequence[float]] = ((0.5, 0.5),),
        fill: str = "inpaint",
    ) -> None:
        if not where:
            raise SettingError("paste.where must name the objects to move, as in paste.where=[Balloon]")
        self.where = list(where)
        self.fill = fill_named(fill)
        self.positions = check_positions(positions)

    def __call__(self, image: Image.Image, regions: Sequence[Region]) -> Iterator[Variant]:
        for region in regions:
            box = pixels(image, region.box)
            object = image.crop(box)
            filled = Patch(self.fill(image, box), box[:2])
            for number, (x, y) in enumerate(self.positions, 1):
                left, top = (
                    round(x * image.width - object.width / 2),
                    round(y * image.height - object.height / 2),
                )
                right, bottom = (left + object.width) / image.width, (top + object.height) / image.height
                now = within((left / image.width, top / image.height, right, bottom))
                yield Variant(region.object, f"moved to {number}", (filled, Patch(object, (left, top))), now)
