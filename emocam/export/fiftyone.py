"""FiftyOne's own folders, read by `Dataset.from_dir` and `merge_dir`, with the pictures left where they are.

FiftyOneImageDetectionDataset holds the regions, FiftyOneImageClassificationDataset what was answered; both name
the pictures by `data.json`. https://docs.voxel51.com/user_guide/dataset_creation/datasets.html
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from emocam.export.json_lists import to_json, write_pairs
from emocam.export.pictures import ExportedPicture, ExportedPictures

DATA, NAMED = "data.json", "labels.json"


def write_fiftyone(pictures: ExportedPictures, out: Path) -> list[str]:
    """Write `regions/` and `answers/`, and return the Python lines that open them."""
    regions, answers = out / "regions", out / "answers"
    for folder in (regions, answers):
        folder.mkdir()
        with (folder / DATA).open("w", encoding="utf-8") as file:
            count = write_pairs(
                file, ((key, str(picture.file.resolve())) for key, picture in _keyed(pictures))
            )
    run = pictures.run
    _write_labels(regions / NAMED, run.object_names, ((key, _detections(p)) for key, p in _keyed(pictures)))
    _write_labels(answers / NAMED, run.label_names, ((key, p.facts["label"]) for key, p in _keyed(pictures)))
    kinds = "fo.types.FiftyOneImage"
    return [
        f"{count:,} pictures; in Python:",
        "  import fiftyone as fo",
        f"  found = fo.Dataset.from_dir({str(regions)!r}, {kinds}DetectionDataset, label_field='regions')",
        f"  found.merge_dir({str(answers)!r}, {kinds}ClassificationDataset, label_field='answer')",
        "  fo.launch_app(found)",
    ]


def _keyed(pictures: ExportedPictures) -> Iterator[tuple[str, ExportedPicture]]:
    """Yield each picture with the key by which the files name it."""
    for number, picture in enumerate(pictures):
        yield f"{number:08d}", picture


def _write_labels(file: Path, classes: list[str], labels: Iterator[tuple[str, Any]]) -> None:
    with file.open("w", encoding="utf-8") as written:
        written.write(f'{{"classes": {to_json(classes)},\n"labels": ')
        write_pairs(written, labels)
        written.write("}\n")


def _detections(picture: ExportedPicture) -> list[dict[str, Any]]:
    return [
        {
            "label": region.object,
            "bounding_box": [
                region.box[0],
                region.box[1],
                region.box[2] - region.box[0],
                region.box[3] - region.box[1],
            ],
            "confidence": region.score,
            "attributes": {
                "importance": region.importance,
                "chance": region.chance,
                "kept": region.kept,
                "answer": picture.facts["label"],
            },
        }
        for region in picture.regions
    ]
