"""A shard is a task of a sweep: complete or absent, given up after three deaths, and done once."""

import json
import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from omegaconf import DictConfig, OmegaConf

from emocam.cli.arguments import normalise_words
from emocam.data.files import Files
from emocam.data.planted import Planted
from emocam.errors import Interrupted, SettingError
from emocam.runner.job_status import Job
from emocam.runner.seen_files import SEEN, now_less, tell_seen_files
from emocam.runner.shard_sweep import all_shards_in_short, asked_shards, shard_lines
from emocam.runner.shard_task import MARK, ShardTask, check_same_division


def settings(**data: object) -> DictConfig:
    return OmegaConf.create(
        {"data": {"shard": "2/3", "limit": 5, "workers": 0} | data, "quiet": False, "seed": 0}
    )


def task_of(folder: Path, **data: object) -> ShardTask:
    task = ShardTask.read(settings(**data), folder)
    assert task is not None
    return task


class Read:
    """Components that read files, and pictures in a folder, as a shard's run has them."""

    def __init__(self, root: Path | None = None, *files: Path) -> None:
        self.read = {"data": {str(file): "digest" for file in files}}
        self.data = Files(files=[str(file) for file in root.glob("*.png")]) if root else Planted(images=1)
        self.listing = [file.name for file in root.glob("*.png")] if root else ["00000.png"]


def leave_tables(folder: Path, seen: Read | None = None, since: int | None = None) -> int:
    tell_seen_files(folder, seen or Read(), now_less(0) if since is None else since)  # type: ignore[arg-type]
    (folder / "evidence.parquet").write_bytes(b"rows")
    listed = {
        "files": {"evidence.parquet": {"size": 4, "sha256": ""}, "page.html": {"size": 9, "sha256": ""}}
    }
    (folder / "files.json").write_text(json.dumps(listed))
    return 2


def test_a_shard_is_done_once(tmp_path: Path) -> None:
    assert not task_of(tmp_path).is_complete
    assert task_of(tmp_path).run(lambda: leave_tables(tmp_path)) == 2
    assert task_of(tmp_path).is_complete and task_of(tmp_path).status == 2
    assert task_of(tmp_path, workers=4).is_complete  # how it is read changes no row
    assert not task_of(tmp_path, limit=6).is_complete
    with pytest.raises(SettingError, match=r"holds the shard 2/3, and data\.shard=1/3 is another"):
        task_of(tmp_path, shard="1/3")
    (tmp_path / "evidence.parquet").write_bytes(b"row")  # cut short
    assert not task_of(tmp_path).is_complete
    (tmp_path / "evidence.parquet").unlink()
    assert not task_of(tmp_path).is_complete
    assert ShardTask.read(OmegaConf.create({"data": {"shard": None}}), tmp_path) is None


def test_a_shard_whose_files_changed_is_not_done(tmp_path: Path) -> None:
    root, labels, folder = tmp_path / "photos", tmp_path / "labels.txt", tmp_path / "run"
    for made in (root, folder):
        made.mkdir()
    picture = root / "a.png"

    def begin() -> bool:
        """Return whether a shard that was done with the files as they are now is taken for done."""
        for file in (picture, labels):
            file.write_bytes(b"one")
            os.utime(file, ns=(10**18 + 1, 10**18 + 1))
        seen = Read(root, labels)
        task_of(folder).run(lambda: leave_tables(folder, seen, now_less(-1)))
        return task_of(folder).is_complete

    def rewrite() -> None:
        """Keep size and time of writing; the time of change tells."""
        time.sleep(0.02)
        picture.write_bytes(b"two")
        os.utime(picture, ns=(10**18 + 1, 10**18 + 1))

    changes: list[Callable[[], object]] = [
        lambda: picture.write_bytes(b"another"),
        rewrite,
        lambda: labels.write_bytes(b"other"),
        lambda: (root / "b.png").write_bytes(b"new"),
        lambda: picture.rename(root / "c.png"),
        lambda: picture.unlink(),
        lambda: labels.unlink(),
        lambda: (folder / SEEN).write_text("[]"),
        lambda: (folder / SEEN).unlink(),
    ]
    for change in changes:
        assert begin()
        change()
        assert not task_of(folder).is_complete
        for left in root.iterdir():
            left.unlink()


def test_a_file_that_is_touched_while_the_shard_is_done_is_looked_at_again(tmp_path: Path) -> None:
    labels = tmp_path / "labels.txt"
    labels.write_text("a")
    task_of(tmp_path).run(lambda: leave_tables(tmp_path, Read(None, labels), now_less(1)))
    assert not task_of(tmp_path).is_complete
    task_of(tmp_path).run(lambda: leave_tables(tmp_path, Read(None, labels), now_less(-1)))
    assert task_of(tmp_path).is_complete


@pytest.mark.parametrize("status", ["0", 1, None, [], "x"])
def test_a_mark_with_a_status_of_no_run_is_none_of_a_finished_one(tmp_path: Path, status: object) -> None:
    task_of(tmp_path).run(lambda: leave_tables(tmp_path))
    told = json.loads((tmp_path / MARK).read_text())
    (tmp_path / MARK).write_text(json.dumps(told | {"status": status}))
    assert not task_of(tmp_path).is_complete


def test_a_task_that_dies_three_times_is_left_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    started: list[int] = []

    def work() -> int:
        started.append(len(started))
        raise RuntimeError("CUDA is\ngone")

    for _ in range(2):
        with pytest.raises(SettingError) as left_out:
            task_of(tmp_path).run(work)
    assert len(started) == 3
    assert str(left_out.value) == (
        "data.shard=2/3 died 3 times and is left out (RuntimeError: CUDA is gone); start the same sweep again with "
        f"other settings, of hydra.launcher too, or mend that and remove {tmp_path / MARK} before"
    )
    told = capsys.readouterr().err
    assert "data.shard=2/3 died (RuntimeError: CUDA is gone); it goes on where it stopped, 2 of 3\n" in told
    (tmp_path / MARK).unlink()
    assert task_of(tmp_path).run(lambda: leave_tables(tmp_path)) == 2


def test_one_that_is_killed_without_a_word_is_counted(tmp_path: Path) -> None:
    for _ in range(3):  # what a killed process leaves: the mark of its start
        task_of(tmp_path)._begin()
    with pytest.raises(SettingError, match=r"died 3 times and is left out \(it was killed without a word: "):
        task_of(tmp_path).run(lambda: 0)


def test_another_division_of_the_corpus_needs_another_folder(tmp_path: Path) -> None:
    (tmp_path / "1").mkdir()
    check_same_division(tmp_path, ["1/2", "2/2"])
    task_of(tmp_path / "1")._begin()  # of three
    check_same_division(tmp_path, ["1/3", "2/3", "3/3"])
    with pytest.raises(SettingError, match=r"holds a corpus in 3 shards, and data\.shard divides it into 2;"):
        check_same_division(tmp_path, ["1/2", "2/2"])
    check_same_division(tmp_path, [])  # a sweep over something else
    (tmp_path / "1" / MARK).write_text("no JSON")
    check_same_division(tmp_path, ["1/2", "2/2"])


def test_one_that_was_left_out_is_tried_again_with_other_settings(tmp_path: Path) -> None:
    def died(launcher: dict[str, int], **data: object) -> int:
        task = ShardTask.read(settings(**data), tmp_path, OmegaConf.create(launcher))
        assert task is not None
        return len(task.deaths)

    task = ShardTask.read(settings(), tmp_path, OmegaConf.create({"mem_gb": 2}))
    assert task is not None
    task._begin()
    assert died({"mem_gb": 2}) == 1
    assert died({"mem_gb": 4}) == died({"mem_gb": 2}, batch_size=1) == died({"mem_gb": 2}, limit=6) == 0


@pytest.mark.parametrize("error", [SettingError("no weights"), OSError("full"), Interrupted(15)])
def test_mistakes_and_signals_are_no_deaths(tmp_path: Path, error: BaseException) -> None:
    def work() -> int:
        raise error

    for _ in range(4):
        with pytest.raises(type(error)):
            task_of(tmp_path).run(work)
    assert task_of(tmp_path).deaths == []


def test_one_that_died_twice_and_then_ends_is_whole(tmp_path: Path) -> None:
    outcomes = iter([RuntimeError("a"), RuntimeError("b"), None])

    def work() -> int:
        if (error := next(outcomes)) is not None:
            raise error
        return leave_tables(tmp_path)

    assert task_of(tmp_path).run(work) == 2
    assert task_of(tmp_path).is_complete and task_of(tmp_path).deaths == []


def test_all_shards_are_one_word() -> None:
    words = normalise_words(["-m", "data.shard=all/3", "seed=0"], {"cam"})
    assert words == ["-m", "data.shard=1/3,2/3,3/3", "seed=0"]
    assert normalise_words(["data.shard=all/3"], set()) == ["data.shard=all/3"]  # one run is no sweep
    assert [all_shards_in_short(word) for word in words] == ["-m", "data.shard=all/3", "seed=0"]
    for other in ("data.shard=1/3,3/3", "data.shard=1/3", "cam=a,b"):
        assert all_shards_in_short(other) == other
    assert asked_shards(words) == ["1/3", "2/3", "3/3"]
    assert asked_shards(["cam=a,b", "data.shard=1/3"]) == []


def test_a_sweep_tells_what_was_there_and_what_is_missing(tmp_path: Path) -> None:
    def job(number: int, status: int = 0, there: bool = False) -> Job:
        return Job(number, Path("a"), ["seed=0", f"data.shard={number}/4"], status, there=there)

    asked = [f"{number}/4" for number in range(1, 5)]
    lines = shard_lines(tmp_path / "a b", [job(1, there=True), job(2), job(3, 1)], asked)
    assert lines[0] == "4 shards: 1 were there already, 1 done now, 1 failed, 1 did not end"
    assert lines[1].startswith("4/4 did not end: killed, or still at work; once no job is, the same command")
    whole = shard_lines(tmp_path / "a b", [job(n, there=True) for n in range(1, 5)], asked)
    assert whole[0] == "4 shards: 4 were there already, 0 done now, 0 failed, 0 did not end"
    assert whole[1:] == [f"emocam merge '{tmp_path / 'a b'}'   makes one run of them"]
    twice = shard_lines(tmp_path, [job(n) for n in (1, 2, 3, 4) * 2], asked)
    assert twice[0] == "8 shards: 0 were there already, 8 done now, 0 failed, 0 did not end"
    assert "of the shards of one setting" in twice[1]
    cut = shard_lines(tmp_path, [job(n) for n in (1, 2, 3, 4, 1, 2, 4)], asked)
    assert cut[0].endswith("1 did not end") and cut[1].startswith("3/4 did not end") and len(cut) == 2


@pytest.mark.slow
def test_a_second_start_of_a_sweep_does_what_is_missing(
    emocam: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("-m", "+cam=gradcam", "data.images=5", "callback={}", "quiet=true", "data.shard=all/2")
    words += ("hydra.sweep.dir=sweep", "trainer=cpu", "cache=null", "logger=null")
    assert emocam(*words) == 0
    assert "2 shards: 0 were there already, 2 done now, 0 failed" in capsys.readouterr().out
    first = (Path("sweep/0/evidence.parquet").stat().st_ino, Path("sweep/0/files.json").stat().st_ino)
    Path("sweep/1/evidence.parquet").unlink()
    assert emocam(*words) == 0
    assert "2 shards: 1 were there already, 1 done now, 0 failed" in capsys.readouterr().out
    assert first == (Path("sweep/0/evidence.parquet").stat().st_ino, Path("sweep/0/files.json").stat().st_ino)
    assert emocam("merge", "sweep", "--out", "whole", "--parts") == 0
    assert emocam("verify", "whole") == 0
