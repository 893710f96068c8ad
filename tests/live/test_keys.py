"""The key q on a terminal, without Enter."""

import os
import sys
import time

import pytest

from emocam.live.keys import quit_key

pty = pytest.importorskip("pty")
termios = pytest.importorskip("termios")


def test_q_ends_and_other_keys_do_not_and_the_terminal_is_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    outside, inside = pty.openpty()
    with os.fdopen(inside, "r") as terminal:
        monkeypatch.setattr(sys, "stdin", terminal)
        before = termios.tcgetattr(terminal)
        with quit_key() as pressed:
            assert not pressed()
            for keys, expected in ((b"ax", False), (b"zq", True)):
                os.write(outside, keys)
                time.sleep(0.05)
                assert pressed() is expected
        assert termios.tcgetattr(terminal) == before
    os.close(outside)


def test_without_a_terminal_nothing_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    reading, writing = os.pipe()
    with os.fdopen(reading) as pipe:
        monkeypatch.setattr(sys, "stdin", pipe)
        os.write(writing, b"q")
        with quit_key() as pressed:
            assert not pressed()
        assert pipe.read(1) == "q"
    os.close(writing)
