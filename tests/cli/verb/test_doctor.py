"""`emocam doctor` tells what is there, and ends with what a small run says."""

from collections.abc import Callable

import pytest
import torch

from emocam.cli.verb import doctor

Command = Callable[..., int]


def test_doctor_names_versions_and_ends_well(
    emocam: Command, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doctor, "SMALL", (*doctor.SMALL, "data.images=2", "~callback.report"))
    assert emocam("doctor") == 0
    text = capsys.readouterr().out
    assert torch.__version__.split("+")[0] in text and "all is well" in text


def test_run_that_fails_is_told_with_its_sentence(
    emocam: Command, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doctor, "SMALL", ("cam=grad", "logger=null"))
    assert emocam("doctor") == 1
    assert "failed after" in (text := capsys.readouterr().out) and "cam=grad is no option" in text


def test_extra_that_lacks_a_package_names_the_cure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "_present", lambda name: name != "timm")
    lines = list(doctor.extra_lines())
    assert any("lacks timm" in line and "emocam[timm]" in line for line in lines)
    assert any("joblib" in line and line.endswith("there") for line in lines)
