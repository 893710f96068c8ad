"""Text that is safe to write to a terminal."""

from collections.abc import Iterable

CONTROL = dict.fromkeys((*range(0x20), 0x7F, *range(0x80, 0xA0)), "\N{REPLACEMENT CHARACTER}")


def shown(lines: Iterable[str]) -> str:
    """Text for a terminal: names come from files, and a control character in one would steer it."""
    return "".join(f"{line.translate(CONTROL)}\n" for line in lines)
