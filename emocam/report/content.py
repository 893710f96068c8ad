"""All that the pages of a run show, gathered once."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from emocam.cells.findings import StandOut, standing_out
from emocam.report.conclusions import conclusions, effect_rule_in_words
from emocam.report.emotions import caution
from emocam.report.examples import Example, find_examples
from emocam.report.findings import beyond_chance, labels_held_back, warnings
from emocam.report.glossary import documents, glossary
from emocam.report.pairs import PairsShown, find_pairs_shown
from emocam.report.paste import MOST_FLIPS, Pasted, find_pasted
from emocam.report.single_pictures import MOST_WRONG, Wrong, find_wrong, whole_corpus
from emocam.report.slices import Groups, find_groups
from emocam.report.thumbnails import DrawnThumbnails, OpenSmall, side_for, tell_drawn, write_thumbnails
from emocam.report.top_pictures import ON_A_PAGE, Strongest, find_strongest
from emocam.report.trust import TrustShown, find_trust_shown
from emocam.report.unexplained import Outside, find_outside, outside_line
from emocam.results.files import CELLS
from emocam.results.ledger import ledger_of
from emocam.results.run import Run
from emocam.results.sentences import capitalised, nothing_found
from emocam.results.support import ENOUGH


@dataclass(frozen=True)
class PageContent:
    """A run, its pictures by path, what stands out, and what should make a reader careful."""

    run: Run
    strongest: Strongest
    examples: dict[str, Example]
    cells: list[StandOut]
    warnings: list[str]
    outside: list[Outside] = field(default_factory=list)
    pasted: Pasted | None = None
    any_beyond_chance: bool | None = None
    groups: Groups | None = None
    trusted: TrustShown | None = None
    joint: PairsShown | None = None
    wrong: Wrong | None = None

    @property
    def words(self) -> dict[str, Any]:
        """The values that every template is rendered with."""
        return {
            "run": self.run,
            "name": self.run.path.resolve().name,
            "ledger": ledger_of(self.run.summary).line,
            "nothing": capitalised(nothing_found(self.run.summary)),
            "warnings": self.warnings,
            "cards": self.cards(1),
            "pictures": len(self.examples),
            "left_out": self.strongest.left_out,
            "by_chance": self.any_beyond_chance is False,
            "enough": ENOUGH,
            "glossary": glossary(),
            "documents": documents(),
            "caution": caution(self.run),
            "held_back": labels_held_back(self.run.matrix, self.cells),
            "outside_line": outside_line(self.run),
            "outside": self.outside,
            "pasted": self.pasted,
            "groups": self.groups,
            "trusted": self.trusted,
            "joint": self.joint,
            "wrong": self.wrong,
            "conclusions": conclusions(self.run),
            "effect_rule": effect_rule_in_words(self.run.file(CELLS)),
            "measured": self.run.file(CELLS).is_file(),
            "version": self.run.summary.get("versions", {}).get("emocam", ""),
        }

    def cards(self, most: int) -> list[tuple[StandOut, Example]]:
        """Return pairs of each cell that stands out and each of its at most `most` strongest pictures."""
        cards = []
        pairs = self.strongest.pairs
        for cell in self.cells:
            counted = (
                (pairs["object"] == cell.object)
                & (pairs["label"] == cell.label)
                & pairs["passed"].astype(bool)
            )
            cards += [(cell, self.examples[image]) for image in pairs.loc[counted, "image"].head(most)]
        return cards


def gather_content(
    run: Run,
    into: Path,
    open_small: OpenSmall | None,
    flips: int = MOST_FLIPS,
    pictures: int = ON_A_PAGE,
    earlier: Sequence[Path] | None = None,
    flat: int | None = None,
) -> PageContent:
    """Read a run and write the thumbnails of the pictures that its pages show.

    They are taken from the pages of `earlier` runs of the same pictures, and left for those of later ones, unless it
    is None. `flat` is how many maps are flat, where that was counted already.
    """
    wrong = find_wrong(run, min(MOST_WRONG, pictures // 10))
    asked_for = wrong.images if wrong else []
    strongest = find_strongest(run, pictures - len(asked_for))
    more = [*asked_for, *whole_corpus(run, pictures)]
    examples, flat = find_examples(run, strongest.pairs, more, flat)
    ordered = sorted(examples.values(), key=lambda example: example.place)
    beyond = beyond_chance(run)
    side, lost = side_for(len(ordered)), 0
    if open_small:
        corpus = run.names.get("made_of", {}).get("data")
        drawn = DrawnThumbnails.of_runs(earlier or (), side, corpus)
        lost = write_thumbnails(ordered, into, open_small, side, drawn)
        if earlier is not None:
            tell_drawn(ordered, into, side, corpus)
    return PageContent(
        run,
        strongest,
        examples,
        standing_out(run.matrix, beyond_chance=beyond),
        warnings(run.matrix, run.summary, run.explained, strongest, flat, lost),
        find_outside(run, into, open_small),
        find_pasted(run.path, into, most=flips),
        None if beyond is None else bool(beyond.any()),
        find_groups(run, into),
        find_trust_shown(run, into),
        find_pairs_shown(run, into),
        wrong,
    )
