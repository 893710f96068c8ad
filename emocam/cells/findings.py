"""The findings of a run: under each label the object that counts most often."""

from collections.abc import Mapping

import numpy as np

from emocam.results.summary import Finding


def strongest(
    percent: np.ndarray,
    counts: np.ndarray,
    objects: list[str],
    labels: list[str],
    roles: Mapping[tuple[str, str], str],
) -> list[Finding]:
    """Return for each label with images the object with the highest percentage, if any counts at all.

    percent, counts (O, L). Where there are `roles`, by object and label, a cell without one has the role "no".
    """
    findings: list[Finding] = []
    for place, label in enumerate(labels):
        share = percent[:, place]
        if not len(share) or np.isnan(share).any():
            continue
        best = int(share.argmax())
        if counts[best, place]:
            finding = Finding(
                object=objects[best],
                label=label,
                percent=round(float(share[best]), 1),
                count=int(counts[best, place]),
            )
            if roles:
                finding["role"] = roles.get((objects[best], label), "no")
            findings.append(finding)
    return findings
