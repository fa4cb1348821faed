"""XML without its dangers: no document type, no entities, bounded depth and size."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from xml.parsers import expat

from poseval.datasets.files.document import Document
from poseval.errors import FormatError, LimitError, shown

MOST_ELEMENTS = 5_000_000  # a track of 10,000 frames with 17 joints has 170,000


@dataclass(slots=True)
class Node:
    """An element: its name, attributes, children and the text directly inside."""

    name: str
    attributes: dict[str, str]
    children: list[Node] = field(default_factory=list)
    text: str = ""
    line: int = 0

    def items(self) -> list[tuple[str, Any]]:
        """What stands inside: attributes as `@name`, children by name, and the text as `#text`."""
        inside: list[tuple[str, Any]] = [(f"@{name}", value) for name, value in self.attributes.items()]
        inside += [(child.name, child) for child in self.children]
        return [*inside, ("#text", self.text)] if self.text else inside

    def names(self) -> tuple[str, ...] | None:
        """The names of its attributes, if there is nothing else in it."""
        return None if self.children or self.text else tuple(self.attributes)

    def __getitem__(self, name: str) -> str:
        """An attribute, as `items` names it."""
        return self.attributes[name[1:]]

    def all(self, name: str) -> list[Node]:
        """Children of a name."""
        return [child for child in self.children if child.name == name]

    def first(self, *path: str) -> Node | None:
        """The first descendant along a path of names."""
        node: Node | None = self
        for name in path:
            node = next((child for child in node.children if child.name == name), None) if node else None
        return node


class _Builder:
    def __init__(self, document: Document) -> None:
        self.document = document
        self.parser = expat.ParserCreate()
        self.root = Node("", {})
        self.stack = [self.root]
        self.count = 0
        self.parser.StartDoctypeDeclHandler = self._refuse
        self.parser.EntityDeclHandler = self._refuse
        self.parser.UnparsedEntityDeclHandler = self._refuse
        self.parser.ExternalEntityRefHandler = self._refuse
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._text

    def _where(self) -> str:
        return f"{self.document.name}: line {self.parser.CurrentLineNumber}"

    def _refuse(self, *found: Any) -> Any:
        raise FormatError(
            "P218",
            where=self._where(),
            what="declares a document type or an entity",
            wanted="plain elements, because entities are never expanded",
        )

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self.count += 1
        limits = self.document.limits
        if len(self.stack) > limits.depth or self.count > MOST_ELEMENTS:
            raise LimitError(
                "P502",
                where=self._where(),
                what="is nested too deeply or has too many elements",
                wanted=f"at most {limits.depth} levels and {MOST_ELEMENTS:,} elements",
            )
        node = Node(name, attributes, [], "", self.parser.CurrentLineNumber)
        self.stack[-1].children.append(node)
        self.stack.append(node)

    def _end(self, name: str) -> None:
        self.stack.pop()

    def _text(self, text: str) -> None:
        if text.strip() and len(self.stack[-1].text) < self.document.limits.text_bytes:
            self.stack[-1].text += text


def parse(document: Document) -> Node:
    """The root element.

    Raises:
        FormatError: P219 no XML, P218 a document type or an entity.
        LimitError: P502 too deep or too large.
    """
    builder = _Builder(document)
    try:
        builder.parser.Parse(document.data, True)
    except (expat.ExpatError, ValueError, LookupError) as error:
        raise FormatError(
            "P219", where=document.name, what=f"is not a complete XML document ({shown(error)})"
        ) from None
    finally:
        del builder.parser  # whose handlers hold the builder, and with it the whole tree
    return builder.root.children[0]
