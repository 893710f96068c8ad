"""What differs between runs, and the names made of it."""

import json

import pandas as pd
import pytest

from emocam.compare.setting_differences import (
    describe_differences,
    differing_settings,
    flat_settings,
    short_names,
)


def test_only_settings_that_differ_and_matter_are_columns(finished_run):
    one = finished_run("gradcam", 0.5, settings={"seed": 1, "cache": "here", "cam": {"score": "logit"}})
    other = finished_run("lime", 0.5, settings={"seed": 1, "cache": "there", "cam": {"samples": 20}})
    table = differing_settings([one, other])
    assert table.to_dict("list") == {
        "cam": ["gradcam", "lime"],
        "cam.score": ["logit", pytest.approx(float("nan"), nan_ok=True)],
        "cam.samples": [pytest.approx(float("nan"), nan_ok=True), 20],
    }
    assert describe_differences(one, other, ("cam",)) == (
        "cam: gradcam and lime, cam.score: logit and none, cam.samples: none and 20"
    )


@pytest.mark.parametrize(
    ("table", "names"),
    [
        ({"cam": ["gradcam", "lime"], "cam.samples": [None, 20]}, ["gradcam", "lime"]),
        ({"threshold.importance": [0.1, 0.3]}, ["importance=0.1", "importance=0.3"]),
        (
            {"threshold.importance": [0.1, 0.3, 0.1], "cam": ["a", "a", "b"]},
            ["a importance=0.1", "a importance=0.3", "b importance=0.1"],
        ),
        ({"seed": [0, 1]}, ["seed=0", "seed=1"]),
        ({"cam": ["a", "a", "b"]}, ["a 0", "a 1", "b 2"]),
    ],
)
def test_names_are_as_short_as_they_can_be(table, names):
    assert short_names(pd.DataFrame(table)) == names


def test_runs_of_equal_settings_are_numbered(finished_run):
    runs = [finished_run("a", 0.5), finished_run("b", 0.5)]
    for run in runs:
        (run.path / "summary.json").write_text(json.dumps({**run.summary, "choices": {}}))
    assert short_names(differing_settings(runs)) == ["0", "1"]


def test_a_setting_that_repeats_another_is_told_there(finished_run) -> None:
    written = {"seed": 1, "cam": {"seed": "${seed}", "samples": 20}}
    assert "cam.seed" not in flat_settings(finished_run("lime", 0.5, settings=written))
