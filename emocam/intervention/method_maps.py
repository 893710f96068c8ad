"""Many CAM methods at several layers look at the same pictures: what each weighs, and what shakes its maps."""

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pytorch_lightning as lightning
import torch
from torch import Tensor

from emocam.cam.base import CAM
from emocam.classifier.base import Classifier
from emocam.effect.parts import PictureRegions
from emocam.functional.map.chance import pass_rates
from emocam.functional.map.chance_masks import mask_pass_rates
from emocam.functional.statistics.faithfulness import map_correlations
from emocam.importance.base import Importance
from emocam.importance.mean import Mean
from emocam.network.shuffled import with_shuffled_weights
from emocam.records.base import Record
from emocam.records.detections import Detections
from emocam.records.evidence import Explanation
from emocam.records.picture import Batch
from emocam.results.tables import finished_ledger, refusal_table

THRESHOLDS = tuple(round(0.1 * step, 1) for step in range(1, 10))
"""Of importance, among which one is chosen."""
SHAKEN = ("stable", "head", "all")
"""A map beside that of the picture with noise, and of networks whose head or whose weights are all shuffled."""


@dataclass(frozen=True)
class ExplainedLayer:
    """A classifier cut at a layer, and the methods that look there, by name."""

    name: str
    classifier: Classifier
    cams: Mapping[str, CAM]
    grid: tuple[int, int]


@dataclass(frozen=True)
class LayerAnswer(Record):
    """What K methods say at one layer: importance (K, N), chance (K, T, N) by threshold, and SHAKEN (K, B, 3)."""

    importance: Tensor
    rates: Tensor
    shaken: Tensor


class MethodMaps(lightning.LightningModule):
    """Explains each picture by every method at every layer; those of `again` also with noise and shuffled weights."""

    def __init__(
        self,
        layers: Sequence[ExplainedLayer],
        importance: Importance,
        regions: Mapping[str, PictureRegions],
        again: frozenset[str],
        noise: float,
        seed: int,
    ) -> None:
        super().__init__()
        self.layers, self.importance = layers, importance
        self.regions, self.again, self.noise, self.seed = regions, again, noise, seed
        self.networks = torch.nn.ModuleList([layer.classifier.freeze() for layer in layers])
        self.shuffled = torch.nn.ModuleList()
        for layer in layers if again else ():
            for part in ("head", None):
                self.shuffled.append(with_shuffled_weights(layer.classifier, part, seed).freeze())

    def predict_step(self, batch: Batch, batch_idx: int = 0) -> list[LayerAnswer]:
        """Return what the methods of each layer say; nothing without an image that could be used."""
        if not len(batch):
            return []
        regions = batch_regions(batch, self.regions)
        return [self.look(place, batch, regions) for place in range(len(self.layers))]

    def look(self, place: int, batch: Batch, regions: Detections) -> LayerAnswer:
        """Return what the methods of one layer say."""
        layer = self.layers[place]
        maps, target, window = maps_of(layer.classifier, layer.cams, batch, regions)
        shaken = torch.full((len(maps), len(batch), len(SHAKEN)), torch.nan)
        again = [i for i, path in enumerate(batch.paths) if path in self.again]
        if again:
            shaken[:, again] = self.shake(place, maps, target, batch, again)
        explained = [Explanation(m, window) for m in maps]
        with torch.no_grad():
            weights = torch.stack([self.importance(one, regions) for one in explained])
            rates = torch.stack([self.rates(one, regions) for one in explained])
        return LayerAnswer(weights, rates, shaken)

    def shake(
        self, place: int, maps: Sequence[Tensor], target: Tensor, batch: Batch, again: Sequence[int]
    ) -> Tensor:
        """Return how alike (K, A, 3) the maps of the pictures `again` stay, of the labels of the first pass."""
        layer = self.layers[place]
        some = pictures_of(batch, again)
        regions, asked = batch_regions(some, self.regions), target[list(again)]
        noisy = replace(some, classifier_view=with_noise(some, self.noise, self.seed))
        head, everything = self.shuffled[2 * place], self.shuffled[2 * place + 1]
        others = [
            maps_of(network, layer.cams, pictures, regions, asked)[0]  # type: ignore[arg-type]
            for network, pictures in ((layer.classifier, noisy), (head, some), (everything, some))
        ]
        alike = [
            [map_correlations(_flat(first[list(again)]), _flat(second)) for second in of_one]
            for first, of_one in zip(maps, zip(*others, strict=True), strict=True)
        ]
        return torch.from_numpy(np.array(alike)).float().transpose(1, 2)

    def rates(self, explanation: Explanation, regions: Detections) -> Tensor:
        """Return the chance (T, N) that a region passes each threshold; NaN under another importance than the mean."""
        if not isinstance(self.importance, Mean):
            return torch.full((len(THRESHOLDS), len(regions)), torch.nan)
        seen = explanation.maps, explanation.window, regions.boxes
        if regions.masks is not None:
            found = [
                mask_pass_rates(*seen, regions.masks, regions.image, threshold) for threshold in THRESHOLDS
            ]
        else:
            found = [pass_rates(*seen, regions.image, threshold) for threshold in THRESHOLDS]
        return torch.stack(found)


def _flat(maps: Tensor) -> np.ndarray:
    return maps.flatten(1).double().cpu().numpy()


def maps_of(
    classifier: Classifier,
    cams: Mapping[str, CAM],
    batch: Batch,
    regions: Detections,
    target: Tensor | None = None,
) -> tuple[list[Tensor], Tensor, Tensor]:
    """Return each method's maps (B, h, w) from one pass, the labels asked about (B,), and the maps' windows (B, 4)."""
    first = next(iter(cams.values()))
    forward = first.forward_pass(classifier, batch, regions)
    if target is not None:
        forward.target = target
    return [cam.maps(forward) for cam in cams.values()], forward.target, batch.classifier_window


def batch_regions(batch: Batch, regions: Mapping[str, PictureRegions]) -> Detections:
    """Return the regions that the run found in these pictures; their objects are not asked here."""
    found = [regions[path] for path in batch.paths]
    image = [i for i, one in enumerate(found) for _ in one.objects]
    device = batch.classifier_window.device
    masks = [torch.from_numpy(one.masks.copy()) for one in found if one.masks is not None]
    return Detections(
        torch.from_numpy(np.concatenate([one.boxes.reshape(-1, 4) for one in found]).astype(np.float32)),
        torch.zeros(len(image), dtype=torch.int64),
        torch.ones(len(image)),
        torch.tensor(image, dtype=torch.int64),
        torch.cat(masks) if masks else None,
    ).to(device)


def pictures_of(batch: Batch, places: Sequence[int]) -> Batch:
    """Return some of a batch's pictures, as far as a CAM sees them."""
    rows = torch.tensor(places)
    return replace(
        batch,
        paths=[batch.paths[i] for i in places],
        index=batch.index[rows],
        classifier_view=batch.classifier_view[rows],
        classifier_window=batch.classifier_window[rows],
        annotated=Detections.none(),
    )


def with_noise(batch: Batch, noise: float, seed: int) -> Tensor:
    """Return the views with noise of this share of white, drawn for each picture from its name."""
    views = batch.classifier_view
    drawn = [
        np.random.default_rng([seed, zlib.crc32(path.encode(errors="surrogatepass"))]).standard_normal(
            views.shape[1:], np.float32
        )
        for path in batch.paths
    ]
    shaken = views.float() + 255 * noise * torch.from_numpy(np.stack(drawn)).to(views.device)
    return shaken.round().clamp(0, 255).to(views.dtype)


def method_rows(
    answers: list[LayerAnswer],
    batch: Batch,
    layers: Sequence[ExplainedLayer],
    regions: Mapping[str, PictureRegions],
) -> dict[str, pa.Table]:
    """Make a row for each picture, object, layer and method, and the ledger's row of each picture."""
    parts = [
        rows_of_picture(
            batch.paths[i], int(batch.index[i]), places_of_objects(i, batch, regions), i, answers, layers
        )
        for i in range(len(batch))
    ]
    done = finished_ledger(batch.paths, batch.index.cpu().numpy())
    ledger = pa.concat_tables([done, refusal_table(batch.refusals)]) if batch.refusals else done
    return {"ledger": ledger, "trust": pa.concat_tables([no_method_rows(), *parts])}


def places_of_objects(
    place: int, batch: Batch, regions: Mapping[str, PictureRegions]
) -> dict[str, np.ndarray]:
    """Return where each object of a picture is among all regions of the batch."""
    first = sum(len(regions[path].objects) for path in batch.paths[:place])
    found: dict[str, list[int]] = {}
    for number, name in enumerate(regions[batch.paths[place]].objects):
        found.setdefault(name, []).append(first + number)
    return {name: np.array(places) for name, places in found.items()}


def rows_of_picture(
    path: str,
    index: int,
    objects: Mapping[str, np.ndarray],
    place: int,
    answers: Sequence[LayerAnswer],
    layers: Sequence[ExplainedLayer],
) -> pa.Table:
    """Make the rows of one picture: of an object's regions the highest importance, and the chance that any passes."""
    rows = []
    for layer, answer in zip(layers, answers, strict=True):
        importance, rates = answer.importance.double().cpu().numpy(), answer.rates.double().cpu().numpy()
        shaken = answer.shaken.double().cpu().numpy()
        for number, method in enumerate(layer.cams):
            for name, own in objects.items():
                rows.append(
                    {
                        "index": index,
                        "image": path,
                        "object": name,
                        "method": method,
                        "layer": layer.name,
                        "importance": importance[number, own].max(),
                        "chance": 1 - (1 - rates[number][:, own]).prod(1),
                        **dict(zip(SHAKEN, shaken[number, place], strict=True)),
                    }
                )
    return pa.Table.from_pylist(rows, ROWS)


ROWS = pa.schema(
    [
        ("index", pa.int64()),
        *((name, pa.string()) for name in ("image", "object", "method", "layer")),
        ("importance", pa.float32()),
        ("chance", pa.list_(pa.float32())),
        *((name, pa.float32()) for name in SHAKEN),
    ]
)
"""Columns of trust.parquet; `chance` has one for each of THRESHOLDS."""


def no_method_rows() -> pa.Table:
    """Return the table without rows."""
    return ROWS.empty_table()
