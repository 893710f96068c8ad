"""What a step costs does not depend on how much is done already, and nothing is written twice."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pytest

from emocam.predict.chunk_writer import WriteChunks
from emocam.results.chunks import Chunks


def rows(*places: int) -> dict[str, pa.Table]:
    return {"ledger": pa.table({"index": pa.array(places, pa.int64())})}


@pytest.mark.parametrize("done", [[], [3], [0, 9], [5, 2, 8], [*range(10)]])
def test_rows_that_lie_there_are_left_out(tmp_path: Path, done: list[int]) -> None:
    writer = WriteChunks(Chunks(tmp_path, "key"), lambda *_: {}, np.array(done, np.int64))
    kept = writer._new(rows(7, 2, 9, 0, 11)["ledger"])
    assert kept["index"].to_pylist() == [place for place in (7, 2, 9, 0, 11) if place not in set(done)]


def test_chunks_go_on_after_those_that_lie_there_and_are_listed_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chunks = Chunks(tmp_path, "key")
    chunks.begin()
    # of two processes, one of which lost its first chunk, and of a finished run
    for name in ("000-000000", "000-000004", "001-000009", "kept-000011"):
        chunks.write(name, {"ledger": [rows(1)["ledger"]]})
    writer = WriteChunks(chunks, lambda *_: {})
    listed: list[int] = []
    look_up = Chunks.next_number
    monkeypatch.setattr(
        Chunks,
        "next_number",
        lambda self, rank: listed.append(rank) or look_up(self, rank),  # type: ignore[func-returns-value]
    )
    for place in (20, 21, 22):
        writer.kept = [rows(place)]
        writer._write(SimpleNamespace(global_rank=0))  # type: ignore[arg-type]
    names = {part.name for part in chunks.parts}
    assert names >= {"000-000005", "000-000006", "000-000007", "001-000009", "kept-000011"}
    assert listed == [0]
    assert sorted(chunks.done().tolist()) == [1, 1, 1, 1, 20, 21, 22]
