"""What is told of a run of which the tracking store lacks nothing, and of what it never heard of."""

from pathlib import Path

import pytest
from omegaconf import OmegaConf

from emocam.cli.verb.upload import main
from emocam.errors import SettingError
from emocam.settings.recorded import write_settings


def test_only_a_run_that_was_begun_in_a_store_lacks_nothing_there(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SettingError, match=r"is no folder of a run or a sweep"):
        main([str(tmp_path)])
    write_settings(tmp_path, OmegaConf.create({"seed": 0, "logger": None}), [])
    with pytest.raises(SettingError, match=r"was made with logger=null, and no store knows of it"):
        main([str(tmp_path)])
    write_settings(tmp_path, OmegaConf.create({"seed": 0, "logger": {"experiment": "emocam"}}), [])
    assert main([str(tmp_path)]) == 0
    assert "nothing is missing in the tracking store" in capsys.readouterr().out
    with pytest.raises(
        SettingError, match=r"is whole in the store that it was begun in, and --store sqlite:///b"
    ):
        main([str(tmp_path), "--store", "sqlite:///b.db"])


def test_a_sweep_is_no_run_and_lacks_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "multirun.yaml").write_text("")
    assert main([str(tmp_path)]) == 0
    assert "nothing is missing in the tracking store" in capsys.readouterr().out
