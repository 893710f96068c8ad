"""A mistake in words is one sentence with its cure."""

from pathlib import Path

import pytest
from hydra.errors import MissingConfigException

from emocam.cli.messages import error_sentence


@pytest.mark.parametrize(("launcher", "extra"), [("ray", "ray"), ("submitit_slurm", "slurm")])
def test_a_launcher_that_is_not_installed_is_told_with_the_extra_that_brings_it(
    launcher: str, extra: str
) -> None:
    words = f"In 'config': Could not find 'hydra/launcher/{launcher}'"
    error = MissingConfigException(words, missing_cfg_file=launcher, options=["basic"])
    assert error_sentence(error, Path("conf")) == (
        f"hydra/launcher={launcher} is not installed; pip install 'emocam[{extra}]' brings it"
    )
