"""A bucket of an S3 server that runs on this machine: shards, pictures, and what goes wrong with a bucket."""

import os
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import fsspec
import numpy as np
import pytest

from emocam.data.contents import all_contents
from emocam.data.folder import Folder
from emocam.errors import SettingError, StoreLost
from emocam.settings.digests import Digests

pytestmark = pytest.mark.slow
KEYS = {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "AWS_DEFAULT_REGION": "us-east-1"}


@pytest.fixture(scope="module")
def s3(packed: SimpleNamespace) -> Iterator[SimpleNamespace]:
    """The server, with the packed corpora in `s3://corpus`."""
    pytest.importorskip("s3fs")
    moto = pytest.importorskip("moto.server")
    server = moto.ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    _, port = server.get_host_and_port()
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {**KEYS, "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}"}.items():
            patch.setenv(name, value)
        patch.setenv("AWS_CONFIG_FILE", os.devnull)
        patch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
        patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        patch.setenv("AWS_MAX_ATTEMPTS", "1")
        store = fsspec.filesystem("s3", use_listings_cache=False, skip_instance_cache=True)
        store.mkdir("corpus")
        store.put(str(packed.root), "corpus/", recursive=True)
        found = next(name for name in store.find("corpus") if name.endswith("folder/e.jpg"))
        folder = found.removesuffix("/folder/e.jpg")
        yield SimpleNamespace(server=server, store=store, root=f"s3://{folder}")
        server.stop()


@pytest.mark.parametrize("name", ["folder", "tars", "tars/shard-{000..001}.tar", "tars/*.tar", "parquet"])
def test_a_corpus_in_a_bucket_is_that_of_the_folder(
    s3: SimpleNamespace, packed: SimpleNamespace, name: str
) -> None:
    here, there = Folder(root=packed.root / "folder"), Folder(root=f"{s3.root}/{name}")
    assert [
        path.partition(".tar/")[2] or path.partition(".parquet/")[2] or path for path in there.paths()
    ] == (list(here.paths()) if name == "folder" else list(packed.names))
    for path in there.paths():
        own = path.partition(".tar/")[2] or path.partition(".parquet/")[2] or path
        assert np.array_equal(*(np.asarray(data.open(at).image) for data, at in ((here, own), (there, path))))
    digests = {contents.digest for contents in all_contents(there, there.paths(), Digests())}
    assert digests == {contents.digest for contents in all_contents(here, here.paths(), Digests())}


def test_a_digest_in_a_bucket_is_remembered_by_the_object_s_tag(
    s3: SimpleNamespace, packed: SimpleNamespace, tmp_path: Path
) -> None:
    s3.store.pipe("corpus/tagged/a.jpg", packed.contents[1])
    first = Folder(root="s3://corpus/tagged").picture_file("a.jpg").touched  # type: ignore[union-attr]
    assert Folder(root="s3://corpus/tagged").picture_file("a.jpg").touched == first is not None  # type: ignore[union-attr]
    s3.store.pipe("corpus/tagged/a.jpg", packed.contents[3])
    assert Folder(root="s3://corpus/tagged").picture_file("a.jpg").touched != first  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "root", ["s3://nowhere/photos", "s3://corpus/nothing", "s3://corpus/none-{0..1}.tar"]
)
def test_what_is_not_in_a_bucket_is_told(s3: SimpleNamespace, root: str) -> None:
    with pytest.raises(
        SettingError, match=r"data\.root s3://.*(there is nothing at this address|holds no picture)"
    ):
        Folder(root=root)


def test_missing_credentials_are_told_with_where_to_put_them(
    s3: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    import s3fs

    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    s3fs.S3FileSystem.clear_instance_cache()
    with pytest.raises(
        SettingError, match=r"may not be read .*give AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
    ):
        Folder(root=f"{s3.root}/folder")
    s3fs.S3FileSystem.clear_instance_cache()


def test_a_bucket_that_goes_in_the_middle_stops_the_run(
    s3: SimpleNamespace, packed: SimpleNamespace, quick_trials: None
) -> None:
    s3.store.mkdir("short")
    for name, content in (("a.jpg", packed.contents[1]), ("b.jpg", packed.contents[3])):
        s3.store.pipe(f"short/in/{name}", content)
    data = Folder(root="s3://short/in")
    assert data.open("a.jpg").image.size == (32, 24)
    s3.store.rm("short/in/b.jpg")
    with pytest.raises(FileNotFoundError):  # one object alone costs itself
        data.open("b.jpg")
    s3.store.rm("short", recursive=True)
    with pytest.raises(StoreLost, match=r"s3://short/in no longer answers .* the same command .* goes on"):
        data.open("b.jpg")
