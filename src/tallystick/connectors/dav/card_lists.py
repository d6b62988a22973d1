"""What a vCard holds several times: mail addresses, telephone numbers, postal addresses; and dates and pictures."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable
from typing import Final

from tallystick.connectors.dav.lines import Component, Line, with_param
from tallystick.connectors.dav.moments import date_of, day_in
from tallystick.connectors.dav.properties import is_old, list_in, list_text, put_text, text_of
from tallystick.connectors.dav.text import piece_of, spelled, split
from tallystick.connectors.dav.vocabulary import Property
from tallystick.errors import RecordError
from tallystick.model.schema import Field
from tallystick.model.value import FieldType, Value

Chosen = Callable[[frozenset[str]], bool]
"""Whether a line with these types is meant."""

DIALLED: Final = re.compile(r"[+0-9()*#.\-]+(?:;[\w=.+-]+)*\Z")
SUB_KINDS: Final = frozenset({"fax", "pager", "cell"})
PLACES: Final = ("street", "city", "state", "zip", "country")
"""The parts of ADR from the third on; before them stand post office box and extended address."""


def _head(card: Component, prop: str, types: str) -> str:
    """The head of a new line in the manner of the card's version."""
    if not types:
        return prop
    version = card.line("VERSION")
    if version is not None and version.value.strip() == "2.1":
        return f"{prop};{types.replace(',', ';')}"
    return f"{prop};TYPE={types}"


def _number_of(card: Component, line: Line) -> Value:
    found = text_of(card, line)
    return found[4:] if found and found[:4].lower() == "tel:" else found


def _put_number(card: Component, line: Line | None, head: str, value: Value) -> Line | None:
    if line is None or not value or not line.value.lower().startswith("tel:"):
        return put_text(card, line, head, value)
    if DIALLED.match(value):
        return card.replace(line, line.head, "tel:" + value)
    # a number with spaces or words is no URI
    head, raw = spelled(with_param(line.head, "VALUE", None), [value], ";", is_old=is_old(card))
    return card.replace(line, head, raw)


def _one(name: str, prop: str, types: str, title: str, chosen: Chosen) -> Property:
    """The first line whose types are the wanted ones."""
    is_number = prop == "TEL"

    def first(card: Component) -> Line | None:
        for line in card.lines(prop):
            if chosen(line.types()):
                return line
        return None

    def read(card: Component) -> Value:
        line = first(card)
        return None if line is None else _number_of(card, line) if is_number else text_of(card, line)

    def write(card: Component, value: Value) -> None:
        (_put_number if is_number else put_text)(card, first(card), _head(card, prop, types), value)

    return Property(field=Field(name=name, type=FieldType.TEXT, title=title), read=read, write=write)


def emails() -> tuple[Property, ...]:
    return (
        _one("email1", "EMAIL", "INTERNET", "First mail address", lambda types: True),
        _one("email_work", "EMAIL", "WORK", "Mail address at work", lambda types: "work" in types),
        _one(
            "email_home", "EMAIL", "HOME", "Mail address at home", lambda types: "home" in types and "work" not in types
        ),
    )


def phones() -> tuple[Property, ...]:
    def place(word: str, other: str) -> Chosen:
        return lambda types: word in types and other not in types and not types & SUB_KINDS

    return (
        _one("phone_work", "TEL", "WORK,VOICE", "Telephone at work", place("work", "-")),
        _one("phone_home", "TEL", "HOME,VOICE", "Telephone at home", place("home", "work")),
        _one("phone_mobile", "TEL", "CELL", "Mobile telephone", lambda types: "cell" in types and "fax" not in types),
        _one("phone_fax", "TEL", "FAX", "Fax", lambda types: "fax" in types),
        _one("phone_pager", "TEL", "PAGER", "Pager", lambda types: "pager" in types and not types & {"fax", "cell"}),
        _one("phone_other", "TEL", "VOICE", "Other telephone", lambda types: not types & {"work", "home", *SUB_KINDS}),
    )


def lists_of() -> tuple[Property, ...]:
    return (
        _all("emails", "EMAIL", "INTERNET", "All mail addresses", lambda card, line: text_of(card, line), put_text),
        _all("phones", "TEL", "VOICE", "All telephone numbers", _number_of, _put_number),
    )


def _all(
    name: str,
    prop: str,
    types: str,
    title: str,
    value_of: Callable[[Component, Line], Value],
    put: Callable[[Component, Line | None, str, Value], Line | None],
) -> Property:
    """Every line of that name, in order; a line whose value stays keeps its types."""

    def read(card: Component) -> Value:
        return list_text(found for line in card.lines(prop) if (found := value_of(card, line)))

    def write(card: Component, value: Value) -> None:
        wanted = list_in(value, name)
        kept: dict[str, Line] = {}
        for line in card.lines(prop):
            found = value_of(card, line)
            if found in wanted and found not in kept:
                kept[found] = line
            else:
                card.remove(line)
        for found in wanted:
            if found not in kept:
                added = put(card, None, _head(card, prop, types), found)
                if added is not None:
                    kept[found] = added
        slots = [place for place, item in enumerate(card.items) if isinstance(item, Line) and item.name == prop]
        for place, found in zip(slots, [found for found in wanted if found in kept], strict=True):
            card.items[place] = kept[found]

    return Property(field=Field(name=name, type=FieldType.LIST, title=title), read=read, write=write)


def addresses() -> tuple[Property, ...]:
    kinds: tuple[tuple[str, str, Chosen], ...] = (
        ("work", "WORK", lambda types: "work" in types),
        ("home", "HOME", lambda types: "home" in types and "work" not in types),
        ("other", "", lambda types: not types & {"work", "home"}),
    )
    return tuple(
        _address(kind, types, chosen, place, word)
        for kind, types, chosen in kinds
        for place, word in enumerate(PLACES, start=2)
    )


def _address(kind: str, types: str, chosen: Chosen, place: int, word: str) -> Property:
    def first(card: Component) -> Line | None:
        for line in card.lines("ADR"):
            if chosen(line.types()):
                return line
        return None

    def read(card: Component) -> Value:
        line = first(card)
        raws = split(line.value, ";") if line else []
        return text_of(card, line, raws[place]) if place < len(raws) else None

    def write(card: Component, value: Value) -> None:
        line, old = first(card), is_old(card)
        raws = split(line.value, ";") if line else []
        raws += [""] * (7 - len(raws))
        head = line.head if line else _head(card, "ADR", types)
        if old:
            texts = [piece_of(line, raw, is_old=True) for raw in raws] if line else raws
            texts[place] = value or ""
            head, raw = spelled(head, texts, ";", is_old=True)
        else:
            raws[place] = spelled(head, [value or ""], ";", is_old=False)[1]
            raw = ";".join(raws)
        if line is not None and not raw.strip(";"):
            card.remove(line)
        elif line is not None:
            card.replace(line, head, raw)
        elif value:
            card.add(head, raw)

    title = f"{word.capitalize()} ({kind})"
    return Property(
        field=Field(name=f"address_{kind}_{word}", type=FieldType.TEXT, title=title), read=read, write=write
    )


def birthday() -> Property:
    """A birthday without a year reads as null and stays untouched until one is written."""

    def read(card: Component) -> Value:
        line = card.line("BDAY")
        if line is None or line.param("X-APPLE-OMIT-YEAR") is not None:
            return None
        day = date_of(line.value)
        return day.isoformat() if day else None

    def write(card: Component, value: Value) -> None:
        line = card.line("BDAY")
        if value is None:
            put_text(card, line, "BDAY", None)
            return
        day = day_in(value, "birthday")
        version = card.line("VERSION")
        is_basic = "-" not in line.value.strip() if line else bool(version) and version.value.strip() == "4.0"  # type: ignore[union-attr]
        raw = day.isoformat().replace("-", "") if is_basic else day.isoformat()
        if line is None:
            card.add("BDAY", raw)
        else:
            head = with_param(with_param(line.head, "X-APPLE-OMIT-YEAR", None), "VALUE", None)
            card.replace(line, head, raw)

    return Property(field=Field(name="birthday", type=FieldType.DATE, title="Birthday"), read=read, write=write)


MAGIC: Final = ((b"\xff\xd8\xff", "JPEG"), (b"\x89PNG", "PNG"), (b"GIF8", "GIF"), (b"RIFF", "WEBP"))


def photo() -> Property:
    """The picture itself; one that is only an address reads as null."""

    def read(card: Component) -> Value:
        line = card.line("PHOTO")
        if line is None:
            return None
        value = line.value.strip()
        if value[:5].lower() == "data:":
            meta, comma, value = value.partition(",")
            if not comma or not meta.lower().endswith(";base64"):
                return None
        elif (line.param("ENCODING") or "").upper() not in ("B", "BASE64"):
            return None
        try:
            return base64.b64encode(base64.b64decode("".join(value.replace("\\", "").split()))).decode()
        except (binascii.Error, ValueError):
            return None

    def write(card: Component, value: Value) -> None:
        line = card.line("PHOTO")
        if value is None:
            put_text(card, line, "PHOTO", None)
            return
        if not value:
            raise RecordError("The field photo takes a picture; nothing at all is null.")
        try:
            content = base64.b64decode(value, validate=True)
        except (binascii.Error, ValueError):
            raise RecordError("The field photo takes a picture in base64.") from None
        kind = next((kind for magic, kind in MAGIC if content.startswith(magic)), "JPEG")
        version = card.line("VERSION")
        match version.value.strip() if version else "3.0":
            case "4.0":
                head, raw = "PHOTO", f"data:image/{kind.lower()};base64,{value}"
            case "2.1":
                head, raw = f"PHOTO;{kind};ENCODING=BASE64", value
            case _:
                head, raw = f"PHOTO;ENCODING=b;TYPE={kind}", value
        if line is None:
            card.add(head, raw)
        else:
            card.replace(line, f"{line.group}.{head}" if line.group else head, raw)

    field = Field(name="photo", type=FieldType.BINARY, title="Picture")
    return Property(field=field, read=read, write=write)
