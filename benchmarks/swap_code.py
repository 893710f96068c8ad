"""One session of pytest for many faults: all tests are imported once, and a forked child swaps one function's code.

Where a function changes, those who imported it keep the function and get its new code. What runs on import (a
module's constant, a default) cannot be swapped, and is left to a child that imports all again.
"""

import gc
import json
import os
import resource
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import _lru_cache_wrapper
from itertools import zip_longest
from pathlib import Path
from types import CodeType, FrameType, FunctionType
from typing import Any

import pytest

Lines = dict[str, list[int]]
"""Of each file, the lines to which a test comes."""
Functions = dict[str, list[FunctionType]]


def live_functions(files: set[str]) -> tuple[Functions, list[Any]]:
    """Return the functions of each file that anybody holds, and all caches of answers."""
    gc.unfreeze()  # a command may have put aside what it had imported
    gc.collect()
    held: Functions = {file: [] for file in files}
    caches = []
    for one in gc.get_objects():
        if isinstance(one, FunctionType) and one.__code__.co_filename in held:
            held[one.__code__.co_filename].append(one)
        elif isinstance(one, _lru_cache_wrapper):
            caches.append(one)
    return held, caches


def codes_of(code: CodeType) -> dict[tuple[str, int], CodeType]:
    """Return all code within a module's, by name and line."""
    found, waiting = {}, [code]
    while waiting:
        one = waiting.pop()
        found[one.co_qualname, one.co_firstlineno] = one
        waiting += [constant for constant in one.co_consts if isinstance(constant, CodeType)]
    return found


def swap(functions: Sequence[FunctionType], code: CodeType) -> int:
    """Give functions the code that they have in a module's, and return how many got another."""
    new, count = codes_of(code), 0
    for function in functions:
        own = function.__code__
        other = new.get((own.co_qualname, own.co_firstlineno))
        if other is not None and other != own and other.co_freevars == own.co_freevars:
            function.__code__ = other
            count += 1
    return count


class Session:
    """A plugin that traces all tests once, and then runs those of each fault in a child of its own.

    `faults` are names with a file, the lines of the statement and the module's code with the fault in it; `answer`
    is told each name and whether a test failed, or None where no code could be swapped.
    """

    def __init__(
        self,
        faults: Sequence[tuple[str, str, range | None, CodeType]],
        answer: Callable[[str, bool | None, list[str]], None],
    ) -> None:
        self.faults, self.answer = faults, answer
        self.files = {file for _, file, _, _ in faults}
        self.lines: dict[str, set[int]] = {}
        self.reached: dict[str, tuple[float, Lines]] = {}

    def trace(self, frame: FrameType, event: str, arg: Any) -> Any:
        return self.line if frame.f_code.co_filename in self.files else None

    def line(self, frame: FrameType, event: str, arg: Any) -> Any:
        self.lines.setdefault(frame.f_code.co_filename, set()).add(frame.f_lineno)
        return self.line

    def traced(self, session: pytest.Session) -> bool:
        """Run all tests once, and keep who comes to which line; return whether all pass."""
        for item, following in zip_longest(session.items, session.items[1:]):
            self.lines, start = {}, time.process_time()
            sys.settrace(self.trace)
            try:
                item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
            finally:
                sys.settrace(None)
            seconds = time.process_time() - start
            self.reached[item.nodeid] = seconds, {k: sorted(v) for k, v in self.lines.items()}
        return session.testsfailed == 0

    def tests(self, file: str, lines: range | None) -> list[str]:
        """Return the tests that come to these lines, the quickest first; to the file, where none does."""
        coming = {name: where[file] for name, (_, where) in self.reached.items() if file in where}
        exact = [name for name, where in coming.items() if lines and not set(lines).isdisjoint(where)]
        return sorted(exact or coming, key=lambda name: self.reached[name][0])

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        told = Path(os.environ["EMOCAM_REACHED"])
        if forked(lambda: self.traced(session) and bool(told.write_text(json.dumps(self.reached)))) != 0:
            raise session.Failed("the tests fail without a fault")
        self.reached = json.loads(told.read_text())
        functions, caches = live_functions(self.files)
        gc.freeze()  # what a child collects, it would first copy
        items = {item.nodeid: item for item in session.items}
        for name, file, lines, code in self.faults:
            coming = self.tests(file, lines)
            if not swappable(functions[file], code):
                self.answer(name, None, coming)
                continue

            def work(file: str = file, code: CodeType = code, coming: list[str] = coming) -> bool:
                for cache in caches:
                    with suppress(Exception):
                        cache.cache_clear()
                swap(functions[file], code)
                return all_pass(session, [items[test] for test in coming])

            seconds = round(20 + 4 * sum(self.reached[test][0] for test in coming))
            self.answer(name, forked(work, seconds) != 0, coming)
        return True


def swappable(functions: Sequence[FunctionType], code: CodeType) -> bool:
    """Return whether a fault changes the code of a function that is held."""
    new = codes_of(code)
    return any(
        (other := new.get((one.__code__.co_qualname, one.__code__.co_firstlineno))) and other != one.__code__
        for one in functions
    )


def all_pass(session: pytest.Session, items: Sequence[pytest.Item]) -> bool:
    """Run tests until one fails, and return whether none did."""
    for item, following in zip_longest(items, items[1:]):
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
        if session.testsfailed:
            return False
    return True


def forked(work: Callable[[], bool], seconds: int = 1200) -> int:
    """Do some work in a child of so many seconds of the processor, and return 0 where it says true."""
    pid = os.fork()
    if pid:
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    status = 9
    try:
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 5))
        status = 0 if work() else 1
    finally:
        os._exit(status)
