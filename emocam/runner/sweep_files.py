"""The files of a sweep that belong to none of its runs."""

import os
from collections.abc import Iterator
from pathlib import Path

from emocam.system.run_lock import LOCK


def own_files(sweep: Path) -> Iterator[Path]:
    """Yield the files of a sweep that are no run's: each run has sent its own."""
    for root, folders, files in os.walk(sweep):
        here = Path(root)
        folders[:] = [f for f in folders if f[0] != "." and not (here / f / ".hydra").is_dir()]
        yield from (here / file for file in files if not file.endswith((".tmp", LOCK, ".tracking.json")))
