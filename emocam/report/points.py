"""points.html: the face of each label with its points sized by weight, and a slider over the number of points."""

from base64 import b64encode
from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from markupsafe import Markup

from emocam.records.keypoints import PointLayout
from emocam.report.page import static, templates

PAGE = "points.html"
SIDE, LARGEST, LEAST = 300.0, 11.0, 1.2
"""Pixels of a face's side, and the radii of the heaviest and of the lightest point."""


def write_points_page(
    folder: Path,
    layout: PointLayout,
    face: np.ndarray,
    weights: Mapping[str, np.ndarray],
    chosen: Mapping[str, int],
    lines: Sequence[str],
    ranked: Mapping[str, np.ndarray] | None = None,
) -> Path:
    """Write the page of points (P, 2) with a label's weights (P,) each; `chosen` is a number of points by label.

    Points leave from the last of a label's `ranked` places (P,), by default from the lightest.
    """
    faces = [
        shown_face(label, layout, face, weight, chosen.get(label), (ranked or {}).get(label))
        for label, weight in weights.items()
    ]
    curves, script = folder / "reduction.png", static("face_points.js")
    page = (
        templates()
        .get_template("points.html.j2")
        .render(
            faces=faces,
            side=SIDE,
            most=len(layout),
            start=max(chosen.values(), default=min(12, len(layout))),
            lines=list(lines),
            curves=b64encode(curves.read_bytes()).decode() if curves.is_file() else None,
            style=Markup(static("style.css")),  # our own files, no names
            script=Markup(script),
            hash=b64encode(sha256(script.encode()).digest()).decode(),
        )
    )
    (folder / PAGE).write_text(page, encoding="utf-8")
    return folder / PAGE


def shown_face(
    label: str,
    layout: PointLayout,
    face: np.ndarray,
    weight: np.ndarray,
    chosen: int | None,
    ranked: np.ndarray | None = None,
) -> dict[str, Any]:
    """Return what the page draws of one label: each point's place, size, rank and name."""
    order = np.argsort(-np.nan_to_num(weight, nan=-np.inf), kind="stable") if ranked is None else ranked
    rank = np.empty(len(weight), int)
    rank[order] = np.arange(len(weight))
    share = np.abs(np.nan_to_num(weight)) / max(float(np.nanmax(np.abs(weight), initial=0)), 1e-12)
    radius = LEAST + (LARGEST - LEAST) * np.sqrt(share)
    points = [
        {
            "x": round(float(x) * SIDE, 1),
            "y": round(float(y) * SIDE, 1),
            "r": round(float(radius[place]), 2),
            "rank": int(rank[place]),
            "against": bool(weight[place] < 0),
            "name": f"{layout.points[place]} ({layout.regions[place]}): {weight[place]:.3g}, rank {rank[place] + 1}",
        }
        for place, (x, y) in enumerate(face)
    ]
    totals = {region: float(np.nansum(weight[layout.members(region)])) for region in layout.region_names}
    regions = [f"{name} {total:+.3g}" for name, total in sorted(totals.items(), key=lambda item: -item[1])]
    return {"label": label, "points": points, "regions": regions, "chosen": chosen}
