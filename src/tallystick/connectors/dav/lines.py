"""Content lines of vCard and iCalendar with their exact spelling, so that a change touches nothing else.

A body is parsed into a tree of components; every line keeps the characters it was read from, folds and line end
included. Whatever is not replaced goes out as it came in, byte for byte: `write(parse(text)) == text`.
Source: RFC 5545 3.1, RFC 6350 3.2, vCard 2.1 (quoted-printable and base64 continuation).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from msgspec import Struct

FOLD_BYTES: Final = 75
DEPTH: Final = 32
"""Deeper nesting is no calendar; the rest is taken as plain lines."""

BASE64_PIECE: Final = re.compile(r"[A-Za-z0-9+/=\s]+\Z")
ENCODINGS: Final = frozenset({"QUOTED-PRINTABLE", "BASE64", "8BIT", "7BIT", "B", "Q"})


class Line(Struct, frozen=True, eq=False, gc=False):  # made by the hundred thousand: a fifth of a dataclass's time
    raw: str  # as it stands in the body, with folds and line end
    head: str  # unfolded, group, name and parameters, without the colon
    value: str  # unfolded, still escaped or encoded; soft line breaks of quoted-printable are kept
    name: str  # upper case; "" for a line that is none (blank, no colon)
    group: str = ""

    def params(self) -> tuple[tuple[str, str], ...]:
        """(NAME, value) in order; quotes taken off; a bare vCard 2.1 word is a TYPE or an ENCODING."""
        return _params(self.head)

    def param(self, name: str) -> str | None:
        return next((value for key, value in self.params() if key == name), None)

    def types(self) -> frozenset[str]:
        """The TYPE words in lower case; PREF=1 counts as `pref`."""
        return _types(self.head)

    @property
    def is_literal(self) -> bool:
        """Whether the value stands for itself once escapes are undone."""
        return not _names_encoding(self.head)

    @property
    def is_quoted_printable(self) -> bool:
        return (self.param("ENCODING") or "").upper() in ("QUOTED-PRINTABLE", "Q")


@dataclass(slots=True, eq=False)
class Component:
    """BEGIN:NAME ... END:NAME; the root, named "", holds the whole body."""

    name: str
    items: list[Line | Component] = field(default_factory=list)
    line_end: str = "\r\n"
    _by_name: dict[str, list[Line]] | None = None  # of one to look at

    def lines(self, *names: str) -> list[Line]:
        """The component's own lines with one of these names, in order."""
        if self._by_name is not None and len(names) == 1:
            return self._by_name.get(names[0], [])
        return [item for item in self.items if isinstance(item, Line) and item.name in names]

    def line(self, name: str) -> Line | None:
        """The first of them."""
        if self._by_name is not None:
            found = self._by_name.get(name)
            return found[0] if found else None
        for item in self.items:
            if isinstance(item, Line) and item.name == name:
                return item
        return None

    def sealed(self) -> None:
        """From now on this component and those in it are only looked at, and answer faster."""
        by_name: dict[str, list[Line]] = {}
        for item in self.items:
            if not isinstance(item, Line):
                item.sealed()
            elif item.name in by_name:
                by_name[item.name].append(item)
            else:
                by_name[item.name] = [item]
        self._by_name = by_name

    def components(self, *names: str) -> list[Component]:
        return [item for item in self.items if isinstance(item, Component) and item.name in names]

    def replace(self, old: Line, head: str, value: str) -> Line:
        """Puts a new line in the place of `old`; the old one stays when it says the same."""
        if (head, value) == (old.head, old.value):
            return old
        new = make_line(head, value, self.line_end)
        self.items[self._place(old)] = new
        return new

    def remove(self, old: Line) -> None:
        """Takes a line out, and with it the label lines that only belong to it."""
        del self.items[self._place(old)]
        if old.group:
            group = [item for item in self.items if isinstance(item, Line) and item.group == old.group]
            if all(line.name.startswith("X-AB") for line in group):
                self.items = [item for item in self.items if not any(item is line for line in group)]

    def add(self, head: str, value: str) -> Line:
        """Adds a line after the last line of that name, else after the component's other lines."""
        new = make_line(head, value, self.line_end)
        places = [place for place, item in enumerate(self.items) if isinstance(item, Line) and item.name == new.name]
        if not places:
            places = [
                place
                for place, item in enumerate(self.items)
                if isinstance(item, Line) and item.name not in ("", "END")
            ]
        place = places[-1] + 1 if places else len(self.items)
        before = self.items[place - 1] if place else None
        if isinstance(before, Line) and not before.raw.endswith("\n"):  # a body cut off in its last line
            self.items[place - 1] = Line(
                before.raw + self.line_end, before.head, before.value, before.name, before.group
            )
        self.items.insert(place, new)
        return new

    def insert(self, component: Component) -> None:
        """Puts a component before the first one, after the lines."""
        places = [place for place, item in enumerate(self.items) if isinstance(item, Component)]
        ends = [place for place, item in enumerate(self.items) if isinstance(item, Line) and item.name == "END"]
        self.items.insert((places or ends or [len(self.items)])[0], component)

    def text(self) -> str:
        return "".join(self._raws())

    def _raws(self) -> Iterator[str]:
        for item in self.items:
            if isinstance(item, Line):
                yield item.raw
            else:
                yield from item._raws()

    def _place(self, line: Line) -> int:
        return next(place for place, item in enumerate(self.items) if item is line)


@lru_cache(maxsize=1024)  # thousands of bodies have the same few heads
def _params(head: str) -> tuple[tuple[str, str], ...]:
    found = []
    for piece in split_quoted(head, ";")[1:]:
        name, separator, value = piece.partition("=")
        if separator:
            found.append((name.strip().upper(), value.strip().strip('"')))
        else:
            word = piece.strip().upper()
            found.append(("ENCODING" if word in ENCODINGS else "TYPE", piece.strip()))
    return tuple(found)


@lru_cache(maxsize=1024)
def _types(head: str) -> frozenset[str]:
    words: set[str] = set()
    for key, value in _params(head):
        if key == "TYPE":
            words.update(word.strip().lower() for word in value.split(","))
        elif key == "PREF":
            words.add("pref")
    return frozenset(words)


@lru_cache(maxsize=1024)
def _names_encoding(head: str) -> bool:
    return any(key == "ENCODING" for key, _ in _params(head))


@lru_cache(maxsize=4)
def view_of(text: str) -> Component:
    """The tree of a body to look at, not to change: asked several things in a row it is parsed once."""
    root = parse(text)
    root.sealed()
    return root


def parse(text: str) -> Component:
    """The tree of a body; never fails, what is broken stays as plain lines."""
    line_end = "\n" if "\n" in text and "\r\n" not in text else "\r\n"
    root = Component("", [], line_end)
    stack = [root]
    items = root.items  # of the innermost component that is open
    for line in _lines(text):
        match line.name:
            case "BEGIN" if len(stack) < DEPTH:
                component = Component(line.value.strip().upper(), [line], line_end)
                items.append(component)
                stack.append(component)
                items = component.items
            case "END" if len(stack) > 1 and line.value.strip().upper() == stack[-1].name:
                items.append(line)
                stack.pop()
                items = stack[-1].items
            case _:
                items.append(line)
    return root


def _lines(text: str) -> Iterable[Line]:
    pieces = text.split("\n")
    last = pieces.pop()
    raws = [piece + "\n" for piece in pieces]
    if last:
        raws.append(last)
    if not _is_joined(text):
        return [_line(raw, raw.rstrip("\r\n")) for raw in raws]
    return _joined(raws)


def _is_joined(text: str) -> bool:
    """Whether a line may go on in the next one: most bodies have none that does."""
    if "\n " in text or "\n\t" in text:
        return True
    text = text.upper()
    return "QUOTED-PRINTABLE" in text or "BASE64" in text or "ENCODING=B" in text


def _joined(pieces: list[str]) -> Iterator[Line]:
    place = 0
    while place < len(pieces):
        raws, whole = [pieces[place]], [pieces[place].rstrip("\r\n")]
        place += 1
        is_quoted, is_base64 = _encodings(whole[0].partition(":")[0])
        while place < len(pieces):
            more = _more(whole[-1], pieces[place], is_quoted=is_quoted, is_base64=is_base64)
            if more is None:
                break
            raws.append(pieces[place])
            whole.append(more)
            place += 1
        yield _line("".join(raws), "".join(whole))


@lru_cache(maxsize=1024)
def _encodings(head: str) -> tuple[bool, bool]:
    """Whether a value is quoted-printable, and whether it is base64."""
    head = head.upper()
    return "QUOTED-PRINTABLE" in head, "BASE64" in head or "ENCODING=B" in head


def _more(before: str, raw: str, *, is_quoted: bool, is_base64: bool) -> str | None:
    """What a piece adds to the line that the one before it is part of; None where it begins another line."""
    if is_quoted and before.endswith("="):
        return "\n" + raw.rstrip("\r\n")
    if raw[0] in " \t":
        return raw.rstrip("\r\n")[1:]
    if is_base64 and BASE64_PIECE.match(content := raw.rstrip("\r\n")):
        return content
    return None


def _line(raw: str, whole: str) -> Line:
    head, colon, value = whole.partition(":")
    if '"' in head:
        at = _find_unquoted(whole, ":")
        colon, head, value = (":", whole[:at], whole[at + 1 :]) if at >= 0 else ("", whole, "")
    if not colon:
        return Line(raw, whole, "", "")
    name, group = _name(head)
    return Line(raw, head, value, name, group)


@lru_cache(maxsize=1024)
def _name(head: str) -> tuple[str, str]:
    name = head.partition(";")[0].strip().upper()
    group, dot, rest = name.rpartition(".")
    return rest if dot else name, group


def make_line(head: str, value: str, line_end: str) -> Line:
    """A line with this head and (escaped) value, folded."""
    whole = f"{head}:{value}"
    has_breaks = "\n" in value  # quoted-printable, its soft breaks stand already
    raw = whole.replace("\n", line_end) + line_end if has_breaks else fold(whole, line_end)
    line = _line(raw, whole)
    return Line(raw, head, value, line.name, line.group)


def fold(text: str, line_end: str) -> str:
    """`text` in lines of at most 75 octets, never within a character."""
    if len(text) <= FOLD_BYTES and text.isascii():
        return text + line_end
    pieces: list[str] = []
    start, size, room = 0, 0, FOLD_BYTES
    for place, char in enumerate(text):
        width = len(char.encode("utf-8", "surrogateescape"))
        if size + width > room:
            pieces.append(text[start:place])
            start, size, room = place, 0, FOLD_BYTES - 1
        size += width
    pieces.append(text[start:])
    return (line_end + " ").join(pieces) + line_end


def _find_unquoted(text: str, char: str) -> int:
    is_quoted = False
    for place, found in enumerate(text):
        if found == '"':
            is_quoted = not is_quoted
        elif found == char and not is_quoted:
            return place
    return -1


def split_quoted(text: str, separator: str) -> list[str]:
    """`text` at each `separator` outside double quotes."""
    if '"' not in text:
        return text.split(separator)
    pieces, piece, is_quoted = [], "", False
    for char in text:
        if char == '"':
            is_quoted = not is_quoted
        if char == separator and not is_quoted:
            pieces.append(piece)
            piece = ""
        else:
            piece += char
    return [*pieces, piece]


def with_param(head: str, name: str, value: str | None) -> str:
    """`head` with the parameter set, at its place or at the end; None takes it out. The others stay."""
    first, *pieces = split_quoted(head, ";")
    kept: list[str] = []
    is_set = value is None
    for piece in pieces:
        key, separator, _ = piece.partition("=")
        word = piece.strip().upper()
        is_it = key.strip().upper() == name if separator else name == "ENCODING" and word in ENCODINGS
        if not is_it:
            kept.append(piece)
        elif not is_set:
            kept.append(f"{name}={value}")
            is_set = True
    if not is_set:
        kept.append(f"{name}={value}")
    return ";".join([first, *kept])
