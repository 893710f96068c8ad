"""What was measured on an embedded world, from the file that ships with it."""

import json
from pathlib import Path

WORLDS = Path(__file__).parents[2] / "emocam/world/worlds"
HEAD = "| object | label | role | used | drop | of the control | changed | of the control |"


def write(world: str) -> str:
    """A row for each cell that the world's rules give a role."""
    measured = json.loads((WORLDS / f"{world}.json").read_text(encoding="utf-8"))
    rows = [
        f"| {cell['object']} | {cell['label']} | {cell['role']} | {'yes' if cell['used'] else 'no'} "
        f"| {cell['drop']:.2f} | {cell['drop_control']:.2f} "
        f"| {cell['flips'] * 100:.0f} % | {cell['flips_control'] * 100:.0f} % |"
        for cell in measured["cells"]
    ]
    trained = measured["trained"]
    right = (
        f"r on pictures of other seeds: {', '.join(f'{name} {r:.2f}' for name, r in measured['r'].items())}."
        if "r" in measured
        else f"right on {measured['accuracy'] * 100:.1f} % of pictures of other seeds."
    )
    return "\n".join(
        [
            f"Trained on {trained['pictures']:,} pictures in {trained['epochs']} epochs, seed {trained['seed']}; "
            f"{right}",
            "",
            HEAD,
            "|---|---|---|---|--:|--:|--:|--:|",
            *rows,
        ]
    )
