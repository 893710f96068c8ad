"""The errors a user can make, each with a one-sentence message."""

import difflib
from collections.abc import Iterable


class SettingError(ValueError):
    """An invalid setting: the sentence names it, what was expected, what was found, what to do."""


class ForeignSetting(SettingError):
    """A setting that a file from elsewhere may not make; it is never silently ignored."""


class StoreLost(SettingError):
    """The place that pictures are read from no longer answers: a run stops, and the same command goes on."""


class PictureChanged(SettingError):
    """A picture that is opened again, and is another one than was explained."""


class Refused(Exception):
    """A picture that is not used, though perhaps it could be; the ledger says why."""


class Damaged(ValueError):
    """A file that cannot be read, told in words for people; the ledger says `unreadable` and these."""


def nearest(name: str, choices: Iterable[str], listed: int = 12) -> str:
    """Return «did you mean layer4?» where a choice is close, otherwise the choices themselves."""
    choices = list(dict.fromkeys(choices))
    close = difflib.get_close_matches(name, choices, n=3)
    if close:
        return f"did you mean {' or '.join(close)}?"
    if not choices:
        return "there is none to choose from"
    more = f", ... ({len(choices)} in all)" if len(choices) > listed else ""
    return f"expected one of: {', '.join(choices[:listed])}{more}"


class Interrupted(BaseException):
    """SIGINT or SIGTERM, which is no error, so that code that catches errors does not swallow it."""

    def __init__(self, signal: int) -> None:
        super().__init__(signal)
        self.signal = signal


class Carried(BaseException):
    """An error on its way past Hydra, which only warns of a callback's `Exception`s."""

    def __init__(self, error: Exception) -> None:
        super().__init__(error)
        self.error = error
