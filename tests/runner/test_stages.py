"""The stages of a run add up to the time that a user waits for it."""

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest


@pytest.mark.slow
def test_stages_add_up_to_the_clock_of_the_process(tmp_path: Path) -> None:
    words = ["+cam=gradcam", "data.images=40", "hydra.run.dir=run", f"logger.uri=sqlite:///{tmp_path}/m.db"]
    began = time.perf_counter()
    subprocess.run([sys.executable, "-m", "emocam", *words], cwd=tmp_path, check=True, capture_output=True)
    clock = time.perf_counter() - began
    seconds = json.loads((tmp_path / "run" / "summary.json").read_text())["seconds"]
    every = seconds.pop("all")
    assert sum(seconds.values()) == pytest.approx(every, rel=0.03)
    assert sum(seconds.values()) == pytest.approx(clock, rel=0.05)
