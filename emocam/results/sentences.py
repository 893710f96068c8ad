"""Sentences about a finished run that the terminal and the page share."""

from emocam.functional.statistics.group_association import FEWEST
from emocam.results.summary import Summary


def nothing_found(summary: Summary) -> str:
    """Return why the matrix is empty."""
    if not summary.get("done"):
        return "no image could be used; ledger.parquet says why of each"
    if not summary.get("regions"):
        return "no region was detected in any image"
    asked = summary["thresholds"]
    if not summary.get("explained", True):
        return f"no region passed threshold.score={asked['score']:g} in an image that counts"
    if asked.get("chance") is not None:
        lowest = summary.get("lowest_chance")
        least = f" (lowest was {lowest:.3f})" if lowest is not None else ""
        return f"no region passed threshold.chance={asked['chance']:g}{least}"
    highest = summary.get("highest_importance")
    if highest is not None and highest > asked["importance"]:
        return (
            "no region passed all thresholds; lower threshold.score, threshold.importance or "
            "threshold.confidence"
        )
    height = f" (highest was {highest:.2f})" if highest is not None else ""
    return f"no region passed threshold.importance={asked['importance']:g}{height}"


def capitalised(words: str) -> str:
    """Return a line of the terminal as a sentence of its own."""
    return f"{words[:1].upper()}{words[1:]}."


def of_series(summary: Summary) -> bool:
    """Return whether the run's images are volumes of a scanner."""
    return summary.get("choices", {}).get("data") == "regions"


def units_of_tests(summary: Summary) -> str | None:
    """Return what tests and intervals go by; None where each picture stands by itself."""
    groups, pictures, rule = summary.get("groups", 0), summary.get("done", 0), summary.get("p_rule")
    if rule == "time":
        what, images = ("run", "volumes") if of_series(summary) else ("film", "pictures")
        films = f"one {what}" if groups == 1 else f"{groups:,} {what}s"
        return f"p, q and all intervals go along the time of {films} with {pictures:,} {images}"
    if rule != "groups" or groups >= pictures:  # labels of a picture go together, which the notes say
        return None
    if groups < FEWEST:
        return f"{pictures:,} pictures come in {groups} groups: fewer than {FEWEST}, so that no cell has a p"
    return f"p, q and all intervals go by the {groups:,} groups of {pictures:,} pictures"


BLUNT = 0.5
"""The share of pictures in which boxes anywhere count, from which on attention cannot be told from chance."""


def no_level_of_chance(summary: Summary) -> str | None:
    """Return the sentence on maps so coarse that boxes anywhere count as often as not; None where they are not."""
    usual = summary.get("usual_chance")
    if usual is None or usual <= BLUNT:
        return None
    return (
        f"boxes of the objects' size anywhere in the same maps count in {100 * usual:.0f} % of the pictures, so "
        "attention cannot be told from chance at this threshold: take a finer layer (emocam layers "
        "MODEL, classifier.layer), keep what is rare (threshold.chance=0.05), or measure effects (+effect=erase)"
    )
