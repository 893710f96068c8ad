"""The pictures at an address, in tars or in Parquet: named in a table on disk, read one by one."""

import hashlib
import json
import posixpath
import threading
import time
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from emocam.data.corpus.listing import FOLDER, Listing, MappedTable, is_whole, keep_digest, write_table
from emocam.data.corpus.objects import StoredObjects
from emocam.data.corpus.parquet_pictures import ParquetPictures
from emocam.data.corpus.parquet_rows import is_damage, open_packed, read_parquet_rows
from emocam.data.corpus.patterns import checked_shards, expanded, top_of
from emocam.data.corpus.rows import SCHEMA, ShardRows, bytes_of_name, name_of_bytes
from emocam.data.corpus.store import Store, StoredEntry, Touched
from emocam.data.corpus.tar_rows import read_tar_rows
from emocam.data.ending import ending_of
from emocam.data.image_file import SUFFIXES, within_root
from emocam.data.left_out import LeftOut, notes_of_files
from emocam.errors import Damaged, Refused, SettingError, StoreLost
from emocam.settings.digests import SETTLED
from emocam.settings.roots import PACKED, SHARDS
from emocam.settings.stored_file import StoredFile

PLAIN, TAR, ENCODED, PATHS = "plain", "tar", "parquet", "paths"
MOST_BYTES = 1 << 29
"""Of a picture's file: it is held in memory whole."""
READERS = 8
"""Shards that are looked through at once."""
VERSION = 2
"""Of what a shard's listing holds."""


@dataclass(frozen=True)
class ShardPlace:
    """A shard, or all plain objects as one without a name, and which rows of the table are its pictures."""

    name: str
    path: str
    kind: str
    first: int
    stop: int
    size: int
    touched: Touched | None


@dataclass
class StoredCorpus:
    """Pictures below `store`, as `table` names them. `follow_links` lets paths in tables lead out of it."""

    store: Store
    table: MappedTable
    notes: list[str]
    follow_links: bool = False
    shards: list[ShardPlace] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.shards = [
            ShardPlace(name, path, kind, first, stop, size, None if touched is None else tuple(touched))
            for name, path, kind, first, stop, size, touched in json.loads(self.table.metadata[b"shards"])
        ]
        self._connect()

    def _connect(self) -> None:
        self._by_name = {shard.name: shard for shard in self.shards}
        self._unnamed = [shard for shard in self.shards if shard.kind in (PLAIN, PATHS)]
        self._starts = [shard.first for shard in self.shards]
        self._recent = threading.local()
        self._parquet = ParquetPictures(self.store)
        self._objects = {
            shard.name: StoredObjects(
                Store(posixpath.dirname(f"{self.store.address}/{shard.name}")), self.follow_links
            )
            for shard in self.shards
            if shard.kind == PATHS
        }

    def __getstate__(self) -> dict[str, Any]:
        return {key: value for key, value in vars(self).items() if not key.startswith("_")}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self._connect()

    @property
    def paths(self) -> Sequence[str]:
        """The names of all pictures: SHARD/MEMBER, or the path below the root."""
        return Listing(self.table, self.name_of, range(len(self.table)))

    def name_of(self, row: int) -> str:
        """Return the name of the picture in a row."""
        shard = self.shards[bisect_left(self._starts, row + 1) - 1]
        inner = name_of_bytes(self.table.value("path", row))
        return inner if shard.kind in (PLAIN, PATHS) else f"{shard.name}/{inner}"

    def row_of(self, path: str) -> tuple[ShardPlace, int]:
        """Return the shard of a picture and its row; raise where there is none of this name."""
        for shard, inner in self._candidates(path):
            first = bisect_left(
                range(shard.stop - shard.first),
                bytes_of_name(inner),
                key=lambda place: self.table.value("path", self._ordered(shard, place)),
            )
            if first < shard.stop - shard.first:
                row = self._ordered(shard, first)
                if self.table.value("path", row) == bytes_of_name(inner):
                    return shard, row
        raise FileNotFoundError(f"{path} is not in data.root")

    def _ordered(self, shard: ShardPlace, place: int) -> int:
        """Return the row at a place of the names' order."""
        if shard.kind == PLAIN:  # they are listed in it
            return shard.first + place
        return shard.first + int(self.table.value("order", shard.first + place))

    def _candidates(self, path: str) -> Iterator[tuple[ShardPlace, str]]:
        for shard in self._unnamed:
            yield shard, path
        end = path.find("/")
        while end > 0:
            if (named := self._by_name.get(path[:end])) is not None and named.kind in (TAR, ENCODED):
                yield named, path[end + 1 :]
            end = path.find("/", end + 1)

    def inner(self, path: str) -> str:
        """Return the name of a picture in its shard."""
        shard, _ = self.row_of(path)
        return path if shard.kind in (PLAIN, PATHS) else path[len(shard.name) + 1 :]

    def truth(self, path: str) -> str:
        """Return the class that the corpus gives a picture; empty where it gives none."""
        return self.table.value("truth", self.row_of(path)[1]) or ""

    @property
    def labels(self) -> list[str] | None:
        """The classes of the corpus; None where it has none."""
        found = pc.unique(self.table.column("truth")).to_pylist()
        return sorted(set(found) - {None, ""}) or None

    def picture(self, path: str) -> Path | StoredFile:
        """Return what a picture is read from."""
        shard, row = self.row_of(path)
        if shard.kind == PATHS:
            return self._addressed(shard, path)
        suffix = ending_of(posixpath.basename(path))
        touched = shard.touched
        if shard.kind == PLAIN:
            stamp = self.table.value("stamp", row)
            touched = (stamp, self.table.value("size", row), 0, 0) if stamp else None
        return StoredFile(f"{self.store.whole}/{path}", suffix, touched, lambda: self._bytes(shard, row))

    def _bytes(self, shard: ShardPlace, row: int) -> bytes:
        """Read a picture's file; the one read last is kept, since it is digested before it is opened."""
        if getattr(self._recent, "row", None) != row:
            self._recent.row, self._recent.data = None, b""
            try:
                self._recent.data = self._read(shard, row)
            finally:  # what was read, or could not be, may be of another file by now
                self._check_unchanged(shard)
            self._recent.row = row
        data: bytes = self._recent.data
        return data

    def _check_unchanged(self, shard: ShardPlace) -> None:
        """Stop where a shard of this machine is no longer the one that was listed: no picture is to blame."""
        if shard.touched is None or not self.store.local or shard.kind not in (TAR, ENCODED):
            return
        try:
            state = Path(shard.path).stat()
        except OSError:
            happened = "is gone"
        else:  # its last number changes with a mere link to it
            if (state.st_ino, state.st_size, state.st_mtime_ns) == shard.touched[:3]:
                return
            happened = "was written to"
        raise StoreLost(
            f"data.root: {shard.path} {happened} while its pictures were read; what is done is kept, and the same "
            "command with the same hydra.run.dir goes on with what is there then"
        )

    def _read(self, shard: ShardPlace, row: int) -> bytes:
        size, start = self.table.value("size", row), self.table.value("start", row)
        if size > MOST_BYTES:
            raise Refused(f"is a file of {size:,} bytes, more than {MOST_BYTES:,}")
        if shard.kind == ENCODED:
            return self._parquet.read(shard.path, self.table.value("group", row), start)
        if shard.kind == PLAIN:
            path = name_of_bytes(self.table.value("path", row))
            return self.store.read_whole(f"{shard.path}/{path}" if shard.path else path, size)
        there = max(0, min(size, shard.size - start))
        data = self.store.read(shard.path, start, start + there) if there else b""
        if len(data) < size:
            raise Damaged(f"{shard.name} ends within it: {len(data):,} of {size:,} bytes are there")
        return data

    def _addressed(self, shard: ShardPlace, path: str) -> Path | StoredFile:
        """Return the file that a table's path names, which must lie below the root unless links are followed."""
        folder = posixpath.dirname(shard.path)
        if not self.store.local:
            return self._objects[shard.name].picture(path)
        if "://" in path:
            raise Refused(
                "is an address of another store than data.root; data=table with its data.root reads it"
            )
        outside = posixpath.isabs(path) or path.startswith("..")
        if outside and not self.follow_links:
            raise Refused("lies outside data.root; data.follow_links=true reads it there")
        return Path(folder) / path if outside else within_root(Path(folder), path, self.follow_links)


@dataclass(frozen=True)
class _Shard:
    name: str
    entry: StoredEntry


def open_corpus(root: str | Path, cache: Path | None, follow_links: bool = False) -> StoredCorpus:
    """List what `data.root` names: an address, shards, or a folder of shards."""
    text = str(root)
    if text.lower().endswith(PACKED):
        raise SettingError(
            f"data.root {text} is compressed, so that no picture in it can be read by itself; give it as .tar "
            "(gunzip makes one)"
        )
    if not text.endswith(SHARDS) or ("*" not in text and "{" not in text and Store(text).is_folder):
        return _listed_folder(Store(text.rstrip("/")), cache, follow_links)
    store = Store(top_of(text) or ".")
    shards: list[_Shard] = []
    for name in expanded(text):
        found = store.matching(name) if "*" in name else [store.system._strip_protocol(name)]
        if not found:
            raise SettingError(f"data.root {text}: no shard is called {name}")
        shards += [_shard(store, store.entry(path)) for path in found]
    checked_shards(text, [shard.entry.path for shard in shards])
    return _of_shards(store, shards, cache, follow_links, text)


def _shard(store: Store, entry: StoredEntry) -> _Shard:
    if entry.size is None:  # which a server's page does not list
        entry = store.entry(entry.path)
    if entry.size is None:
        raise SettingError(
            f"data.root {store.address}: the server does not say how long {entry.path} is, and a shard is "
            "read in parts; fetch the shards"
        )
    return _Shard(entry.path.removeprefix(store.top).lstrip("/"), entry)


def _listed_folder(store: Store, cache: Path | None, follow_links: bool) -> StoredCorpus:
    """List a folder: its pictures, else its tars, else its Parquet."""
    endings: Counter[str] = Counter()
    shards: dict[str, list[_Shard]] = {ending: [] for ending in SHARDS}
    pictures = 0
    leading_out: list[str] = []

    def plain() -> Iterator[list[StoredEntry]]:
        nonlocal pictures
        for entries in store.entries():
            for entry in entries:
                ending = ending_of(posixpath.basename(entry.path))
                if ending not in SUFFIXES:
                    endings[ending or "(no ending)"] += 1
                if ending in shards and not follow_links and _leads_out(entry, store):
                    leading_out.append(entry.path)
                elif ending in shards:
                    shards[ending].append(_shard(store, entry))
            own = [entry for entry in entries if ending_of(posixpath.basename(entry.path)) in SUFFIXES]
            pictures += len(own)
            yield own

    table = _plain_table(store, plain(), cache)
    if pictures:
        return StoredCorpus(store, table, notes_of_files(endings, read=None), follow_links)
    for ending, of_kind in shards.items():
        if of_kind:
            named = sorted(of_kind, key=lambda shard: shard.name)
            corpus = _of_shards(store, named, cache, follow_links, store.address)
            corpus.notes += notes_of_files(endings, read=ending) + _told_links(leading_out)
            return corpus
    told = ", ".join(f"{count:,} {ending}" for ending, count in endings.most_common(8))
    raise SettingError(
        f"data.root {store.address} holds no picture; expected files ending in {', '.join(sorted(SUFFIXES))}, "
        f".tar or .parquet, in it or below it{f'; not read are {told}' if told else ''}"
        + "".join(f"; {note.removeprefix('data.root: ')}" for note in _told_links(leading_out))
    )


def _leads_out(entry: StoredEntry, store: Store) -> bool:
    """Return whether a file of this machine is a link to what lies outside the root."""
    file = Path(entry.path)
    return store.local and file.is_symlink() and not file.resolve().is_relative_to(Path(store.top).resolve())


def _told_links(files: list[str]) -> list[str]:
    if not files:
        return []
    one = len(files) == 1
    return [
        f"data.root: {len(files):,} linked {'file leads' if one else 'files lead'} out of it and "
        f"{'is' if one else 'are'} not read ({posixpath.basename(files[0])}); data.follow_links=true reads "
        f"{'it' if one else 'them'}"
    ]


def _plain_table(store: Store, parts: Iterable[list[StoredEntry]], cache: Path | None) -> MappedTable:
    """Write the table of plain objects, sorted by name."""
    names: list[pa.Array] = []
    numbers: list[np.ndarray] = []
    for part in parts:
        inner = [entry.path.removeprefix(store.top).lstrip("/") for entry in part]
        names.append(pa.array(map(bytes_of_name, inner), pa.large_binary()))
        rows = [
            (-1 if entry.size is None else entry.size, entry.touched[0] if entry.touched else 0)
            for entry in part
        ]
        numbers.append(np.array(rows, np.int64).reshape(-1, 2))
    path = pa.concat_arrays([pa.array([], pa.large_binary()), *names])
    known = np.concatenate([np.zeros((0, 2), np.int64), *numbers])
    order = pc.array_sort_indices(path)
    shard = ["", store.top, PLAIN, 0, len(path), 0, None]

    def tables() -> Iterator[pa.Table]:
        for start in range(0, len(order), 65_536):
            rows = order[start : start + 65_536]
            own = known[rows.to_numpy()]
            zeros = pa.array(np.zeros(len(rows), np.int64))
            yield pa.table(
                [
                    path.take(rows),
                    zeros.cast(pa.int32()),
                    zeros,
                    pa.array(own[:, 0]),
                    pa.array(own[:, 1]),
                    pa.nulls(len(rows), pa.string()),
                    zeros.cast(pa.int32()),
                ],
                schema=SCHEMA,
            )

    return write_table(tables(), SCHEMA.with_metadata({"shards": json.dumps([shard])}), cache)


def _of_shards(
    store: Store, shards: list[_Shard], cache: Path | None, follow_links: bool, root: str
) -> StoredCorpus:
    """List the pictures in shards, one after the other; what is known of a shard is not looked up again.

    `root` is how a person named them.
    """

    def rows(shard: _Shard) -> tuple[Path, int, dict[str, Any]]:
        table, told = _shard_table(store, shard, cache)
        return table.file, len(table), told  # not all of them open at once

    with ThreadPoolExecutor(1 if store.local else READERS) as readers:
        parts = list(readers.map(rows, shards))
    places, first = [], 0
    left_out: Counter[str] = Counter()
    for shard, (_, count, told) in zip(shards, parts, strict=True):
        stop = first + count
        entry = shard.entry
        places.append([shard.name, entry.path, told["kind"], first, stop, entry.size or 0, entry.touched])
        left_out.update(told["left_out"])
        first = stop
    notes = [f"data.root: {note}" for _, _, told in parts for note in told["notes"]]
    notes += [
        f"data.root: {text}" for text in LeftOut(endings=left_out).sentences(pictures_alone=bool(first))
    ]
    if not first:
        reasons = "".join(f"; {note.removeprefix('data.root: ')}" for note in notes[:3])
        hold = "the shard holds" if len(shards) == 1 else f"the {len(shards):,} shards hold"
        raise SettingError(f"data.root {root}: {hold} no picture{reasons}")
    metadata = {"shards": json.dumps(places)}
    tables = (MappedTable(file).whole() for file, _, _ in parts)
    corpus = StoredCorpus(
        store, write_table(tables, SCHEMA.with_metadata(metadata), cache), notes, follow_links
    )
    _check_paths(corpus)
    return corpus


def _check_paths(corpus: StoredCorpus) -> None:
    """Refuse tables of paths two of which name one picture."""
    if sum(shard.kind == PATHS for shard in corpus.shards) < 2:
        return
    counts = pc.value_counts(corpus.table.column("path"))
    twice = counts.filter(pc.greater(counts.field("counts"), 1))
    if len(twice):
        name = name_of_bytes(twice.field("values")[0].as_py())
        raise SettingError(
            f"data.root {corpus.store.address}: two of its tables name {name!r}; name each picture once"
        )


def _shard_table(store: Store, shard: _Shard, cache: Path | None) -> tuple[MappedTable, dict[str, Any]]:
    """Return a shard's rows, and what is told of it, from the cache where the shard is still the same."""
    entry = shard.entry
    key = hashlib.sha256(
        json.dumps([VERSION, store.address, entry.path, entry.size, entry.touched, sorted(SUFFIXES)]).encode()
    ).hexdigest()[:32]
    known = None if cache is None or not _is_settled(entry) else cache / FOLDER / f"shard-{key}.arrow"
    if known is not None and is_whole(known):  # a damaged one would name other pictures, or end the process
        table = MappedTable(known)
        return table, json.loads(table.metadata[b"told"])
    rows, kind = _rows(store, shard)
    told = {"kind": kind, "notes": rows.notes, "left_out": rows.left_out}
    schema = SCHEMA.with_metadata({"told": json.dumps(told)})
    # under its own name at once: jobs of a sweep list the same shards at the same time
    table = write_table([rows.table()], schema, cache, None if known is None else known.stem)
    if known is not None:
        keep_digest(table.file)
    return table, told


def _is_settled(entry: StoredEntry) -> bool:
    """Return whether the next change of a shard would show: some disks tell times in seconds."""
    return entry.touched is not None and time.time_ns() - entry.touched[3] >= SETTLED


def _rows(store: Store, shard: _Shard) -> tuple[ShardRows, str]:
    """List the pictures of one shard."""
    entry = shard.entry

    def read() -> tuple[ShardRows, str]:
        with store.system.open(entry.path, "rb", block_size=1 << 20) as opened:
            if shard.name.lower().endswith(".parquet"):
                return _parquet(opened, shard)
            return read_tar_rows(opened, entry.size or 0, shard.name), TAR

    try:
        rows, kind = store.trying(read, entry.path)
        # less may have come than there is
        return store.trying(read, entry.path) if rows.cut and not store.local else (rows, kind)
    except FileNotFoundError as error:
        raise store.fault(error, entry.path) from None


def _parquet(opened: Any, shard: _Shard) -> tuple[ShardRows, str]:
    try:
        rows, kind = read_parquet_rows(open_packed(opened), shard.name, shard.entry.size or 0)
    except (pa.ArrowException, OSError) as error:
        if not is_damage(error):
            raise
        words = " ".join(str(error).split())[:120]
        return ShardRows(notes=[f"{shard.name} cannot be read as Parquet ({words})"], cut=True), ENCODED
    return rows, PATHS if kind == "paths" else ENCODED
