"""What a companion costs whose box stands around the cause: three ways to measure it, against composing again.

    python experiments/around.py SEED PHOTOS KIND WEIGHTS

for a network of planted photographs of this seed. Prints means over pictures with their standard errors: what the
label loses when the picture is composed again without the companion (the truth), when its part is filled as
`effect=erase` does, when that is done after what stands within it is gone, and, as a control, when the same ring is
filled around the same cause in pictures of the label that never had the companion.
"""

import sys
from collections.abc import Iterator

import numpy as np
import torch
from PIL import Image

from emocam.classifier.planted import PlantedClassifier
from emocam.data.planted import Planted
from emocam.effect.parts import PictureRegions, pixels_in
from emocam.effect.picture import TriedPicture
from emocam.functional.statistics.log_odds import log_odds
from emocam.paste.patch import patched
from emocam.train.world_truth import logits_of_pictures
from emocam.world.photograph_rules import LabelRule

FILLS, MOST = ("blur", "inpaint"), 25
Frame = tuple[int, int, int, int]


def tried(data: Planted, path: str) -> TriedPicture:
    """Open a picture with its boxes."""
    picture = data.open(path)
    return TriedPicture(
        picture.image, PictureRegions([data.objects[i] for i in picture.object], picture.boxes)
    )


def filled(picture: TriedPicture, part: np.ndarray, whole: np.ndarray) -> list[Image.Image]:
    """The picture with a part filled, by each fill."""
    return [patched(picture.image, picture.filled(name, part, whole)) for name in FILLS]


def pictures_of(data: Planted, rule: LabelRule, companion: bool) -> Iterator[str]:
    """The label's pictures with its cause, and with or without the companion."""
    for path in data.paths():
        scene = data.photo_scene(path)
        names = {thing.object for thing in scene.things}
        if scene.label == rule.label and rule.causes[0] in names and (rule.beside in names) == companion:
            yield path


def ring(own: Frame, cause: Frame, there: Frame, size: tuple[int, int]) -> np.ndarray:
    """The pixels (h, w) of a companion's frame, moved and stretched as the cause is in another picture."""
    moved = []
    for axis in (0, 1):
        scale = (there[axis + 2] - there[axis]) / (cause[axis + 2] - cause[axis])
        low = there[axis] + (own[axis] - cause[axis]) * scale
        high = there[axis + 2] + (own[axis + 2] - cause[axis + 2]) * scale
        moved.append(slice(max(0, round(low)), min(size[axis], round(high))))
    found = np.zeros(size[::-1], bool)
    found[moved[1], moved[0]] = True
    return found


def drops(network: PlantedClassifier, label: str, images: list[Image.Image]) -> np.ndarray:
    """How far each picture after the first lowers the label's log-odds."""
    of = torch.full((len(images),), network.labels.index(label))
    scores = log_odds(logits_of_pictures(network, images), of).numpy()
    return scores[0] - scores[1:]


def measure(data: Planted, network: PlantedClassifier, rule: LabelRule) -> dict[str, list[float]]:
    """The drops of each picture by each way; those of two fills are their mean."""
    cause, companion = rule.causes[0], rule.beside or ""
    found: dict[str, list[float]] = {"composed": [], "part": [], "part, the rest gone": [], "ring": []}
    with_it = list(pictures_of(data, rule, True))[:MOST]
    for path in with_it:
        picture = tried(data, path)
        raster, composed = picture.raster, data.without(path, companion)
        within = pixels_in(raster.size, (0, 0, 1, 1))
        part, whole = raster.part(companion, within), raster.whole(companion, within)
        if part is None or whole is None or composed is None:
            continue
        inner = whole & raster.occupied & ~part
        images = [picture.image, composed, *filled(picture, part, whole)]
        images += [*filled(picture, inner, inner), *filled(picture, whole, whole)] if inner.any() else []
        drop = drops(network, rule.label, images)
        found["composed"].append(drop[0])
        found["part"].append(drop[1:3].mean())
        if inner.any():
            found["part, the rest gone"].append(drop[5:7].mean() - drop[3:5].mean())
    for path, other in zip(pictures_of(data, rule, False), with_it, strict=False):
        picture, source = tried(data, path), tried(data, other).raster
        frames = source.frames_of(companion)[0], source.frames_of(cause)[0]
        whole = ring(*frames, picture.raster.frames_of(cause)[0], picture.raster.size)
        part = whole & ~picture.raster.occupied
        if part.any():
            drop = drops(network, rule.label, [picture.image, *filled(picture, part, whole)])
            found["ring"].append(drop.mean())
    return found


def main(seed: str, photos: str, kind: str, weights: str) -> None:
    data = Planted(world="photographs", root=photos, seed=int(seed), images=800)
    network = PlantedClassifier(world="photographs", network=kind, weights=weights)
    rule = next(rule for rule in data.photographs.rules.rules if rule.kind == "around")
    said = []
    for name, values in measure(data, network, rule).items():
        error = np.std(values, ddof=1) / np.sqrt(len(values)) if len(values) > 1 else np.nan
        said.append(f"{name} {np.mean(values):.2f} ({error:.2f}, {len(values)} pictures)")
    print(f"{rule.beside} around {rule.causes[0]} for {rule.label}: {'; '.join(said)}")


if __name__ == "__main__":
    if len(sys.argv) != 5:
        sys.exit("python experiments/around.py SEED PHOTOS KIND WEIGHTS")
    main(*sys.argv[1:])
