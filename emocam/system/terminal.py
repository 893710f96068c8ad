"""Text that is safe to write to a terminal."""

from collections.abc import Iterable

CONTROL = dict.fromkeys((*range(0x20), 0x7F, *range(0x80, 0xA0)), "\N{REPLACEMENT CHARACTER}")


def shown(lines: Iterable[str]) -> str:
    """Join lines for a terminal, without control characters: names come from files, and could steer it."""
    return "".join(f"{line.translate(CONTROL)}\n" for line in lines)
