"""`emocam compare BEFORE AFTER --paired`: what a cure did to each effect."""

from collections.abc import Sequence
from pathlib import Path

from emocam.cells.paired_effects import paired_effects
from emocam.errors import SettingError
from emocam.results.files import EFFECTS_PAIRED
from emocam.results.run import Run
from emocam.results.spreadsheet import write_csv


def write_paired_effects(runs: Sequence[Run], folder: Path) -> list[str]:
    """Write effects_paired.csv of two runs, and return its sentences."""
    if len(runs) != 2:
        raise SettingError(f"--paired compares one run before with one after, got {len(runs)} runs")
    found = paired_effects(*runs)
    folder.mkdir(parents=True, exist_ok=True)
    write_csv(found.table, folder / EFFECTS_PAIRED, index=False)
    return found.sentences
