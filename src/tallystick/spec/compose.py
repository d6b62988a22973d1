"""The events of ruamel.yaml into nodes with lines, without recursion and with every limit kept."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    CollectionEndEvent,
    CollectionStartEvent,
    DocumentStartEvent,
    Event,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
)
from ruamel.yaml.scanner import Scanner

from tallystick.spec.syntax import explain
from tallystick.spec.text import refuse

MAX_DEPTH: Final = 40
TEXT_TAGS: Final = frozenset({"!", "!!str", "tag:yaml.org,2002:str"})

_NEVER = re.compile("[\x00\ud800-\udfff]")  # neither is text for any system


@dataclass(slots=True)
class Node:
    """A scalar (`text`), a list (`items`) or a mapping (`pairs`), with the line it begins on."""

    line: int
    text: str = ""
    is_plain: bool = False  # written without quotes
    items: list[Node] | None = None
    pairs: list[tuple[Node, Node]] | None = None


class StarScanner:
    """Takes a lone `*` for the text `*` (the default of a code set), where YAML would want the name of an anchor."""

    def fetch_alias(self) -> Any:
        if self.reader.peek(1) in " \t\r\n\0:,]}":  # type: ignore[attr-defined]
            return self.fetch_plain()  # type: ignore[attr-defined]
        return super().fetch_alias()  # type: ignore[misc]


class TextScanner(StarScanner, Scanner):
    pass


def compose(text: str, name: str) -> Node | None:
    """The root node of the only document in `text`; None when there is nothing but comments.

    Raises DocumentErrors at the first place that is not well-formed.
    """
    composer = _Composer(name)
    for event in _events(text, name):
        composer.take(event)
    return composer.root


def _events(text: str, name: str) -> Iterator[Event]:
    yaml = YAML(typ="safe", pure=True)
    yaml.Scanner = TextScanner
    try:
        yield from yaml.parse(text)
    except MarkedYAMLError as error:
        line, message, hint = explain(error, text)
        raise refuse(name, line, message, hint) from None
    except (YAMLError, ValueError, OverflowError) as error:  # an escape such as "\UFFFFFFFF" is a ValueError
        raise refuse(name, 1, f"This is not valid YAML: {str(error).splitlines()[0]}.") from None


class _Composer:
    def __init__(self, name: str) -> None:
        self.name = name
        self.root: Node | None = None
        self._documents = 0
        self._anchors: dict[str, Node] = {}
        self._open: list[Node] = []
        self._keys: list[Node | None] = []  # beside `_open`: the key whose value comes next

    def take(self, event: Event) -> None:
        line = event.start_mark.line + 1
        if isinstance(event, DocumentStartEvent):
            self._begin_document(event, line)
        elif isinstance(event, CollectionEndEvent):
            self._open.pop()
            self._keys.pop()
        elif isinstance(event, AliasEvent):
            self._place(self._anchored(event.anchor, line), line)
        elif isinstance(event, NodeEvent):
            node = self._node(event, line)
            self._place(node, line)
            if isinstance(event, CollectionStartEvent):
                if len(self._open) >= MAX_DEPTH:
                    raise refuse(self.name, line, f"Values are nested deeper than {MAX_DEPTH} levels.")
                self._open.append(node)
                self._keys.append(None)

    def _begin_document(self, event: DocumentStartEvent, line: int) -> None:
        self._documents += 1
        if self._documents > 1:
            raise refuse(self.name, line, "A second document begins here.", "Keep one integration in a file.")
        if event.version is not None and tuple(event.version) != (1, 2):
            raise refuse(self.name, line, "Only YAML 1.2 is read.", "Remove the line that begins with %YAML.")

    def _node(self, event: Any, line: int) -> Node:
        if event.tag is not None and str(event.tag) not in TEXT_TAGS:
            tag = str(event.tag).replace("tag:yaml.org,2002:", "!!")
            raise refuse(self.name, line, f"The tag {tag} is not read.", "Leave it out; quote what is a text.")
        if isinstance(event, ScalarEvent):
            if _NEVER.search(event.value):
                hint = "Leave out the escape that makes it."
                raise refuse(self.name, line, "The text holds a NUL or half a character.", hint)
            node = Node(line, event.value, is_plain=bool(event.implicit[0]) and event.tag is None)
        elif isinstance(event, MappingStartEvent):
            node = Node(line, pairs=[])
        else:
            node = Node(line, items=[])
        if event.anchor is not None:
            self._anchors[event.anchor] = node
        return node

    def _anchored(self, anchor: str, line: int) -> Node:
        node = self._anchors.get(anchor)
        if node is None:
            hint = f"Put the text in quotes, or mark a value further up with &{anchor}."
            raise refuse(self.name, line, f"*{anchor} refers to an anchor that is not written above.", hint)
        if any(node is other for other in self._open):
            raise refuse(self.name, line, f"*{anchor} stands inside the value that it refers to.", "Write it out.")
        return node

    def _place(self, node: Node, line: int) -> None:
        if not self._open:
            self.root = node
        elif self._open[-1].items is not None:
            self._open[-1].items.append(node)
        elif (key := self._keys[-1]) is not None:
            assert self._open[-1].pairs is not None  # noqa: S101  # what is open and no list is a mapping
            self._open[-1].pairs.append((key, node))
            self._keys[-1] = None
        elif node.items is not None or node.pairs is not None:
            raise refuse(self.name, line, "A list or a mapping stands where a key has to.", "A key is one text.")
        else:
            self._keys[-1] = node
