"""Worlds whose rules are known: a used object is first of its label, and where none is used, none stands out.

Three worlds with used objects, in which each method must rank one of them first by how often it is looked at, and one
without any, in which a use that the permutations call rarer than 1 in 100 may not be found more often than that.
"""

from pathlib import Path
from typing import Any

import pandas as pd
from child import QUIET, in_child, warm_up
from steps import Part

PLANTED, EMPTY = ("standard", "size", "place"), "nothing"
SEEDS = 5
METHODS = ("gradcam", "gradcampp", "hirescam", "xgradcam", "layercam", "elementwise", "lift", "ig")
PICTURES, FEWEST = 100, 10
"""Drawn pictures of a run, and those that a cell needs to be ranked."""
RARE, SHARE = 0.01, 0.95
LEFT_OUT = ("report", "overlay", "stability", "splits", "unexplained", "annotated", "agreement", "timeline")
WORDS = (
    *(
        *QUIET,
        "logger=null",
        "cache=null",
        "data.workers=0",
        "cam=joined",
        f"cam.methods=[{','.join(METHODS)}]",
    ),
    *(f"~callback.{name}" for name in LEFT_OUT),
)
CASES = [(world, seed) for seed in range(SEEDS) for world in (*PLANTED, EMPTY)]


def first_objects(cells: pd.DataFrame, used: set[tuple[str, str]]) -> tuple[int, int]:
    """Return of how many labels a used object is first, and how many labels have one that can be ranked."""
    right = ranked = 0
    for label, rows in cells.groupby("label", observed=True):
        rows = rows[(rows["present"] >= FEWEST) & rows["use"].notna()]
        names = {object for object, other in used if other == label}
        if not names & set(rows["object"]):
            continue
        ranked += 1
        right += rows.sort_values("use", ascending=False, kind="stable")["object"].iloc[0] in names
    return right, ranked


def counted(run: Any, used: set[tuple[str, str]]) -> dict[str, int]:
    """Return what is counted of one method's run."""
    cells = pd.read_parquet(run.path / "cells.parquet").astype({"object": str, "label": str})
    if used:
        right, ranked = first_objects(cells, used)
        return {"labels": ranked, "with a used object first": right}
    tested = cells[cells["use_p"].notna() & (cells["present"] >= FEWEST)]
    return {"cells of no use": len(tested), "rarer than 1 in 100": int((tested["use_p"] < RARE).sum())}


def step(number: int, folder: Path, shared: Path, images: int = PICTURES) -> dict[str, Any]:
    """Explain one world's pictures by all methods, in one pass."""
    warm_up()
    world, seed = CASES[number % len(CASES)]

    def explained() -> dict[str, dict[str, int]]:
        import emocam
        from emocam.data.planted import Planted

        truth = Planted(world=world).truth
        used = {(cell["object"], cell["label"]) for cell in truth if cell["role"] in ("cause", "shortcut")}
        words = (f"data.world={world}", f"data.images={images}", f"seed={seed}", "hydra.sweep.dir=runs")
        runs = emocam.run(*WORDS, *words)
        return {run.path.name: counted(run, used) for run in (runs if isinstance(runs, list) else [runs])}

    told, ended = in_child(folder, explained, 900)
    if ended:
        return {"runs": 0, "faults": [f"{world}: {fault}" for fault in ended]}
    counts: dict[str, Any] = {"runs": len(told), "faults": []}
    for method, found in told.items():
        for name, count in found.items():
            counts[name] = counts.get(name, 0) + count
        if found.get("labels", 0) * SHARE > found.get("with a used object first", 0):
            counts[f"labels missed by {METHODS[int(method)]}"] = (
                found["labels"] - found["with a used object first"]
            )
    return counts


PART = Part(step, len(CASES))
