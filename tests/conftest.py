"""Running the real command inside the test's process, where the heavy imports are paid once."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hydra.core.global_hydra import GlobalHydra
from hydra.core.hydra_config import HydraConfig

from emocam.__main__ import answer


@pytest.fixture
def emocam(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., int]]:
    """The command line `emocam WORDS`, in a folder of its own, with a store and a cache of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path / 'mlflow.db'}")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("HYDRA_FULL_ERROR", raising=False)
    kept = dict(os.environ)

    def command(*words: str) -> int:
        GlobalHydra.instance().clear()
        HydraConfig.instance().cfg = None
        return answer(list(words))

    yield command
    os.environ.clear()
    os.environ.update(kept)
