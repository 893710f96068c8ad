"""Which pictures of two runs are the same: by their content where the ledger knows it, not by their names alone."""

from collections.abc import Sequence
from itertools import combinations

from emocam.compare.setting_differences import flat_settings
from emocam.results.files import CONTENTS
from emocam.results.run import Run

DRAWN = ("seed", "data.world", "data.style")
"""The settings that decide what is drawn under a name, where pictures are no files."""


def picture_keys(run: Run) -> list[str]:
    """Return what tells each listed image from others (I,): its name, and its content or what it is drawn from."""
    ledger = run.ledger
    names = ledger["image"].astype(str)
    if CONTENTS[0] in ledger and ledger[CONTENTS[0]].notna().any():
        return (names + "\n" + ledger[CONTENTS[0]].astype(object).fillna("").astype(str)).tolist()
    if run.choices.get("data") != "planted":
        return names.tolist()
    settings = flat_settings(run)
    drawn = " ".join(str(settings.get(name, "")) for name in DRAWN)
    return (names + "\n" + drawn).tolist()


def count_shared(names: Sequence[str], keys: Sequence[Sequence[str]]) -> list[str]:
    """Return a sentence on each two runs that share pictures."""
    lines = []
    for (a, one), (b, other) in combinations(zip(names, map(set, keys), strict=True), 2):
        if both := len(one & other):
            lines.append(f"{both:,} {'picture is' if both == 1 else 'pictures are'} in {a} and in {b}")
    return lines
