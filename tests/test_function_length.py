"""A function fits on a screen: what is longer has parts, and each has a name."""

import ast
from collections.abc import Iterator
from pathlib import Path

PACKAGE = Path(__file__).parents[1] / "emocam"
MOST = 45
"""Lines of a function, from `def` to its last."""


def long_functions(source: str) -> Iterator[tuple[str, int]]:
    """Yield name and length of each function of more than MOST lines."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert node.end_lineno is not None
            length = node.end_lineno - node.lineno + 1
            if length > MOST:
                yield node.name, length


def test_no_function_has_more_than_45_lines() -> None:
    found = {
        (file.relative_to(PACKAGE).as_posix(), name)
        for file in sorted(PACKAGE.rglob("*.py"))
        for name, _ in long_functions(file.read_text(encoding="utf-8"))
    }
    assert not found


def test_a_long_function_is_found_wherever_it_is() -> None:
    body = "        x = 1\n" * MOST
    assert list(long_functions(f"class A:\n    def f(self):\n{body}")) == [("f", MOST + 1)]
    assert not list(
        long_functions(f"class A:\n    def f(self):\n{body.removesuffix('        x = 1' + chr(10))}")
    )
