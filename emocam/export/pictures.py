"""A run's pictures one after the other, with all that is known of each, for writing into another tool's format."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import platformdirs
import pyarrow as pa

from emocam.data.address import read_address
from emocam.data.corpus.corpus import StoredCorpus, open_corpus
from emocam.data.corpus.patterns import lies_in_shard
from emocam.data.image_file import read_size, within_root
from emocam.data.printed import unprinted
from emocam.errors import Refused, SettingError
from emocam.export.copies import FOLDER, PictureCopies
from emocam.results.run import Run, image_rows, read_boxes, read_masks
from emocam.settings.roots import is_stored, local_path, names_address

FACTS = ("label", "confidence", "truth", "group", "time")
"""What predictions may know of a picture, as far as it goes along."""


@dataclass(frozen=True)
class ExportedRegion:
    """One region of a picture; box (4,) in [0, 1], mask (m, m) in the frame of its box."""

    object: str
    score: float
    importance: float | None
    chance: float | None
    kept: bool
    box: tuple[float, float, float, float]
    mask: np.ndarray | None = None


@dataclass(frozen=True)
class ExportedPicture:
    """One picture as it was answered, the file that it is, and its size as a person sees it."""

    image: str
    file: Path
    width: int
    height: int
    facts: dict[str, str | float]
    regions: list[ExportedRegion] = field(default_factory=list)


@dataclass
class ExportedPictures:
    """The pictures of a run below `root`; `sizes` of those seen so far, as a format may ask for them several times.

    Those that are no files of their own become `copies` below it when they are first seen.
    """

    run: Run
    root: Path
    sizes: dict[str, tuple[int, int] | None] = field(default_factory=dict)
    copies: PictureCopies | None = None

    @property
    def gone(self) -> int:
        """How many of those seen have a file that is not there or cannot be read."""
        return sum(size is None for size in self.sizes.values())

    def __iter__(self) -> Iterator[ExportedPicture]:
        for images, regions in self.run.blocks():
            first = np.searchsorted(image_rows(regions, images), np.arange(len(images) + 1))
            found = list(_regions(self.run, images, regions))
            facts = images.select([name for name in FACTS if name in images.column_names]).to_pylist()
            for row, (image, known) in enumerate(zip(images["image"].to_pylist(), facts, strict=True)):
                if image not in self.sizes:
                    self.sizes[image] = self._size_of(image)
                if (size := self.sizes[image]) is None:
                    continue
                name = image if self.copies is None else self.copies.name_of(image)
                file = within_root(self.root, unprinted(name), follow_links=True)
                kept = {name: value for name, value in known.items() if value is not None}
                yield ExportedPicture(name, file, *size, kept, found[first[row] : first[row + 1]])

    def _size_of(self, image: str) -> tuple[int, int] | None:
        try:
            if self.copies is not None:
                return self.copies.write(image)
            return read_size(within_root(self.root, unprinted(image), follow_links=True))
        except (Refused, OSError, ValueError, SyntaxError):
            return None


def open_pictures(run: Run, root: str | Path | None, out: Path) -> ExportedPictures:
    """Return the pictures of a run, below `root` if it is given, else where the run found them.

    Those in tars, in Parquet or at an address are written below `out` when they are first asked for.
    """
    source = str(run.names.get("made_of", {}).get("source", ""))
    first = next(iter(run.predictions["image"].astype(str)), "")
    if read_address(first).time is not None or read_address(first).face is not None:
        raise SettingError(
            f"RUN {run.path} is of frames or faces such as {first!r}, which are no files of their own that another "
            "tool could open; --to csv and --to zip write what was found in them"
        )
    if (corpus := _corpus_of(run, root, source, first)) is not None:
        folder = out / FOLDER
        return ExportedPictures(run, folder, copies=PictureCopies(corpus, folder))
    return ExportedPictures(run, _folder_of(run, root, Path(source), first))


def _folder_of(run: Run, root: str | Path | None, recorded: Path, first: str) -> Path:
    """Return the folder that a run's pictures are files of."""
    if root is None and not (recorded.is_absolute() and recorded.is_dir()):
        raise SettingError(
            f"RUN {run.path} does not lead to a folder of pictures: they were drawn, or are gone; name it with "
            "--images FOLDER (data.export=FOLDER writes the pictures of a drawn world)"
        )
    folder = recorded if root is None else Path(local_path(root))
    if not folder.is_dir():
        raise SettingError(
            f"--images must be the folder of the run's pictures, and there is none at {folder}"
        )
    if first and not (folder / unprinted(first)).is_file():
        raise SettingError(
            f"--images {folder} does not hold the run's pictures, such as {first!r}; name the folder that was data.root"
        )
    return folder


def _corpus_of(run: Run, root: str | Path | None, source: str, first: str) -> StoredCorpus | None:
    """Return the tars, the Parquet or the address that holds a run's pictures; None where they are plain files."""
    place = source if root is None else local_path(root)
    if root is None and names_address(source):  # the run may come from a stranger
        raise SettingError(
            f"RUN {run.path} is of pictures at the address {source}; give it yourself to have them read: "
            f"--images {source}"
        )
    folder = Path(place)
    if not is_stored(place) and not (folder.is_dir() and lies_in_shard(folder, unprinted(first))):
        return None
    try:
        corpus = open_corpus(place, platformdirs.user_cache_path("emocam"))
    except SettingError as error:  # which speaks of a run's setting
        raise SettingError(str(error).replace("data.root", "--images", 1)) from None
    try:
        corpus.picture(unprinted(first))
    except (Refused, OSError):
        raise SettingError(
            f"--images {place} does not hold the run's pictures, such as {first!r}; name what was data.root"
        ) from None
    return corpus


def counting(run: Run, images: pa.Table, regions: pa.Table) -> np.ndarray:
    """Return which regions of a block count at the run's thresholds, bool (N,)."""
    columns = run.tensors_of(images, regions)
    kept = run.thresholds.kept(
        columns["score"],
        columns["confidence"][columns["image"]],
        columns["importance"],
        columns.get("chance"),
        run.explained,
    )
    return kept.numpy()


def _regions(run: Run, images: pa.Table, regions: pa.Table) -> Iterator[ExportedRegion]:
    """Yield the regions of a block in their order."""
    kept = counting(run, images, regions)
    masks, boxes = read_masks(regions), read_boxes(regions)
    chance = regions["chance"].to_pylist() if "chance" in regions.column_names else [None] * len(regions)
    rows = zip(
        regions["object"].to_pylist(),
        regions["score"].to_pylist(),
        regions["importance"].to_pylist(),
        chance,
        kept.tolist(),
        boxes.tolist(),
        strict=True,
    )
    for row, (object, score, importance, likely, counts, box) in enumerate(rows):
        mask = None if masks is None else masks[row]
        yield ExportedRegion(object, score, _number(importance), _number(likely), counts, tuple(box), mask)


def _number(value: float | None) -> float | None:
    return None if value is None or np.isnan(value) else value
