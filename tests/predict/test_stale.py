"""Which rows of a ledger still hold, read a few at a time."""

from pathlib import Path
from types import SimpleNamespace

import pyarrow as pa
import pytest

from emocam.data.base import Data
from emocam.data.contents import all_contents
from emocam.data.printed import printable
from emocam.predict.stale import stale_rows
from emocam.settings.digests import Digests

NAMES = ["a.jpg", "b\\c.jpg", "d.jpg", "e.jpg"]


@pytest.fixture
def corpus(tmp_path: Path) -> SimpleNamespace:
    for name in NAMES:
        (tmp_path / name).write_bytes(name.encode())
    return SimpleNamespace(data=Data(root=tmp_path), listing=NAMES, digests=Digests())


def ledger(corpus: SimpleNamespace, order: list[int], size: int) -> list[pa.Table]:
    """The rows of some pictures as they are now, in tables of this size."""
    names = [NAMES[place] for place in order]
    contents = all_contents(corpus.data, names, corpus.digests)
    rows = pa.table(
        {
            "image": pa.array([printable(name) for name in names], pa.string()),
            "digest": pa.array([one.digest for one in contents], pa.string()),
            "facts": pa.array([one.facts for one in contents], pa.string()),
        }
    )
    return [rows.slice(start, size) for start in range(0, len(rows), size)]


@pytest.mark.parametrize("size", [1, 3, 10])
def test_what_changed_went_and_came_is_named_and_the_rest_has_its_place(
    corpus: SimpleNamespace, size: int
) -> None:
    written = ledger(corpus, [0, 1, 2], size)
    Path(corpus.data.root, NAMES[1]).write_bytes(b"another")
    corpus.listing = ["0.jpg", "a.jpg", NAMES[1]]
    Path(corpus.data.root, "0.jpg").write_bytes(b"new")
    stale = stale_rows(corpus, written)  # type: ignore[arg-type]
    assert stale.sentence == ("1 changed (such as b\\\\c.jpg), 1 gone (such as d.jpg), 1 new (such as 0.jpg)")
    assert stale and not stale.moved and stale.kept == 1
    assert stale.place_of(["d.jpg", "a.jpg", "0.jpg", "b\\\\c.jpg"]).tolist() == [-1, 1, -1, -1]


@pytest.mark.parametrize("size", [1, 2, 10])
def test_rows_in_another_order_are_told(corpus: SimpleNamespace, size: int) -> None:
    assert not stale_rows(corpus, ledger(corpus, [0, 1, 2, 3], size))  # type: ignore[arg-type]
    moved = stale_rows(corpus, ledger(corpus, [0, 2, 1, 3], size))  # type: ignore[arg-type]
    assert moved.moved and moved.sentence == "in another order" and moved.kept == 4
    assert stale_rows(corpus, []).sentence == "4 new (such as a.jpg)"  # type: ignore[arg-type]
