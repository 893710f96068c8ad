"""Whether the pictures that a run explained are still what they were."""

from collections.abc import Iterator
from pathlib import Path

import platformdirs
import pyarrow.parquet as pq

from emocam.data.address import read_address
from emocam.data.image_file import within_root
from emocam.data.printed import unprinted
from emocam.errors import Refused, SettingError
from emocam.results.files import CONTENTS, LEDGER, parquet
from emocam.results.parquet_file import read_parquet
from emocam.results.run import Run
from emocam.settings.digests import Digests

DIGEST = CONTENTS[0]


def picture_faults(folder: Path) -> Iterator[str]:
    """Yield a sentence where pictures have another content than when they were explained; none for those gone.

    Runs of before there were digests of pictures, and pictures that are drawn, have none to be held to.
    """
    ledger = folder / parquet(LEDGER)
    try:
        root = Path(str(Run(folder).names.get("made_of", {}).get("source", "")))
    except SettingError as error:
        yield str(error)
        return
    if DIGEST not in pq.read_schema(ledger).names or not (root.is_absolute() and root.is_dir()):
        return
    rows = read_parquet(ledger, columns=["image", DIGEST])
    images, written = (rows[name].to_pylist() for name in rows.column_names)
    known = [(image, digest) for image, digest in zip(images, written, strict=True) if digest is not None]
    files = [_file_of(root, image) for image, _ in known]
    now = Digests(platformdirs.user_cache_path("emocam")).of_all(files)
    changed = [image for (image, digest), new in zip(known, now, strict=True) if new not in (None, digest)]
    if changed:
        yield (
            f"{len(changed):,} of {len(images):,} pictures of {root} have changed since they were explained, such as "
            f"{changed[0]!r}; the same command in this folder explains these again"
        )


def _file_of(root: Path, image: str) -> Path | None:
    try:
        return within_root(root, read_address(unprinted(image)).file, follow_links=True)
    except (Refused, OSError, ValueError):
        return None
