"""Pictures by what their camera wrote."""

from pathlib import Path

import pytest
from PIL import ExifTags, Image
from PIL.TiffImagePlugin import IFDRational

from emocam.data.exif import exif_value
from emocam.data.files import Files
from emocam.data.folder import Folder
from emocam.data.table import Table
from emocam.errors import SettingError


def taken(file: Path, make: str, model: str, when: str, place: tuple[str, int, str, int] | None) -> None:
    """Write a picture as a camera does."""
    exif = Image.Exif()
    exif[ExifTags.Base.Make], exif[ExifTags.Base.Model] = make, model
    exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.DateTimeOriginal] = when
    exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.LensModel] = "50 mm\0\0"
    if place is not None:
        south, latitude, west, longitude = place
        gps = exif.get_ifd(ExifTags.IFD.GPSInfo)
        minutes = (IFDRational(59), IFDRational(0))
        gps[1], gps[2] = south, (IFDRational(latitude), *minutes)
        gps[3], gps[4] = west, (IFDRational(longitude), *minutes)
    Image.new("RGB", (8, 8)).save(file, exif=exif)


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    folder.mkdir()
    taken(folder / "a.jpg", "Canon", "Canon EOS 5D", "2019:05:01 10:00:00", ("N", 48, "E", 2))
    taken(folder / "b.jpg", "Apple", "iPhone 15", "2024:05:01 10:00:00", ("S", 33, "W", 70))
    taken(folder / "c.jpg", "", "", "0000:00:00 00:00:00", None)
    Image.new("RGB", (8, 8)).save(folder / "d.png")
    (folder / "e.jpg").write_bytes(b"no picture")
    return folder


VALUES = {
    "exif.camera": ["Canon EOS 5D", "Apple iPhone 15", "", "", ""],
    "exif.year": ["2019", "2024", "", "", ""],
    "exif.place": ["48°N 2°E", "33°S 70°W", "", "", ""],
    "exif.lens": ["50 mm", "50 mm", "50 mm", "", ""],
}


@pytest.mark.parametrize("field", VALUES)
def test_a_camera_s_words_are_values_of_the_pictures(field: str, photos: Path) -> None:
    names = ["a.jpg", "b.jpg", "c.jpg", "d.png", "e.jpg"]
    expected = dict(zip(names, VALUES[field], strict=True))
    assert Folder(root=photos).values(field, "slices") == expected
    assert Files(files=[str(photos / name) for name in names]).values(field, "slices") == expected
    (photos / "list.csv").write_text("image,camera\na.jpg,mine\nb.jpg,yours\n")
    table = Table(file=photos / "list.csv")
    assert table.values(field, "slices") == {name: expected[name] for name in names[:2]}
    assert table.values("camera", "slices") == {"a.jpg": "mine", "b.jpg": "yours"}


def test_a_field_that_is_none_is_told(photos: Path) -> None:
    with pytest.raises(
        SettingError, match=r"slices 'exif\.cam' is no column of these data; did you mean exif\.camera"
    ):
        Folder(root=photos).values("exif.cam", "slices")
    assert exif_value(None, "exif.year") == ""
