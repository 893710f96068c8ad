"""The command `emocam verify RUN`: checks that every listed image is there exactly once."""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

from emocam.errors import SettingError
from emocam.results.files import SUMS, parquet
from emocam.results.parquet_file import has_table
from emocam.results.run import Run
from emocam.results.verify import folder_faults


def kept_sums_faults(folder: Path) -> Iterator[str]:
    """Yield what differs of the sums that shards and runs in parts keep."""
    if has_table(folder / parquet(SUMS)):
        from emocam.cells.summed import sums_faults  # counting takes torch

        yield from sums_faults(Run(folder))


def main(words: list[str]) -> int:
    """Check a run and return 0 when all is there, or print a sentence for each fault and return 1."""
    parser = argparse.ArgumentParser(prog="emocam verify", description="Checks a run's ledger and files.")
    parser.add_argument("run", type=Path, help="the run's folder")
    folder: Path = parser.parse_args(words).run
    if not folder.is_dir():
        raise SettingError(f"RUN must be a run's folder, and there is none at {folder}")
    faults = list(folder_faults(folder)) or list(kept_sums_faults(folder))
    if faults:
        sys.stderr.write("\n".join(faults) + "\n")
        return 1
    from emocam.results.files import FILE_LIST
    from emocam.results.ledger import read_ledger

    lines = [read_ledger(folder).line, "every listed image is there exactly once"]
    if not (folder / FILE_LIST).is_file():
        lines.append(
            f"it has no {FILE_LIST}, so nothing says which bytes its files had: an older emocam made it"
        )
    sys.stdout.write("\n".join(lines) + "\n")
    return 0
