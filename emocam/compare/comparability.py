"""Reasons that forbid a comparison: matrices compare only if rows, columns and images are the same."""

from emocam.compare.regions import RunRegions, images_that_differ
from emocam.compare.same_pictures import picture_keys
from emocam.compare.setting_differences import describe_differences
from emocam.results.run import Run

MOST_DIFFERING = 0.01
"""The share of images whose regions may differ: a network on another device rounds differently."""


def reason_not_comparable(runs: list[Run], regions: list[RunRegions], names: list[str]) -> str | None:
    """Return a sentence on the first difference that forbids a comparison, or None."""
    for run, of_run, name in zip(runs[1:], regions[1:], names[1:], strict=True):
        reason = (
            _other("labels", runs[0].label_names, run.label_names)
            or _other("object classes", runs[0].object_names, run.object_names)
            or _other("images", regions[0].images, of_run.images)
            or _other_pictures(runs[0], run)
            or _other_regions(runs[0], run, images_that_differ(regions[0], of_run), len(of_run.images))
        )
        if reason:
            return f"{names[0]} and {name} cannot be compared: {reason}"
    return None


def _other(what: str, one: list[str], other: list[str]) -> str | None:
    if one == other:
        return None
    alone = next(
        iter([n for n in one if n not in set(other)] + [n for n in other if n not in set(one)]), None
    )
    case = "in another order" if alone is None else f"{alone!r} is in one of them only"
    return f"other {what} ({len(one):,} and {len(other):,}; {case})"


def _other_pictures(one: Run, other: Run) -> str | None:
    pairs = list(zip(picture_keys(one), picture_keys(other), strict=True))
    differing = sum(a != b for a, b in pairs)
    if differing <= MOST_DIFFERING * len(pairs):
        return None
    settings = describe_differences(one, other, ("seed", "data"))
    cause = f" ({settings})" if settings else ""
    return f"other pictures under the same names{cause}, {differing:,} of {len(pairs):,}"


def _other_regions(one: Run, other: Run, differing: int, images: int) -> str | None:
    if differing <= MOST_DIFFERING * images:
        return None
    settings = describe_differences(one, other, ("detector", "data", "vocabulary"))
    cause = f" ({settings})" if settings else ""
    return f"other detector or pictures{cause}; their regions differ in {differing:,} of {images:,} images"
