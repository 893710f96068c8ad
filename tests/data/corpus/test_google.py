"""A bucket of Google's Cloud Storage as an emulator on this machine serves it; needs gcsfs and gcp-storage-emulator."""

from collections.abc import Callable, Iterator
from types import SimpleNamespace

import fsspec
import pytest

from emocam.data.folder import Folder
from emocam.errors import SettingError, StoreLost

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def google(packed: SimpleNamespace) -> Iterator[SimpleNamespace]:
    """The emulator, with the packed corpora in `gs://corpus`."""
    pytest.importorskip("gcsfs")
    emulator = pytest.importorskip("gcp_storage_emulator.server")
    server = emulator.create_server("127.0.0.1", 0, in_memory=True)
    server.start()
    with pytest.MonkeyPatch.context() as patch:
        port = server._api._httpd.socket.getsockname()[1]
        patch.setenv("STORAGE_EMULATOR_HOST", f"http://127.0.0.1:{port}")
        patch.setenv("GCSFS_EXPERIMENTAL_ZB_HNS_SUPPORT", "false")
        store = fsspec.filesystem("gs", use_listings_cache=False, skip_instance_cache=True)
        store.mkdir("corpus")
        for file in packed.root.rglob("*"):
            if file.is_file():
                store.pipe(f"corpus/{file.relative_to(packed.root)}", file.read_bytes())
        yield SimpleNamespace(server=server, store=store)
        server.stop()


@pytest.mark.parametrize("name", ["folder", "tars", "tars/shard-{000..001}.tar", "tars/*.tar", "parquet"])
def test_a_corpus_in_a_google_bucket_is_that_of_the_folder(
    google: SimpleNamespace, check_same: Callable[[Folder], None], name: str
) -> None:
    there = Folder(root=f"gs://corpus/{name}")
    check_same(there)


@pytest.mark.parametrize("root", ["none/folder", "corpus/nothing", "corpus/none-{0..1}.tar"])
def test_what_is_not_in_a_google_bucket_is_told(google: SimpleNamespace, root: str) -> None:
    with pytest.raises(SettingError, match=r"data\.root gs://.*there is nothing at this address"):
        Folder(root=f"gs://{root}")


def test_a_google_bucket_that_goes_in_the_middle_stops_the_run(
    google: SimpleNamespace, packed: SimpleNamespace, quick_trials: None
) -> None:
    google.store.mkdir("short")
    google.store.pipe("short/in/a.jpg", packed.contents[1])
    google.store.pipe("short/in/b.jpg", packed.contents[3])
    data = Folder(root="gs://short/in")
    assert data.open("a.jpg").image.size == (32, 24)
    google.store.rm("short/in", recursive=True)
    with pytest.raises(StoreLost, match=r"gs://short/in no longer answers .* the same command .* goes on"):
        data.open("b.jpg")
