"""The mistakes a user can make, told in one sentence each."""

import difflib
from collections.abc import Iterable


class SettingError(ValueError):
    """A setting that cannot be: its name, what was expected, what was found, what to do."""


class Refused(Exception):
    """A picture that we will not use, though perhaps we could; the ledger says why."""


def nearest(name: str, choices: Iterable[str], listed: int = 12) -> str:
    """«did you mean layer4?» where a choice is close, else the choices themselves."""
    choices = list(dict.fromkeys(choices))
    close = difflib.get_close_matches(name, choices, n=3)
    if close:
        return f"did you mean {' or '.join(close)}?"
    if not choices:
        return "there is none to choose from"
    more = f", ... ({len(choices)} in all)" if len(choices) > listed else ""
    return f"expected one of: {', '.join(choices[:listed])}{more}"


class Interrupted(BaseException):
    """SIGINT or SIGTERM: no error, so nothing that catches errors may swallow it."""

    def __init__(self, signal: int) -> None:
        super().__init__(signal)
        self.signal = signal


class Carried(BaseException):
    """An error on its way past Hydra, which only warns of a callback's `Exception`s."""

    def __init__(self, error: Exception) -> None:
        super().__init__(error)
        self.error = error
