"""Faces in pictures and films as a corpus: each is cut out, aligned by its eyes, with its regions as masks."""

import hashlib
import sys
import time as clock
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
import pyarrow as pa

from emocam.data.address import Address, read_address
from emocam.data.annotations.masks import SIDE as MASK_SIDE
from emocam.data.annotations.masks import draw_layers
from emocam.data.base import Data
from emocam.data.face_facts import facts_of_files
from emocam.data.face_recall import rows_of_files
from emocam.data.face_scan import NO_TICK, NO_TRACK, FaceRows, FaceScan, FaceStore
from emocam.data.film import FILM_SUFFIXES, FilmIndex, index_film, load_av, open_film, open_frame
from emocam.data.folder import checked_root, walk
from emocam.data.image_file import SUFFIXES, open_upright, within_root
from emocam.errors import Refused, SettingError, nearest
from emocam.face.align import FaceSquare, aligned_square, cut_square
from emocam.face.blazeface import GRIDS, BlazeFace
from emocam.face.finder import FaceFinder
from emocam.face.landmarks import FaceMesh
from emocam.face.regions import DETAILS, face_regions, region_names
from emocam.network.face_files import chosen_runtime, face_file, read_face_detector, read_face_mesh
from emocam.network.weights import file_sha256
from emocam.records.picture import Picture
from emocam.settings.read_files import noted
from emocam.settings.shard import Shard

FACE_SIDE = 256
"""Pixels along each side of a face that was cut out."""
NO_FACE = "no face was found in it"
SECONDS = 10.0
"""Between two lines that say how far the search is."""


@dataclass(frozen=True)
class FaceOfFile:
    """A face: the file, and the row of what was found in it."""

    file: str
    row: int


@dataclass(kw_only=True)
class Faces(Data):
    """The faces in the pictures and films below `root`, which are looked for before the first is opened.

    `every` are the seconds between frames of a film. With `aligned`, each picture is a face already. Faces
    smaller than `smallest` pixels, or of which the mesh is less sure than `least`, do not count. With `halves`
    pictures are searched as a whole and in four parts, and films as a whole. Every
    `redetect` frames of a film faces are detected anew. `annotations` is a table of files with what is known of
    them, `truth` and `person` among it. Regions are told from right to left where `detail` is fine.

    A shard takes every so many files, with all their faces, and looks through no other.
    """

    recalls: ClassVar[tuple[str, ...]] = ("faces",)

    annotations: str | Path | None = None
    every: float | None = None
    aligned: bool = False
    smallest: float = 24.0
    least: float = 0.5
    halves: bool = True
    redetect: int = 15
    detail: Literal["coarse", "fine"] = "coarse"
    kind: str = "full"
    weights: str | None = None
    mesh: str | None = None
    runtime: str = "auto"
    follow_links: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        self._recalled: list[str] | None = None
        self.root = checked_root(self.root, "pictures and films")
        self._check_numbers()
        if self.detail not in DETAILS:
            raise SettingError(f"data.detail {self.detail!r} is unknown; {nearest(self.detail, DETAILS)}")
        if self.kind not in GRIDS:
            raise SettingError(f"data.kind {self.kind!r} is unknown; {nearest(self.kind, GRIDS)}")
        self.runtime = chosen_runtime(self.runtime, "data.runtime")
        for file in self._files_of_networks:  # they decide what is found, though they are read later
            noted(file)
        self.objects = region_names(self.detail)
        films = [file for file in self.files if self._is_film(file)]
        self.has_films = bool(films)
        if films:
            load_av()
        facts = facts_of_files(self.annotations, Path(self.root), self.files)
        self.facts, self.columns = facts.of_file, facts.columns
        self.labels = sorted({known.get("truth", "") for known in self.facts.values()} - {""}) or None
        if self.group is None:
            self.group = "person" if "person" in self.columns else "track" if films else None
        if self.time is None and films and len(films) == len(self.files):
            self.time = "time"

    def _check_numbers(self) -> None:
        for name, value in (("every", self.every), ("smallest", self.smallest)):
            if value is not None and not value > 0:
                raise SettingError(f"data.{name} must be above 0, got {value}")
        if not 0 <= self.least < 1:
            raise SettingError(f"data.least must be in [0, 1), got {self.least}")
        if self.redetect < 1:
            raise SettingError(f"data.redetect must be at least 1 frame, got {self.redetect}")

    def _is_film(self, file: str) -> bool:
        return not self.aligned and Path(file).suffix.lower() in FILM_SUFFIXES

    @cached_property
    def files(self) -> list[str]:
        """All pictures and films under `root`."""
        suffixes = SUFFIXES if self.aligned else SUFFIXES | FILM_SUFFIXES
        files = walk(Path(self.root or "."), self.follow_links, suffixes)
        if not files:
            raise SettingError(
                f"data.root {self.root} holds no picture and no film; expected files ending in "
                f"{', '.join(sorted(suffixes))}, in it or below it"
            )
        return files

    def _finder(self) -> FaceFinder:
        return read_finder(
            self._files_of_networks, self.kind, self.runtime, self.least, self.smallest, self.halves
        )

    @cached_property
    def _files_of_networks(self) -> tuple[Path, Path]:
        return face_file(self.kind, self.weights, "data.weights"), face_file(
            "landmarks", self.mesh, "data.mesh"
        )

    @cached_property
    def found(self) -> dict[str, FaceRows]:
        """The faces of each file; none of one that cannot be read, or without a face."""
        hashes = [file_sha256(file) for file in self._files_of_networks]
        numbers = f"float32 {self.least} {self.smallest} {self.halves} {self.aligned} {self.max_pixels}"
        made_of = f"{hashes} {self.runtime} {self.kind} {numbers}"
        made: list[FaceFinder] = []

        def finder() -> FaceFinder:
            if not made:  # the networks are not read where all is known
                made.append(self._finder())
            return made[0]

        store = FaceStore(self.store, made_of)
        scan = FaceScan(finder, store, self.max_pixels, self.every, self.redetect, self.aligned)
        try:
            return dict(self._scanned(scan))
        finally:
            store.close()

    def _scanned(self, scan: FaceScan) -> Iterator[tuple[str, FaceRows]]:
        """Yield each file with its faces, and say now and then how far it is."""
        began = said = clock.monotonic()
        faces = images = 0
        files = self._own_files()
        for number, file in enumerate(files, 1):
            rows = FaceRows.join([])
            try:
                whole = within_root(Path(self.root or "."), file, self.follow_links)
                if self._is_film(file):
                    rows, self.indices[file] = scan.film(whole)
                    self.notes += [f"{file}: {note}" for note in self.indices[file].notes]
                else:
                    rows = scan.picture(whole)
            except SettingError:
                raise
            except Exception:  # whatever a crafted file leads to: the ledger says why, when it is opened
                pass
            faces += len(rows)
            if clock.monotonic() - said > SECONDS:
                said = clock.monotonic()
                sys.stderr.write(f"faces: {number:,} of {len(files):,} files, {faces:,} found\n")
            yield file, rows
            images += max(1, len(rows))
            if self.limit is not None and images >= self.limit:
                break
        if said > began:
            sys.stderr.write(f"faces: {faces:,} found in {len(files):,} files\n")

    def _own_files(self) -> Sequence[str]:
        """Return the files that are looked through: those of the shard, but for a limit, which counts faces."""
        return self.files if self.shard is None or self.limit else Shard.read(self.shard).part(self.files)

    def listing(self) -> Sequence[str]:
        if self._recalled is not None:
            return self._recalled
        return self.paths() if self.shard is not None and not self.limit else super().listing()

    def part(self, listing: Sequence[str], shard: Shard) -> list[str]:
        own = set(shard.part(self.files))
        return [path for path in listing if read_address(path).file in own]

    def recall(self, images: Sequence[str], tables: Mapping[str, pa.Table]) -> None:
        """Take the faces of finished runs; the images of several come in the order of their files."""
        order = {file: place for place, file in enumerate(self.files)}
        ordered = sorted(images, key=lambda path: order.get(read_address(path).file, len(order)))
        found = rows_of_files(ordered, tables.get("faces"))
        if found is not None:
            self.found, self._recalled = found, ordered

    @cached_property
    def indices(self) -> dict[str, FilmIndex]:
        """The index of each film that could be read."""
        return {}

    def _index(self, file: str, whole: Path) -> FilmIndex:
        """Return the index of a film, which is made anew where its faces are those of a finished run."""
        if file not in self.indices:
            self.indices[file] = index_film(whole)
        return self.indices[file]

    @cached_property
    def addresses(self) -> dict[str, FaceOfFile | None]:
        """Each image's place in what was found; a file without a face stands there once, itself."""
        places: dict[str, FaceOfFile | None] = {}
        for file, rows in self.found.items():
            for row in range(len(rows)):
                time = float(rows.time[row])
                address = Address(file, None if np.isnan(time) else time, int(rows.face[row]))
                places[str(address)] = FaceOfFile(file, row)
            if not len(rows):
                places[file] = None
        return places

    def paths(self) -> list[str]:
        return list(self.addresses)

    def prepare(self) -> None:
        """Find the faces once, before workers begin: they take what was found with them."""
        faces = sum(place is not None for place in self.addresses.values())
        without = len(self.addresses) - faces
        self.notes.append(f"{faces:,} faces in {len(self.found) - without:,} files; none in {without:,}")

    def known(self, path: str) -> dict[str, str | float]:
        place = self.addresses.get(path)
        file = read_address(path).file if place is None else place.file
        known: dict[str, str | float] = {"source": file, "track": path}
        if self.has_films:
            known["time"] = np.nan if place is None else float(self.found[file].time[place.row])
        if place is not None:
            rows = self.found[file]
            if rows.track[place.row] != NO_TRACK:
                known["track"] = f"{file}#track={rows.track[place.row]}"
        return known | {column: self.facts.get(file, {}).get(column, "") for column in self.columns}

    def times(self) -> Mapping[str, float] | None:
        """Return the second of each face of a film; a film in which none was found is refused, and has no second."""
        if self.time != "time":
            return super().times()
        faces = {path: place for path, place in self.addresses.items() if place is not None}
        return {path: float(self.found[place.file].time[place.row]) for path, place in faces.items()}

    def facts_of(self, path: str) -> dict[str, Any]:
        """Return what is known of a face, and where its points are."""
        place = self.addresses.get(path)
        points = b"" if place is None else self.found[place.file].points[place.row].tobytes()
        return dict(self.known(path)) | {"points": hashlib.sha256(points).hexdigest()}

    def open(self, path: str) -> Picture:
        place = self.addresses.get(path)
        file = within_root(Path(self.root or "."), path if place is None else place.file, self.follow_links)
        if place is None:
            self._open_without_face(path, file)
            raise Refused(NO_FACE)
        rows = self.found[place.file]
        time = float(rows.time[place.row])
        if np.isnan(time):
            image, _ = open_upright(file, self.max_pixels)
        else:
            image = open_frame(file, time, self.max_pixels, self._index(place.file, file))
        points = rows.points[place.row] * image.size
        square = self._square(points, image.size)
        if not self.aligned:
            image = cut_square(image, square, FACE_SIDE)
        places = square.to_square(points) if not self.aligned else rows.points[place.row]
        boxes, object, masks = region_masks(places, self.detail)
        return Picture(image, boxes, object, masks, self.known(path))

    def face_points(self, path: str) -> np.ndarray | None:
        place = self.addresses.get(path)
        if place is None:
            return None
        rows = self.found[place.file]
        points = rows.points[place.row]
        if self.aligned:
            return points
        pixels = points * rows.size[place.row]
        return aligned_square(pixels).to_square(pixels)

    def _square(self, points: np.ndarray, size: tuple[int, int]) -> FaceSquare:
        return FaceSquare(size[0] / 2, size[1] / 2, max(size)) if self.aligned else aligned_square(points)

    def _open_without_face(self, path: str, file: Path) -> None:
        """Open what no face was found in; a file that cannot be read raises why."""
        if not self._is_film(path):
            open_upright(file, self.max_pixels)
            return
        container, _ = open_film(file)
        container.close()
        if not len(index_film(file).ticks):
            raise ValueError("holds no frame that can be decoded")

    def own_tables(self, paths: Sequence[str]) -> dict[str, pa.Table]:
        places = [place for path in paths if (place := self.addresses.get(path)) is not None]
        picked = [(place.file, self.found[place.file], place.row) for place in places]
        points = np.array([rows.points[row] for _, rows, row in picked]).reshape(len(picked), -1, 2)
        low, high = (points.min(1), points.max(1)) if len(picked) else (np.zeros((0, 2)), np.zeros((0, 2)))
        sizes = np.array([rows.size[row] for _, rows, row in picked]).reshape(-1, 2)
        boxes = np.concatenate([low, high], 1).astype(np.float32)
        roll = [self._square(p * s, tuple(s)).roll for p, s in zip(points, sizes, strict=True)]

        def column(name: str, kind: pa.DataType, none: float | None = None) -> pa.Array:
            values = [getattr(rows, name)[row].item() for _, rows, row in picked]
            return pa.array([None if value == none or value != value else value for value in values], kind)

        numbers = pa.array(points.astype(np.float32).ravel())
        landmarks = pa.FixedSizeListArray.from_arrays(numbers, 2 * points.shape[1] if len(picked) else 936)
        return {
            "faces": pa.table(
                {
                    "source": pa.array([file for file, *_ in picked], pa.string()),
                    "time": column("time", pa.float64()),
                    "pts": column("tick", pa.int64(), NO_TICK),
                    "face": column("face", pa.int32()),
                    "track": column("track", pa.int32(), NO_TRACK),
                    **dict(zip(("x0", "y0", "x1", "y1"), boxes.T, strict=True)),
                    "roll": np.degrees(np.array(roll, np.float32)),
                    "presence": column("presence", pa.float32()),
                    # landmarks are parts of these, so that angles and lengths can be had from them
                    "width": pa.array(sizes[:, 0], pa.int32()),
                    "height": pa.array(sizes[:, 1], pa.int32()),
                    "landmarks": landmarks,
                }
            )
        }


def region_masks(points: np.ndarray, detail: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return boxes (k, 4), classes (k,) and masks (k, 28, 28) of a face's regions; points (468, 2) in [0, 1]."""
    boxes, object, masks = [], [], []
    for code, region in enumerate(face_regions(points, detail)):
        around = np.concatenate(region.polygons)
        box = np.array([0.0, 0.0, 1.0, 1.0])
        if not region.inverse:
            box = np.concatenate([around.min(0), around.max(0)]).clip(0, 1)
        if (box[2:] - box[:2]).min() <= 0:
            continue
        layers = [(region.polygons, not region.inverse), (region.without, False)]
        mask = draw_layers(layers, box, ground=region.inverse)
        if mask.any():
            boxes.append(box)
            object.append(code)
            masks.append(mask)
    shape = (-1, MASK_SIDE, MASK_SIDE)
    return (
        np.array(boxes, np.float32).reshape(-1, 4),
        np.array(object, np.int64),
        np.array(masks, np.float32).reshape(shape),
    )


def read_finder(
    files: tuple[Path, Path], kind: str, runtime: str, least: float, smallest: float, halves: bool = False
) -> FaceFinder:
    """Read the networks that find faces, and their points, from two files."""
    detector, side = read_face_detector(files[0], kind, runtime, "data.weights")
    mesh, mesh_side = read_face_mesh(files[1], runtime, "data.mesh")
    return FaceFinder(
        BlazeFace(detector, kind, side).eval(), FaceMesh(mesh, mesh_side).eval(), least, smallest, halves
    )
