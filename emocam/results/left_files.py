"""Files that an earlier command left in a run's folder, and that this one did not write again.

A folder is given to the same command more than once: with an effect and then without, with other thresholds,
with callbacks left out. What only the earlier command had asked for would else look like this one's. A
person's own files stay.
"""

from collections.abc import Collection
from fnmatch import fnmatchcase
from pathlib import Path

from emocam.results.files import FILE_LIST, FILES, LEFT, PREDICTIONS, PROBE_HEAD, WEIGHTS, parquet
from emocam.results.parts import remove_table
from emocam.settings.recorded import INNER

Stamp = tuple[int, int, int]
"""What changes where a file is written again: inode, size and time."""


def files_left(folder: Path) -> dict[Path, Stamp]:
    """Return the files of an earlier command in the folder; none where no run was ever begun there."""
    if not (folder / INNER).is_dir():
        return {}
    tops = [path for path in folder.iterdir() if any(fnmatchcase(path.name, name) for name in LEFT)]
    files = [file for top in tops for file in (top.rglob("*") if top.is_dir() else [top]) if file.is_file()]
    return {file: _stamp(file) for file in files}


def remove_incomplete(folder: Path) -> None:
    """Remove tables without predictions beside them, unless a training left them: they are no run's any more."""
    if not any((folder / name).exists() for name in (parquet(PREDICTIONS), WEIGHTS, PROBE_HEAD)):
        for name in FILES:
            remove_table(folder / parquet(name))


def remove_left(folder: Path, left: dict[Path, Stamp], kept: Collection[str]) -> None:
    """Remove the files of an earlier command that were not written since, but for what is `kept` by name."""
    (folder / FILE_LIST).unlink(missing_ok=True)
    for file, stamp in left.items():
        if file.relative_to(folder).parts[0] in kept or not file.is_file() or _stamp(file) != stamp:
            continue
        file.unlink()
        for above in file.parents:
            if above == folder or any(above.iterdir()):
                break
            above.rmdir()


def _stamp(file: Path) -> Stamp:
    state = file.stat()
    return state.st_ino, state.st_size, state.st_mtime_ns
