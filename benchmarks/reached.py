"""Which tests come to which lines of one file, and how long they take."""

import json
import sys
import time
from collections.abc import Generator
from dataclasses import dataclass, field
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

import pytest


class Recorder:
    """A pytest plugin that writes the lines of a file to which each test comes."""

    def __init__(self, source: str, told: Path) -> None:
        self.source, self.told = source, told
        self.found: dict[str, tuple[float, list[int]]] = {}
        self.lines: set[int] = set()

    def trace(self, frame: FrameType, event: str, arg: Any) -> Any:
        return self.line if self._ours(frame.f_code) else None

    def _ours(self, code: CodeType) -> bool:
        return code.co_filename == self.source

    def line(self, frame: FrameType, event: str, arg: Any) -> Any:
        self.lines.add(frame.f_lineno)
        return self.line

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        self.lines, start = set(), time.process_time()
        sys.settrace(self.trace)
        try:
            return (yield)
        finally:
            sys.settrace(None)
            self.found[item.nodeid] = time.process_time() - start, sorted(self.lines)

    def pytest_sessionfinish(self) -> None:
        self.told.write_text(json.dumps(self.found))


@dataclass(frozen=True)
class Reached:
    """The seconds of each test, and the lines to which it comes; `options` are pytest's."""

    found: dict[str, tuple[float, list[int]]]
    options: list[str] = field(default_factory=list)

    @classmethod
    def read(cls, told: Path, options: list[str]) -> "Reached":
        """Read what a recorder wrote."""
        return cls(json.loads(told.read_text()), options)

    def tests(self, lines: range | None) -> list[str]:
        """Return the tests that come to one of these lines, or to the file at all, the quickest first.

        All, where none does: another thread or process may.
        """
        coming = [
            (seconds, name)
            for name, (seconds, where) in self.found.items()
            if (where if lines is None else not set(lines).isdisjoint(where))
        ]
        return [name for _, name in sorted(coming)] or list(self.found)

    def patience(self, tests: list[str]) -> int:
        """Return the seconds of the processor after which these tests are taken for endless."""
        return round(20 + 4 * sum(self.found[test][0] for test in tests))
