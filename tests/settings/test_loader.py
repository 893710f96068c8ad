"""What the command line itself says is taken, whatever is refused from files."""

from collections.abc import Callable
from pathlib import Path

Command = Callable[..., int]


def test_the_command_line_itself_may_say_all_of_it(emocam: Command, tmp_path: Path) -> None:
    words = ("hydra.run.dir=run", "data.export=pictures", "cache=kept", "+hydra.job.env_set.MINE=1")
    assert emocam(*words, "data.images=2", "logger=null", "~callback.report", "data.workers=0") == 0
    assert (tmp_path / "pictures/instances.json").is_file() and (tmp_path / "run/cells.csv").is_file()
