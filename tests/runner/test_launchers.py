"""Shards of a corpus by each of Hydra's launchers that is installed, the pictures at an address, and merged."""

from collections.abc import Callable
from pathlib import Path

import pytest

LAUNCHERS = {
    "joblib": ("hydra_joblib_launcher", ("hydra.launcher.n_jobs=2",)),
    "submitit_local": ("hydra_submitit_launcher", ("hydra.launcher.timeout_min=5",)),
    "ray": (
        "hydra_ray_launcher",
        ("+hydra.launcher.ray.init.include_dashboard=false", "+hydra.launcher.ray.init.num_cpus=2"),
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("launcher", LAUNCHERS)
def test_shards_by_a_launcher_are_done_once_and_merged(
    emocam: Callable[..., int],
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    launcher: str,
) -> None:
    module, own = LAUNCHERS[launcher]
    pytest.importorskip(f"hydra_plugins.{module}")
    monkeypatch.setenv("RAY_worker_niceness", "0")
    drawn = ("logger=null", "callback={}", "data.images=4", "data.export=pictures", "hydra.run.dir=drawn")
    assert emocam(*drawn) == 0
    words = ("+cam=gradcam", "data=folder", f"data.root=file://{tmp_path / 'pictures'}", "classifier=planted")
    words += ("detector=nothing", "logger=null", "cache=null", "quiet=true", "trainer=cpu", "data.workers=0")
    sweep = ("-m", *words, f"hydra/launcher={launcher}", *own, "data.shard=all/2", "hydra.sweep.dir=sweep")
    assert emocam(*sweep) == 0
    assert "2 shards: 0 were there already, 2 done now, 0 failed, 0 did not end" in capfd.readouterr().out
    assert emocam(*sweep) == 0
    assert "2 shards: 2 were there already, 0 done now, 0 failed, 0 did not end" in capfd.readouterr().out
    assert emocam("merge", "sweep", "--out", "whole", "--root", f"file://{tmp_path / 'pictures'}") == 0
    assert "4 images: 4 explained" in capfd.readouterr().out
