"""Pictures that changed since they were explained are told, wherever on this machine they lie."""

import hashlib
import tarfile
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from emocam.results import picture_faults as module
from emocam.settings.digests import Digests


def write_tar(file: Path, contents: list[bytes]) -> None:
    with tarfile.open(file, "w") as archive:
        for number, content in enumerate(contents):
            member = tarfile.TarInfo(f"{number}.png")
            member.size = len(content)
            archive.addfile(member, BytesIO(content))


@pytest.mark.parametrize("root", ["shards", "shards/x.tar", "shards/{x,y}.tar"])
def test_a_picture_in_a_tar_is_held_to_its_digest(
    root: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "shards").mkdir()
    write_tar(tmp_path / "shards/x.tar", [b"one", b"two"])
    write_tar(tmp_path / "shards/y.tar", [b"six"])
    digests = [hashlib.sha256(content).hexdigest() for content in (b"one", b"two")]
    ledger = {"image": ["x.tar/0.png", "x.tar/1.png"], "digest": digests}
    pq.write_table(pa.table(ledger), tmp_path / "ledger.parquet")
    run = SimpleNamespace(names={"made_of": {"source": str(tmp_path / root)}})
    monkeypatch.setattr(module, "Run", lambda folder: run)
    assert module.changed_since(tmp_path, Digests()) is None
    write_tar(tmp_path / "shards/x.tar", [b"one", b"TWO"])
    told = module.changed_since(tmp_path, Digests())
    assert told and told.startswith("1 of 2 pictures of") and told.endswith("such as 'x.tar/1.png'")
    (tmp_path / "shards/x.tar").unlink()  # what is gone has not changed
    assert module.changed_since(tmp_path, Digests()) is None
