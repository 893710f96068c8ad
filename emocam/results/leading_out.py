"""Links in the folder of a finished run that would bring along any file of the machine."""

from collections.abc import Iterator
from pathlib import Path


def leads_out(file: Path, folder: Path) -> bool:
    """Return whether a file of a folder is a link to something elsewhere, or lies behind one."""
    return not file.resolve().is_relative_to(folder.resolve())


def without_links_out(files: list[Path], folder: Path) -> Iterator[Path]:
    """Yield files and folders in a run's; of a folder that holds a link out of it, the files that are none."""
    for file in files:
        inner = sorted(file.rglob("*")) if file.is_dir() and not file.is_symlink() else []
        if leads_out(file, folder):
            continue
        if any(leads_out(one, folder) for one in inner):
            yield from (one for one in inner if one.is_file() and not leads_out(one, folder))
        else:
            yield file
