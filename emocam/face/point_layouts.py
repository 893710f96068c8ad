"""Which points of a face make which region: the 68 of iBUG, the 468 of the mesh, and points of a user's own."""

from functools import cache
from pathlib import Path

from emocam.errors import SettingError
from emocam.face.regions import BOTH, PAIRS, SINGLE
from emocam.records.face_regions import REST
from emocam.records.keypoints import PointLayout
from emocam.settings.read_files import noted

SPANS = {
    "jaw": (*range(6), *range(11, 17)),
    "chin": tuple(range(6, 11)),
    "brows": tuple(range(17, 27)),
    "nose": tuple(range(27, 36)),
    "eyes": tuple(range(36, 48)),
    "mouth": tuple(range(48, 68)),
}
"""The regions of iBUG's 68 points."""
EYES = ("right eye", "left eye")
"""Regions that points of a user's own must have, since a face is levelled by them; both count as `eyes`."""
OWN_ORDER = ("mouth", "eye", "brow", "under eye", "fold", "chin", "jaw", "cheek", "glabella", "forehead")
"""A point on two regions' outlines belongs to the first of these."""


@cache
def ibug_layout() -> PointLayout:
    """Return iBUG's 68 points, named by their numbers; the person's right is on the left of the picture."""
    region = {place: name for name, places in SPANS.items() for place in places}
    return PointLayout(
        "68",
        tuple(f"{place:02}" for place in range(68)),
        tuple(region[place] for place in range(68)),
        tuple(range(36, 42)),
        tuple(range(42, 48)),
    )


@cache
def mesh_layout() -> PointLayout:
    """Return the 468 points of the face mesh; what lies on no region's outline is the rest of the face."""
    region: dict[int, str] = {}
    for name in (*OWN_ORDER, "nose"):
        outlines = PAIRS.get(name) or (SINGLE[name],)
        for place in (place for outline in outlines for place in outline):
            region.setdefault(place, BOTH.get(name, name))
    right, left = PAIRS["eye"]
    return PointLayout(
        "468",
        tuple(f"{place:03}" for place in range(468)),
        tuple(region.get(place, REST) for place in range(468)),
        right,
        left,
    )


def read_layout(points: object) -> PointLayout:
    """Return the points that `data.points` names: 68, 468, or a file of lines `name,region`."""
    if str(points) in ("68", "468"):
        return ibug_layout() if str(points) == "68" else mesh_layout()
    file = Path(str(points)).expanduser()
    if not file.is_file():
        raise SettingError(
            f"data.points must be 68, 468 or a file of lines `name,region`, and there is no file {points}"
        )
    try:
        lines = noted(file).read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingError(f"data.points {file} cannot be read as text ({error})") from None
    rows = [[cell.strip() for cell in line.split(",")] for line in lines if line.strip()]
    if rows and [cell.lower() for cell in rows[0][:2]] == ["name", "region"]:
        rows = rows[1:]
    return own_layout(file.name, rows)


def own_layout(name: str, rows: list[list[str]]) -> PointLayout:
    """Return the points of rows (name, region); a name may stand once, and both eyes must be there."""
    names = [row[0] for row in rows]
    regions = [row[1] if len(row) > 1 and row[1] else REST for row in rows]
    for place, point in enumerate(names):
        if not point or point in names[:place]:
            raise SettingError(
                f"data.points {name}: line {place + 1} must name a point that no line before it names, got {point!r}"
            )
    right, left = (
        tuple(place for place, region in enumerate(regions) if region.lower() == eye) for eye in EYES
    )
    if not right or not left:
        raise SettingError(
            f"data.points {name} names no point of the regions {EYES[0]!r} and {EYES[1]!r}, by which a face is "
            "levelled and measured; write each line as `name,region`, with points around both eyes"
        )
    coarse = tuple("eyes" if region.lower() in EYES else region for region in regions)
    return PointLayout(name, tuple(names), coarse, right, left)
