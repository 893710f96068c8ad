"""`emocam audit FOLDER...`: pictures that are the same, nearly the same or mirrored, as a page and a table."""

import argparse
import sys
from pathlib import Path

from emocam.errors import SettingError


def main(words: list[str]) -> int:
    """Leave audit/index.html and audit.csv, and say in a sentence what was found."""
    parser = argparse.ArgumentParser(
        prog="emocam audit", description="Finds pictures that are the same, nearly the same or mirrored."
    )
    parser.add_argument("folder", type=Path, nargs="+", help="folders of pictures, such as TRAIN TEST")
    parser.add_argument("--out", type=Path, default=Path("audit"), help="where the page is left (audit)")
    given = parser.parse_args(words)
    for folder in given.folder:
        if not folder.is_dir():
            raise SettingError(f"FOLDER must be a folder of pictures, and there is none at {folder}")
    # light until here: a wrong word is told at once
    from emocam.data.audit import read_pictures
    from emocam.data.audit_record import record_audit
    from emocam.report.audit import find_alike, write_audit
    from emocam.settings.experiments import user_cache

    pictures = read_pictures(given.folder)
    audit = find_alike(
        pictures.names,
        pictures.digests,
        pictures.greys,
        pictures.unreadable,
        pictures.labels,
        pictures.folders,
        pictures.sizes,
    )
    page = write_audit(audit, given.out, pictures.opened, [folder.as_posix() for folder in given.folder])
    record_audit(given.folder, audit.sentence, Path(user_cache()))
    sys.stdout.write(f"{audit.sentence}\naudit    {page}\n")
    return 0
