"""HTML that a notebook shows below a cell: styled inline, no script, nothing from outside."""

import base64
import io
from collections.abc import Sequence
from html import escape

from PIL import Image

FONT = "font:13px/1.4 system-ui,sans-serif"


def picture(image: Image.Image, said: str) -> str:
    """Return an image with its bytes inside, and the words below it."""
    buffer = io.BytesIO()
    image.save(buffer, "WEBP", quality=80)
    data = base64.b64encode(buffer.getvalue()).decode()
    return (
        f'<figure style="margin:0;width:{image.width}px"><img src="data:image/webp;base64,{data}" '
        f'width="{image.width}" height="{image.height}" alt="{escape(said)}">'
        f'<figcaption style="overflow-wrap:anywhere">{escape(said)}</figcaption></figure>'
    )


def in_rows(parts: Sequence[str], more: str = "") -> str:
    """Put parts side by side, as many as the page is wide; `more` says what is left out."""
    row = f'<div style="display:flex;flex-wrap:wrap;gap:12px;{FONT}">{"".join(parts)}</div>'
    return row + (f'<p style="{FONT}">{escape(more)}</p>' if more else "")


def table(heads: Sequence[str], rows: Sequence[Sequence[str]], caption: str) -> str:
    """Return a table of text cells; the first of a row is its head, the others are numbers."""
    edge = "padding:2px 10px;border-bottom:1px solid rgba(128,128,128,.35)"
    head = "".join(f'<th scope="col" style="text-align:left;{edge}">{escape(name)}</th>' for name in heads)
    body = "".join(
        f'<tr><th scope="row" style="text-align:left;font-weight:normal;{edge}">{escape(first)}</th>'
        + "".join(f'<td style="text-align:left;{edge}">{escape(cell)}</td>' for cell in rest)
        + "</tr>"
        for first, *rest in rows
    )
    return (
        f'<table style="border-collapse:collapse;{FONT}"><caption style="text-align:left;font-weight:600;'
        f'padding:2px 10px">{escape(caption)}</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'
    )


def paragraph(said: str, link: str = "", address: str = "") -> str:
    """Return a line of text, with a link after it if there is one."""
    shown = f' <a href="{escape(address)}">{escape(link)}</a>' if address else ""
    return f'<p style="margin:4px 10px;{FONT}">{escape(said)}{shown}</p>'
