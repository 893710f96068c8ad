"""A process ends at once, and nothing that waited is lost."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

BEFORE = "import atexit, gc, os, sys, threading, time\nfrom emocam.system.leaving import leave\n"


def ended(code: str, **given) -> subprocess.CompletedProcess:
    return subprocess.run([sys.executable, "-c", BEFORE + code], text=True, check=False, **given)


def test_exit_functions_threads_and_streams_come_first() -> None:
    code = (
        "atexit.register(print, 'exit function')\n"
        "threading.Thread(target=lambda: (time.sleep(.2), print('thread'))).start()\n"
        "print('text', end=''); sys.stderr.write('fault')\n"
        "leave(3)"
    )
    told = ended(code, capture_output=True)
    assert (told.returncode, told.stdout, told.stderr) == (3, "textthread\nexit function\n", "fault")


def test_objects_are_not_taken_apart() -> None:
    code = "class Slow:\n    def __del__(self):\n        os.write(1, b'apart')\nkept = Slow()\nleave(0)"
    assert ended(code, capture_output=True).stdout == ""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="/dev/full")
def test_output_that_could_not_be_written_is_an_error() -> None:
    with Path("/dev/full").open("w") as full:
        told = ended("print('text'); leave(0)", stdout=full, env=os.environ | {"PYTHONUNBUFFERED": ""})
        assert told.returncode == 120


def test_a_profiler_sees_a_usual_end() -> None:
    told = ended("sys.setprofile(lambda *_: None)\nprint('text')\nleave(4)", capture_output=True)
    assert (told.returncode, told.stdout) == (4, "text\n")


def test_the_command_s_collector_is_off_while_it_imports_and_on_afterwards() -> None:
    code = (
        "import emocam.cli.main as command\n"
        "def answer(words):\n"
        "    off = not gc.isenabled()\n"
        "    from emocam.system.memory import collect_again\n"
        "    collect_again()\n"
        "    print(off, gc.isenabled(), gc.get_freeze_count() > 0)\n"
        "    return 2\n"
        "command.answer = answer\ncommand.main()"
    )
    told = ended(code, capture_output=True)
    assert (told.returncode, told.stdout) == (2, "True True True\n")


def test_a_program_s_own_collector_stays_as_it_is() -> None:
    code = (
        "from emocam.system.memory import collect_again\ngc.disable()\ncollect_again()\nprint(gc.isenabled())"
    )
    assert ended(code, capture_output=True).stdout == "False\n"
