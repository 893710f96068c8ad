"""A listing on disk is the sorted list, and no worker pays for its length."""

import multiprocessing
import os
import pickle
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from emocam.data.corpus import listing as module
from emocam.data.corpus.listing import Listing, listed
from emocam.data.folder import Folder


@pytest.fixture
def always(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every listing is a table on disk, in small parts."""
    monkeypatch.setattr(module, "FEW", 1)
    monkeypatch.setattr(module, "PART", 7)


def test_a_listing_is_the_sorted_list_also_in_parts_and_pieces(always: None, tmp_path: Path) -> None:
    dice = np.random.default_rng(0)
    signs = ["a", "B", "/", "é", "漢", " ", "\udcff", "\ue000", "😀"]
    names = sorted({"".join(dice.choice(signs, dice.integers(1, 6))) for _ in range(90)})
    mixed = list(dice.permutation(names))
    on_disk = listed((mixed[i : i + 9] for i in range(0, 90, 9)), tmp_path)
    assert isinstance(on_disk, Listing) and list(on_disk) == names and on_disk == names
    for piece in (slice(None, 5), slice(3, None, 4), slice(-3, None), slice(7, 2), slice(None, None, -1)):
        assert list(on_disk[piece]) == names[piece] and list(on_disk[2:][piece]) == names[2:][piece]
    assert on_disk[-1] == names[-1] and on_disk[np.int64(4)] == names[4] and names[5] in on_disk
    with pytest.raises(IndexError):
        on_disk[len(names)]
    assert list(pickle.loads(pickle.dumps(on_disk[::3]))) == names[::3]


def test_a_folder_of_many_pictures_is_listed_on_disk(corpus: Any, always: None) -> None:
    names = [f"{i % 3}/{i}.jpg" for i in range(12)]
    data = Folder(root=corpus(*names))
    assert isinstance(data.paths(), Listing) and data.paths() == sorted(names)
    assert Folder(root=data.root, shard="2/5", limit=9).listing() == sorted(names)[:9][1::5]


def test_one_listing_is_one_file_however_often_it_is_made(always: None, tmp_path: Path) -> None:
    for names in (["a", "b", "c"], ["c", "a", "b"], ["a", "b", "d"]):
        listed([names], tmp_path)
    assert len(list((tmp_path / module.FOLDER).iterdir())) == 2


def private_memory() -> float:
    """What this process alone holds, in MB."""
    lines = Path("/proc/self/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Private_Dirty")) / 1024


def grown(names: Sequence[str], answer: Any) -> None:
    before = private_memory()
    total = sum(len(names[place]) for place in range(len(names)))
    answer.put((total, private_memory() - before))


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_worker_that_reads_all_names_holds_none_of_them(tmp_path: Path) -> None:
    names = [f"{i // 1000:04d}/{i:08d}.jpg" for i in range(120_000)]
    on_disk = listed([names], tmp_path)
    assert isinstance(on_disk, Listing)
    with on_disk.table.file.open("rb") as written:  # what is not on the disk yet counts as memory
        os.fsync(written.fileno())
    context = multiprocessing.get_context("fork")
    held = []
    for own in (names, on_disk):
        answer = context.Queue()
        worker = context.Process(target=grown, args=(own, answer))
        worker.start()
        total, megabytes = answer.get(timeout=60)
        worker.join()
        assert total == sum(map(len, names))
        held.append(megabytes)
    assert held[0] > 5, "a list is copied as its names are read"
    assert held[1] < 2
