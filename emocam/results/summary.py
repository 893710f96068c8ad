"""summary.json: the numbers and sentences that a finished run leaves for scripts, pages and the tracking store."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypedDict

from emocam.errors import SettingError
from emocam.results.files import SUMMARY


class Finding(TypedDict, total=False):
    """An object and a label that the run points at; `role` is what the data's truth says of them."""

    object: str
    label: str
    percent: float
    count: int
    images: int
    role: str


class Summary(TypedDict, total=False):
    """What summary.json holds. A callback of a user's own may add entries of other names.

    The run itself knows how it was made; every other entry is left by one callback, and by no other.
    """

    # the run
    images: int
    done: int
    unreadable: int
    refused: int
    failed: int
    lost: int
    regions: int
    notes: list[str]
    settings: str
    thresholds: dict[str, Any]
    choices: dict[str, str]
    precision: str
    way: str
    command: str
    versions: dict[str, str]
    python: str
    evidence: str
    evidence_from: str
    tracking: str
    took: str
    seconds: dict[str, float]
    images_per_second: float | None
    # association
    finding: list[Finding]
    kept: int
    explained: bool
    highest_importance: float | None
    lowest_chance: float | None
    # truth
    accuracy: float
    cues_planted: int
    cues_recovered: int
    cues_missed: int
    cues_false: int
    truth: str
    # annotated
    annotated: int
    labels_unlike: str
    # agreement
    agreement: list[str]
    agreement_r: float
    # splits
    partings: int
    apart: list[str]
    # stability
    stable_from: int | None
    stable_top: int
    # unexplained
    unexplained: float | None
    unexplained_area: float | None
    # paste
    pasted: int
    paste_changed_percent: float
    paste_focus: float
    # effect
    effect_pairs: int
    effect_cells: int
    effect_left_out: int
    # pairs
    pairs_tried: int
    pairs_found: int
    pairs_only_with: int
    pairs_either: int
    pairs_unless: int
    pairs_never_together: int
    pairs_seldom_together: int
    pairs_left_out: int
    objects_anywhere: int
    objects_only_here: int
    sets_keep: float | None
    pairs_in_words: list[str]
    places_in_words: list[str]
    wholes_in_words: list[str]
    sets_in_words: list[str]
    pairs_notes: list[str]
    # dependence
    groups: int
    p_rule: str
    near_duplicates: int | None
    dependence: str | None
    # cells
    cells_tested: int
    cells_found: int
    cells_measured: int
    verdicts: dict[str, int]
    in_words: list[str]
    finding_chance: list[float | None]
    usual_chance: float | None
    # timeline
    films: int
    film_frames: int
    # observers
    observers: int
    observed_frames: int
    # overlay_film
    overlay_frames: int
    # trust
    recommendation: str
    trust_pictures: int
    trust_notes: list[str]
    # slices
    slices: str
    slice_values: dict[str, dict[str, int | None]]
    slices_told: list[str]
    slices_in_words: list[str]
    # face_regions
    face_overlap: dict[str, dict[str, float]]
    # decoding
    decoding: dict[str, dict[str, float]]
    decoding_in_words: list[str]
    # recovery
    recovery_auc: float


def write_summary(folder: Path, summary: Summary) -> None:
    """Write summary.json into a run's folder."""
    (folder / SUMMARY).write_text(json.dumps(summary, indent=1))


def load_summary(folder: Path) -> Summary:
    """Read summary.json of a run, which must have one."""
    file = folder / SUMMARY
    if not file.is_file():  # to read a pipe never ends
        raise SettingError(f"{file} is gone; `emocam verify {folder}` tells what else is")
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise SettingError(f"{file} cannot be read ({error})") from None
    if not isinstance(found, dict) or not all(
        isinstance(found.get(name, {}), dict) for name in ("choices", "thresholds")
    ):
        raise SettingError(
            f"{file} must hold names with what they say, and its choices and thresholds do not"
        )
    return found  # type: ignore[return-value]


def read_summary(folder: Path) -> Summary:
    """Read summary.json of a folder, whatever its task left beside it; empty where there is none."""
    try:
        return load_summary(folder)
    except (OSError, SettingError):
        return {}


def with_entries(summary: Summary, entries: Mapping[str, Any], callback: str) -> Summary:
    """Return the summary with a callback's entries; an entry that is there already is an error."""
    if taken := sorted(set(entries) & set(summary)):
        raise SettingError(
            f"callback.{callback} leaves the entry {taken[0]!r} of summary.json, which is there already; "
            "an entry has one callback, so give it another name"
        )
    return {**summary, **entries}  # type: ignore[typeddict-item]
