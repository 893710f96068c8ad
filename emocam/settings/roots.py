"""What `data.root` names: a folder of this machine, an address, or a corpus in tars or Parquet."""

import re
from pathlib import Path

ADDRESS = re.compile(r"(?P<protocol>[A-Za-z][A-Za-z0-9+.\-]*)://")
SHARDS = (".tar", ".parquet")
PACKED = (".tar.gz", ".tgz", ".tar.xz", ".tar.bz2", ".tar.zst")
HERE = "file://"
"""Before a path of this machine, as an address is written."""


def local_path(root: object) -> str:
    """Return a root without file:// before it and ~ in it; addresses stay as they are."""
    text = str(root)
    if text[: len(HERE)].lower() == HERE:
        text = text[len(HERE) :].removeprefix("localhost")
    return text if ADDRESS.match(text) else str(Path(text).expanduser())


def names_address(root: object) -> bool:
    """Return whether a root is the address of a store, such as s3://bucket/photos, rather than a path."""
    return isinstance(root, str) and ADDRESS.match(local_path(root)) is not None


def is_stored(root: object) -> bool:
    """Return whether a root names anything else than a folder of this machine."""
    text = local_path(root or "")
    return names_address(text) or (text.endswith((*SHARDS, *PACKED)) and not Path(text).is_dir())
