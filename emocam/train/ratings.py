"""Pictures with ratings: which values are learnt, what each picture's ratings are, and whether they can be learnt."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from emocam.data.base import Data
from emocam.errors import SettingError, nearest
from emocam.network.labels_file import read_labels
from emocam.network.values import Values, check_value_names, read_values
from emocam.network.weights import is_file
from emocam.results.agreement import ceilings
from emocam.train.pictures import KnownPictures
from emocam.train.split import LEAST

PREFIX, RELIABILITY = "truth_", "_reliability"


@dataclass(frozen=True)
class RatedListing:
    """What the data say before a picture is opened: paths with ratings (n, A), NaN where one is missing.

    `ceiling` (A,) is the highest r that the ratings' reliability allows, NaN where the data do not say it.
    """

    names: list[str]
    paths: list[str]
    ratings: NDArray[np.float32]
    unrated: list[str]
    ceiling: NDArray[np.float64]

    @property
    def known(self) -> KnownPictures:
        """The same as pictures to open."""
        return KnownPictures(self.paths, self.ratings, self.unrated, "it has no rating")

    @property
    def notes(self) -> list[str]:
        """How many pictures have which ratings, where some are missing."""
        notes = []
        if self.unrated:
            notes.append(unrated_sentence(len(self.unrated)))
        counts = np.isfinite(self.ratings).sum(0)
        partly = [
            f"{name} {count:,}"
            for name, count in zip(self.names, counts, strict=True)
            if count < len(self.paths)
        ]
        if partly:
            more = f" and {len(partly) - 8} more" if len(partly) > 8 else ""
            notes.append(
                f"of {len(self.paths):,} pictures only some have a rating: {', '.join(partly[:8])}{more}"
            )
        return notes


def unrated_sentence(count: int) -> str:
    """Return in words that so many pictures have no rating."""
    if count == 1:
        return "1 picture has no rating, and is left out"
    return f"{count:,} pictures have no rating, and are left out"


def asked_values(classifier: dict[str, Any]) -> list[str] | None:
    """Return the values that a training is to learn; None where the classifier answers with labels."""
    asked, weights = classifier.get("values"), classifier.get("weights")
    written = read_values(weights) if weights is not None and is_file(str(weights)) else None
    if asked is False or (asked is None and written is None):
        return None
    if asked is None or asked is True:
        if written is not None:
            return list(written.names)
        if not classifier.get("labels"):
            raise SettingError(
                "classifier.values=true needs names; give classifier.values=[NAME, ...], or classifier.labels=FILE "
                "with one name a line"
            )
        return check_value_names(read_labels(classifier["labels"]))
    if isinstance(asked, str) or not len(asked):
        raise SettingError(f"classifier.values must be true or a list of names, got {asked!r}")
    return check_value_names(list(asked))


def rated_names(facts: Sequence[dict[str, Any]]) -> list[str]:
    """Return the names NAME of the columns truth_NAME that hold numbers, but for reliabilities."""
    columns = dict.fromkeys(key for fact in facts for key in fact if key.startswith(PREFIX))
    return [key.removeprefix(PREFIX) for key in columns if not key.endswith(RELIABILITY)]


def facts_of_all(data: Data, listing: Sequence[str]) -> list[dict[str, Any]]:
    """Return what the data say of each picture; a drawn world tells it with the picture."""
    facts: list[dict[str, Any]] = [dict(data.known(path)) for path in listing]
    if any(rated_names(facts)) or not listing or not rated_names([_drawn_facts(data, listing[0])]):
        return facts
    return [_drawn_facts(data, path) for path in listing]


def _drawn_facts(data: Data, path: str) -> dict[str, Any]:
    try:
        return dict(data.open(path).known)
    except Exception:  # a crafted file may raise anything; the ledger tells of it
        return {}


def list_rated(data: Data, listing: Sequence[str], names: Sequence[str], task: str) -> RatedListing:
    """Return the images with their ratings; a value that no column rates is refused by name."""
    facts = facts_of_all(data, listing)
    rated = rated_names(facts)
    for name in names:
        if name not in rated:
            choices = f"; {nearest(name, rated)}" if rated else ", and none truth_NAME of any other"
            raise SettingError(
                f"task={task}: classifier.values names {name!r}, and the data have no column truth_{name}{choices}"
            )
    rows = [
        [_number(fact.get(PREFIX + name), name, path) for name in names]
        for fact, path in zip(facts, listing, strict=True)
    ]
    ratings = np.array(rows, np.float64).reshape(len(listing), len(names))
    given = [bool(np.isfinite(row).any()) for row in ratings]
    if not any(given):
        raise SettingError(f"task={task}: no picture has a rating of {', '.join(names[:8])}")
    return RatedListing(
        list(names),
        [path for path, kept in zip(listing, given, strict=True) if kept],
        ratings[np.array(given)].astype(np.float32),
        [path for path, kept in zip(listing, given, strict=True) if not kept],
        ceilings(pd.DataFrame([fact for fact, kept in zip(facts, given, strict=True) if kept]), list(names)),
    )


def _number(value: object, name: str, path: str) -> float:
    try:
        number = math.nan if value is None or value == "" else float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        number = math.inf
    if math.isinf(number):
        raise SettingError(f"truth_{name} must be a number or empty, got {value!r} of {path}")
    return number


def measure_ratings(names: Sequence[str], ratings: NDArray[np.floating], task: str) -> Values:
    """Return the values with mean and deviation of ratings (n, A) to learn from; refuse what cannot be learnt."""
    numbers = ratings.astype(np.float64)
    given = np.isfinite(numbers)
    for place, name in enumerate(names):
        own = numbers[given[:, place], place]
        if len(own) < LEAST:
            raise SettingError(
                f"task={task}: {len(own)} pictures to learn from have a rating truth_{name}, and at least {LEAST} are "
                "needed; rate more pictures, or leave the value out of classifier.values"
            )
        if np.ptp(own) <= 1e-6 * max(1e-30, float(np.abs(own).max())):
            raise SettingError(
                f"task={task}: truth_{name} is {own[0]:g} in all {len(own):,} pictures to learn from, so there is "
                "nothing to learn; leave it out of classifier.values"
            )
    centre = [float(np.mean(numbers[given[:, a], a])) for a in range(len(names))]
    scale = [float(np.std(numbers[given[:, a], a])) for a in range(len(names))]
    return Values(tuple(names), tuple(centre), tuple(scale))
