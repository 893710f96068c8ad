"""What a run says at its end."""

from pathlib import Path

from emocam.predict.toy_network import TOY
from emocam.results.sentences import no_level_of_chance, nothing_found, units_of_tests
from emocam.results.summary import Summary
from emocam.results.support import ENOUGH, best_supported, held_back, images_of_finding

MOST_PAIRS = 12
"""Pairs that are told; the table has all."""


def closing(summary: Summary, ledger: str, folder: Path) -> list[str]:
    """Return what was found, the ledger in one line, and where to look."""
    lines = _finding_lines(summary)
    lines += summary.get("in_words", [])
    lines += summary.get("decoding_in_words", [])
    lines += summary.get("agreement", [])
    lines += [line for line in (units_of_tests(summary), summary.get("dependence")) if line]
    lines += [line for line in (summary.get("labels_unlike"),) if line]
    if not summary.get("explained", True):
        lines.append(_unexplained_line(summary))
    if "cues_planted" in summary:
        lines.append(
            f"planted cues: {summary['cues_planted']}, recovered {summary['cues_recovered']}, "
            f"missed {summary['cues_missed']}, false {summary['cues_false']}"
        )
    lines += [line for line in (no_level_of_chance(summary),) if line]
    lines += summary.get("apart", [])
    lines += _pair_lines(summary)
    lines += [line for line in (summary.get("recommendation"), *summary.get("trust_notes", [])) if line]
    lines += _slice_lines(summary)
    lines += _corpus_lines(summary)
    if "pasted" in summary:
        lines.append(
            f"pasting changed {summary['paste_changed_percent']:.1f} % of the labels "
            f"of {summary['pasted']:,} changed pictures"
        )
    lines += [note for note in summary.get("notes", []) if note == TOY]
    lines.append(ledger)
    if "evidence_from" in summary:
        lines.append(f"evidence taken from {summary['evidence_from']} (same settings and pictures)")
    page = folder / "report" / "index.html"
    lines.append(f"report   {page if page.is_file() else folder}")
    return lines


def _pair_lines(summary: Summary) -> list[str]:
    """Return what objects do together, and which few of them keep each answer."""
    if "pairs_in_words" not in summary:
        return []
    pairs = summary["pairs_in_words"]
    lines = [
        *pairs[:MOST_PAIRS],
        *([f"and {len(pairs) - MOST_PAIRS:,} more pairs"] if len(pairs) > MOST_PAIRS else []),
    ]
    if not pairs and summary["pairs_tried"]:
        lines = [
            f"of {summary['pairs_tried']:,} pairs none does together what its two objects do not do alone"
        ]
    return [
        *lines,
        *summary["places_in_words"],
        *summary["wholes_in_words"],
        *summary["sets_in_words"],
        *summary["pairs_notes"],
    ]


def _unexplained_line(summary: Summary) -> str:
    """Return why everything counts, and what to add."""
    if summary.get("choices", {}).get("classifier") == "landmarks":
        return "no sequence has a map, so every region counts; add one with attribution=ig"
    return "no CAM looked at the pictures, so every detected object counts; add one with +cam=gradcam"


def _finding_lines(summary: Summary) -> list[str]:
    """Return the strongest object of each label with enough images, the best supported first, or that there is none."""
    finding = summary.get("finding", [])
    if not finding:
        return [nothing_found(summary)]
    places, _ = best_supported(finding)
    rest = held_back(finding)
    if not places:
        return [
            f"no label has {ENOUGH} images, so nothing is claimed of what drives the decisions",
            *filter(None, [rest]),
        ]
    width = max(len(finding[place]["object"]) for place in places)
    across = max(len(finding[place]["label"]) for place in places)
    lines = ["what drives the decisions"]
    chances = [*summary.get("finding_chance", []), *[None] * len(finding)]
    for place in places:
        cell, chance = finding[place], chances[place]
        pair = f"{cell['object']:{width}}  ->  {cell['label']:{across}}"
        by_chance = "" if chance is None else f", by chance {chance:.0f} %"
        role = f"   (planted: {cell['role']})" if "role" in cell else ""
        images = images_of_finding(cell)
        lines.append(f"  {pair}  {cell['percent']:5.1f} % of its {images:,} images{by_chance}{role}")
    return [*lines, f"  {rest}"] if rest else lines


def _slice_lines(summary: Summary) -> list[str]:
    """Return the groups that the pictures were sliced by, what is to be known of them, and how they differ."""
    if "slices" not in summary:
        return []
    groups = [
        f"{name} ({count['pictures']:,} pictures"
        + (
            ""
            if count["people"] is None
            else f", {count['people']:,} {'person' if count['people'] == 1 else 'people'}"
        )
        + ")"
        for name, count in summary["slice_values"].items()
    ]
    lines = [f"by {summary['slices']}: {', '.join(groups)}"]
    return lines + [f"  {line}" for line in (*summary["slices_told"], *summary["slices_in_words"])]


def _corpus_lines(summary: Summary) -> list[str]:
    """Return what the objects leave unexplained, and from how many pictures on the commonest stay the same."""
    lines = []
    unexplained, area = summary.get("unexplained"), summary.get("unexplained_area")
    if unexplained is not None and area is not None:
        lines.append(
            f"outside all boxes: {100 * unexplained:.0f} % of the maps' mass, {100 * area:.0f} % of the area"
        )
    if summary.get("stable_top"):
        top, images = summary["stable_top"], summary["stable_from"]
        lines.append(
            f"the same {top} objects count most often from {images:,} pictures on (which are common, not which go "
            "with a label)"
            if images
            else f"which {top} objects count most often still changes: more pictures are needed"
        )
    return lines
