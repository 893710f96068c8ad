"""The key q on the terminal, without Enter."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from select import select

try:
    import termios
    import tty
except ImportError:  # pragma: no cover - Windows: Ctrl-C, and q in the window or on the page
    termios = None  # type: ignore[assignment]


KEYS = 64
"""Pressed since the last look, at most."""
QUIT = set(b"qQ")


@contextmanager
def quit_key() -> Iterator[Callable[[], bool]]:
    """Yield what tells whether q was pressed; the terminal is as it was at the end."""
    if termios is None or not sys.stdin or not sys.stdin.isatty():
        yield lambda: False
        return
    terminal = sys.stdin.fileno()
    before = termios.tcgetattr(terminal)
    tty.setcbreak(terminal)

    def pressed() -> bool:
        # past Python's buffer, which would hold what select() then does not see
        waits = bool(select([terminal], [], [], 0)[0])
        return waits and bool(set(os.read(terminal, KEYS)) & QUIT)

    try:
        yield pressed
    finally:
        termios.tcsetattr(terminal, termios.TCSADRAIN, before)
