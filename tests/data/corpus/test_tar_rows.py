"""What a tar holds is listed once, and all that lies before a cut is used."""

import bz2
import gzip
import io
import lzma
import tarfile
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from emocam.data.corpus.tar_rows import read_tar_rows
from emocam.data.folder import Folder
from emocam.errors import Damaged, SettingError


def rows_of(content: bytes):  # type: ignore[no-untyped-def]
    return read_tar_rows(io.BytesIO(content), len(content), "x.tar")


@pytest.fixture
def tar(packed: SimpleNamespace, tmp_path: Path) -> bytes:
    return packed.tar(
        tmp_path / "x.tar", list(zip(["a.png", "b.png", "c.png"], packed.contents, strict=False))
    ).read_bytes()


@pytest.mark.parametrize("kind", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_members_lie_where_tarfile_finds_them_also_under_long_names(
    packed: SimpleNamespace, kind: int
) -> None:
    names = [
        "a.png",
        f"{'d' * 90}/{'é' * 40}.png",
        f"{'e' * (90 if kind == tarfile.USTAR_FORMAT else 200)}.png",
    ]
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w", format=kind) as archive:
        for name, content in zip(names, packed.contents, strict=False):
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    content = written.getvalue()
    rows = rows_of(content)
    assert rows.paths == names and not rows.notes
    for start, size, own in zip(rows.start, rows.size, packed.contents, strict=False):
        assert content[start : start + size] == own


def test_a_cut_tar_is_used_up_to_its_cut_wherever_it_is(tar: bytes) -> None:
    whole = rows_of(tar)
    ends = [start + size for start, size in zip(whole.start, whole.size, strict=True)]
    mark = -(-ends[-1] // 512) * 512
    for cut in (*range(600, mark + 1024, 97), *ends, *(-(-end // 512) * 512 for end in ends)):
        rows = rows_of(tar[:cut])
        begun = [path for path, start in zip(whole.paths, whole.start, strict=True) if start <= cut]
        assert rows.paths == begun
        assert any("x.tar is cut" in note for note in rows.notes) is (cut < mark + 512)


def test_a_cut_picture_is_in_the_listing_and_says_so(
    packed: SimpleNamespace, tar: bytes, tmp_path: Path
) -> None:
    start = rows_of(tar).start[1]
    (tmp_path / "x.tar").write_bytes(tar[: start + 100])
    data = Folder(root=tmp_path / "x.tar")
    assert data.paths() == ["x.tar/a.png", "x.tar/b.png"]
    assert data.open("x.tar/a.png").image.size == (32, 24)
    with pytest.raises(Damaged, match=rf"x\.tar ends within it: 100 of {len(packed.contents[1]):,} bytes"):
        data.open("x.tar/b.png")


def test_of_two_members_of_one_name_the_last_counts(packed: SimpleNamespace, tmp_path: Path) -> None:
    members = [("a.png", packed.contents[0]), ("./a.png", packed.contents[2]), ("b.png", packed.contents[4])]
    data = Folder(root=packed.tar(tmp_path / "x.tar", members))
    assert data.paths() == ["x.tar/a.png", "x.tar/b.png"]
    assert data.notes == [
        "data.root: x.tar holds members of one name, 1 too many (such as a.png): the last counts, as for tar"
    ]
    file = data.picture_file("x.tar/a.png")
    assert not isinstance(file, Path) and file.read() == packed.contents[2]


def test_names_that_lead_out_stay_within_and_links_lead_to_what_they_are(packed: SimpleNamespace) -> None:
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w") as archive:
        for name in ("../../a.png", "/etc/b.png"):
            info = tarfile.TarInfo(name)
            info.size = len(packed.contents[0])
            archive.addfile(info, io.BytesIO(packed.contents[0]))
        for name, kind, target in (
            ("c.png", tarfile.LNKTYPE, "../../a.png"),
            ("d.png", tarfile.SYMTYPE, "/etc/passwd"),
        ):
            info = tarfile.TarInfo(name)
            info.type, info.linkname = kind, target
            archive.addfile(info)
    rows = rows_of(written.getvalue())
    assert rows.paths == ["a.png", "etc/b.png", "c.png"] and rows.start[2] == rows.start[0]
    assert rows.notes == ["x.tar: 1 links are left out"]


def test_further_pictures_of_a_sample_are_left_out(packed: SimpleNamespace, tmp_path: Path) -> None:
    content = packed.contents[0]
    names = {
        "a.png": content,
        "a.seg.png": content,
        "a.cls": b"joy",
        "v1.2.png": content,
        "v1.2.json": b'{"cls": 7}',
    }
    file = packed.tar(tmp_path / "x.tar", list(names.items()))
    rows = rows_of(file.read_bytes())
    assert rows.paths == ["a.png", "v1.2.png"] and rows.truth == ["joy", "7"]
    assert rows.notes == ["x.tar: 1 further pictures of samples (such as a.seg.png) are left out"]


@pytest.mark.parametrize("content", [b"", b"no tar" * 200, b"\0" * 1024])
def test_what_is_no_tar_holds_nothing(content: bytes) -> None:
    assert rows_of(content).paths == []


def test_a_tar_behind_a_tar_is_told(packed: SimpleNamespace, tmp_path: Path) -> None:
    file = packed.tar(tmp_path / "x.tar", [("a.png", packed.contents[0])])
    assert rows_of(file.read_bytes()).notes == []
    rows = rows_of(file.read_bytes() * 2)
    assert rows.paths == ["a.png"] and "x.tar goes on after its end mark" in rows.notes[0]


def test_a_fault_of_the_store_is_no_cut() -> None:
    class Lost(io.BytesIO):
        def read(self, count: int = -1) -> bytes:
            raise ConnectionError("gone")

    with pytest.raises(ConnectionError):
        read_tar_rows(Lost(), 10_000, "x.tar")


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress])
def test_a_compressed_tar_with_the_name_of_a_plain_one_is_told(
    tar: bytes, pack: Callable[[bytes], bytes], tmp_path: Path
) -> None:
    (tmp_path / "y.tar").write_bytes(pack(tar))
    with pytest.raises(
        SettingError, match=rf"data\.root {tmp_path}/y\.tar: the shard holds no picture; y\.tar is compressed"
    ):
        Folder(root=tmp_path / "y.tar")


@pytest.mark.parametrize("size", ["99999999999999999999999999", "-5", "-1025"])
def test_a_member_of_impossible_size_ends_what_can_be_read(size: str) -> None:
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name, told in (("a.png", {}), ("b.png", {"size": size}), ("c.png", {})):
            member = tarfile.TarInfo(name)
            member.size, member.pax_headers = 4, told
            archive.addfile(member, io.BytesIO(b"data"))
    rows = read_tar_rows(io.BytesIO(content.getvalue()), len(content.getvalue()), "x.tar")
    assert rows.paths[:1] == ["a.png"] and "b.png" not in rows.paths and len(rows.notes) > 0
