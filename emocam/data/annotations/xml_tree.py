"""XML read as a tree of plain nodes: no entity, no DTD, nothing outside the file."""

from dataclasses import dataclass, field
from xml.parsers import expat

from emocam.data.annotations.source import Source
from emocam.settings.read_files import noted


@dataclass
class Node:
    """An element, and the line on which it begins."""

    name: str
    line: int
    text: str = ""
    children: list["Node"] = field(default_factory=list)

    def child(self, name: str) -> "Node | None":
        return next((node for node in self.children if node.name == name), None)

    def said(self, name: str) -> str:
        """Return the text of a child; empty where there is none."""
        node = self.child(name)
        return node.text.strip() if node else ""


def read_markup(source: Source) -> Node:
    """Return the outermost element. A DOCTYPE is refused: it can make a few bytes into gigabytes."""
    parser = expat.ParserCreate()
    parser.buffer_text = True
    top = Node("", 0)
    open_nodes = [top]

    def start(name: str, attributes: dict[str, str]) -> None:
        node = Node(name, parser.CurrentLineNumber)
        open_nodes[-1].children.append(node)
        open_nodes.append(node)

    def end(name: str) -> None:
        open_nodes.pop()

    def text(data: str) -> None:
        open_nodes[-1].text += data

    def doctype(*given: object) -> None:
        raise source.fault(f"line {parser.CurrentLineNumber}", "XML without a DOCTYPE", given[0])

    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.CharacterDataHandler, parser.StartDoctypeDeclHandler = text, doctype
    try:
        source.check_file()
        parser.Parse(noted(source.file).read_bytes(), True)
    except (OSError, expat.ExpatError, LookupError) as error:
        raise source.unreadable("XML", error) from None
    return top.children[0]
