"""The script for a GPU, tried on a processor: it keeps what it has, and leaves out what is not there."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
WITHOUT = """
import sys
class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {names!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
sys.meta_path.insert(0, Absent())
"""


def run(
    out: Path, *parts: str, absent: tuple[str, ...] = ("mlflow",), **environment: str
) -> subprocess.CompletedProcess:
    """`python benchmarks gpu PARTS` where some packages are not installed, for its processes neither."""
    site = out / "site"
    site.mkdir(parents=True, exist_ok=True)
    (site / "sitecustomize.py").write_text(WITHOUT.format(names=absent))
    return subprocess.run(
        [sys.executable, "benchmarks", "gpu", *parts],
        cwd=ROOT,
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join([str(site), str(ROOT)]),
            "OUT": str(out),
            "GPU_DRY": "1",
            **environment,
        },
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.slow
def test_all_questions_are_asked_without_mlflow_and_the_libraries(tmp_path: Path) -> None:
    parts = ("limits", "equality", "verdicts", "forward", "libraries", "command", "heavy", "batches")
    ended = run(tmp_path, *parts, absent=("mlflow", "captum", "pytorch_grad_cam", "lightnet"))
    assert ended.returncode == 0, ended.stdout
    found = json.loads((tmp_path / "gpu.json").read_text())["parts"]
    assert tuple(found) == parts
    assert all(part["rows"] for name, part in found.items() if name != "libraries"), ended.stdout
    assert [what.split()[0] for what in found["libraries"]["left_out"]] == ["pytorch-grad-cam", "captum"]
    assert any(what.startswith("YOLOv3") for what in found["heavy"]["left_out"])
    written = (tmp_path / "gpu.md").read_text()
    assert "has not met a GPU yet" in written and "no figure of it counts" in written
    assert "Left out: captum" in written


def test_a_part_that_is_stopped_keeps_its_rows(tmp_path: Path) -> None:
    code = (
        "import sys, time; sys.path.insert(0, 'benchmarks'); import gpu; "
        "gpu.PARTS['slow'] = ('A slow part', 8); print(gpu.run_part('slow', 8))"
    )
    (tmp_path / "gpu_slow.py").write_text(
        "import time\ndef rows():\n    yield {'first': 1}\n    time.sleep(60)\n    yield {'second': 2}\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), str(ROOT)])},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "'rows': [{'first': 1}]" in ended.stdout and "stopped when its time was up" in ended.stdout


def test_all_parts_together_take_less_than_eight_minutes() -> None:
    code = "import sys; sys.path.insert(0, 'benchmarks'); import gpu; print(sum(s for _, s in gpu.PARTS.values()))"
    ended = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert int(ended.stdout) < 480


def test_a_folder_of_wheels_that_is_not_there_is_named(tmp_path: Path) -> None:
    ended = subprocess.run(
        ["bash", "benchmarks/gpu.sh", str(tmp_path / "none")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 1 and f"there is no folder {tmp_path / 'none'} with wheels" in ended.stderr
