"""A corpus: a stable list of images, each opened once."""

import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
import pyarrow as pa

from emocam.data.address import read_address
from emocam.data.exif import FIELDS, exif_value
from emocam.data.explained import ExplainedContents
from emocam.data.image_file import decoded_digest
from emocam.data.printed import printable
from emocam.errors import PictureChanged, SettingError, nearest
from emocam.records.picture import Picture
from emocam.settings.shard import Shard
from emocam.settings.stored_file import StoredFile
from emocam.view.fast_resize import Seeing, quickened

RESIZE = ("exact", "fast")
AUTO = "auto"
"""The `group` of near-duplicates."""


@dataclass(kw_only=True)
class Data:
    """`paths` lists the images in stable order, relative and posix; `open` gives one of them.

    `objects` names the annotated object classes, `labels` the true labels, where there are any.
    `notes` are what a person should be told about how the corpus was read.
    `resize` is Pillow's, or torch's within one or two grey levels of it: view/fast_resize.py.
    Pictures with the same `group`, a column of what the data set knows, are not independent, nor are
    those of one film, whose order `time` tells in seconds. `store` is the cache's folder, where there is one,
    for what a data set finds out once; `explained` knows what was in the pictures then. The fields of this
    class are the settings that every data set has.
    """

    root: str | Path | None = None
    limit: int | None = None
    shard: str | None = None
    batch_size: int | Literal["auto"] = "auto"
    workers: int | Literal["auto"] = "auto"
    resize: Literal["exact", "fast"] = "exact"
    group: str | None = None
    time: str | None = None
    max_unreadable: float = 0.01
    max_pixels: int = 40_000_000  # of more, a JPEG is reduced while it is decoded, another file refused
    recalls: ClassVar[tuple[str, ...]] = ()
    """The tables of a finished run that save looking for what they hold once more: see `recall`."""
    objects: list[str] = field(default_factory=list, init=False)
    labels: list[str] | None = field(default=None, init=False)
    notes: list[str] = field(default_factory=list, init=False)
    store: Path | None = field(default=None, init=False)
    explained: ExplainedContents | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        if self.limit is not None and self.limit < 1:
            raise SettingError(f"data.limit must be at least 1 or null, got {self.limit}")
        if self.shard is not None:
            Shard.read(self.shard)
        if self.resize not in RESIZE:
            raise SettingError(f"data.resize must be {' or '.join(RESIZE)}, got {self.resize!r}")
        if not 0 <= self.max_unreadable <= 1:
            raise SettingError(f"data.max_unreadable must be in [0, 1], got {self.max_unreadable}")

    def paths(self) -> Sequence[str]:
        """Return all images, before `limit` and `shard`."""
        raise NotImplementedError

    def open(self, path: str) -> Picture:
        """Open one image, upright and RGB; what it raises becomes the ledger's reason."""
        raise NotImplementedError

    def open_small(self, path: str, side: int) -> Picture:
        """Open an image to be shown, whole or not much longer than `side` pixels, whichever is sooner."""
        return self.open(path)

    def open_again(self, path: str, side: int | None = None) -> Picture:
        """Open an image that was explained before; raise where it was decoded from other bytes than then.

        To be shown with a longer `side` of so many pixels it need not be whole.
        """
        picture = self.open(path) if side is None else self.open_small(path, side)
        decoded = None if self.explained is None else decoded_digest(picture.image, self.picture_file(path))
        if decoded is not None and self.explained is not None and self.explained.differ(path, decoded):
            raise PictureChanged(
                f"data: {printable(path)!r} is another picture than when it was explained; "
                "the same command in this folder explains it again"
            )
        return picture

    def picture_file(self, path: str) -> Path | StoredFile | None:
        """Return the file that holds a picture, whose bytes tell whether it is still the same; None if drawn."""
        return None if self.root is None else Path(self.root).expanduser() / read_address(path).file

    def facts_of(self, path: str) -> dict[str, Any]:
        """Return all that the data set says of one picture beside its pixels, such as annotated regions."""
        return dict(self.known(path))

    def known(self, path: str) -> dict[str, str | float]:
        """Return what the data set knows of one picture, the same keys for all."""
        return {}

    def face_points(self, path: str) -> np.ndarray | None:
        """Return the points of the face that an image is (P, 2), in parts of its sides; None where none are known."""
        return None

    def own_tables(self, paths: Sequence[str]) -> dict[str, pa.Table]:
        """Return tables that the data set adds to a run, by their names in FILES: a row for each of these images."""
        return {}

    def recall(self, images: Sequence[str], tables: Mapping[str, pa.Table]) -> None:
        """Take from a finished run of these data its images and `recalls`, in place of looking for them again."""

    def values(self, name: str, setting: str) -> Mapping[str, str]:
        """Return what the data set, or with exif.camera and the like each file, says under a name; `setting` asks."""
        if name in FIELDS and self.root is not None:
            return {path: exif_value(self.picture_file(path), name) for path in self.paths()}
        keys: set[str] = set()
        for path in self.paths():
            keys |= self.known(path).keys()
            if name in keys:
                return KnownValues(self, name)
        known = [*sorted(keys), *(FIELDS if self.root is not None else ())]
        listed = nearest(name, known) if known else "it knows nothing of its pictures"
        raise SettingError(f"{setting} {name!r} is no column of these data; {listed}")

    def groups(self) -> Mapping[str, str] | None:
        """Return the group of each picture, empty where it has none; None where no column is asked for."""
        return None if self.group in (None, AUTO) else self.values(str(self.group), "data.group")

    def times(self) -> Mapping[str, float] | None:
        """Return the second of each picture; None where no column is asked for."""
        if self.time is None:
            return None
        seconds = Seconds(self.values(self.time, "data.time"))
        for _ in seconds.values():  # one that is none is told now, and not in the middle of the work
            pass
        return seconds

    def resizing(self, view: Seeing) -> Seeing:
        """Return the view of a component, resizing as `resize` says."""
        return quickened(view) if self.resize == "fast" else view

    def prepare(self) -> None:
        """Do what is to be done once, before the first picture is opened."""

    @property
    def sequences_of_points(self) -> bool:
        """Whether the images are sequences of points, drawn for a person to see and read by landmark networks."""
        return False

    @property
    def decoded(self) -> bool:
        """Whether the images are volumes of a scanner, which `emocam decode` decodes and no network looks at."""
        return False

    @property
    def drawn_world(self) -> str | None:
        """The embedded world whose pictures these are; None for all pictures that EmoCAM did not draw."""
        return None

    def measure(self) -> None:
        """Add to the notes what only a look at all the pictures' files tells. The base class has nothing to add."""

    @property
    def truth(self) -> list[dict[str, Any]]:
        """What is known of cells, each with `object`, `label` and `role`, where the answer is known."""
        return []

    def truth_for(self, objects: Collection[str]) -> list[dict[str, Any]]:
        """Return the truth where a detector with these objects can be held against it, else nothing."""
        return self.truth if {cell["object"] for cell in self.truth} <= set(objects) else []

    @property
    def doubtful(self) -> list[tuple[str, str]]:
        """Cells (object, label) of which even the truth cannot say whether they are used."""
        return []

    def listing(self) -> Sequence[str]:
        """Return the images of a run: a shard is one of the images within `limit`."""
        listing = self.paths()[: self.limit]
        return listing if self.shard is None else self.part(listing, Shard.read(self.shard))

    def part(self, listing: Sequence[str], shard: Shard) -> Sequence[str]:
        """Return a shard's images of the whole listing, in its order."""
        return shard.part(listing)


@dataclass(frozen=True, eq=False)
class KnownValues(Mapping[str, str]):
    """What the data know of each picture under one name, asked picture by picture: none of it is held."""

    data: Data
    name: str

    def __getitem__(self, path: str) -> str:
        try:
            return str(self.data.known(path).get(self.name, ""))
        except OSError:  # it is not among them any more
            raise KeyError(path) from None

    def __iter__(self) -> Iterator[str]:
        return iter(self.data.paths())

    def __len__(self) -> int:
        return len(self.data.paths())


@dataclass(frozen=True, eq=False)
class Seconds(Mapping[str, float]):
    """Values as numbers of seconds; one that is none is refused when it is asked for."""

    values_of: Mapping[str, str]

    def __getitem__(self, path: str) -> float:
        value = self.values_of[path]
        try:
            seconds = float(value)
        except ValueError:
            seconds = math.nan
        if not math.isfinite(seconds):
            raise SettingError(f"data.time must be a number of seconds, got {value!r} of {path}")
        return seconds

    def __iter__(self) -> Iterator[str]:
        return iter(self.values_of)

    def __len__(self) -> int:
        return len(self.values_of)
