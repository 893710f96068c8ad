"""A file that lies in no folder of this machine: an object at an address, a member of a tar, a row of a table."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class StoredFile:
    """What is read in place of a path. `name` is its whole address, by which its digest is remembered for as long
    as `touched` stays the same: four numbers that no writer leaves as they were, or None where nothing tells.
    """

    name: str
    suffix: str
    touched: tuple[int, int, int, int] | None
    read: Callable[[], bytes]
