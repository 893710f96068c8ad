"""A folder of pictures, with all its subfolders."""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from emocam.data.address import read_address
from emocam.data.annotations.columns import read_column
from emocam.data.annotations.formats import read_annotations
from emocam.data.annotations.matching import match_images
from emocam.data.annotations.odd_boxes import frame_of, has_unknown_frame, notes_of_odd_boxes
from emocam.data.annotations.orientation import Drawn, upright_regions
from emocam.data.annotations.records import NO_REGIONS, AnnotationTable, Regions
from emocam.data.annotations.spelling import respelled, under_root
from emocam.data.base import Data
from emocam.data.corpus.corpus import StoredCorpus, open_corpus
from emocam.data.corpus.listing import listed
from emocam.data.corpus.objects import StoredObjects
from emocam.data.corpus.patterns import behind_shard
from emocam.data.ending import ending_of
from emocam.data.image_file import SUFFIXES, full_size, open_upright, read_size, within_root
from emocam.data.left_out import LeftOut, shards_beside
from emocam.errors import SettingError
from emocam.records.picture import Picture
from emocam.settings.read_files import cache_folder
from emocam.settings.roots import SHARDS, is_stored, local_path
from emocam.settings.stored_file import StoredFile
from emocam.world.export import exported_world

DRAWN = ("auto", "upright", "stored")


def _fail(error: OSError) -> None:
    raise SettingError(f"data.root: {error.filename} cannot be listed ({error.strerror})")


def walk(
    root: Path,
    follow_links: bool = False,
    suffixes: frozenset[str] = SUFFIXES,
    left: LeftOut | None = None,
) -> list[str]:
    """Return every entry with one of these suffixes except directories: relative, posix, sorted by name.

    A folder is entered once, however many links lead to it. `left` is told what is left out.
    """
    return sorted(name for part in walk_parts(root, follow_links, suffixes, left) for name in part)


def walk_parts(
    root: Path, follow_links: bool, suffixes: frozenset[str], left: LeftOut | None
) -> Iterator[list[str]]:
    """Yield what `walk` returns, the entries of one folder at a time, in no order."""
    entered: set[str] = set()
    for folder, folders, names in os.walk(root, onerror=_fail, followlinks=follow_links):
        if follow_links:
            if (real := os.path.realpath(folder)) in entered:
                folders.clear()
                continue
            entered.add(real)
        inner = Path(folder).relative_to(root).as_posix()
        base = "" if inner == "." else f"{inner}/"
        endings = list(map(ending_of, names))
        yield [base + name for name, ending in zip(names, endings, strict=True) if ending in suffixes]
        if left is not None:
            left.endings.update(ending or "(no ending)" for ending in endings if ending not in suffixes)
            if not follow_links:
                left.links += [name for name in sorted(folders) if (Path(folder) / name).is_symlink()]


def checked_root(root: str | Path | None, holds: str) -> Path:
    """Return the folder that `data.root` names, which must be there."""
    if is_stored(root):
        raise SettingError(
            f"data.root {root}: {holds} are read from a folder of this machine; pictures alone are read from "
            "addresses and shards, with data=folder or data=imagefolder"
        )
    if root is None:
        raise SettingError(f"data.root is not set; give the folder that holds the {holds}")
    folder = Path(local_path(root))
    if not folder.is_dir():
        raise SettingError(f"data.root must be a folder, and there is none at {folder}")
    return folder


@dataclass(kw_only=True)
class Folder(Data):
    """`root` is walked; links that lead out of it are refused unless `follow_links`. It may be an address, and
    shards: `corpus` is then what lists and opens its pictures.

    `annotations` is a file or folder in any format of `data/annotations`, told by its content.
    `masks` draws outlines where it has them. `drawn_on` says what annotators saw of a picture
    that EXIF turns, where the size they declare does not tell.
    """

    annotations: str | Path | None = None
    masks: bool = False
    drawn_on: Drawn = "auto"
    follow_links: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        self.corpus: StoredCorpus | StoredObjects | None = None
        self._open_root()
        if self.drawn_on not in DRAWN:
            raise SettingError(f"data.drawn_on must be one of {', '.join(DRAWN)}, got {self.drawn_on!r}")
        self.table = self.annotated()
        if self.table:
            framed = [known for regions in self.table.regions.values() if (known := frame_of(regions))]
            odd = notes_of_odd_boxes(str(self.annotations or self.root), framed)
            self.objects, self.notes = self.table.objects, [*self.notes, *self.table.notes, *odd]
            self.labels = sorted(set(self.table.truth.values())) or self.labels

    def _open_root(self) -> None:
        """Open what `root` names."""
        if is_stored(self.root):
            self.root = local_path(self.root)
            self._take(open_corpus(self.root, cache_folder(), self.follow_links))
        else:
            self.root = checked_root(self.root, "pictures")

    def _take(self, corpus: StoredCorpus) -> StoredCorpus:
        """Take the pictures of a corpus, its classes, and what it says of how it was read."""
        self.corpus = corpus
        self.notes = [*self.notes, *corpus.notes]
        self.labels = self.labels or corpus.labels
        return corpus

    @cached_property
    def files(self) -> Sequence[str]:
        """All pictures under `root`."""
        if isinstance(self.corpus, StoredObjects):
            return []
        if self.corpus is not None:
            return self.corpus.paths
        left = LeftOut()
        store = self.store or cache_folder()
        files = listed(walk_parts(Path(self.root or "."), self.follow_links, SUFFIXES, left), store)
        if not files and any(left.endings[ending] for ending in SHARDS):
            return self._take(open_corpus(str(self.root), store, self.follow_links)).paths
        if not files:
            raise SettingError(
                f"data.root {self.root} holds no picture; expected files ending in "
                f"{', '.join(sorted(SUFFIXES))}, .tar or .parquet, in it or below it"
                + "".join(f"; {sentence}" for sentence in left.sentences(pictures_alone=False))
            )
        told = [*left.sentences(pictures_alone=True), *shards_beside(left.endings)]
        self.notes = [*self.notes, *(f"data.root: {text}" for text in told)]
        return files

    def annotated(self) -> AnnotationTable | None:
        """Return what people wrote about these pictures, by the paths of the listing."""
        if self.annotations is None:
            return None
        file = Path(self.annotations).expanduser()
        table = read_annotations(file, self.masks, self.paths() if file.is_dir() or file.is_file() else ())
        told_by = f"data.annotations {file}"
        place = match_images(table.regions, Path(self.root or "."), self.paths(), told_by)
        if not place:
            name = next(iter(table.regions), None)
            raise SettingError(
                f"{told_by} speaks of no picture under data.root {self.root}; "
                + (f"its first is {name!r}" if name else "it lists none")
            )
        found = respelled(table, place, str(file))
        pictures, elsewhere = len(found.regions), len(table.regions) - len(place)
        note = f"{file} annotates {pictures:,} of {len(self.paths()):,} pictures"
        if elsewhere:
            boxes = sum(len(table.regions[name].boxes) for name in table.regions if name not in place)
            note += f"; {elsewhere:,} that it names, with {boxes:,} boxes, are none of them"
        return replace(found, notes=[*found.notes, note])

    def spelled(self, names: Sequence[str], told_by: str) -> dict[str, str]:
        """Return for each name that a table has the path of its picture under the root; as it is where none is."""
        if isinstance(self.corpus, StoredObjects):
            return {name: self.corpus.relative(name) for name in names}
        if isinstance(self.corpus, StoredCorpus):
            found = match_images(names, Path(self.root or "."), self.files, told_by)
            return {name: found.get(name, name) for name in names}
        return under_root(names, Path(self.root or ".").expanduser(), lambda: self.files)

    @property
    def drawn_world(self) -> str | None:
        """The embedded world that was exported here, if one was and nothing was added."""
        files = [Path(self.root or ".") / "instances.json"]
        if self.annotations is not None:
            files.insert(0, Path(self.annotations).expanduser())
        names = self.listing()
        if isinstance(self.corpus, StoredCorpus):
            names = [behind_shard(path) for path in names]
        found = (exported_world(file, names) for file in files if file.is_file())
        return next((world for world in found if world), None)

    def measure(self) -> None:
        """Add to the notes what only the pictures' sizes tell of their annotations."""
        unknown = [path for path in self.listing() if has_unknown_frame(self.regions_of(path))]
        framed = [(self.regions_of(path), self.size_of(path)) for path in unknown]
        self.notes += notes_of_odd_boxes(str(self.annotations), [f for f in framed if f[1] is not None])

    def regions_of(self, path: str) -> Regions:
        """Return the annotated regions of a picture."""
        return self.table.regions.get(path, NO_REGIONS) if self.table else NO_REGIONS

    def size_of(self, path: str) -> tuple[float, float] | None:
        """Return a picture's width and height as its annotators saw them; None where it cannot be opened."""
        try:
            return read_size(self.picture_file(path), upright=self.drawn_on != "stored")
        except Exception:  # a crafted file may raise anything; the ledger tells of it
            return None

    def paths(self) -> Sequence[str]:
        return self.files

    def picture_file(self, path: str) -> Path | StoredFile:
        if self.corpus is None:
            file = within_root(Path(self.root or "."), read_address(path).file, self.follow_links)
            if "files" in vars(self) or file.exists():
                return file
            with suppress(SettingError):  # perhaps a folder of shards, which nobody has looked through yet
                self.files  # noqa: B018
        return file if self.corpus is None else self.corpus.picture(path)

    def facts_of(self, path: str) -> dict[str, Any]:
        regions = self.regions_of(path)
        return self.known(path) | ({} if regions is NO_REGIONS else {"regions": regions})

    def known(self, path: str) -> dict[str, str | float]:
        """Return what the data set knows of one picture, the same keys for all."""
        truth = self.table.truth if self.table else {}
        if not truth and isinstance(self.corpus, StoredCorpus) and self.labels:
            return {"truth": self.corpus.truth(path)}
        return {"truth": truth.get(path, "")} if truth else {}

    def values(self, name: str, setting: str) -> Mapping[str, str]:
        file = Path(self.annotations).expanduser() if self.annotations else None
        if file is None or not file.is_file() or name in self.known(next(iter(self.paths()), "")):
            return super().values(name, setting)
        return read_column(file, name, Path(self.root or "."), self.paths(), setting)

    def open(self, path: str) -> Picture:
        image, orientation = open_upright(self.picture_file(path), self.max_pixels)
        regions = self.regions_of(path)
        boxes, object, masks = upright_regions(
            regions, full_size(image), orientation, self.drawn_on, self.masks
        )
        return Picture(image, boxes, object, masks, self.known(path))

    def open_small(self, path: str, side: int) -> Picture:
        if type(self).open is not Folder.open:  # a data set of a user's own, which may change what it opens
            return super().open_small(path, side)
        return Picture(open_upright(self.picture_file(path), self.max_pixels, side)[0])
