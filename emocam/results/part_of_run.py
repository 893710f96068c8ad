"""One part of a run in parts, read as a run of its own."""

from pathlib import Path

from emocam.results.files import FILES, LEDGER, PREDICTIONS
from emocam.results.parts import is_in_parts, read_manifest
from emocam.results.run import Run


class PartOfRun(Run):
    """A run's part of this file name: its tables are the part's, and all else is that of the whole."""

    def __init__(self, whole: Run, name: str) -> None:
        self.whole, self.name = whole, name
        super().__init__(whole.path)
        self.__dict__["names"] = whole.names  # read once, and not of each part

    def file(self, table: str) -> Path:
        file = self.whole.file(table)
        if table not in FILES or not is_in_parts(file):
            return file
        manifest = read_manifest(file)
        number = next((n for n, part in enumerate(manifest.parts) if part.name == self.name), None)
        return file / self.name if number is None else manifest.file(number)


def has_parts(run: Run) -> bool:
    """Return whether a run's tables are in parts."""
    return is_in_parts(run.file(LEDGER))


def part_names(run: Run) -> list[str]:
    """Return the file names of the parts that have predictions, in their order."""
    return [part.name for part in read_manifest(run.file(PREDICTIONS)).parts]
