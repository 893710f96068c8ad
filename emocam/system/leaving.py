"""The end of the process: what waits is flushed and ended, and the memory is left to the system.

Taking a hundred thousand objects of libraries apart one by one costs a seventh of a short run, for nothing.
"""

import atexit
import os
import sys
import threading
from typing import NoReturn

UNFLUSHED = 120
"""Python's own exit status where standard output could not be written."""


def leave(status: int) -> NoReturn:
    """End the process: threads are waited for, exit functions run, streams flushed; a profiler sees a usual end."""
    if sys.gettrace() or sys.getprofile():
        sys.exit(status)
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        try:
            if stream is not None:
                stream.flush()
        except (OSError, ValueError):  # a full disk, or a reader that went
            status = status or UNFLUSHED
    os._exit(status)
