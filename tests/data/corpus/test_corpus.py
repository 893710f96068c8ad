"""A corpus is the same wherever it lies: its pictures, their digests and classes are those of the folder."""

import multiprocessing
import os
import pickle
from collections.abc import Callable
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from types import SimpleNamespace
from typing import Any

import fsspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from emocam.data.contents import all_contents
from emocam.data.corpus import corpus as module
from emocam.data.corpus.corpus import StoredCorpus
from emocam.data.folder import Folder
from emocam.data.imagefolder import ImageFolder
from emocam.data.samples import Samples
from emocam.errors import Damaged, Refused, SettingError, StoreLost
from emocam.settings.digests import Digests
from emocam.settings.stored_file import StoredFile

Place = Callable[[str], str]
IN_TARS = (
    *("tars", "tars/shard-{000..001}.tar", "tars/*.tar"),
    *("memory:tars", "memory:tars/shard-{000,001}.tar", "http:tars"),
)
IN_PARQUET = ("parquet", "parquet/part-{0..1}.parquet", "memory:parquet", "http:parquet/part-{0..1}.parquet")
AS_THEY_ARE = ("memory:folder", "http:folder", "folder/table.parquet", "memory:folder/table.parquet")


@pytest.mark.parametrize("words", [*IN_TARS, *IN_PARQUET, *AS_THEY_ARE])
def test_a_picture_is_the_same_wherever_it_lies(words: str, place: Place, packed: SimpleNamespace) -> None:
    folder, stored = Folder(root=packed.root / "folder"), Folder(root=place(words))
    shard = {"tars": "shard-00{}.tar/", "parq": "part-{}.parquet/"}.get(words.rpartition(":")[2][:4], "")
    names = [f"{shard}{name}".format(int(i > 3)) for i, name in enumerate(packed.names)]
    quoted = [name.replace(" ", "%20") if words == "http:folder" else name for name in names]
    assert sorted(stored.paths()) == sorted(quoted)
    for name, path in zip(packed.names, quoted, strict=True):
        one, other = (data.open(at).image for data, at in ((folder, name), (stored, path)))
        assert np.array_equal(np.asarray(one), np.asarray(other))
    digests = [
        [contents.digest for contents in all_contents(data, paths, Digests())]
        for data, paths in ((folder, packed.names), (stored, quoted))
    ]
    assert digests[0] == digests[1] and None not in digests[0]


@pytest.mark.parametrize("words", ["tars", "parquet", "http:tars", "folder/table.parquet"])
def test_a_class_beside_a_picture_is_its_truth(words: str, place: Place, packed: SimpleNamespace) -> None:
    data = Folder(root=place(words))
    assert len(data.paths()) == 6 and data.labels == ["awe", "fear", "joy"]
    assert [data.known(path) for path in data.paths()] == [{"truth": name} for name in packed.classes]


def test_pictures_in_subfolders_of_a_tar_have_these_as_classes(place: Place) -> None:
    data = ImageFolder(root=place("memory:tars"))
    assert [data.known(path)["truth"] for path in data.paths()] == ["a", "a", "b", "b", "b", ""]


def test_a_shard_is_looked_through_once_and_again_when_it_is_another(
    packed: SimpleNamespace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    monkeypatch.setattr(module, "SETTLED", 0)
    reader = module.read_tar_rows
    monkeypatch.setattr(module, "read_tar_rows", lambda *given: asked.append(given[2]) or reader(*given))
    file = packed.tar(tmp_path / "x.tar", [("a.png", packed.contents[0])])
    for _ in range(2):
        assert list(module.open_corpus(tmp_path, tmp_path / "cache").paths) == ["x.tar/a.png"]
    assert asked == ["x.tar"]
    packed.tar(file, [("a.png", packed.contents[0]), ("b.png", packed.contents[1])])
    assert list(module.open_corpus(tmp_path, tmp_path / "cache").paths) == ["x.tar/a.png", "x.tar/b.png"]
    assert asked == ["x.tar", "x.tar"]


def test_only_the_bytes_of_a_picture_are_fetched(place: Place, ranged: Any, packed: SimpleNamespace) -> None:
    data = Folder(root=place("http:tars"))
    before = len(ranged.asked)
    data.open("shard-001.tar/e.jpg")
    ((path, part),) = ranged.asked[before:]
    first, last = map(int, part.removeprefix("bytes=").split("-"))
    assert path.endswith("shard-001.tar") and last + 1 - first == len(packed.contents[5])


def test_a_listing_that_nobody_asks_for_is_removed_in_the_end(
    packed: SimpleNamespace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def listings() -> set[str]:
        return {file.name for file in (tmp_path / "cache").rglob("*.arrow")}

    monkeypatch.setattr(module, "SETTLED", 0)
    for name in ("x.tar", "y.tar"):
        packed.tar(tmp_path / name, [(f"{name}.png", packed.contents[0])])
        module.open_corpus(tmp_path / name, tmp_path / "cache")
    assert len(listings()) == 4
    for file in (tmp_path / "cache").rglob("*.arrow"):
        os.utime(file, (0, 0))
    module.open_corpus(tmp_path / "x.tar", tmp_path / "cache")
    assert len(listings()) == 2
    monkeypatch.setattr(module, "read_tar_rows", None)  # which is not asked again
    assert list(module.open_corpus(tmp_path / "x.tar", tmp_path / "cache").paths) == ["x.tar/x.tar.png"]


def test_a_shard_that_was_written_a_moment_ago_is_looked_through_again(
    packed: SimpleNamespace, tmp_path: Path
) -> None:
    packed.tar(tmp_path / "x.tar", [("a.png", packed.contents[0])])
    assert len(module.open_corpus(tmp_path, tmp_path / "cache").paths) == 1
    assert not list(
        (tmp_path / "cache").rglob("shard-*")
    )  # on some disks its next change leaves the same times


@pytest.mark.parametrize("kind", ["tar", "parquet"])
def test_a_shard_that_is_written_to_while_it_is_read_stops_the_run(
    packed: SimpleNamespace, tmp_path: Path, kind: str
) -> None:
    def write(order: int) -> Path:
        rows = list(zip(packed.names, packed.contents, [0] * 6, strict=True))[::order]
        if kind == "tar":
            return packed.tar(tmp_path / "x.tar", [row[:2] for row in rows])  # type: ignore[no-any-return]
        return packed.parquet(tmp_path / "x.parquet", rows)  # type: ignore[no-any-return]

    file = write(1)
    data = Folder(root=file)
    assert data.open(f"x.{kind}/e.jpg").image.size == (32, 24)
    os.link(file, tmp_path / "same")  # touches it, and changes nothing
    assert data.open(f"x.{kind}/a/0.png").image.size == (32, 24)
    write(-1)
    with pytest.raises(StoreLost, match=rf"x\.{kind} was written to while .* the same command .* goes on"):
        data.open(f"x.{kind}/e.jpg")
    file.unlink()
    with pytest.raises(StoreLost, match="is gone while its pictures were read"):
        data.open(f"x.{kind}/b/2.png")


def test_jobs_that_list_one_shard_at_once_are_not_in_each_other_s_way(
    packed: SimpleNamespace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    packed.tar(tmp_path / "x.tar", [("a.png", packed.contents[0])])
    monkeypatch.setattr(module, "SETTLED", 0)
    own, other = module.write_table, [lambda: module.open_corpus(tmp_path, tmp_path / "cache")]

    def written(*given: Any) -> Any:
        table = own(*given)
        if other:
            other.pop()()
        return table

    monkeypatch.setattr(module, "write_table", written)
    assert list(module.open_corpus(tmp_path, tmp_path / "cache").paths) == ["x.tar/a.png"]


def test_no_process_reads_at_the_place_of_another(packed: SimpleNamespace) -> None:
    def places() -> list[str]:
        own = Path("/proc/self/fd")
        opened = [fd.name for fd in own.iterdir() if fd.is_symlink() and ".parquet" in str(fd.readlink())]
        return [Path(f"/proc/self/fdinfo/{fd}").read_text().split("\n")[0] for fd in opened]

    data = Folder(root=packed.root / "parquet")
    data.open(data.paths()[0])
    before = places()
    context = multiprocessing.get_context("fork")
    answer = context.Queue()
    child = context.Process(target=opened_in_child, args=(data, data.paths()[2], answer))
    child.start()
    answer.get(timeout=20)
    child.join()
    assert before and places() == before


def opened_in_child(data: Folder, path: str, answer: Any) -> None:
    answer.put(np.asarray(data.open(path).image).sum())


@pytest.mark.parametrize("words", ["http:tars", "parquet"])
def test_a_worker_has_connections_of_its_own(words: str, place: Place) -> None:
    data = Folder(root=place(words))
    path = data.paths()[5]
    here = np.asarray(data.open(path).image).sum()
    context = multiprocessing.get_context("fork")
    answer = context.Queue()
    child = context.Process(target=opened_in_child, args=(data, path, answer))
    child.start()
    assert answer.get(timeout=20) == here
    child.join()
    assert np.asarray(pickle.loads(pickle.dumps(data)).open(path).image).sum() == here


@pytest.mark.parametrize("shard", ["1/2", "2/2", "5/6"])
def test_jobs_share_a_corpus_of_shards_between_them(place: Place, shard: str) -> None:
    whole, part = Folder(root=place("tars")), Folder(root=place("tars"), shard=shard)
    number, of = map(int, shard.split("/"))
    assert part.listing() == list(whole.paths())[number - 1 :: of]
    assert Folder(root=place("tars"), limit=2).listing() == list(whole.paths())[:2]


def test_a_server_that_knows_no_ranges_is_told_to_be_none_for_shards(
    packed: SimpleNamespace, tmp_path: Path
) -> None:
    packed.tar(tmp_path / "x.tar", [("a.png", bytes(3_000_000)), ("b.png", bytes(3_000_000))])
    web = ThreadingHTTPServer(("127.0.0.1", 0), partial(SimpleHTTPRequestHandler, directory=str(tmp_path)))
    Thread(target=web.serve_forever, daemon=True).start()
    try:
        with pytest.raises(
            SettingError, match=r"sends no parts of files, .* give a server that knows HTTP ranges"
        ):
            Folder(root=f"http://127.0.0.1:{web.server_port}/x.tar")
    finally:
        web.shutdown()
        web.server_close()


def test_a_table_s_paths_may_not_lead_out_unless_links_are_followed(
    packed: SimpleNamespace, tmp_path: Path
) -> None:
    outside = tmp_path / "secret.png"
    outside.write_bytes(packed.contents[0])
    (tmp_path / "in").mkdir()
    pq.write_table(pa.table({"path": ["../secret.png", str(outside)]}), tmp_path / "in/t.parquet")
    shut = Folder(root=tmp_path / "in/t.parquet")
    following = Folder(root=tmp_path / "in/t.parquet", follow_links=True)
    for path in shut.paths():
        with pytest.raises(Refused, match=r"lies outside data\.root; data\.follow_links=true"):
            shut.open(path)
        assert following.open(path).image.size == (32, 24)


def test_a_table_s_paths_lead_to_no_other_store(server: str, in_memory: str, tmp_path: Path) -> None:
    paths = pa.table({"path": [f"{server}/folder/e.jpg", f"{in_memory}/folder/e.jpg"]})
    pq.write_table(paths, tmp_path / "t.parquet")
    fsspec.filesystem("memory").put(str(tmp_path / "t.parquet"), "/packed/lists/t.parquet")
    here, there = (
        Folder(root=root, follow_links=True)
        for root in (tmp_path / "t.parquet", f"{in_memory}/lists/t.parquet")
    )
    for data, path in ((here, 0), (here, 1), (there, 0)):
        with pytest.raises(Refused, match="another store"):
            data.open(data.paths()[path])
    assert there.open(there.paths()[1]).image.size == (32, 24)


def test_a_row_without_a_picture_costs_itself_alone(packed: SimpleNamespace, tmp_path: Path) -> None:
    kind = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    rows = [{"bytes": packed.contents[0], "path": None}, {"bytes": None, "path": None}, None]
    pq.write_table(pa.table({"image": pa.array(rows, kind)}), tmp_path / "t.parquet")
    data = Folder(root=tmp_path / "t.parquet")
    assert data.paths() == ["t.parquet/0", "t.parquet/1", "t.parquet/2"]
    assert data.open("t.parquet/0").image.size == (32, 24)
    for path in data.paths()[1:]:
        with pytest.raises(Refused, match="row holds no picture"):
            data.open(path)


FAULTS = {
    "x.tar.gz": "is compressed, so that no picture",
    "nothing.tar": "there is nothing at this address",
    "{0..0,0}.tar": "names the shard .*0.tar twice; name each once",
    "*.tar": "no shard is called",
    "memory://no/where": "there is nothing at this address",
    "memory://a::file://b": "one address without ::",
    "s4://bucket/x": "no store called s4://; expected one of: s3",
    "gs://bucket/x": r"gs:// is not installed; pip install 'emocam\[gs\]'",
    "http://127.0.0.1:9/x": "cannot be read",
}


@pytest.mark.parametrize("root", FAULTS)
def test_what_cannot_be_read_is_told_in_one_sentence(
    root: str, packed: SimpleNamespace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    packed.tar(tmp_path / "0.tar", [("a.png", packed.contents[0])])
    if root == "*.tar":
        (tmp_path / "0.tar").unlink()
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SettingError, match=FAULTS[root]) as caught:
        Folder(root=root).paths()
    assert str(caught.value).startswith("data.root") and "\n" not in str(caught.value)


def test_a_parquet_without_pictures_names_its_columns(tmp_path: Path) -> None:
    pq.write_table(pa.table({"x": [1], "y": ["a"]}), tmp_path / "t.parquet")
    with pytest.raises(
        SettingError, match=r"has no column of pictures; expected image.* its columns are x, y"
    ):
        Folder(root=tmp_path / "t.parquet")


def test_shards_beside_pictures_are_told_and_not_read(in_memory: str) -> None:
    assert Folder(root=f"{in_memory}/folder").notes == [
        "data.root: not read, since there are pictures, are 1 .parquet"
    ]


def test_what_else_may_hold_pictures_is_told(packed: SimpleNamespace, tmp_path: Path) -> None:
    picture = packed.contents[0]
    packed.tar(
        tmp_path / "a/x.tar", [("a.png", picture), ("b.cr2", b"raw"), ("c.svg", b"drawn"), ("d.txt", b"")]
    )
    assert notes_of(tmp_path / "a") == ["data.root: not read are 1 .cr2, 1 .svg"]
    packed.parquet(tmp_path / "a/y.parquet", [("b.png", picture, 0)])
    assert "data.root: not read, since there are .tar, are 1 .parquet" in notes_of(tmp_path / "a")
    (tmp_path / "a/c.png").write_bytes(picture)
    told = ["data.root: not read, since there are pictures, are 1 .parquet, 1 .tar"]
    assert sorted(notes_of(tmp_path / "a")[0].split()) == sorted(told[0].split())
    packed.tar(tmp_path / "b.tar", [("b.cr2", b"raw")])
    with pytest.raises(SettingError, match=r"holds? no picture; not read are 1 \.cr2"):
        Folder(root=tmp_path / "b.tar")


def notes_of(root: Path) -> list[str]:
    data = Folder(root=root)
    assert len(data.paths()) == 1
    return data.notes


def test_tables_of_paths_and_of_pictures_lie_side_by_side(packed: SimpleNamespace, tmp_path: Path) -> None:
    packed.parquet(tmp_path / "[1]/a.parquet", [("b.png", packed.contents[0], 0)])
    pq.write_table(pa.table({"path": ["c.png"]}), tmp_path / "[1]/b.parquet")
    (tmp_path / "[1]/c.png").write_bytes(packed.contents[2])
    data = Folder(root=tmp_path / "[1]" / "*.parquet")
    assert [data.open(path).image.size for path in ("a.parquet/b.png", "c.png")] == [(32, 24)] * 2


@pytest.mark.parametrize(("first", "count"), [(-60, 40), (4, 60)])
def test_a_damaged_table_is_told_and_costs_no_more_than_itself(
    first: int, count: int, packed: SimpleNamespace, tmp_path: Path
) -> None:
    written = packed.parquet(tmp_path / "a.parquet", [("b.png", packed.contents[0], 0)]).read_bytes()
    packed.parquet(tmp_path / "b.parquet", [("c.png", packed.contents[0], 0)])
    first %= len(written)
    turned = bytes(byte ^ 0x5A for byte in written[first : first + count])
    (tmp_path / "a.parquet").write_bytes(written[:first] + turned + written[first + count :])
    data = Folder(root=tmp_path)
    assert data.paths()[-1] == "b.parquet/c.png" and data.open("b.parquet/c.png").image.size == (32, 24)
    if len(data.paths()) == 2:
        with pytest.raises(Damaged, match=r"row group 0 of .*a\.parquet cannot be read"):
            data.open("a.parquet/b.png")
    else:
        assert "a.parquet cannot be read as Parquet" in data.notes[0]


def test_a_store_that_does_not_answer_stops_the_run_and_no_picture_is_blamed(
    place: Place, ranged: Any, quick_trials: None
) -> None:
    data = Folder(root=place("http:tars"))
    view: Any = None
    samples = Samples(data, data.listing(), np.arange(6), view, view)
    ranged.closed.set()
    try:
        with pytest.raises(StoreLost, match=r"no longer answers .* the same command .* goes on"):
            samples[0]
    finally:
        ranged.closed.clear()


def test_a_digest_is_remembered_for_as_long_as_the_shard_is_the_same(
    packed: SimpleNamespace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("emocam.settings.digests.SETTLED", 0)
    packed.tar(tmp_path / "x.tar", [("a.png", packed.contents[0])])
    digests, read = Digests(), []
    own = StoredCorpus._read
    monkeypatch.setattr(StoredCorpus, "_read", lambda *given: read.append(1) or own(*given))
    for content in (0, 0, 1):
        packed.tar(tmp_path / "x.tar", [("a.png", packed.contents[content])]) if content else None
        data = Folder(root=tmp_path)
        data.paths()
        file = data.picture_file("x.tar/a.png")
        assert isinstance(file, StoredFile)
        digests.of(file)
    assert len(read) == 2


def test_a_shard_that_a_link_leads_out_to_is_read_where_links_are_followed(
    packed: SimpleNamespace, tmp_path: Path
) -> None:
    root, elsewhere = tmp_path / "root", tmp_path / "elsewhere"
    for folder in (root, elsewhere):
        folder.mkdir()
    packed.tar(root / "own.tar", [("a.png", packed.contents[0])])
    packed.tar(elsewhere / "x.tar", [("b.png", packed.contents[1])])
    (root / "inside.tar").symlink_to(root / "own.tar")
    (root / "outside.tar").symlink_to(elsewhere / "x.tar")
    data = Folder(root=root)
    assert list(data.paths()) == ["inside.tar/a.png", "own.tar/a.png"]
    assert "1 linked file leads out of it and is not read (outside.tar)" in "".join(data.notes)
    assert "outside.tar/b.png" in Folder(root=root, follow_links=True).paths()
    assert list(Folder(root=root / "outside.tar").paths()) == ["outside.tar/b.png"]  # which was named


def test_a_damaged_listing_is_made_anew(
    packed: SimpleNamespace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "SETTLED", 0)
    packed.tar(tmp_path / "x.tar", [(f"{n}.png", packed.contents[n]) for n in range(5)])
    own = list(module.open_corpus(tmp_path, tmp_path / "cache").paths)
    (listing,) = (tmp_path / "cache").rglob("shard-*.arrow")
    whole, draw = listing.read_bytes(), np.random.default_rng(0)
    for _ in range(40):
        bit = int(draw.integers(8 * len(whole)))
        listing.write_bytes(
            whole[: bit // 8] + bytes([whole[bit // 8] ^ 1 << bit % 8]) + whole[bit // 8 + 1 :]
        )
        corpus = module.open_corpus(tmp_path, tmp_path / "cache")
        assert list(corpus.paths) == own
        assert [corpus.picture(path).read() for path in own] == packed.contents[:5]
        assert listing.read_bytes() == whole
    listing.with_suffix(".sha256").unlink()
    assert list(module.open_corpus(tmp_path, tmp_path / "cache").paths) == own


PICTURES = pa.struct([("bytes", pa.binary()), ("path", pa.string())])


def repeated(value: bytes | str, rows: int) -> pa.Array:
    """Return a column of one value that a file holds once."""
    return pa.DictionaryArray.from_arrays(np.zeros(rows, np.int32), pa.array([value]))


def test_a_value_that_a_table_repeats_is_held_once(packed: SimpleNamespace, tmp_path: Path) -> None:
    table = pa.table(
        {"image": repeated(bytes(1 << 24) + packed.contents[0], 1_000)}
    )  # 16 GB if it is spelt out
    pq.write_table(table, tmp_path / "many.parquet", store_schema=False)
    corpus = module.open_corpus(tmp_path, None)
    assert len(corpus.paths) == 1_000
    assert len(corpus.picture("many.parquet/999").read()) == (1 << 24) + len(packed.contents[0])


def test_names_that_a_table_repeats_are_held_once_and_long_ones_are_none(tmp_path: Path) -> None:
    long = repeated("x" * 1_000_000, 50_000)  # 50 GB if it is spelt out
    pq.write_table(pa.table({"path": long, "label": long}), tmp_path / "long.parquet", store_schema=False)
    with pytest.raises(SettingError, match=r"50,000 rows without a path, or with that of an earlier row"):
        module.open_corpus(tmp_path, None)
    names = pa.array([f"{n}.png" for n in range(300)])
    rows = {"path": names, "label": pa.array(["cat", "dog", None] * 100).dictionary_encode()}
    pq.write_table(pa.table(rows), tmp_path / "long.parquet")
    corpus = module.open_corpus(tmp_path, None)
    assert list(corpus.paths) == names.to_pylist() and corpus.labels == ["cat", "dog"]
    assert [corpus.truth(f"{n}.png") for n in range(3)] == ["cat", "dog", ""]


def test_what_a_table_calls_its_pictures_and_their_classes_is_kept(
    packed: SimpleNamespace, tmp_path: Path
) -> None:
    rows = [{"bytes": content, "path": f"in/{n}.png"} for n, content in enumerate(packed.contents)]
    kinds = [["a", None, "b"][n % 3] for n in range(len(rows))]
    table = pa.table({"image": pa.array(rows, PICTURES), "label": kinds, "tags": [["x", "y"]] * len(rows)})
    for dictionary in (True, False, ["image.bytes"]):
        pq.write_table(table, tmp_path / "x.parquet", row_group_size=2, use_dictionary=dictionary)
        corpus = module.open_corpus(tmp_path, None)
        assert [corpus.picture(path).read() for path in corpus.paths] == packed.contents
        assert list(corpus.paths) == [f"x.parquet/in/{n}.png" for n in range(len(rows))]
        assert [corpus.truth(path) for path in corpus.paths] == [kind or "" for kind in kinds]


def test_millions_of_rows_of_nothing_are_no_pictures(tmp_path: Path) -> None:
    table = pa.table({"image": pa.nulls(3_000_000, pa.binary())})
    pq.write_table(table, tmp_path / "x.parquet")
    with pytest.raises(SettingError, match=r"3,000,000 rows in [\d,]+ bytes are no pictures"):
        module.open_corpus(tmp_path, None)
