"""The Tab key offers verbs, their options and their words, and leaves the rest to Hydra."""

import pytest

from emocam.cli.completion import LINE, offer_verbs
from emocam.cli.help import VERBS
from emocam.cli.main import answer
from emocam.cli.verb.export import FORMATS


@pytest.mark.parametrize(
    ("line", "offered"),
    {
        "emocam ver": ["verify"],
        "emocam ": list(VERBS),
        "emocam export RUN --t": ["--to"],
        "emocam export RUN --to ": sorted(FORMATS),
        "emocam export RUN --to c": ["coco", "csv"],
        "emocam export ": [],
        "emocam verify outputs/": [],
        "emocam list c": ["callback", "cams", "classifiers"],
        "emocam fetch e": ["emonet"],
        "emocam data=": [],
    }.items(),
)
def test_what_is_offered(line: str, offered: list[str]) -> None:
    assert offer_verbs(line)[0] == offered


def test_every_verb_of_its_own_words_tells_its_options() -> None:
    assert all(offer_verbs(f"emocam {verb} --")[0] for verb in VERBS if verb != "watch")


@pytest.mark.parametrize("line", ["emocam d", "emocam watch 0 d"])
def test_hydra_s_words_come_beside_them(line: str, monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    monkeypatch.setenv(LINE, line)
    assert answer(["-sc", "query=bash"]) == 0
    words = capsys.readouterr().out.split()
    assert {"data=", "detector="} <= set(words)
    assert ("doctor" in words) == (line == "emocam d")


def test_a_verb_s_line_is_no_setting_s(monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    monkeypatch.setenv(LINE, "emocam list de")
    assert answer(["-sc", "query=bash"]) == 0
    assert capsys.readouterr().out == "detectors\n"
