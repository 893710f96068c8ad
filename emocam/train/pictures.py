"""The pictures of a training, opened once: labels, views, what is nearly the same, and what could not be used."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import PurePosixPath
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from emocam.data.base import AUTO, Data
from emocam.data.samples import Samples, collate, ignore_interrupt, printable
from emocam.errors import SettingError
from emocam.functional.statistics.near_duplicates import (
    components,
    likeness,
    mirrored_pairs,
    near_thumbnails,
)
from emocam.predict.batch_size import free_memory
from emocam.predict.workers import workers_of
from emocam.records.picture import Batch, Refusal
from emocam.view.base import View
from emocam.view.crops import NoView

BATCH = 64
SHARE = 4
"""Of the free memory, the views of all pictures may take one part in so many; else they are opened each epoch."""
COPIES, ONE_PICTURE = 0.91, 0.99
"""Correlations of near thumbnails: of a copy, cut or not, and of the same picture that was encoded again."""
TRUTH, PERSON = "truth", "person"
ASKED = 20
"""Pictures that are opened to see whether a label comes with them."""
PARTS = {"train": ("train", "training"), "test": ("test", "testing", "valid", "validation", "val")}
"""Names of folders that part a data set."""


@dataclass
class TrainingPictures:
    """N pictures that can be used, with thumbnails (N, ROWS, COLUMNS), and labels (N,) or ratings (N, A).

    `views` (N, c, h, w) are kept where the memory is there. `place` are places in the listing of `listed` images,
    and `refusals` what could not be used of it.
    """

    paths: list[str]
    label: np.ndarray
    thumbnails: np.ndarray
    place: np.ndarray
    refusals: list[Refusal]
    views: Tensor | None
    digest: str
    unlabelled: int = 0

    def __len__(self) -> int:
        return len(self.paths)


class OpenedPictures:
    """What batch after batch leaves of `count` pictures; `truth` (N, ...) are labels or ratings, by place."""

    def __init__(self, listing: Sequence[str], truth: np.ndarray, count: int) -> None:
        self.listing, self.truth, self.count = listing, truth, count
        self.places: list[int] = []
        self.thumbnails: list[np.ndarray] = []
        self.views: list[Tensor] = []
        self.refusals: list[Refusal] = []
        self.digest = hashlib.sha256()
        self.keep: bool | None = None

    def add_batch(self, batch: Batch) -> None:
        """Add pictures and refusals; the first picture tells whether there is memory for the views of all."""
        self.refusals += batch.refusals
        if not len(batch):
            return
        if self.keep is None:
            size = batch.classifier_view[0].nbytes * self.count
            self.keep = size < free_memory("cpu") // SHARE
        assert batch.thumbnail is not None
        self.places += batch.index.tolist()
        self.thumbnails.append(batch.thumbnail.numpy())
        for place, seen in zip(batch.index.tolist(), batch.classifier_view, strict=True):
            self.digest.update(f"{printable(self.listing[place])}\n{self.truth[place].tolist()}\n".encode())
            self.digest.update(seen.contiguous().numpy().data)
        if self.keep:
            self.views.append(batch.classifier_view.clone())


@dataclass
class LabelledListing:
    """What the data set says before a picture is opened: paths with a true label, and those without one."""

    paths: list[str]
    truth: list[str]
    unlabelled: list[str] = field(default_factory=list)


def list_labelled(data: Data, listing: Sequence[str], task: str) -> LabelledListing:
    """Return the images that have a true label; data that know none are refused."""
    found = LabelledListing([], [])
    truths = [str(data.known(path).get(TRUTH, "")) for path in listing]
    if not any(truths) and _truth_within(data, listing[0]):
        truths = [_truth_within(data, path) for path in listing]
    for path, truth in zip(listing, truths, strict=True):
        if truth:
            found.paths.append(path)
            found.truth.append(truth)
        else:
            found.unlabelled.append(path)
    if not found.paths:
        raise without_truth(task)
    return found


def check_truth(data: Data, listing: Sequence[str], task: str) -> None:
    """Refuse data that know no true label before any picture is answered for."""
    named = any(_tells_truth(data.known(path)) for path in listing)
    if not named and not any(_truth_within(data, path) for path in listing[:ASKED]):
        raise without_truth(task)


def _tells_truth(known: Mapping[str, object]) -> bool:
    """Return whether a picture has a true label, or ratings: truth_NAME."""
    return bool(known.get(TRUTH)) or any(name.startswith(f"{TRUTH}_") for name in known)


def without_truth(task: str) -> SettingError:
    """Return the sentence on data without true labels."""
    return SettingError(
        f"task={task} needs true labels, and these data have none: take data=imagefolder, whose folders are "
        "labels, or data=table with a column truth (or data.label=COLUMN); for ratings, columns truth_NAME, give "
        "classifier.values=[NAME, ...]"
    )


def _truth_within(data: Data, path: str) -> str:
    """Return the label of a picture as its data set tells it with the picture, such as one that draws both."""
    try:
        return str(data.open(path).known.get(TRUTH, ""))
    except Exception:  # a crafted file may raise anything; the ledger tells of it
        return ""


def check_parts(data: Data, paths: Sequence[str]) -> None:
    """Refuse a folder that holds a training part and a test part side by side: test pictures are never trained on."""
    for names in ({str(PurePosixPath(path).parts[0]) for path in paths}, _inner_folders(paths)):
        lower = {name.lower(): name for name in names}
        training = [lower[name] for name in PARTS["train"] if name in lower]
        test = [lower[name] for name in PARTS["test"] if name in lower]
        if training and test:
            raise SettingError(
                f"data.root {data.root} holds a folder {training[0]!r} and a folder {test[0]!r}: test pictures must "
                f"not be trained on; give data.root={data.root}/{training[0]}, or a table of the training pictures"
            )
    if (test_part := _test_within(paths)) is not None:
        raise SettingError(
            f"data.root {data.root} holds a folder {test_part!r} among the labels' folders, with labels' folders in "
            "it: test pictures must not be trained on; move it elsewhere, or give a table of the training pictures"
        )


def _test_within(paths: Sequence[str]) -> str | None:
    """Return the folder of a test part that stands beside folders of the same names as those in it."""
    folders = {PurePosixPath(path).parts[:-1] for path in paths}
    for folder in folders:
        for place, (outer, inner) in enumerate(pairwise(folder)):
            if outer.lower() in PARTS["test"] and (*folder[:place], inner) in folders:
                return outer
    return None


def _inner_folders(paths: Sequence[str]) -> set[str]:
    return {part for path in paths for part in PurePosixPath(path).parts[:-1]}


def read_training_pictures(
    data: Data, listing: Sequence[str], listed: LabelledListing, labels: Sequence[str], view: View
) -> TrainingPictures:
    """Open every labelled picture once."""
    number = {label: i for i, label in enumerate(labels)}
    truth = np.array([number[name] for name in listed.truth], np.int64)
    return open_known_pictures(data, listing, KnownPictures(listed.paths, truth, listed.unlabelled), view)


@dataclass(frozen=True)
class KnownPictures:
    """Pictures by path with labels (n,) or ratings (n, A), and the paths of those that have none, and why."""

    paths: list[str]
    truth: np.ndarray
    unknown: list[str]
    reason: str = "it has no true label"


def open_known_pictures(
    data: Data, listing: Sequence[str], known: KnownPictures, view: View
) -> TrainingPictures:
    """Open every picture of which something is known, once."""
    place_of = {path: place for place, path in enumerate(listing)}
    index = np.array([place_of[path] for path in known.paths], np.int64)
    truth = np.zeros((len(listing), *known.truth.shape[1:]), known.truth.dtype)
    truth[index] = known.truth
    opened = OpenedPictures(listing, truth, len(index))
    for batch in DataLoader(
        Samples(data, listing, index, view, NoView()),
        batch_size=BATCH,
        num_workers=workers_of(data, len(index)),
        collate_fn=collate,
        worker_init_fn=ignore_interrupt,
        generator=torch.Generator(),
    ):
        opened.add_batch(batch)
    if not opened.places:
        raise SettingError(
            f"data.root {data.root}: none of {len(index):,} labelled pictures can be used; the first says "
            f"{opened.refusals[0].reason!r}"
        )
    unlabelled = [Refusal(printable(path), place_of[path], "refused", known.reason) for path in known.unknown]
    place = np.array(opened.places, np.int64)
    return TrainingPictures(
        paths=[listing[i] for i in opened.places],
        label=truth[place],
        thumbnails=np.concatenate(opened.thumbnails),
        place=place,
        refusals=opened.refusals + unlabelled,
        views=torch.cat(opened.views) if opened.views else None,
        digest=opened.digest.hexdigest(),
        unlabelled=len(known.unknown),
    )


def group_pictures(data: Data, pictures: TrainingPictures) -> tuple[np.ndarray, str]:
    """Return the group (N,) of each picture, and in words what makes groups.

    Pictures of one person, of one `data.group`, and near-duplicates, also mirrored, are one group. Aligned faces
    look alike without being copies, and would join all persons: where these are named only the same picture does.
    """
    words = ["near-duplicates"]
    named = _named_groups(data)
    like = COPIES if named is None else ONE_PICTURE
    pairs = [
        near[likeness(pictures.thumbnails, near, mirrored) > like]
        for near, mirrored in (
            (near_thumbnails(pictures.thumbnails), False),
            (mirrored_pairs(pictures.thumbnails), True),
        )
    ]
    if named is not None:
        setting, values = named
        first: dict[str, int] = {}
        for picture, path in enumerate(pictures.paths):
            value = values.get(path, "")
            if value:
                pairs.append(np.array([[first.setdefault(value, picture), picture]], np.int64))
        words.insert(0, setting)
    return components(np.concatenate(pairs), len(pictures)), " and ".join(words)


def _named_groups(data: Data) -> tuple[str, Mapping[str, str]] | None:
    """Return the groups that the data name, by `data.group` or a column `person`, and what they are called."""
    if data.group not in (None, AUTO):
        return str(data.group), data.groups() or {}
    try:
        return PERSON, data.values(PERSON, "data.group")
    except SettingError:  # no such column
        return None


class PictureBatches(Dataset[tuple[Tensor, Tensor]]):
    """Views (B, c, h, w) and labels (B,) of a part of the pictures, a batch at once by a list of places in it."""

    def __init__(self, pictures: TrainingPictures, part: np.ndarray, data: Data, view: View) -> None:
        self.own = np.flatnonzero(part)
        self.label = torch.from_numpy(pictures.label[self.own])
        self.views = None if pictures.views is None else pictures.views[torch.from_numpy(self.own)]
        self.paths = [pictures.paths[i] for i in self.own]
        self.data, self.view = data, data.resizing(view)

    def __len__(self) -> int:
        return len(self.own)

    def __getitem__(self, places: Any) -> tuple[Tensor, Tensor]:
        if self.views is not None:
            return self.views[places], self.label[places]
        seen = [self.view(self.data.open(self.paths[place]).image)[0] for place in places]
        return torch.stack(seen), self.label[places]
