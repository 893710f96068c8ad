"""Evidence on disk: chunks that are whole or absent, and the files they become.

While a run works, each process writes chunks into `shards/` of the run's folder, each a folder of
Parquet files that is renamed into place when it is complete. At the end the chunks are merged in
the order of the listing, whatever process, batch or attempt they came from, in memory bounded by
the chunks that overlap. Row groups hold whole images, and those of all files hold the same ones.
"""

from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import torch
from torch import Tensor

from emocam.records.evidence import Evidence, Explanation
from emocam.records.picture import UNKNOWN, Contents, Refusal
from emocam.results.files import BOX, CONTENTS, HAS_CONFIDENCES, HAS_LABELS, LEFT_OUT, MASK

SHARED = ("confidence", "chance", "chance_centre")
"""Floats that many regions have in common."""


def mask_column(masks: Tensor) -> pa.Array:
    """Write masks (n, m, m) as bytes, 255 for a cell that is covered as a whole."""
    cells = (masks.float() * 255).round().to(torch.uint8).numpy()
    return pa.array([cell.tobytes() for cell in cells], pa.binary(cells.shape[-2] * cells.shape[-1]))


def parquet_options(schema: pa.Schema) -> dict[str, Any]:
    """Return how Parquet writes these columns: it looks in none for what is not there.

    What regions have in common, a dictionary holds in few bytes. To compress the other numbers would cost
    as much as all the rest, and save a tenth of their bytes.
    """
    lists = {field.name for field in schema if pa.types.is_fixed_size_list(field.type)}
    paths = {
        field.name: f"{field.name}.list.element" if field.name in lists else field.name for field in schema
    }
    floats = {field.name for field in schema if pa.types.is_floating(field.type)}
    named = {field.name for field in schema if pa.types.is_dictionary(field.type)}
    numbers = {field.name for field in schema if pa.types.is_primitive(field.type)}
    return {
        "compression": {path: "none" if name in numbers else "zstd" for name, path in paths.items()},
        "use_dictionary": [path for name, path in paths.items() if name in SHARED or name not in floats],
        # of which rows a group holds, only images tell: labels, objects and floats are in all of them
        "write_statistics": [path for name, path in paths.items() if name not in floats | named],
    }


def _names(index: np.ndarray, names: list[str]) -> pa.DictionaryArray:
    return pa.DictionaryArray.from_arrays(pa.array(index, pa.int32()), pa.array(names, pa.string()))


def _or_nan(values: Tensor | None, count: int) -> np.ndarray:
    return np.full(count, np.nan, np.float32) if values is None else values.float().numpy()


def _ledger(
    paths: list[str],
    index: np.ndarray,
    status: list[str],
    reason: list[str],
    regions: np.ndarray | None = None,
    contents: list[Contents] | None = None,
) -> pa.Table:
    made_of = contents or [UNKNOWN] * len(paths)
    return pa.table(
        {
            "index": pa.array(index, pa.int64()),
            "image": pa.array(paths, pa.string()),
            "status": pa.array(status, pa.string()),
            "reason": pa.array(reason, pa.string()),
            "regions": pa.array(np.zeros(len(index)) if regions is None else regions, pa.int32()),
            **{
                name: pa.array([getattr(of_one, name) for of_one in made_of], pa.string())
                for name in CONTENTS
            },
        }
    )


def finished_ledger(paths: list[str], index: np.ndarray) -> pa.Table:
    """Make the ledger's rows of images that are done."""
    return _ledger(paths, index, ["done"] * len(paths), [""] * len(paths))


def refusal_table(refusals: list[Refusal]) -> pa.Table:
    """Make the ledger's rows of images that could not be used."""
    index = np.array([r.index for r in refusals], np.int64)
    return _ledger(
        [r.path for r in refusals],
        index,
        [r.status for r in refusals],
        [r.reason for r in refusals],
        contents=[r.contents for r in refusals],
    )


def thumbnail_table(thumbnail: Tensor, predictions: pa.Table, index: Tensor) -> pa.Table:
    """Return the rows of thumbnails (B, h, w) of the images at `index` (B,) that have a prediction."""
    kept = np.isin(index.cpu().numpy(), predictions["index"].to_numpy())
    pixels = thumbnail.cpu().numpy()[kept].reshape(kept.sum(), thumbnail.shape[1:].numel())
    flat = pa.FixedSizeBinaryArray.from_buffers(
        pa.binary(thumbnail[0].numel()), len(pixels), [None, pa.py_buffer(np.ascontiguousarray(pixels))]
    )
    return pa.table({"index": predictions["index"], "image": predictions["image"], "thumbnail": flat})


def evidence_tables(evidence: Evidence, labels: list[str], objects: list[str]) -> dict[str, pa.Table]:
    """Make the rows of one batch for each of FILES; an image whose logits or map are no numbers has failed."""
    evidence = evidence.to("cpu")
    answered = torch.isfinite(evidence.prediction.logits.float()).all(-1).numpy()
    fine = answered.copy()
    if evidence.explanation is not None:
        mapped = torch.isfinite(evidence.explanation.maps).flatten(1).all(-1).numpy()
        np.logical_and.at(fine, _rows_asked(evidence).image, mapped)
    ledger = _examined_ledger(evidence, answered, fine)
    if evidence.prediction.renamed is not None:
        fine &= (evidence.prediction.renamed.label >= 0).numpy()
    tables = {
        "ledger": ledger,
        "predictions": _prediction_table(evidence, fine, labels),
        "evidence": _region_table(evidence, fine, labels, objects),
    }
    if evidence.explanation is not None:
        tables["maps"] = _map_table(evidence, evidence.explanation, fine, labels)
    return tables


class ExplainedRows(NamedTuple):
    """What is explained: image, label and its confidence (P,) of each picture, or of each label that it has."""

    image: np.ndarray
    label: np.ndarray
    confidence: np.ndarray


def _rows_asked(evidence: Evidence) -> ExplainedRows:
    """Return what maps and regions speak of: the pictures, or where each has many labels, each label of each."""
    prediction = evidence.prediction
    if prediction.many is None:
        return ExplainedRows(
            np.arange(len(prediction.logits)), prediction.label.numpy(), prediction.confidence.float().numpy()
        )
    image, label = prediction.pairs
    confidence = prediction.probabilities[image, label].float()
    return ExplainedRows(image.numpy(), label.numpy(), confidence.numpy())


def _examined_ledger(evidence: Evidence, answered: np.ndarray, fine: np.ndarray) -> pa.Table:
    """Make the ledger's rows of images (B,), of which some were not answered, or have no fine map."""
    index = evidence.index.numpy()
    status = ["done" if f else "failed" for f in fine]
    reason = [
        "the classifier's logits are not finite" if not a else "" if f else "the CAM's map is not finite"
        for a, f in zip(answered, fine, strict=True)
    ]
    of_region = _rows_asked(evidence).image[evidence.detections.image.numpy()]
    regions = np.bincount(of_region, minlength=len(index)) * fine
    renamed = evidence.prediction.renamed
    if renamed is not None:
        for row in np.flatnonzero(fine & (renamed.label < 0).numpy()):
            status[row], reason[row] = "refused", called_otherwise(renamed.names[int(renamed.called[row])])
            regions[row] = 0
    return _ledger(evidence.paths, index, status, reason, regions, evidence.contents)


def called_otherwise(name: str) -> str:
    """Return why a picture is left out that is called by none of the labels that are kept."""
    return f"is called {name!r}, {LEFT_OUT}"


def _prediction_table(evidence: Evidence, fine: np.ndarray, labels: list[str]) -> pa.Table:
    """Make one row of each fine image (B,)."""
    prediction = evidence.prediction
    logits = prediction.logits.float().numpy()[fine]
    known = {
        key: pa.array([value for value, f in zip(values, fine, strict=True) if f])
        for key, values in evidence.known.items()
    }
    derived = {key: value.float().numpy()[fine] for key, value in prediction.derived.items()}
    return pa.table(
        {
            "index": evidence.index.numpy()[fine],
            "image": _images(evidence, fine),
            "label": _names(prediction.label.numpy()[fine], labels),
            "confidence": prediction.confidence.float().numpy()[fine],
            "logits": pa.FixedSizeListArray.from_arrays(logits.ravel(), len(labels)),
            **_label_lists(evidence, fine, labels),
            **known,
            **derived,
        }
    )


def _label_lists(evidence: Evidence, fine: np.ndarray, labels: list[str]) -> dict[str, pa.Array]:
    """Return columns of all labels and their probabilities of each fine picture (B,), where it may have many."""
    if evidence.prediction.many is None:
        return {}
    asked = _rows_asked(evidence)
    keep = fine[asked.image]
    counts = np.bincount(asked.image[keep], minlength=len(fine))[fine]
    offsets = pa.array(np.concatenate([[0], np.cumsum(counts)]), pa.int32())
    names = pa.array(np.array(labels, object)[asked.label[keep]], pa.string())
    return {
        HAS_LABELS: pa.ListArray.from_arrays(offsets, names),
        HAS_CONFIDENCES: pa.ListArray.from_arrays(offsets, pa.array(asked.confidence[keep], pa.float32())),
    }


def _region_table(evidence: Evidence, fine: np.ndarray, labels: list[str], objects: list[str]) -> pa.Table:
    """Make one row of each region of the fine images (B,)."""
    regions = evidence.detections
    asked = _rows_asked(evidence)
    row = regions.image.numpy()
    keep = fine[asked.image[row]]
    row = row[keep]
    of = asked.image[row]
    masks = {} if regions.masks is None else {MASK: mask_column(regions.masks[torch.from_numpy(keep)])}
    rows = pa.table(
        {
            "index": evidence.index.numpy()[of],
            "image": _images(evidence, of),
            "label": _names(asked.label[row], labels),
            "confidence": asked.confidence[row],
            "object": _names(regions.object.numpy()[keep], objects),
            "score": regions.score.float().numpy()[keep],
            "importance": evidence.importance.float().numpy()[keep],
            **dict(zip(BOX, regions.boxes.float().numpy()[keep].T, strict=True)),
            "chance": _or_nan(evidence.chance, len(keep))[keep],
            "chance_centre": _or_nan(evidence.chance_centre, len(keep))[keep],
            **masks,
        }
    )
    # what is known of every region needs no word, row by row, that it is there
    fields = [field.with_nullable("chance" in field.name) for field in rows.schema]
    return pa.Table.from_arrays(rows.columns, schema=pa.schema(fields))


def _map_table(evidence: Evidence, explanation: Explanation, fine: np.ndarray, labels: list[str]) -> pa.Table:
    """Make one row of each map (P, h, w) of a fine picture, with its label where a picture may have many."""
    asked = _rows_asked(evidence)
    keep = fine[asked.image]
    maps = explanation.maps.float().numpy()[keep]
    count, height, width = maps.shape
    of_label = {} if evidence.prediction.many is None else {"label": _names(asked.label[keep], labels)}
    return pa.table(
        {
            "index": evidence.index.numpy()[asked.image[keep]],
            "image": _images(evidence, asked.image[keep]),
            **of_label,
            "height": np.full(count, height, np.int32),
            "width": np.full(count, width, np.int32),
            **dict(zip(BOX, explanation.window.float().numpy()[keep].T, strict=True)),
            "map": pa.FixedSizeListArray.from_arrays(maps.ravel(), height * width),
        }
    )


def _images(evidence: Evidence, rows: np.ndarray) -> pa.Array:
    """Return the paths of some of the images, by a mask (B,) or by places."""
    return pa.array(np.array(evidence.paths, object)[rows], pa.string())
