"""The real command inside the test's process, where the heavy imports are paid once; and finished runs."""

import json
import logging
import os
import shutil
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
import yaml
from hydra.core.global_hydra import GlobalHydra
from hydra.core.hydra_config import HydraConfig

from emocam.cli.main import answer
from emocam.functional.map.maps import box_means
from emocam.records.base import WHOLE
from emocam.records.detections import Detections
from emocam.records.evidence import Evidence, Explanation, Prediction
from emocam.results.chunks import Chunks
from emocam.results.files import METADATA
from emocam.results.run import Run, read_boxes
from emocam.results.tables import evidence_tables

with suppress(ImportError):  # tests/gpu run where only pytest is
    from hypothesis import settings

    # how long an example takes tells how busy the machine is
    settings.register_profile("any machine", deadline=None)
    settings.load_profile("any machine")


@pytest.fixture(scope="session", autouse=True)
def apart(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No test finds what a person's runs, or those of an earlier session, left in the cache."""
    home, own = Path.home() / ".cache", tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        for name, usual in {"TORCH_HOME": "torch", "HF_HOME": "huggingface"}.items():
            patch.setenv(name, os.environ.get(name, str(home / usual)))  # a library's own weights may serve
        patch.setenv("MPLCONFIGDIR", str(own / "matplotlib"))
        patch.setenv("XDG_CACHE_HOME", str(own))
        yield


@pytest.fixture
def emocam(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., int]]:
    """The command line `emocam WORDS`, in a folder of its own, with a store and a cache of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MLFLOW_EXPERIMENT_NAME", raising=False)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path / 'mlflow.db'}")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("HYDRA_FULL_ERROR", raising=False)
    kept = dict(os.environ)
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level

    def command(*words: str) -> int:
        # a command that takes another's evidence proves nothing; tests of that name a cache
        shutil.rmtree(tmp_path / "cache" / "emocam" / "evidence", ignore_errors=True)
        GlobalHydra.instance().clear()
        HydraConfig.instance().cfg = None
        return answer(list(words))

    yield command
    os.environ.clear()
    os.environ.update(kept)
    # `--info` leaves a handler that writes to this test's output, and a level at which Hydra tells all
    for handler in set(root.handlers) - set(handlers):
        root.removeHandler(handler)
    root.setLevel(level)


OBJECTS = ["Ball", "Tree", "Coin", "Lamp", "Boat", "Kite"]
LABELS = ["joy", "fear", "calm"]


@pytest.fixture
def finished_run(tmp_path: Path) -> Callable[..., Run]:
    """`finished_run("gradcam", importance=..., seed=...)`: a run's files, as the store writes them.

    `seed` draws the pictures: labels, objects and boxes. `importance` (images, 4) is that of each region.
    """

    def write(
        name: str,
        importance: np.ndarray | None = None,
        seed: int = 0,
        images: int = 60,
        objects: list[str] = OBJECTS,
        labels: list[str] = LABELS,
        settings: dict[str, object] | None = None,
    ) -> Run:
        draw = np.random.default_rng(seed)
        corner = torch.from_numpy(draw.uniform(0, 0.5, (images * 4, 2)).astype("float32"))
        explained = importance is not None
        evidence = Evidence(
            paths=[f"{i:03d}.png" for i in range(images)],
            index=torch.arange(images),
            prediction=Prediction(torch.from_numpy(draw.normal(size=(images, len(labels))))),
            explanation=Explanation(torch.rand(images, 2, 2), torch.tensor([WHOLE] * images))
            if explained
            else None,
            detections=Detections(
                torch.cat([corner, corner + 0.4], 1),
                torch.from_numpy(draw.integers(len(objects), size=images * 4)),
                torch.ones(images * 4),
                torch.arange(images).repeat_interleave(4),
            ),
            importance=torch.tensor(np.nan if importance is None else importance)
            .float()
            .expand(images, 4)
            .flatten(),
            chance=torch.from_numpy(draw.random(images * 4)).float() if explained else None,
        )
        folder = tmp_path / name
        chunks = Chunks(folder, "key")
        chunks.begin()
        chunks.write("0", {file: [rows] for file, rows in evidence_tables(evidence, labels, objects).items()})
        chunks.merge(folder, {METADATA: json.dumps({"labels": labels, "objects": objects}).encode()})
        summary = {
            "images": images,
            "thresholds": {"score": 0.005, "importance": 0.3, "confidence": 0.0},
            "choices": {"cam": name, "callback": "default"},
            "seconds": {"all": 1.5},
        }
        (folder / "summary.json").write_text(json.dumps(summary))
        (folder / ".hydra").mkdir()
        (folder / ".hydra" / "config.yaml").write_text(
            yaml.safe_dump({"cam": {"score": "logit"}, **(settings or {})})
        )
        return Run(folder)

    return write


@pytest.fixture
def mean_run(finished_run: Callable[..., Run]) -> Callable[..., Run]:
    """A finished run whose importance is what it says, the map's mean in the box; `added` moves it."""

    def write(name: str, added: float = 0.0, **given: object) -> Run:
        torch.manual_seed(zlib.crc32(name.encode()))  # draws the maps
        run = finished_run(name, np.zeros((60, 4)), **given)
        file, ((maps, window),) = run.path / "evidence.parquet", run.explanations()
        table = pq.read_table(file)
        boxes = torch.from_numpy(read_boxes(table))
        means = box_means(maps, window, boxes, torch.arange(len(maps)).repeat_interleave(4)) + added
        place = table.column_names.index("importance")
        pq.write_table(table.set_column(place, "importance", pa.array(means.numpy())), file)
        return run

    return write
