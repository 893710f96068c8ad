"""Parts of pages that are read off the code: a comment such as `<!-- options of cam -->` is replaced."""

import re
from collections.abc import Callable

from sphinx.application import Sphinx

from extensions import classes, options, terms, worlds

MARK = re.compile(r"^<!-- (options of|class|world|terms) ([\w.]+) -->$", re.MULTILINE)
WRITERS: dict[str, Callable[[str], str]] = {
    "options of": options.write,
    "class": classes.write,
    "world": worlds.write,
    "terms": terms.write,
}


def replace_marks(text: str) -> str:
    """A page's source with every mark replaced by what it names."""
    return MARK.sub(lambda mark: WRITERS[mark[1]](mark[2]), text)


def read(app: Sphinx, page: str, source: list[str]) -> None:
    source[0] = replace_marks(source[0])


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("source-read", read)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
