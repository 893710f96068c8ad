"""Sentences about a finished run that the terminal and the page share."""

from typing import Any


def nothing_found(summary: dict[str, Any]) -> str:
    """Why the matrix is empty."""
    if not summary.get("done"):
        return "no image could be used; ledger.parquet says why of each"
    if not summary.get("regions"):
        return "no region was detected in any image"
    asked = summary["thresholds"].get("chance")
    if asked is not None and summary.get("explained", True):
        lowest = summary.get("lowest_chance")
        least = f" (lowest was {lowest:.3f})" if lowest is not None else ""
        return f"no region passed threshold.chance={asked:g}{least}"
    highest = summary.get("highest_importance")
    height = f" (highest was {highest:.2f})" if highest is not None else ""
    return f"no region passed threshold.importance={summary['thresholds']['importance']:g}{height}"
