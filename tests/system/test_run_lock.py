"""A folder's lock is one process's, and ends with it however it ends."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from emocam.errors import SettingError
from emocam.system.run_lock import LOCK, RunLock, is_held, locked

HOLD = """
import sys, time
from pathlib import Path
from emocam.system.run_lock import RunLock
RunLock(Path(sys.argv[1])).acquire()
print("held", flush=True)
time.sleep(60)
"""
FORK = """
import os, sys, time
from pathlib import Path
from emocam.system.run_lock import RunLock
RunLock(Path(sys.argv[1])).acquire()
if not os.fork():
    print(os.getpid(), flush=True)
time.sleep(60)
"""
RACE = """
import sys
from pathlib import Path
from emocam.errors import SettingError
from emocam.system.run_lock import locked
folder, counter = Path(sys.argv[1]), Path(sys.argv[1]) / "counter"
sys.stdin.read(1)
done = 0
while done < 200:
    try:
        with locked(folder):
            number = int(counter.read_text())
            counter.write_text(str(number + 1))
            done += 1
    except SettingError:
        pass
"""


def started(code: str, folder: Path) -> subprocess.Popen[str]:
    words = [sys.executable, "-c", code, str(folder)]
    return subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def test_a_second_process_is_told_who_holds_it(tmp_path: Path) -> None:
    holder = started(HOLD, tmp_path)
    assert holder.stdout and holder.stdout.readline() == "held\n"
    before = (tmp_path / LOCK).read_text()
    with pytest.raises(SettingError, match=f"in use by another emocam .process {holder.pid} on "):
        RunLock(tmp_path).acquire()
    assert (tmp_path / LOCK).read_text() == before and is_held(tmp_path)
    holder.kill()
    holder.wait()


def test_a_lock_of_a_killed_process_is_taken_over_and_none_is_left(tmp_path: Path) -> None:
    holder = started(HOLD, tmp_path)
    assert holder.stdout and holder.stdout.readline()
    holder.kill()
    holder.wait()
    assert (tmp_path / LOCK).is_file() and not is_held(tmp_path)
    with locked(tmp_path):
        assert json.loads((tmp_path / LOCK).read_text())["pid"] == os.getpid() and is_held(tmp_path)
    assert not (tmp_path / LOCK).exists()


def test_a_forked_worker_that_outlives_its_process_holds_nothing(tmp_path: Path) -> None:
    holder = started(FORK, tmp_path)
    assert holder.stdout
    worker = int(holder.stdout.readline())
    holder.kill()
    holder.wait()
    try:
        assert not is_held(tmp_path)
    finally:
        os.kill(worker, signal.SIGKILL)


def test_two_locks_within_one_process_do_not_meet(tmp_path: Path) -> None:
    with locked(tmp_path), pytest.raises(SettingError, match="in use"):
        RunLock(tmp_path).acquire()


def test_of_many_processes_one_at_a_time_is_in_the_folder(tmp_path: Path) -> None:
    """The file goes with each release, and a new one may be opened while the old one is still locked."""
    (tmp_path / "counter").write_text("0")
    racers = [started(RACE, tmp_path) for _ in range(4)]
    for racer in racers:
        assert racer.stdin
        racer.stdin.write("x")
        racer.stdin.close()
    assert [racer.wait(120) for racer in racers] == [0] * 4
    assert (tmp_path / "counter").read_text() == "800"


def test_a_lock_of_a_process_on_another_machine_that_nobody_holds_is_taken_over(tmp_path: Path) -> None:
    told = {"pid": os.getpid(), "host": "elsewhere", "since": "2020-01-01 00:00:00"}
    (tmp_path / LOCK).write_text(json.dumps(told))
    with locked(tmp_path):
        assert json.loads((tmp_path / LOCK).read_text())["host"] != "elsewhere"


@pytest.mark.parametrize("spelling", ["real/", "link", "./link/", "other/../real", "link/../real"])
def test_a_folder_has_one_lock_however_it_is_spelt(
    tmp_path: Path, spelling: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("real", "other"):
        (tmp_path / name).mkdir()
    (tmp_path / "link").symlink_to("real")
    with locked(Path("real")):
        assert is_held(Path(spelling))
        with pytest.raises(SettingError, match="in use"):
            RunLock(Path(spelling)).acquire()


@pytest.mark.parametrize("kind", ["link", "dangling", "folder"])
def test_a_lock_that_leads_elsewhere_is_refused_and_nothing_is_written_there(
    tmp_path: Path, kind: str
) -> None:
    folder, victim = tmp_path / "run", tmp_path / "victim"
    folder.mkdir()
    if kind == "folder":
        (folder / LOCK).mkdir()
    else:
        (folder / LOCK).symlink_to(victim)
    if kind == "link":
        victim.write_text("precious")
    with pytest.raises(SettingError, match=r"hydra.run.dir .*holds run\.lock, which must be a plain file"):
        RunLock(folder).acquire()
    assert not is_held(folder)
    assert victim.read_text() == "precious" if kind == "link" else not victim.exists()
