"""What the command line itself says is taken, whatever is refused from files."""

from collections.abc import Callable
from pathlib import Path

import pytest

Command = Callable[..., int]


def test_the_command_line_itself_may_say_all_of_it(emocam: Command, tmp_path: Path) -> None:
    words = ("hydra.run.dir=run", "data.export=pictures", "cache=kept", "+hydra.job.env_set.MINE=1")
    assert emocam(*words, "data.images=2", "logger=null", "~callback.report", "data.workers=0") == 0
    assert (tmp_path / "pictures/instances.json").is_file() and (tmp_path / "run/cells.csv").is_file()


def test_a_study_that_is_no_yaml_or_asks_for_an_object_is_told_by_its_name(
    emocam: Command, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "theirs" / "experiment"
    folder.mkdir(parents=True)
    for text in ("seed: !!python/object/apply:os.getcwd []\n", "seed: [1\n", "seed: 1\nseed: 2\n"):
        (folder / "x.yaml").write_text(text)
        assert emocam("--config-dir", str(folder.parent), "+experiment=x") == 1
        (told,) = capsys.readouterr().err.strip().splitlines()
        assert told.startswith(f"{folder / 'x.yaml'}: is no file of settings (")
