"""Several processes leave what one leaves, whatever the number of images, processes and the batch size."""

from pathlib import Path

import pandas as pd
import pytest
import torch
from pytorch_lightning.overrides.distributed import UnrepeatedDistributedSampler

from emocam.predict.stream import fitting_trainer
from emocam.records.base import WHOLE
from emocam.records.detections import Detections
from emocam.records.evidence import Evidence, Explanation, Prediction
from emocam.results.chunks import Chunks
from emocam.results.files import FILES, METADATA
from emocam.results.tables import evidence_tables

LABELS, OBJECTS = ["joy", "fear"], ["Balloon", "Tree", "Coin"]
TABLES = FILES[:4]
"""Of evidence alone; thumbnails come from batches."""
SIMULATED = {"accelerator": "cpu", "strategy": "ddp_spawn"}


def evidence(index: list[int]) -> Evidence:
    """Image i has i mod 3 regions, whose numbers are all made of i."""
    image = torch.tensor([place for place, i in enumerate(index) for _ in range(i % 3)], dtype=torch.int64)
    own = torch.tensor([index[place] for place in image], dtype=torch.float32)
    corner = (own[:, None] / 100).expand(-1, 2)
    return Evidence(
        paths=[f"{i:03d}.png" for i in index],
        index=torch.tensor(index),
        prediction=Prediction(torch.tensor([[float(i), 1.0] for i in index])),
        explanation=Explanation(torch.ones(len(index), 2, 2), torch.tensor([WHOLE] * len(index))),
        detections=Detections(torch.cat([corner, corner + 0.3], 1), own.long() % 3, own / 100, image),
        importance=own / 100,
    )


def leave(folder: Path, images: int, world: int, batch: int) -> dict[str, pd.DataFrame]:
    """The tables of a run whose chunks were written by this many processes, in turn for each batch."""
    chunks = Chunks(folder, "key")
    chunks.begin()
    for rank in range(world):
        own = list(UnrepeatedDistributedSampler(range(images), world, rank, shuffle=False))
        for number, start in enumerate(range(0, len(own), batch)):
            rows = evidence_tables(evidence(own[start : start + batch]), LABELS, OBJECTS)
            chunks.write(f"{rank:03d}-{number:06d}", {name: [table] for name, table in rows.items()})
    chunks.merge(folder, {METADATA: b"{}"})
    return {name: pd.read_parquet(folder / f"{name}.parquet") for name in TABLES}


@pytest.mark.parametrize("images", [1, 2, 3, 7, 11])
@pytest.mark.parametrize("world", [1, 2, 3])
def test_shards_of_any_processes_are_the_run_of_one(tmp_path: Path, images: int, world: int) -> None:
    whole = leave(tmp_path / "one", images, 1, images)
    assert whole["ledger"]["image"].tolist() == [f"{i:03d}.png" for i in range(images)]
    for batch in (1, 2, 4, 32):
        processes = fitting_trainer(SIMULATED | {"devices": world}, [], images).world_size
        assert processes == min(world, images)
        found = leave(tmp_path / f"{batch}", images, processes, batch)
        for name in TABLES:
            pd.testing.assert_frame_equal(found[name], whole[name])


@pytest.mark.slow
@pytest.mark.parametrize(("images", "world"), [(1, 2), (2, 3), (7, 3)])
def test_the_command_itself_is_exact(emocam, images: int, world: int) -> None:
    words = ("+cam=gradcam", "logger=null", "~callback.report", "data.workers=0", "quiet=true")
    words += (f"data.images={images}", "data.batch_size=1")
    assert emocam(*words, "trainer=cpu", "hydra.run.dir=one") == 0
    assert emocam(*words, "trainer=ddp_sim", f"trainer.devices={world}", "hydra.run.dir=many") == 0
    for file in sorted(Path("one").glob("*.parquet")):
        one, many = pd.read_parquet(file), pd.read_parquet(Path("many", file.name))
        pd.testing.assert_frame_equal(one, many)
    assert Path("one/association.csv").read_bytes() == Path("many/association.csv").read_bytes()
