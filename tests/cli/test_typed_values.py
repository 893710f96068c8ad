"""Values come to the settings as they were typed in a shell."""

import random
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from hydra.core.override_parser.overrides_parser import OverridesParser
from omegaconf import OmegaConf

from emocam.cli.typed_values import as_typed, quoted_text

NAMES = (
    *(
        "Été 2026",
        "写真",
        "Photos (1)",
        "a#b",
        "it's",
        'the "best"',
        "a=b",
        "a,b",
        "[2026] trip",
        "2026",
        "1e3",
    ),
    *("{x}", "tom & ann", "50%", "$HOME", "${seed}", "back\\slash", "end\\", "a:b", "*", "a;b", "@home", "?"),
    *("-x", "it's \\'quoted\\'"),
)


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working folder that is the home, too."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


def read(word: str) -> object:
    """Return what Hydra and OmegaConf make of a word's value."""
    return OmegaConf.create({"x": OverridesParser.create().parse_override(word).value()}).x


@pytest.mark.parametrize("name", NAMES)
def test_a_folder_is_found_under_its_name(name: str) -> None:
    Path(name).mkdir()
    assert read(as_typed(f"data.root={name}")) == name
    assert read(as_typed(f"data.root={Path(name).absolute()}")) == str(Path(name).absolute())


@pytest.mark.parametrize("name", ["Été 2026", "写真", "Photos (1)", "a#b", "it's", "tom & ann", "a=b"])
def test_a_folder_that_is_still_to_be_made_has_its_name(name: str) -> None:
    assert read(as_typed(f"hydra.run.dir={name}")) == name


def test_the_home_is_meant_by_a_tilde(here: Path) -> None:
    (here / "my photos").mkdir()
    for name in ("photos", "my photos", "runs/new (1)"):
        assert read(as_typed(f"data.root=~/{name}")) == str(here / name)


def test_names_in_lists_and_sweeps_are_taken_one_by_one() -> None:
    for name in ("a (1).jpg", "é,b.jpg", "c.jpg"):
        Path(name).touch()
    assert list(read(as_typed("data.files=[a (1).jpg,c.jpg,写.jpg]"))) == ["a (1).jpg", "c.jpg", "写.jpg"]  # type: ignore[call-overload]
    sweep = OverridesParser.create().parse_override(as_typed("data.root=a (1).jpg,c.jpg", sweep=True))
    assert list(map(str, sweep.sweep_string_iterator())) == ["'a (1).jpg'", "c.jpg"]


MEANT = (
    *(
        "cam=gradcam",
        "threshold.importance=0.3",
        "data.files=[a.jpg,b.jpg]",
        "cam.targets=['a b',c]",
        "cam=null",
    ),
    *(
        "+cam=gradcam",
        "~cam",
        "classifier.labels='Photos (1)'",
        "data.root=${oc.env:HOME}",
        "seed=range(1,3)",
    ),
    *("vocabulary.merge={cat:animal}", "threshold.importance=0.1,0.2", "cam=[", "data.root=", "-m", "--cfg"),
)


@pytest.mark.parametrize("word", MEANT)
def test_what_hydra_reads_is_left_as_it_is(word: str) -> None:
    assert as_typed(word) == word


def test_any_text_comes_back_from_its_quotes() -> None:
    signs = "aé写 ~()#'\"=,\\${}[]:@*/.+-!"
    dice = random.Random(0)
    for _ in range(300):
        text = "".join(dice.choice(signs) for _ in range(dice.randrange(7)))
        assert read(f"a.b={quoted_text(text)}") == text


def test_the_command_takes_such_a_path(
    emocam: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    folder = Path("Été (1) #it's=写真, [a]")
    folder.mkdir()
    assert emocam("data=folder", f"data.root={folder}", "--cfg", "job") == 0
    assert yaml.safe_load(capsys.readouterr().out)["data"]["root"] == str(folder)
