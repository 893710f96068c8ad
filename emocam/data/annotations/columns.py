"""A column of a table of pictures or of boxes, such as the patient or the second of a film: one value a picture."""

from collections.abc import Sequence
from pathlib import Path

from emocam.data.annotations.coco import is_coco
from emocam.data.annotations.matching import match_images
from emocam.data.annotations.rows import find_column, is_parquet, place, read_rows, texts
from emocam.data.annotations.source import Source
from emocam.data.annotations.table import IMAGE
from emocam.errors import SettingError, nearest

Values = dict[str, str]


def read_column(file: Path, name: str, root: Path, paths: Sequence[str], setting: str) -> Values:
    """Return by picture what a file of annotations says in a column, or COCO's JSON of its images."""
    source = Source(file)
    if not is_parquet(file) and source.text().lstrip()[:1] in ("{", "["):
        found = _of_coco(source, name, setting)
    else:
        found = _of_rows(source, name, setting)
    picture = match_images(found, root, paths, f"data.annotations {file}")
    return {picture[image]: value for image, value in found.items() if image in picture}


def _of_rows(source: Source, name: str, setting: str) -> Values:
    """Return by image a column of a table; rows of one image must say the same."""
    rows = read_rows(source)
    columns = [str(column) for column in rows]
    if name not in columns:
        raise SettingError(f"{setting}: {source.file} has no column {name!r}; {nearest(name, columns)}")
    found: Values = {}
    images = texts(source, rows, find_column(source, rows, (*IMAGE, "ImageID")))
    values = texts(source, rows, name, empty=True)
    for row, (path, value) in enumerate(zip(images, values, strict=True)):
        if found.setdefault(path, value) != value:
            raise source.fault(
                f"{place(row)}, {name}", f"{found[path]!r}, as above of the same picture", value
            )
    return found


def _of_coco(source: Source, name: str, setting: str) -> Values:
    content = source.json()
    if not isinstance(content, dict) or not is_coco(content):
        raise SettingError(
            f"{setting}: {source.file} has no columns; expected a table with a row a picture or a box, or "
            f"COCO's JSON whose images say {name!r}"
        )
    images = [image for image in content["images"] if isinstance(image, dict) and "file_name" in image]
    if not any(name in image for image in images):
        keys = sorted({str(key) for image in images for key in image})
        raise SettingError(f"{setting}: no image of {source.file} says {name!r}; {nearest(name, keys)}")
    return {str(image["file_name"]): str(image.get(name, "")) for image in images}
