"""Whether the pictures that a run explained are still what they were."""

from collections.abc import Iterator
from pathlib import Path

import platformdirs

from emocam.data.address import read_address
from emocam.data.explained import ExplainedContents
from emocam.data.image_file import within_root
from emocam.data.printed import unprinted
from emocam.errors import Refused, SettingError
from emocam.results.files import CONTENTS, LEDGER, parquet
from emocam.results.parquet_file import read_parquet, read_schema
from emocam.results.run import Run
from emocam.settings.digests import Digests

DIGEST = CONTENTS[0]
EXPLAINED_AGAIN = "the same command in this folder explains these again"


def picture_faults(folder: Path) -> Iterator[str]:
    """Yield a sentence where pictures have another content than when they were explained, and what cures it."""
    try:
        changed = changed_since(folder, Digests(platformdirs.user_cache_path("emocam")))
    except SettingError as error:
        yield str(error)
        return
    if changed is not None:
        yield f"{changed}; {EXPLAINED_AGAIN}"


def explained_contents(folder: Path) -> ExplainedContents | None:
    """Return what was in the pictures of a run; None for a run of before there were digests of them."""
    ledger = folder / parquet(LEDGER)
    if DIGEST not in read_schema(ledger).names:
        return None
    rows = read_parquet(ledger, columns=["image", DIGEST])
    pairs = zip(*(rows[name].to_pylist() for name in rows.column_names), strict=True)
    return ExplainedContents((image, digest) for image, digest in pairs if digest is not None)


def all_have_digests(folder: Path) -> bool:
    """Return whether all pictures that a run explained have digests."""
    ledger = folder / parquet(LEDGER)
    if DIGEST not in read_schema(ledger).names:
        return False
    rows = read_parquet(ledger, columns=["status", DIGEST])
    return None not in [
        digest
        for status, digest in zip(*(rows[name].to_pylist() for name in rows.column_names), strict=True)
        if status == "done"
    ]


def changed_since(folder: Path, digests: Digests) -> str | None:
    """Return a sentence on the pictures that changed since they were explained; those gone are none of them.

    Runs of before there were digests of pictures, and pictures that are drawn, have none to be held to.
    """
    ledger = folder / parquet(LEDGER)
    root = Path(str(Run(folder).names.get("made_of", {}).get("source", "")))
    if DIGEST not in read_schema(ledger).names or not (root.is_absolute() and root.is_dir()):
        return None
    rows = read_parquet(ledger, columns=["image", DIGEST])
    images, written = (rows[name].to_pylist() for name in rows.column_names)
    known = [(image, digest) for image, digest in zip(images, written, strict=True) if digest is not None]
    files = [_file_of(root, image) for image, _ in known]
    now = digests.of_all(files)
    changed = [image for (image, digest), new in zip(known, now, strict=True) if new not in (None, digest)]
    if not changed:
        return None
    return (
        f"{len(changed):,} of {len(images):,} pictures of {root} have changed since they were explained, such as "
        f"{changed[0]!r}"
    )


def _file_of(root: Path, image: str) -> Path | None:
    try:
        return within_root(root, read_address(unprinted(image)).file, follow_links=True)
    except (Refused, OSError, ValueError):
        return None
