"""The embedded world: pictures that we draw, so that what makes their labels is known."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import numpy as np
from PIL import Image

from emocam.data.address import Address, read_address
from emocam.data.annotations.album import read_album
from emocam.data.annotations.masks import SIDE as MASK_SIDE
from emocam.data.annotations.masks import Runs
from emocam.data.base import Data
from emocam.data.kept_pictures import KeptPictures
from emocam.data.planted_film import write_film
from emocam.data.planted_sequences import PlantedSequences
from emocam.errors import SettingError, nearest
from emocam.functional.dice import Dice
from emocam.records.picture import Picture
from emocam.settings.read_files import noted
from emocam.world.album import drawn_album
from emocam.world.annotators import AnnotatedRegion, annotate
from emocam.world.compose import compose
from emocam.world.draw import Scene, box_of, draw
from emocam.world.export import Export, write_values
from emocam.world.face_regions import fine_regions, masks_of
from emocam.world.face_rules import FACE_WORLDS, REGIONS, FaceScene, FaceWorld, compose_face
from emocam.world.face_styles import STYLES, styled_picture, styled_scene
from emocam.world.faces import SIDE as FACE_SIDE
from emocam.world.faces import at_rest, draw_face, outlined_points, owners, place_points
from emocam.world.film import FILM, SOURCE, STEP, PlantedFilm
from emocam.world.gaze import GAZE, NUMBERED, Look, looks
from emocam.world.photograph_rules import deal_rules
from emocam.world.photographs import SIDE, TRAINING, Photographs, PhotoScene
from emocam.world.rules import DRAWN_WORLDS, STANDARD, World
from emocam.world.sequences import SEQUENCE_WORLDS
from emocam.world.value_rules import VALUES, values_of

ANNOTATED = 1
"""Sets the annotators' dice apart from those that a picture is thrown with."""
PHOTOGRAPHS = "photographs"
DETAILS = ("coarse", "fine")
LONG_FRINGE = -0.88
"""Where a fringe ends that is called long, above the eyes in parts of their distance: half of all people's."""


def number_of_frame(path: str) -> int:
    """Return the number of a planted film's frame."""
    return round((read_address(path).time or 0.0) / STEP)


@dataclass(kw_only=True)
class Planted(Data):
    """The first `images` pictures of a seed; `export` names a folder for them and their COCO JSON.

    `strength` says how far `world` is from the standard one: at 0 it is that. The world `photographs`
    pastes cut-outs of the annotated photographs below `root` on crops of others, by rules that the seed
    deals out; without a `root` both are drawn. There `masks` gives each region its outline.
    The worlds of faces annotate the regions of a drawn face, all with outlines; `detail=fine` tells left
    from right. What they know of a picture is its `person`, and whether that one has a long `fringe`. The world
    `values` shows the standard pictures and knows six numbers of each in place of a label.
    from right, and `style` takes them as another camera would. What they know of a picture is its `person`, and
    whether that one has a long `fringe`.
    """

    images: int = 400
    world: str = "standard"
    strength: float = 1.0
    seed: int = 0
    export: str | Path | None = None
    annotations: str | Path | None = None
    masks: bool = False
    detail: Literal["coarse", "fine"] = "coarse"
    taught: int = field(default=0, init=False)
    style: Literal["plain", "negative", "soft", "dim", "turned"] = "plain"
    kept: KeptPictures | None = field(default=None, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.images < 1:
            raise SettingError(f"data.images must be at least 1, got {self.images}")
        if self.seed < 0:
            raise SettingError(f"seed must be 0 or more to draw a world, got {self.seed}")
        known = [*DRAWN_WORLDS, VALUES, PHOTOGRAPHS, FILM, *FACE_WORLDS, *SEQUENCE_WORLDS]
        if self.world not in known:
            raise SettingError(f"data.world {self.world!r} is not known; {nearest(self.world, known)}")
        if not 0 <= self.strength <= 1:
            raise SettingError(f"data.strength must be in [0, 1], got {self.strength}")
        if self.world == PHOTOGRAPHS:
            self.objects, self.labels = self.photographs.album.objects, self.photographs.rules.labels
            self.notes = self._about_album()
            return
        self._refuse_settings_of_others()
        if self.sequences is not None:
            self.objects, self.labels = self.sequences.objects, self.sequences.labels
        elif self.faces is not None:
            self.objects, self.labels = (
                fine_regions() if self.detail == "fine" else REGIONS,
                self.faces.labels,
            )
        else:
            self.objects, self.labels = (
                self.rules.objects,
                None if self.world == VALUES else self.rules.labels,
            )
        if self.world == FILM:
            self.group, self.time = self.group or "source", self.time or "time"

    def _refuse_settings_of_others(self) -> None:
        """Refuse settings that mean nothing in the world that is asked for."""
        if self.detail not in DETAILS:
            raise SettingError(f"data.detail must be coarse or fine, got {self.detail!r}")
        if self.detail == "fine" and self.faces is None and self.sequences is None:
            raise SettingError(f"data.detail=fine goes with the worlds of faces, got data.world={self.world}")
        if self.export is not None and self.sequences is not None:
            raise SettingError(
                f"data.export writes pictures, and data.world={self.world} has sequences of points; leave it out"
            )
        if self.style not in STYLES:
            raise SettingError(f"data.style {self.style!r} is not known; {nearest(str(self.style), STYLES)}")
        if self.style != STYLES[0] and self.faces is None:
            raise SettingError(
                f"data.style={self.style} goes with the worlds of faces, got data.world={self.world}"
            )
        for name in ("root", "annotations", "masks"):
            if getattr(self, name):
                raise SettingError(
                    f"data.{name} goes with data.world=photographs; data.world={self.world} draws all it shows, "
                    "and pictures of your own are data=folder data.root=FOLDER"
                )

    @property
    def sequences_of_points(self) -> bool:
        return self.sequences is not None

    @property
    def drawn_world(self) -> str | None:
        """The world that the settings name."""
        return self.world

    @cached_property
    def photographs(self) -> Photographs:
        """What composes the pictures of the world of that name."""
        if self.root is None:
            album = drawn_album()
        else:
            root = Path(self.root).expanduser()
            if not root.is_dir():
                raise SettingError(f"data.root must be a folder, and there is none at {root}")
            file = None if self.annotations is None else Path(self.annotations).expanduser()
            album = read_album(root, file, self.max_pixels)
        return Photographs(album, deal_rules(album.plantable, self.seed))

    @cached_property
    def sequences(self) -> PlantedSequences | None:
        """What draws a world of sequences of points; None in every other."""
        return PlantedSequences(self.world, self.seed, self.detail) if self.world in SEQUENCE_WORLDS else None

    def _about_album(self) -> list[str]:
        """Return what a person should know of photographs of their own."""
        album = self.photographs.album
        if self.root is None:
            return []
        notes = [
            f"{len(album.photos):,} photographs, and cut-outs of {len(album.plantable)} objects that few of them hold"
        ]
        if album.skipped:
            notes.append(f"{album.skipped:,} photographs below data.root cannot be read and are left out")
        return notes

    @property
    def faces(self) -> FaceWorld | None:
        """The rules of a world of faces; None in every other."""
        return FACE_WORLDS.get(self.world)

    @cached_property
    def rules(self) -> World:
        if self.world == VALUES:
            return STANDARD
        return DRAWN_WORLDS["standard" if self.world == FILM else self.world].at(self.strength)

    @cached_property
    def film(self) -> PlantedFilm | None:
        """The film whose frames are the pictures; None in every other world."""
        return PlantedFilm(self.rules, self.seed, self.images) if self.world == FILM else None

    @property
    def truth(self) -> list[dict[str, Any]]:
        """The cells with a role, and what intervention measured for each: `train/world_truth.py`.

        It was measured at full strength. Roles and what is used are the same at any. Of photographs the
        rules alone are known: what a network uses, `effect.composed=true` measures.
        """
        if self.world == PHOTOGRAPHS:
            return self.photographs.roles()
        if self.sequences is not None:
            return self.sequences.roles()
        return [] if self.detail == "fine" else self.measured["cells"]

    @property
    def doubtful(self) -> list[tuple[str, str]]:
        """Cells without a role of which the network makes some use all the same, an object and a label each."""
        if self.world == PHOTOGRAPHS or self.detail == "fine" or self.sequences is not None:
            return []
        cells = self.measured["cells"] + self.measured["others"]
        return [
            (cell["object"], cell["label"])
            for cell in cells
            if cell.get("used") and cell["role"] not in ("cause", "shortcut")
        ]

    @property
    def measured(self) -> dict[str, Any]:
        world = "standard" if self.world in (FILM, GAZE) else self.world  # the same pictures
        file = Path(__file__).parents[1] / "world/worlds" / f"{world}.json"
        if not file.is_file():  # no network is shipped that was measured; the rules are known
            return {"cells": self.rules.roles(), "others": []}
        return json.loads(noted(file).read_text(encoding="utf-8"))

    def paths(self) -> list[str]:
        if self.taught:
            return [f"{TRAINING + index}.png" for index in range(self.taught)]
        if self.film is not None:
            return [str(Address(SOURCE, self.film.time(frame))) for frame in range(self.images)]
        return [f"{index:05}.png" for index in range(self.images)]

    def picture_file(self, path: str) -> None:
        return None

    def facts_of(self, path: str) -> dict[str, Any]:
        return {}  # all of a picture follows from the settings

    def scene(self, path: str) -> Scene:
        """Return what the picture shows, to draw it again without some object."""
        if self.film is not None:
            return self.film.scene(number_of_frame(path))
        return compose(self.rules, self.seed, int(Path(path).stem))

    def photo_scene(self, path: str) -> PhotoScene:
        """Return the same in the world of photographs."""
        return self.photographs.scene(self.seed, int(Path(path).stem))

    def face_scene(self, path: str) -> FaceScene:
        """Return the same in a world of faces."""
        assert self.faces is not None
        return styled_scene(compose_face(self.faces, self.seed, int(Path(path).stem)), self.style)

    def _draw_face(self, face: FaceScene) -> Image.Image:
        return styled_picture(draw_face(face), face, self.style)

    def face_points(self, path: str) -> np.ndarray | None:
        if self.faces is None:
            return None
        face = self.face_scene(path)
        return place_points(outlined_points(face), face.pose)

    def without(self, path: str, object: str) -> Image.Image | None:
        """Return the picture composed again without an object; None where that cannot be done.

        Of a face a region is drawn as it is at rest.
        """
        if self.sequences is not None:
            return None
        if self.faces is not None:
            if self.detail == "fine":
                return None
            face = self.face_scene(path)
            return styled_picture(next(at_rest(face, draw_face(face), [object])), face, self.style)
        if self.world != PHOTOGRAPHS:
            return draw(self.scene(path).without(object))
        scene = self.photo_scene(path)
        own = any(region.own and region.object == object for region in self.photographs.regions(scene))
        return None if own else self.photographs.draw(scene.without(object))

    def regions(self, path: str, scene: Scene) -> list[AnnotatedRegion]:
        """Return names and boxes, in pixels, as they were annotated."""
        shown = [(thing.object, box_of(thing, scene.size)) for thing in scene.things]
        number = int(Path(path).stem) if self.film is None else number_of_frame(path)
        dice = Dice(self.seed, number, ANNOTATED)
        return annotate(self.rules, shown, scene.size, dice)

    def known(self, path: str) -> dict[str, str | float]:
        """Return the label that the rules give a picture, and of a face whose it is and how the hair falls."""
        if self.sequences is not None:
            return self.sequences.known(int(Path(path).stem))
        if self.faces is not None:
            face = self.face_scene(path)
            fringe = "long" if face.person.fringe > LONG_FRINGE else "short"
            return {"truth": face.label, "person": f"person {self.seed}-{face.number:02}", "fringe": fringe}
        if self.world == PHOTOGRAPHS:
            return {"truth": self.photo_scene(path).label}
        return self._known_of(self.scene(path), path)

    def _known_of(self, scene: Scene, path: str) -> dict[str, str | float]:
        """Return what the rules say of a scene: its label, or each of its values."""
        if self.world != VALUES:
            return {"truth": self.rules.label(scene), **self._of_film(path)}
        values = values_of(scene, self.seed, int(Path(path).stem))
        return {f"truth_{name}": value for name, value in values.items()}

    def _of_film(self, path: str) -> dict[str, str | float]:
        """Return a frame's film, second and shot; nothing of a picture."""
        if self.film is None:
            return {}
        frame = number_of_frame(path)
        shot = self.film.shots.index(self.film.shot_of(frame))
        return {"source": SOURCE, "time": self.film.time(frame), "shot": f"{SOURCE}#{shot + 1}"}

    def open(self, path: str) -> Picture:
        if self.sequences is not None:
            return self.sequences.picture(int(Path(path).stem))
        picture = self._open_picture(path)
        if self.kept is not None:
            self.kept.put(int(Path(path).stem), picture.image)
        return picture

    def open_again(self, path: str, side: int | None = None) -> Picture:
        """Open a picture once more: what is shown, which is all that is asked then, is there since it was drawn."""
        image = None if self.kept is None else self.kept.get(int(Path(path).stem))
        return super().open_again(path, side) if image is None else Picture(image)

    def _open_picture(self, path: str) -> Picture:
        if self.world == PHOTOGRAPHS:
            return self._open_photograph(path)
        if self.faces is not None:
            face = self.face_scene(path)
            object, boxes, masks = masks_of(owners(face, self.detail == "fine"), MASK_SIDE)
            return Picture(self._draw_face(face), boxes / FACE_SIDE, object, masks, self.known(path))
        scene = self.scene(path)
        regions = self.regions(path, scene)
        boxes = np.array([box for _, box in regions], float).reshape(-1, 4) / [*scene.size, *scene.size]
        object = np.array([self.objects.index(object) for object, _ in regions], np.int64)
        return Picture(draw(scene), boxes.astype(np.float32), object, known=self._known_of(scene, path))

    def _open_photograph(self, path: str) -> Picture:
        scene = self.photo_scene(path)
        regions = self.photographs.regions(scene)
        boxes = np.array([region.box for region in regions], np.float32).reshape(-1, 4) / SIDE
        object = np.array([self.objects.index(region.object) for region in regions], np.int64)
        masks = None
        if self.masks:
            drawn = [region.mask(MASK_SIDE) for region in regions]
            masks = np.array(drawn, np.float32).reshape(-1, MASK_SIDE, MASK_SIDE)
        return Picture(self.photographs.draw(scene), boxes, object, masks, {"truth": scene.label})

    def prepare(self) -> None:
        """Make room for what is drawn, before workers are forked, and write the export, where one is asked for."""
        if self.film is None and self.sequences is None:
            self.kept = KeptPictures(self.images)
        if self.export is not None:
            self.write(self.export)

    def write(self, folder: str | Path) -> None:
        """Write the listing as PNG files and COCO's JSON, which `data=coco` reads back to the same."""
        if self.film is not None:
            write_film(Path(folder).expanduser(), self.film)
            return
        export = Export(Path(folder), self.objects, self.world)
        for path in self.listing():
            if self.faces is not None:
                self._export_face(export, path)
                continue
            if self.world == PHOTOGRAPHS:
                shown = self.photo_scene(path)
                named = [(region.object, region.box) for region in self.photographs.regions(shown)]
                export.add(path, self.photographs.draw(shown), named, shown.label)
                continue
            scene = self.scene(path)
            truth = str(self._known_of(scene, path).get("truth", ""))
            export.add(path, draw(scene), self.regions(path, scene), truth)
        if self.world == GAZE:
            export.add_looks(look for path in self.listing() for look in self.looks(path))
        export.close()
        if self.world == VALUES:
            write_values(Path(folder), {path: self.known(path) for path in self.listing()})

    def looks(self, path: str) -> Iterator[Look]:
        """Return where people look at a picture of the world of gaze."""
        scene, dice = self.scene(path), Dice(self.seed, int(Path(path).stem), NUMBERED)
        return looks(path, self.rules, self.rules.label(scene), self.regions(path, scene), scene.size, dice)

    def _export_face(self, export: Export, path: str) -> None:
        """Add a face with the outlines of its regions."""
        scene = self.face_scene(path)
        owner = owners(scene, self.detail == "fine")
        numbers, boxes, _ = masks_of(owner, 1)
        outlines = [
            {"counts": Runs.of(owner == number).counts.tolist(), "size": [*owner.shape]} for number in numbers
        ]
        named = [
            (self.objects[number], (float(x0), float(y0), float(x1), float(y1)))
            for number, (x0, y0, x1, y1) in zip(numbers, boxes, strict=True)
        ]
        export.add(path, self._draw_face(scene), named, scene.label, outlines)
