"""Which pixels of an object are changed, and where their control lies: the settings of every effect."""

from typing import Literal

from emocam.errors import SettingError

Region = Literal["part", "box"]
Control = Literal["bare", "anywhere"]


def chosen(setting: str, value: str, options: tuple[str, ...]) -> str:
    """Return the value if it is one of the options."""
    if value not in options:
        raise SettingError(f"{setting} must be {' or '.join(options)}, got {value!r}")
    return value
