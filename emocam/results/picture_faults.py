"""Whether the pictures that a run explained are still what they were."""

import re
from collections.abc import Iterator
from pathlib import Path

import platformdirs
import pyarrow.compute as pc

from emocam.data.address import read_address
from emocam.data.corpus.corpus import StoredCorpus, open_corpus
from emocam.data.corpus.patterns import lies_in_shard
from emocam.data.explained import ExplainedContents
from emocam.data.image_file import within_root
from emocam.data.printed import unprinted
from emocam.errors import Refused, SettingError
from emocam.results.files import CONTENTS, LEDGER, parquet
from emocam.results.ledger import ledger_rows
from emocam.results.parquet_file import count_rows, read_schema
from emocam.results.run import Run
from emocam.settings.digests import Digests
from emocam.settings.roots import is_stored, names_address
from emocam.settings.stored_file import StoredFile

DIGEST = CONTENTS[0]
ODD = re.compile(r"[\\#]|^/|//|(?:^|/)\.{1,2}(?:/|$)")
"""What a name may have that says more than a file below the root: escapes, a part of a file, dots."""
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
    return ExplainedContents(pair for pairs in _digested(folder) for pair in pairs)


def _digested(folder: Path) -> Iterator[list[tuple[str, str]]]:
    """Yield the images of a run that have a digest, with it, so many at a time."""
    for rows in ledger_rows(folder, ["image", DIGEST]):
        pairs = zip(rows["image"].to_pylist(), rows[DIGEST].to_pylist(), strict=True)
        yield [(image, digest) for image, digest in pairs if digest is not None]


def all_have_digests(folder: Path) -> bool:
    """Return whether all pictures that a run explained have digests."""
    ledger = folder / parquet(LEDGER)
    if DIGEST not in read_schema(ledger).names:
        return False
    return not any(
        pc.any(pc.and_(pc.equal(rows["status"], "done"), pc.is_null(rows[DIGEST]))).as_py()
        for rows in ledger_rows(folder, ["status", DIGEST])
    )


def changed_since(folder: Path, digests: Digests) -> str | None:
    """Return a sentence on the pictures that changed since they were explained; those gone are none of them.

    Runs of before there were digests of pictures, and pictures that are drawn, have none to be held to.
    """
    ledger = folder / parquet(LEDGER)
    source = str(Run(folder).names.get("made_of", {}).get("source", ""))
    root = Path(source)
    if DIGEST not in read_schema(ledger).names or not root.is_absolute() or names_address(source):
        return None
    if not (root.is_dir() or is_stored(source)):
        return None
    corpus: StoredCorpus | None = None
    changed, example = 0, ""
    for number, known in enumerate(_digested(folder)):
        corpus = _shards_of(root, known[0][0], digests) if known and not number else corpus
        files = [_file_of(root, image) if corpus is None else _member_of(corpus, image) for image, _ in known]
        now = digests.of_all(files)
        of_part = [image for (image, old), new in zip(known, now, strict=True) if new not in (None, old)]
        changed, example = changed + len(of_part), example or next(iter(of_part), "")
    if not changed:
        return None
    return (
        f"{changed:,} of {count_rows(ledger):,} pictures of {root} have changed since they were explained, such as "
        f"{example!r}"
    )


def _file_of(root: Path, image: str) -> str | Path | None:
    """Return the file of an image below an absolute root; a plain name, as most are, is not taken apart."""
    if not ODD.search(image):
        return f"{root}/{image}"
    try:
        return within_root(root, read_address(unprinted(image)).file, follow_links=True)
    except (Refused, OSError, ValueError):
        return None


def _shards_of(root: Path, image: str, digests: Digests) -> StoredCorpus | None:
    """Return the tars or the Parquet that a run's pictures lie in; None for pictures that are files of a folder."""
    if root.is_dir() and not lies_in_shard(root, unprinted(image)):
        return None
    try:
        return open_corpus(root, digests.file and digests.file.parent)
    except SettingError:  # they are gone
        return None


def _member_of(corpus: StoredCorpus, image: str) -> Path | StoredFile | None:
    try:
        return corpus.picture(unprinted(image))
    except (Refused, OSError, ValueError):
        return None
