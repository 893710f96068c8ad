"""The key q on the terminal, without Enter."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from select import select

try:
    import termios
    import tty
except ImportError:  # pragma: no cover - Windows: Ctrl-C, and q in the window or on the page
    termios = None  # type: ignore[assignment]


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
        while select([terminal], [], [], 0)[0]:
            read = sys.stdin.read(1)
            if read in ("q", "Q"):
                return True
            if not read:
                return False
        return False

    try:
        yield pressed
    finally:
        termios.tcsetattr(terminal, termios.TCSADRAIN, before)
