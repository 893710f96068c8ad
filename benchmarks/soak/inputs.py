"""What an answer depends on: pictures, annotations, tables, weights and names, written with random content."""

import io
import json
import os
import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

NAMES = ("a.png", "b.png", "c.png", "d.png")
SIDE, LENGTH = 48, 24_576
"""Pixels of a picture's side, and bytes of each small file: no size tells two contents apart."""
WAYS = ("in place", "in its place", "with its times", "through a link")
"""Written over; another file renamed over it; the same as `cp -p` leaves it; what a link leads to is another."""
BOXES = ("data=folder", "data.root=pics", "detector=annotations", "cam=gradcam", "classifier=planted")
ANNOTATED = (*BOXES, "data.annotations=given.json")


@dataclass
class Place:
    """A step's folder, in which inputs are written; after `changed` in one of the ways."""

    folder: Path
    way: str
    changed: bool = False

    def put(self, name: str, content: bytes | str) -> None:
        """Write a file of always the same length."""
        data = content.encode() + b"\n" * LENGTH if isinstance(content, str) else content + bytes(LENGTH)
        self.put_bytes(name, data[: max(LENGTH, len(content))])

    def put_bytes(self, name: str, data: bytes) -> None:
        """Write a file as it is."""
        file = self.folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        times = (file.stat().st_atime_ns, file.stat().st_mtime_ns) if file.exists() else None
        if self.way == "through a link":
            aside = self.folder / "aside" / f"{name}.{'new' if self.changed else 'old'}"
            aside.parent.mkdir(parents=True, exist_ok=True)
            aside.write_bytes(data)
            file.unlink(missing_ok=True)
            file.symlink_to(aside)
        elif self.way == "in place" or times is None:
            file.write_bytes(data)
        else:
            other = file.with_name(f".{file.name}.new")
            other.write_bytes(data)
            if self.way == "with its times":
                os.utime(other, ns=times)
            other.replace(file)

    def link(self, name: str, to: str) -> None:
        """Let a name lead to another folder."""
        (self.folder / name).unlink(missing_ok=True)
        (self.folder / name).symlink_to(to)


@dataclass(frozen=True)
class Kind:
    """The words of a command, and what writes all that it reads; `write` is called again for the change."""

    words: tuple[str, ...]
    write: Callable[[Place, random.Random], None]


def png(dice: random.Random, clear: bool = False) -> bytes:
    """Return a picture of noise, with some transparent pixels where it is to be pasted."""
    pixels = np.random.default_rng(dice.randrange(2**32)).integers(0, 256, (SIDE, SIDE, 3), np.uint8)
    image = Image.fromarray(pixels)
    if clear:
        image.putalpha(Image.fromarray((pixels[..., 0] > 40).astype(np.uint8) * 255))
    held = io.BytesIO()
    image.save(held, "PNG")
    return held.getvalue()


def corpus(place: Place, folder: str = "pics") -> None:
    """Write the pictures that stay as they are."""
    if not place.changed:
        for number, name in enumerate(NAMES):
            (place.folder / folder).mkdir(parents=True, exist_ok=True)
            (place.folder / folder / name).write_bytes(png(random.Random(number)))


def box(dice: random.Random) -> tuple[float, float, float, float]:
    """Return corners in [0, 1]."""
    x, y = dice.uniform(0, 0.5), dice.uniform(0, 0.5)
    return x, y, x + dice.uniform(0.2, 0.5), y + dice.uniform(0.2, 0.5)


def coco(dice: random.Random) -> str:
    """Return boxes of all pictures in COCO's format."""
    boxes = [[round(SIDE * value, 2) for value in box(dice)] for _ in NAMES]
    return json.dumps(
        {
            "images": [
                {"id": i, "file_name": name, "width": SIDE, "height": SIDE} for i, name in enumerate(NAMES)
            ],
            "categories": [{"id": 1, "name": "Ball"}],
            "annotations": [
                {"id": i, "image_id": i, "category_id": 1, "bbox": [x0, y0, x1 - x0, y1 - y0]}
                for i, (x0, y0, x1, y1) in enumerate(boxes)
            ],
        }
    )


def studio(dice: random.Random) -> str:
    """Return boxes of all pictures in Label Studio's format."""
    tasks = []
    for name in NAMES:
        x0, y0, x1, y1 = (100 * value for value in box(dice))
        value = {"x": x0, "y": y0, "width": x1 - x0, "height": y1 - y0, "rectanglelabels": ["Ball"]}
        result = {"type": "rectanglelabels", "original_width": SIDE, "original_height": SIDE, "value": value}
        tasks.append({"data": {"image": name}, "annotations": [{"result": [result]}]})
    return json.dumps(tasks)


def voc(dice: random.Random, name: str) -> str:
    """Return a box of a picture in VOC's format."""
    corners = [1 + int((SIDE - 2) * value) for value in box(dice)]
    inner = "".join(f"<{k}>{v}</{k}>" for k, v in zip(("xmin", "ymin", "xmax", "ymax"), corners, strict=True))
    size = f"<size><width>{SIDE}</width><height>{SIDE}</height><depth>3</depth></size>"
    named = f"<filename>{name}</filename>{size}<object><name>Ball</name><bndbox>{inner}</bndbox></object>"
    return f"<annotation>{named}</annotation>"


def yolo(dice: random.Random) -> str:
    """Return a box of a picture in YOLO's format, of one of two classes."""
    x0, y0, x1, y1 = box(dice)
    return f"{dice.randrange(2)} {(x0 + x1) / 2:.4f} {(y0 + y1) / 2:.4f} {x1 - x0:.4f} {y1 - y0:.4f}"


def rows(dice: random.Random) -> str:
    """Return a table of boxes."""
    lines = [",".join([name, "Ball", *(f"{value:.4f}" for value in box(dice))]) for name in NAMES]
    return "\n".join(["image,object,x0,y0,x1,y1", *lines])


def shuffled(dice: random.Random, words: tuple[str, ...], changed: bool) -> list[str]:
    """Return the words, in another order after the change."""
    if not changed:
        return list(words)
    other = list(words)
    while other == list(words):
        dice.shuffle(other)
    return other


def with_corpus(name: str, content: Callable[[random.Random], bytes | str]) -> Callable[..., None]:
    """Return what writes a file beside pictures that stay."""

    def write(place: Place, dice: random.Random) -> None:
        corpus(place)
        place.put(name, content(dice))

    return write


def boxed(change: Callable[[Place, random.Random], None]) -> Callable[..., None]:
    """Return what writes pictures with boxes that stay, and then something else."""

    def write(place: Place, dice: random.Random) -> None:
        corpus(place)
        if not place.changed:
            place.put("given.json", coco(random.Random(7)))
        change(place, dice)

    return write


def one_picture(place: Place, dice: random.Random) -> None:
    place.put(f"pics/{dice.choice(NAMES) if place.changed else 'a.png'}", png(dice))


def one_goes(place: Place, dice: random.Random) -> None:
    if place.changed:
        (place.folder / "pics" / dice.choice(NAMES)).unlink()


def one_comes(place: Place, dice: random.Random) -> None:
    if place.changed:
        place.put("pics/bb.png", png(dice))


def one_breaks(place: Place, dice: random.Random) -> None:
    if place.changed:
        place.put(f"pics/{dice.choice(NAMES)}", png(dice)[: dice.randrange(9, 900)])


def two_change_places(place: Place, dice: random.Random) -> None:
    if place.changed:
        one, other = (place.folder / "pics" / name for name in dice.sample(NAMES, 2))
        aside = place.folder / "pics" / "x"
        one.rename(aside)
        other.rename(one)
        aside.rename(other)


def root_leads_elsewhere(place: Place, dice: random.Random) -> None:
    for number in range(2):
        for name in NAMES:
            (place.folder / f"root{number}").mkdir(exist_ok=True)
            if not place.changed:
                (place.folder / f"root{number}" / name).write_bytes(png(dice))
    place.link("linked", f"root{int(place.changed)}")
    place.put("given.json", coco(random.Random(7)))


def folders_are_labels(place: Place, dice: random.Random) -> None:
    if not place.changed:
        for number, name in enumerate(NAMES):
            place.put(f"sorted/{'joy' if number % 2 else 'fear'}/{name}", png(dice))
    else:
        (place.folder / "sorted/joy/b.png").rename(place.folder / "sorted/fear/b.png")


def weights(place: Place, dice: random.Random) -> None:
    from safetensors.torch import save

    from emocam.classifier.planted import PlantedClassifier

    state = PlantedClassifier(weights="random", seed=dice.randrange(1000)).state_dict()
    place.put_bytes("w.safetensors", save({name: tensor.contiguous() for name, tensor in state.items()}))


def labels(place: Place, dice: random.Random) -> None:
    place.put("labels.txt", "\n".join(shuffled(dice, ("joy", "fear", "calm", "rage", "awe"), place.changed)))


def darknet(cfg: bool = False, names: bool = False, numbers: bool = False) -> Callable[..., None]:
    """Return what writes a small detector, of which one file changes."""

    def write(place: Place, dice: random.Random) -> None:
        side = 96 if cfg and place.changed else 64
        net = f"[net]\nwidth={side}\nheight={side}\nchannels=3\n"
        layer = "[convolutional]\nbatch_normalize=1\nfilters=8\nsize=3\nstride=4\npad=1\nactivation=leaky\n"
        last = "[convolutional]\nfilters=21\nsize=1\nstride=1\npad=1\nactivation=linear\n"
        yolo_layer = "[yolo]\nmask=0,1,2\nanchors=10,13, 16,30, 33,23\nclasses=2\nnum=3\n"
        draws = np.random.default_rng(dice.randrange(2**32) if numbers else 5)
        values = [np.zeros(8), np.ones(8), np.zeros(8), np.ones(8), draws.normal(0, 0.3, 216)]
        values += [np.zeros(21), draws.normal(0, 1, 168)]
        stored = np.array([0, 2, 0, 0, 0], np.int32).tobytes()
        if cfg or not place.changed:
            place.put("net.cfg", net + layer + last + yolo_layer)
        if numbers or not place.changed:
            place.put_bytes("net.weights", stored + np.concatenate(values).astype(np.float32).tobytes())
        if names or not place.changed:
            place.put("net.names", "\n".join(shuffled(dice, ("cup", "hat"), names and place.changed)))

    return write


def looks(dice: random.Random) -> str:
    lines = [f"{name},{dice.random():.3f},{dice.random():.3f},1" for name in NAMES for _ in range(4)]
    return "\n".join(["image,x,y,duration", *lines])


def maps(place: Place, dice: random.Random) -> None:
    for name in NAMES:
        held = io.BytesIO()
        np.save(held, np.random.default_rng(dice.randrange(2**32)).random((6, 6)).astype(np.float32))
        place.put_bytes(f"maps/{name.removesuffix('.png')}.npy", held.getvalue())


def table(column: str, values: tuple[str, ...]) -> Callable[[Place, random.Random], None]:
    """Return what writes a table of pictures with a column."""

    def write(place: Place, dice: random.Random) -> None:
        given = shuffled(dice, values, place.changed)
        lines = [f"pics/{name},{value}" for name, value in zip(NAMES, given, strict=True)]
        place.put("table.csv", "\n".join([f"path,{column}", *lines]))

    return write


def yolo_folder(what: str) -> Callable[[Place, random.Random], None]:
    """Return what writes label files with a yaml above, of which one changes."""

    def write(place: Place, dice: random.Random) -> None:
        corpus(place)
        if not place.changed or what == "labels":
            place.put("yolo/labels/a.txt", yolo(dice))
        if not place.changed or what == "yaml":
            names = shuffled(dice, ("Ball", "Kite"), place.changed)
            place.put("yolo/data.yaml", f"names: [{', '.join(names)}]\n")

    return write


def open_images(place: Place, dice: random.Random) -> None:
    corpus(place)
    if not place.changed:
        lines = [f"{name.removesuffix('.png')},/m/1,.1,.5,.1,.5" for name in NAMES]
        place.put("open.csv", "\n".join(["ImageID,LabelName,XMin,XMax,YMin,YMax", *lines]))
    place.put("class-descriptions.csv", f"/m/1,{'Kite' if place.changed else 'Ball'}")


def sticker(place: Place, dice: random.Random) -> None:
    place.put("ball.png", png(dice, clear=True))


def nothing_but_boxes(words: tuple[str, ...]) -> tuple[str, ...]:
    """Return the words of a command whose boxes are a table's."""
    return (*BOXES, *words)


TABLE = ("data=table", "data.file=table.csv", "data.annotations=given.json", *BOXES[2:])
DARKNET = (
    *BOXES[:2], "detector=darknet", "cam=gradcam", "classifier=planted", "detector.cfg=net.cfg",
    "detector.weights=net.weights", "detector.names=net.names",
)  # fmt: skip
KINDS: dict[str, Kind] = {
    "a picture": Kind(ANNOTATED, boxed(one_picture)),
    "a picture that goes": Kind(ANNOTATED, boxed(one_goes)),
    "a picture that comes": Kind(ANNOTATED, boxed(one_comes)),
    "a picture that breaks": Kind((*ANNOTATED, "data.max_unreadable=1"), boxed(one_breaks)),
    "two pictures that change places": Kind(ANNOTATED, boxed(two_change_places)),
    "a root that is a link": Kind(
        ("data=folder", "data.root=linked", "data.annotations=given.json", *BOXES[2:]), root_leads_elsewhere
    ),
    "folders that are labels": Kind(
        ("data=imagefolder", "data.root=sorted", "detector=nothing", "classifier=planted"), folders_are_labels
    ),
    "weights": Kind(
        (*ANNOTATED, "classifier.weights=w.safetensors", "classifier.labels=labels.txt"),
        boxed(lambda place, dice: (weights(place, dice), None if place.changed else labels(place, dice))[1]),
    ),
    "labels": Kind((*ANNOTATED, "classifier.labels=labels.txt"), boxed(labels)),
    "boxes of COCO": Kind(ANNOTATED, with_corpus("given.json", coco)),
    "boxes of COCO that nobody names": Kind(
        ("data=coco", "data.root=pics", *BOXES[2:]), with_corpus("pics/instances.json", coco)
    ),
    "boxes of Label Studio": Kind(ANNOTATED, with_corpus("given.json", studio)),
    "boxes of VOC": Kind(
        nothing_but_boxes(("data.annotations=voc",)),
        with_corpus("voc/a.xml", lambda dice: voc(dice, "a.png")),
    ),
    "boxes of a table": Kind(
        nothing_but_boxes(("data.annotations=boxes.csv",)), with_corpus("boxes.csv", rows)
    ),
    "boxes of YOLO beside a yaml": Kind(
        nothing_but_boxes(("data.annotations=yolo/data.yaml",)), yolo_folder("labels")
    ),
    "a yaml above boxes of YOLO": Kind(
        nothing_but_boxes(("data.annotations=yolo/labels",)), yolo_folder("yaml")
    ),
    "names beside boxes of Open Images": Kind(
        nothing_but_boxes(("data.annotations=open.csv",)), open_images
    ),
    "a table's true labels": Kind(TABLE, boxed(table("truth", ("joy", "fear", "calm", "awe")))),
    "a table's groups": Kind((*TABLE, "data.group=person"), boxed(table("person", ("x", "x", "y", "z")))),
    "a table's slices": Kind((*TABLE, "slices=sex"), boxed(table("sex", ("f", "f", "m", "m")))),
    "what is pasted": Kind((*ANNOTATED, "paste=grid", "paste.objects=[ball.png]"), boxed(sticker)),
    "a picture under what is pasted": Kind(
        (*ANNOTATED, "paste=grid", "paste.positions=[[0.5,0.5]]"), boxed(one_picture)
    ),
    "a detector's weights": Kind(DARKNET, boxed(darknet(numbers=True))),
    "a detector's cfg": Kind(DARKNET, boxed(darknet(cfg=True))),
    "a detector's names": Kind(DARKNET, boxed(darknet(names=True))),
    "where people looked": Kind(
        (*ANNOTATED, "cam=gaze", "cam.file=looks.csv", "gaze.sigma=0.1"),
        boxed(lambda place, dice: place.put("looks.csv", looks(dice))),
    ),
    "maps of another tool": Kind((*ANNOTATED, "cam=given", "cam.root=maps"), boxed(maps)),
}  # fmt: skip
"""By what changes."""
