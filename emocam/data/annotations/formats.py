"""Which format annotations are in: told by what a file holds, never by what it is called."""

from collections.abc import Callable, Collection
from pathlib import Path

from emocam.data.annotations.coco import coco_table, is_coco
from emocam.data.annotations.labelstudio import label_studio_table
from emocam.data.annotations.records import AnnotationTable
from emocam.data.annotations.rows import is_parquet, separator
from emocam.data.annotations.source import Source, files_ending
from emocam.data.annotations.table import has_boxes, read_open_images, read_table
from emocam.data.annotations.voc import read_voc
from emocam.data.annotations.yolo import label_files, read_classes, read_yolo
from emocam.errors import SettingError
from emocam.settings.read_files import noted

KNOWN = (
    "COCO JSON, VOC XML, YOLO txt, Open Images CSV, a table with path,x0,y0,x1,y1,label, or Label Studio JSON"
)
GLANCE = 4096
Reader = Callable[[], AnnotationTable]


def read_annotations(place: Path, masks: bool = False, pictures: Collection[str] = ()) -> AnnotationTable:
    """Read regions by the image's path as the format tells it.

    `masks` reads COCO's outlines, too. `pictures` are the paths of the pictures, whose names tell label
    files from other text.
    """
    if not place.exists():
        raise SettingError(f"data.annotations: there is no file {place}")
    return (_of_folder if place.is_dir() else _of_file)(place, masks, pictures)()


def check_annotations(file: Path) -> None:
    """Read a single file for its mistakes alone; what else YOLO's list of classes needs is not looked at."""
    if is_parquet(file) or "names:" not in _glance(file):
        _of_file(file, False, ())()


def _of_folder(folder: Path, masks: bool, pictures: Collection[str]) -> Reader:
    """Return the reader of the one format that a folder's files are in; a single file may lie there, too."""
    markup = files_ending(folder, ".xml", below=True)
    texts = label_files(folder, pictures)
    singles = [
        file
        for ending in (".json", ".csv", ".parquet")
        for file in files_ending(folder, ending)
        if "class-descriptions" not in file.name.lower()
    ]
    readers: dict[str, Reader] = {str(file): _of_file(file, masks, pictures) for file in singles}
    if markup:
        readers[f"{len(markup)} XML files"] = lambda: read_voc(markup, folder)
    if texts and (read_classes(folder) or not readers):
        readers[f"{len(texts)} txt files"] = lambda: read_yolo(folder, pictures)
    if len(readers) > 1:
        raise SettingError(
            f"data.annotations {folder} holds {' and '.join(list(readers)[:3])}; name one of them"
        )
    if not readers:
        raise SettingError(f"data.annotations {folder} holds no annotations; expected {KNOWN}")
    return next(iter(readers.values()))


def _of_file(file: Path, masks: bool, pictures: Collection[str]) -> Reader:
    if not file.is_file():
        raise SettingError(f"data.annotations {file} is no regular file; expected {KNOWN}")
    if is_parquet(file):
        return lambda: read_table(file)
    start = _glance(file)
    first = start.lstrip()[:1]
    header = start.lstrip().splitlines()[0] if first else ""
    if first == "<":
        return lambda: read_voc([file], file.parent)
    if first in ("{", "["):
        return lambda: _of_json(file, masks)
    names = {name.strip().strip('"') for name in header.split(separator(header))}
    if {"ImageID", "LabelName"} <= names:
        return lambda: read_open_images(file)
    if has_boxes(header):
        return lambda: read_table(file)
    if "names:" in start and read_classes(file):
        return lambda: read_yolo(file, pictures)
    raise SettingError(
        f"data.annotations {file} is in no format that is known; expected {KNOWN}, "
        f"but it begins with {start.strip()[:40]!r}"
    )


def _glance(file: Path) -> str:
    with noted(file).open("rb") as opened:
        return opened.read(GLANCE).decode("utf-8-sig", "replace")


def _of_json(file: Path, masks: bool) -> AnnotationTable:
    source = Source(file)
    content = source.json()
    if isinstance(content, list) and content and all(isinstance(task, dict) for task in content):
        if {"image_id", "category_id"} <= content[0].keys():
            raise SettingError(
                f"data.annotations {file} is a list of results in COCO's way, which names neither its pictures nor "
                "its classes; expected the JSON with images, annotations and categories"
            )
        return label_studio_table(source, content)
    if isinstance(content, dict) and not is_coco(content):
        raise SettingError(
            f"data.annotations {file} is JSON, but neither COCO's (images, annotations, categories) "
            "nor a list of Label Studio's tasks"
        )
    return coco_table(source, content, masks)
