"""The words of a page and what they mean: one file, which the page's legend and the documents read."""

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from emocam.settings.paths import PACKAGE


@dataclass(frozen=True)
class Term:
    """A word, what it means, and the page under docs/explanation that says more."""

    term: str
    means: str
    more: str | None = None

    @property
    def plain(self) -> str:
        """The meaning without the marks of emphasis."""
        return self.means.replace("*", "")


@cache
def glossary() -> tuple[Term, ...]:
    """Return all terms in the order in which a page is read."""
    text = (files("emocam.report") / "glossary.json").read_text(encoding="utf-8")
    return tuple(Term(**entry) for entry in json.loads(text))


def documents() -> str | None:
    """Return the address of the documents, where `make docs` has built them beside the package; else None."""
    index = PACKAGE.parent / "site" / "index.html"
    return index.as_uri() if index.is_file() else None
