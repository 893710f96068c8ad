"""A function's docstring is a whole sentence that begins with what the function does."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "emocam"
FILES = sorted(PACKAGE.rglob("*.py"))
VERBS = """
    Begin Close Free Go Hold Remove Rename
    Add Answer Attribute Average
    Blend Blur Build
    Cast Check Choose Compare Compose Compute Connect Continue Convert Convolve Copy Count Cut
    Decode Describe Digest Do Download Draw Drop
    End Enlarge Evaluate
    Fill Find Finish Fit Free
    Gather Give Group
    Import Integrate Interpolate
    Join
    Keep
    Lay Leave Let List Load Log
    Make Mark Match Measure Merge Mirror Move Multiply
    Name Note
    Open
    Pack Pass Pick Place Plan Plot Print Project Put
    Raise Rank Read Record Recover Reduce Refuse Rename Replace Resample Resize Restore Return Run
    Scale Score Send Set Share Show Shorten Speed Split Stack Start Stop Stretch Sum Suppress Switch
    Take Train Turn
    Unpack
    Wait Watch Widen Wrap Write
    Yield
"""
"""The first words in use, as commands; a new one is added here on purpose, and is a verb."""
NOUN = {"are", "is", "of"}
"""After these a word that may be a verb or a noun is a noun: "Score of an image"."""
NOT_CALLED = {"property", "cached_property", "setter", "overload"}
"""What is read like a value has a docstring like a value, a noun phrase; an overload has none of its own."""


def functions(source: str) -> Iterator[tuple[str, str]]:
    """Yield name and docstring of each function and method that is called as such."""
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        decorators = {ast.unparse(decorator).split(".")[-1] for decorator in node.decorator_list}
        docstring = ast.get_docstring(node)
        if docstring is not None and not decorators & NOT_CALLED:
            yield node.name, docstring


def fault(docstring: str) -> str | None:
    """Return what is wrong with a function's docstring, if anything is."""
    first, *others = docstring.split("\n\n")[0].split()
    if first.rstrip(",") not in VERBS.split():
        return f"begins with {first!r}, which is no verb of tests/test_docstrings.py"
    if not others or others[0] in NOUN:
        return f"begins with the noun {first!r}"
    if not others[-1].endswith((".", ":")):
        return f"its first sentence ends with {others[-1]!r}"
    return None


def test_a_function_s_docstring_is_a_sentence_that_begins_with_a_verb() -> None:
    faults = [
        f"{file.relative_to(PACKAGE)}: {name} {message}"
        for file in FILES
        for name, docstring in functions(file.read_text(encoding="utf-8"))
        if (message := fault(docstring))
    ]
    assert len(FILES) > 100
    assert not faults, "\n".join(faults)


@pytest.mark.parametrize(
    "fragment",
    [
        "Of each row of logits for its label.",
        "The mean of the map.",
        "What a run does.",
        "How many weights the file holds.",
        "(n, L).",
        "Returns the mean.",
        "Score of each image.",
        "Return the mean",
        "Return",
    ],
)
def test_a_fragment_is_found(fragment: str) -> None:
    ((name, docstring),) = functions(f'def planted():\n    """{fragment}"""\n')
    assert name == "planted"
    assert fault(docstring)


@pytest.mark.parametrize(
    "sentence",
    [
        "Return each row's log-odds of its label (n,).",
        "Return, ascending, the rows that stay.",
        "Draw boxes that overlap no other,\nin random order.\n\nNone without room",
        "Return one of:\n\n- a name\n- a file",
    ],
)
def test_a_sentence_is_none(sentence: str) -> None:
    assert fault(sentence) is None


@pytest.mark.parametrize(
    "decorator", ["property", "cached_property", "functools.cached_property", "overload"]
)
def test_what_is_not_called_may_be_a_noun_phrase(decorator: str) -> None:
    assert not list(
        functions(f'class A:\n    @{decorator}\n    def planted(self):\n        """The mean."""\n')
    )
    assert list(functions('class A:\n    def planted(self):\n        """The mean."""\n'))
