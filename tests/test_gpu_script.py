"""The script for a GPU, tried on a processor: it keeps what it has, and leaves out what is not there."""

import json
import os
import signal
import subprocess
import sys
import time
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


SLOW = """
import subprocess, sys, time
def rows():
    yield {'first': 1}
    child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])
    yield {'child': child.pid}
    time.sleep(60)
    yield {'third': 3}
"""


def slow_part(folder: Path, seconds: int) -> subprocess.Popen[str]:
    """Start the script with one part that does not end; its files go to the folder."""
    (folder / "gpu_slow.py").write_text(SLOW)
    code = (
        "import sys; sys.path.insert(0, 'benchmarks'); import gpu; "
        f"gpu.PARTS['slow'] = ('A slow part', {seconds}); gpu.DRY = False; "
        "gpu.circumstances = lambda: {'card': 'none', 'date': '', 'cores': 1, 'python': ''} "
        "| dict.fromkeys(gpu.VERSIONS); sys.exit(gpu.main(['slow']))"
    )
    paths = os.pathsep.join([str(folder), str(ROOT)])
    return subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": paths, "OUT": str(folder)},
        stdout=subprocess.PIPE,
        text=True,
    )


def kept_rows(folder: Path) -> tuple[list[dict[str, int]], str]:
    part = json.loads((folder / "gpu.json").read_text())["parts"]["slow"]
    assert "| first |" in (folder / "gpu.md").read_text()
    return part["rows"], part["fault"]


def is_gone(process: int) -> bool:
    """Return whether a process ended; one that nobody has asked for yet is a zombie."""
    for _ in range(50):
        try:
            if Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                return True
        except OSError:
            return True
        time.sleep(0.1)
    return False


def test_a_part_that_is_stopped_keeps_its_rows(tmp_path: Path) -> None:
    with slow_part(tmp_path, 3) as script:
        assert script.wait(60) == 0
    rows, fault = kept_rows(tmp_path)
    assert [list(row) for row in rows] == [["first"], ["child"]]
    assert fault == "stopped when its time was up"
    assert is_gone(rows[1]["child"])


@pytest.mark.slow
@pytest.mark.parametrize("kind", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_run_that_is_cut_off_keeps_its_rows(tmp_path: Path, kind: signal.Signals) -> None:
    with slow_part(tmp_path, 40) as script:
        assert script.stdout
        for line in script.stdout:
            if "child" in line:
                break
        time.sleep(0.5)  # the row is written right after it is printed
        script.send_signal(kind)
        script.wait(90)
    rows, fault = kept_rows(tmp_path)
    assert [list(row) for row in rows] == [["first"], ["child"]] and fault == "cut off"
    if kind == signal.SIGKILL:  # nothing can be done after it, but by us
        os.killpg(os.getpgid(rows[1]["child"]), signal.SIGKILL)
    assert is_gone(rows[1]["child"])


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
