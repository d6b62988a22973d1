"""Fields that vCard and iCalendar spell alike."""

from __future__ import annotations

from collections.abc import Iterable

import orjson

from tallystick.connectors.dav.lines import Component, Line
from tallystick.connectors.dav.moments import instant_text, stamp_of
from tallystick.connectors.dav.text import check_text, piece_of, spelled, split
from tallystick.connectors.dav.vocabulary import Property
from tallystick.errors import RecordError
from tallystick.model.schema import Field
from tallystick.model.value import FieldType, Value

PRIVATE = frozenset({"PRIVATE", "CONFIDENTIAL"})


def is_old(component: Component) -> bool:
    """Whether this is a vCard 2.1 with its own escapes and encodings."""
    version = component.line("VERSION") if component.name == "VCARD" else None
    return version is not None and version.value.strip() == "2.1"


def text_of(component: Component, line: Line | None, raw: str | None = None) -> Value:
    """The text of a line, "" where it is blank, or of the part `raw` of it, which is None where it is blank."""
    if line is None:
        return None
    found = line.value if raw is None else raw
    if not (found.isascii() and "\\" not in found and "\x00" not in found and line.is_literal):
        found = piece_of(line, found, is_old=is_old(component))
    return found if raw is None else found or None


def put_text(component: Component, line: Line | None, head: str, value: Value) -> Line | None:
    """Replaces, adds (with `head`) or removes the line that holds one text; the line that holds it now."""
    if value is None:
        if line is not None:
            component.remove(line)
        return None
    head, raw = spelled(line.head if line else head, [value], ";", is_old=is_old(component))
    return component.add(head, raw) if line is None else component.replace(line, head, raw)


def text(name: str, prop: str, title: str, *, choices: tuple[str, ...] = (), is_required: bool = False) -> Property:
    """The first line of that name as one text."""

    def write(component: Component, value: Value) -> None:
        if value is not None and choices and value not in choices:
            raise RecordError(f"The field {name} takes {', '.join(choices)}.")
        put_text(component, component.line(prop), prop, value)

    def read(component: Component) -> Value:
        found = text_of(component, component.line(prop))
        return found.strip().upper() if choices and found else found

    field = Field(name=name, type=FieldType.TEXT, title=title, choices=choices, is_required=is_required)
    return Property(field=field, read=read, write=write)


def uri(name: str, prop: str, title: str) -> Property:
    """The first line of that name as an address; addresses are not escaped, though some exporters do."""

    def write(component: Component, value: Value) -> None:
        line = component.line(prop)
        if value is None:
            put_text(component, line, prop, None)
            return
        raw = "".join(value.splitlines())
        if line is None:
            component.add(prop, raw)
        else:
            component.replace(line, line.head, raw)

    return Property(
        field=Field(name=name, type=FieldType.TEXT, title=title),
        read=lambda component: text_of(component, component.line(prop)),
        write=write,
    )


def stamp(name: str, props: tuple[str, ...], title: str) -> Property:
    """When something was done, kept by whoever wrote the body; read only."""

    def read(component: Component) -> Value:
        for prop in props:
            line = component.line(prop)
            moment = stamp_of(line.value) if line else None
            if moment is not None:
                return instant_text(moment)
        return None

    return Property(field=Field(name=name, type=FieldType.DATETIME, title=title, is_writable=False), read=read)


def number(name: str, prop: str, title: str, *, largest: int, is_writable: bool = True) -> Property:
    def read(component: Component) -> Value:
        line = component.line(prop)
        digits = line.value.strip() if line else ""
        return str(int(digits)) if digits.isascii() and digits.isdigit() and len(digits) < 10 else None

    def write(component: Component, value: Value) -> None:
        if value is not None and not (value.isascii() and value.isdigit() and int(value) <= largest):
            raise RecordError(f"The field {name} takes a number from 0 to {largest}.")
        put_text(component, component.line(prop), prop, value)

    return Property(
        field=Field(name=name, type=FieldType.INTEGER, title=title, is_writable=is_writable),
        read=read,
        write=write if is_writable else None,
    )


def privacy() -> Property:
    """CLASS as a flag: PRIVATE and CONFIDENTIAL are private, PUBLIC, nothing and anything else is not."""

    def read(component: Component) -> Value:
        line = component.line("CLASS")
        return "true" if line is not None and line.value.strip().upper() in PRIVATE else "false"

    def write(component: Component, value: Value) -> None:
        if value not in (None, "true", "false"):
            raise RecordError("The field is_private takes true or false.")
        line = component.line("CLASS")
        if value == "true":
            put_text(component, line, "CLASS", "PRIVATE")
        elif line is not None and line.value.strip().upper() in PRIVATE:
            put_text(component, line, "CLASS", "PUBLIC")

    field = Field(name="is_private", type=FieldType.BOOLEAN, title="Private")
    return Property(field=field, read=read, write=write)


def categories() -> Property:
    """All categories, of however many lines."""

    def read(component: Component) -> Value:
        lines = component.lines("CATEGORIES")
        found = [text_of(component, line, raw.strip()) for line in lines for raw in split(line.value, ",")]
        return list_text(text for text in found if text) or ("[]" if lines else None)

    def write(component: Component, value: Value) -> None:
        wanted = list_in(value, "categories")
        lines = component.lines("CATEGORIES")
        for line in lines[1:] if value is not None else lines:
            component.remove(line)
        if value is not None:
            first = lines[0] if lines else None
            head, raw = spelled(first.head if first else "CATEGORIES", wanted, ",", is_old=is_old(component))
            if first is None:
                component.add(head, raw)
            else:
                component.replace(first, head, raw)

    field = Field(name="categories", type=FieldType.LIST, title="Categories")
    return Property(field=field, read=read, write=write)


def list_text(texts: Iterable[str]) -> Value:
    """A canonical list, None when it is empty."""
    found = list(texts)
    return orjson.dumps(found).decode() if found else None


def list_in(value: Value, name: str) -> list[str]:
    """The texts of a canonical list, without blanks and repeats. Raises RecordError."""
    if not value:
        return []
    try:
        texts = orjson.loads(value)
    except orjson.JSONDecodeError:
        texts = None
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        raise RecordError(f'The field {name} takes a list of texts such as ["A","B"].')
    for text in texts:
        check_text(name, text)
    return list(dict.fromkeys(text for text in texts if text))
