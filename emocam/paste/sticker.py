"""An object with alpha that is laid onto a picture."""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from PIL import Image

from emocam.errors import SettingError
from emocam.paste.base import Box, within
from emocam.paste.patch import Patch
from emocam.settings.read_files import noted


@dataclass(frozen=True)
class Sticker:
    """An object named after its file, without its empty border, so that its height is the object's."""

    name: str
    image: Image.Image

    @classmethod
    def read(cls, file: Path) -> "Sticker":
        """Read an object from a PNG or WebP with transparency."""
        try:
            with Image.open(noted(file), formats=("PNG", "WEBP")) as opened:
                image = opened.convert("RGBA") if opened.has_transparency_data else None
        except Exception as error:
            raise SettingError(f"paste.objects: {file} cannot be read as PNG or WebP ({error})") from None
        box = image.getchannel("A").getbbox() if image else None
        if image is None or box is None:
            fault = "has no alpha channel" if image is None else "is transparent everywhere"
            raise SettingError(f"paste.objects: {file} {fault}; give a PNG whose background is transparent")
        return cls(file.stem.replace("_", " "), image.crop(box))

    def at_height(self, height: float, picture: Image.Image) -> Image.Image:
        """Resize the object to this share of the picture's height, with its proportions."""
        tall = max(1, round(height * picture.height))
        wide = max(1, round(tall * self.image.width / self.image.height))
        return self.image.resize((wide, tall), Image.Resampling.LANCZOS)


def lay(object: Image.Image, picture: Image.Image, centre: tuple[float, float]) -> tuple[Patch, Box]:
    """Lay an object onto a picture by its alpha, and return the patch and the object's box."""
    wide, tall = object.size
    left, top = round(centre[0] * picture.width - wide / 2), round(centre[1] * picture.height - tall / 2)
    corners = (left, top, left + wide, top + tall)
    mixed = picture.crop(corners)
    mixed.paste(object, (0, 0), object)
    sides = (picture.width, picture.height) * 2
    x0, y0, x1, y1 = (corner / side for corner, side in zip(corners, sides, strict=True))
    return Patch(mixed, (left, top)), within((x0, y0, x1, y1))


def read_stickers(objects: Sequence[str] | None) -> list[Sticker]:
    """Read the user's files, or the three objects that come with EmoCAM."""
    if objects is None:
        ours = files("emocam.paste") / "objects"
        return [Sticker.read(Path(str(ours / f"{name}.png"))) for name in ("ball", "flower", "star")]
    if not objects:
        raise SettingError("paste.objects must name at least one file, or be null for the objects of EmoCAM")
    for file in objects:
        if not Path(file).expanduser().is_file():
            raise SettingError(f"paste.objects: there is no file {file}")
    return [Sticker.read(Path(file).expanduser()) for file in objects]
