"""Labels of the data, such as folders' names, that the classifier does not have: they can never be right."""

from collections.abc import Sequence

import pandas as pd

SHOWN = 4


def unlike_labels(truth: pd.Series, labels: Sequence[str]) -> str | None:
    """Return a sentence on the annotated labels that are none of the classifier's; None where all are known."""
    counts = truth[truth != ""].value_counts()
    unknown = [str(name) for name in counts.index if name not in set(labels)]
    if not unknown:
        return None
    pictures = int(counts[unknown].sum())
    listed = _named(unknown)
    by_case = {label.casefold(): label for label in labels}
    alike = {name: by_case[name.casefold()] for name in unknown if name.casefold() in by_case}
    near = "".join(f"; {name} is spelt {label} there" for name, label in list(alike.items())[:1])
    if len(unknown) == len(counts):
        known = _named([str(label) for label in labels])
        return (
            f"none of the data's labels ({listed}) is a label of the classifier ({known}){near}: right and wrong "
            "answers cannot be told; rename the folders, or give classifier.labels"
        )
    return (
        f"{len(unknown):,} of the data's {len(counts):,} labels are none of the classifier's ({listed}){near}: their "
        f"{pictures:,} pictures count as wrong whatever is answered"
    )


def _named(names: Sequence[str]) -> str:
    """Return the first of some names, and how many more there are."""
    more = len(names) - SHOWN
    return ", ".join(names[:SHOWN]) + (f" and {more:,} more" if more > 0 else "")
