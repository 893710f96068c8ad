"""The pictures of a tar in WebDataset's layout, https://github.com/webdataset/webdataset: `a.jpg` beside `a.cls`.

Members of one key, the name up to its first dot, are one sample. Only heads are read, and classes.
"""

import json
import posixpath
import tarfile
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO, TypeVar

from emocam.data.corpus.rows import ShardRows
from emocam.data.ending import ending_of
from emocam.data.image_file import SUFFIXES

CLASSES = (".cls", ".json")
KEYS = ("label", "cls", "class", "truth", "class_name")
"""What a sample's JSON may call its class."""
T = TypeVar("T")
RECORD = 2 * 10_240
"""Bytes after the end mark of a tar that may be padding: tar writes whole records."""
COMPRESSED = (b"\x1f\x8b", b"BZh", b"\xfd7zXZ", b"\x28\xb5\x2f\xfd")
"""First bytes of what gzip, bzip2, xz and zstd write."""
MOST_TAR = 1 << 62
MOST_TOLD, MOST_HEAD = 65_536, 16_777_216
"""Bytes of a file that tells a class, and of a head: what is longer is neither."""


class _Bounded:
    """A file of which nobody reads more at once than a head may have, whatever a damaged head asks for."""

    def __init__(self, file: BinaryIO) -> None:
        self.file = file
        self.tell = file.tell
        self.failed: Exception | None = None

    def seek(self, place: int) -> int:
        """Go to a byte."""
        if not 0 <= place < MOST_TAR:
            raise tarfile.ReadError("a head that leads nowhere")
        return self._tried(lambda: self.file.seek(place))

    def read(self, count: int = -1) -> bytes:
        """Read so many bytes."""
        if not 0 <= count <= MOST_HEAD:
            raise tarfile.ReadError("a head of impossible length")
        return self._tried(lambda: self.file.read(count))

    def _tried(self, attempt: Callable[[], T]) -> T:
        """Keep a fault of the store's, which is none of the tar's."""
        try:
            return attempt()
        except Exception as error:
            self.failed = error
            raise


def read_tar_rows(file: BinaryIO, size: int, name: str) -> ShardRows:
    """List the pictures of a tar of so many bytes; those before a cut are listed, with the one that is cut."""
    return _Reader(file, size, name).rows()


class _Reader:
    def __init__(self, file: BinaryIO, size: int, name: str) -> None:
        self.file, self.size, self.name = _Bounded(file), size, name
        self.members: dict[str, tuple[int, int]] = {}
        self.truths: dict[str, str] = {}
        self.notes: list[str] = []
        self.found = ShardRows(notes=self.notes)
        self.twice: list[str] = []
        self.links = 0
        self.cut = ""

    def rows(self) -> ShardRows:
        for member in self._members():
            self._take(member)
        if self.cut and not self.members and self._is_compressed():
            self.notes.append(
                f"{self.name} is compressed, so that no picture in it can be read by itself; give it as a plain tar "
                "(gunzip makes one)"
            )
        elif self.cut:
            self.found.cut = True
            whole = sum(start + size <= self.size for start, size in self.members.values())
            pictures = "picture" if whole == 1 else "pictures"
            self.notes.append(
                f"{self.name} is cut {self.cut}: {whole:,} {pictures} before it can be read; what came after is not "
                "there"
            )
        if self.twice:
            self.notes.append(
                f"{self.name} holds members of one name, {len(self.twice):,} too many (such as {self.twice[0]}): "
                "the last counts, as for tar"
            )
        if self.links:
            self.notes.append(f"{self.name}: {self.links:,} links are left out")
        kept = self._one_a_sample()
        self.found.paths = kept
        self.found.start = [self.members[path][0] for path in kept]
        self.found.size = [self.members[path][1] for path in kept]
        if self.truths:
            self.found.truth = [self._truth(path) for path in kept]
        return self.found

    def _members(self) -> Iterator[tarfile.TarInfo]:
        """Yield the members up to the end or the cut."""
        at = 0
        try:
            with tarfile.open(fileobj=self.file, mode="r:") as archive:  # type: ignore[call-overload]
                while (member := archive.next()) is not None:
                    archive.members.clear()  # type: ignore[attr-defined]
                    at = member.offset_data + member.size
                    yield member
                at = archive.offset  # type: ignore[attr-defined]
            self.file.seek(at)
            mark = self.file.read(tarfile.BLOCKSIZE)
            if len(mark) < tarfile.BLOCKSIZE or any(mark):  # where tarfile stops without a word
                self.cut = self.cut or f"at byte {at:,}, without an end mark"
            elif any(self.file.read(min(RECORD, max(0, self.size - self.file.tell())))):
                self.notes.append(
                    f"{self.name} goes on after its end mark at byte {at:,}, as tars do that were joined by cat: that "
                    "is not read; give each tar by itself"
                )
        except (tarfile.TarError, OSError, ValueError, EOFError):
            if self.file.failed is not None:
                raise self.file.failed from None
            self.cut = self.cut or ("or no tar" if not at else f"at byte {min(at, self.size):,}")

    def _is_compressed(self) -> bool:
        """Return whether it begins as compressed files do."""
        self.file.seek(0)
        return self.file.read(min(6, self.size)).startswith(COMPRESSED)

    def _take(self, member: tarfile.TarInfo) -> None:
        """Take a member for a picture, a class, or neither."""
        path = posixpath.normpath(f"/{member.name}").lstrip("/")
        ending = ending_of(posixpath.basename(path))
        target = posixpath.normpath(f"/{member.linkname}").lstrip("/") if member.islnk() else ""
        if member.islnk() and target in self.members:
            place = self.members[target]
        elif member.isreg() and not member.issparse() and 0 <= member.size < MOST_TAR:
            place = (member.offset_data, member.size)
        else:
            self.links += ending in SUFFIXES and not member.isdir()
            return
        if ending in SUFFIXES:
            if path in self.members:
                self.twice.append(path)
                del self.members[path]
            self.members[path] = place
            if sum(place) > self.size:
                self.cut = f"within {path}"
        elif ending in CLASSES and member.size <= MOST_TOLD and member.isreg():
            self.file.seek(member.offset_data)
            self._tell(path, ending, self.file.read(member.size))
        else:
            self.found.left_out[ending or "(no ending)"] += 1

    def _tell(self, path: str, ending: str, text: bytes) -> None:
        """Keep a class by the name of its file without the ending."""
        truth = text.decode("utf-8", "replace").strip() if ending == ".cls" else _class_in(text)
        key = path.removesuffix(path[-len(ending) :])
        if truth and (ending == ".cls" or key not in self.truths):
            self.truths[key] = truth

    def _truth(self, path: str) -> str | None:
        return self.truths.get(_key(path)) or self.truths.get(path[: path.rfind(".")])

    def _one_a_sample(self) -> list[str]:
        """Return the pictures without the further ones of a sample, such as a.seg.png beside a.jpg."""
        plain = {_key(path) for path in self.members if _is_plain(path)}
        kept = [path for path in self.members if _is_plain(path) or _key(path) not in plain]
        if further := [path for path in self.members if not _is_plain(path) and _key(path) in plain]:
            self.notes.append(
                f"{self.name}: {len(further):,} further pictures of samples (such as {further[0]}) are left out"
            )
        return kept


def _key(path: str) -> str:
    folder, _, name = path.rpartition("/")
    return f"{folder}/{name.split('.', 1)[0]}" if folder else name.split(".", 1)[0]


def _is_plain(path: str) -> bool:
    return path.rpartition("/")[2].count(".") == 1


def _class_in(text: bytes) -> str:
    """Return the class that a sample's JSON names, empty where it names none."""
    try:
        told: Any = json.loads(text)
    except (ValueError, RecursionError):
        return ""
    if isinstance(told, dict):
        told = next((told[key] for key in KEYS if key in told), None)
    return str(told) if isinstance(told, str | int) and not isinstance(told, bool) else ""
