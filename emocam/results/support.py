"""Which findings rest on enough images to be told, and in which order."""

from collections.abc import Sequence

import numpy as np

from emocam.functional.statistics.wilson import wilson
from emocam.results.summary import Finding

ENOUGH = 10
"""With fewer images of a label nothing is claimed of it: that of 9 all count leaves a third of them open."""
MOST = 10
"""The most findings that are told."""


def images_of_finding(finding: Finding) -> int:
    """Return how many images the finding's percentage is of; summaries of earlier versions do not say."""
    if "images" in finding:
        return finding["images"]
    return round(100 * finding["count"] / finding["percent"]) if finding.get("percent") else 0


def best_supported(findings: Sequence[Finding]) -> tuple[list[int], int]:
    """Return the places of at most MOST findings with enough images, and how many others are held back.

    The highest lower ends of the percentages' intervals come first.
    """
    images = np.array([images_of_finding(finding) for finding in findings], int)
    counts = np.array([finding.get("count", 0) for finding in findings], int)
    low = wilson(counts, images)[0]
    order = np.argsort(-np.nan_to_num(low), kind="stable")
    told = [int(place) for place in order if images[place] >= ENOUGH][:MOST]
    return told, len(findings) - len(told)


def held_back(findings: Sequence[Finding]) -> str | None:
    """Return a line on the findings that are not told; None where all are."""
    _, held = best_supported(findings)
    if not held:
        return None
    few = sum(images_of_finding(finding) < ENOUGH for finding in findings)
    parts = [f"{few:,} with fewer than {ENOUGH} images of their label"] if few else []
    if held > few:
        parts.append(f"{held - few:,} that are less well supported")
    return f"held back: {' and '.join(parts)}; the page's matrix and cells.csv have all"
