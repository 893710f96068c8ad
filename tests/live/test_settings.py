"""The settings of a watch, each fault in a sentence with what was found."""

from pathlib import Path

import pytest

from emocam.errors import SettingError
from emocam.live.settings import WatchSettings, camera_number


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("source", " ", "SOURCE must be a camera's number"),
        ("save", "a.avi", "watch.save must be a film that ends in .mp4, got a.avi"),
        ("save", "no/a.mp4", "there is no folder no"),
        ("port", "x", "watch.port must be a whole number up to 65535, 0 for any that is free, got 'x'"),
        ("port", 70_000, "got 70000"),
        ("seconds", 0, "watch.seconds must be a number above 0, or null, got 0"),
        ("page", "yes", "watch.page must be true or false, got 'yes'"),
        ("window", 1, "watch.window must be true or false, got 1"),
        ("pace", None, "watch.pace must be true or false, got None"),
    ],
)
def test_what_cannot_be_is_told(
    name: str, value: object, told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SettingError) as raised:
        WatchSettings(**{"source": "0", name: value})
    assert told in str(raised.value)


def test_a_camera_is_a_number() -> None:
    found = {
        name: camera_number(name) for name in ("0", " 2 ", "/dev/video3", "a.mp4", "-", "1.mp4", "٣", "12345")
    }
    assert found == {
        **{
            "0": 0,
            " 2 ": 2,
            "/dev/video3": 3,
            "a.mp4": None,
            "-": None,
            "1.mp4": None,
            "٣": None,
            "12345": None,
        }
    }
