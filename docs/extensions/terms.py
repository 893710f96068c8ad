"""The glossary, from the file that a page's legend reads, too."""

import json
from pathlib import Path

TERMS = Path(__file__).parents[2] / "emocam/report/glossary.json"


def write(which: str) -> str:
    """Return a definition for each term, with a link where a page says more."""
    lines = []
    for entry in json.loads(TERMS.read_text(encoding="utf-8")):
        more = f" [More]({entry['more']}.md)." if "more" in entry else ""
        lines.append(f"{entry['term']}\n: {entry['means']}{more}\n")
    return "\n".join(lines)
