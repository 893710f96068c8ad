"""A text file with a threshold for each label, which is read before any network is there."""

import csv
import io

from emocam.errors import SettingError
from emocam.settings.text_file import read_text_file

HEAD = ("label", "threshold")
SETTING = "threshold.label"


def read_thresholds(file: str) -> dict[str, float]:
    """Return the thresholds of a file with `label,threshold` a line; a first line that says so is left out."""
    rows = list(csv.reader(io.StringIO(read_text_file(file, SETTING))))
    rows = [row for row in rows if row]
    rows = rows[1:] if rows and tuple(cell.strip().lower() for cell in rows[0]) == HEAD else rows
    found: dict[str, float] = {}
    for number, row in enumerate(rows, 1):
        try:
            name, text = row
            value = float(text)
            if not 0 <= value <= 1:
                raise ValueError
        except ValueError:
            raise SettingError(
                f"{SETTING}: {file} needs a label and a number in [0, 1] a line, and row {number} is {','.join(row)!r}"
            ) from None
        found[name] = value
    return found
