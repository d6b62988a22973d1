"""Contacts: the fields of a vCard 2.1, 3.0 or 4.0. Source: RFC 2426, RFC 6350, pim.md appendix B."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Final

from tallystick.connectors.dav.card_lists import (
    addresses,
    birthday,
    emails,
    lists_of,
    phones,
    photo,
)
from tallystick.connectors.dav.lines import Component, make_line, parse, view_of
from tallystick.connectors.dav.properties import categories, is_old, privacy, stamp, text, text_of, uri
from tallystick.connectors.dav.text import piece_of, spelled, split, whole
from tallystick.connectors.dav.vocabulary import Property, check_names, write
from tallystick.errors import RecordError
from tallystick.model.schema import Field
from tallystick.model.value import FieldType, Value

NAMES: Final = ("last_name", "first_name", "middle_name", "prefix", "suffix")
"""The parts of N in their order."""


def part(name: str, prop: str, place: int, count: int, title: str) -> Property:
    """One part of a structured value; the other parts stay as they are."""

    def read(card: Component) -> Value:
        line = card.line(prop)
        raws = split(line.value, ";") if line else []
        return text_of(card, line, raws[place]) if place < len(raws) else None

    def write(card: Component, value: Value) -> None:
        put_part(card, prop, place, count, value)

    return Property(field=Field(name=name, type=FieldType.TEXT, title=title), read=read, write=write)


def put_part(card: Component, prop: str, place: int, count: int, value: Value) -> None:
    line, old = card.line(prop), is_old(card)
    raws = split(line.value, ";") if line else []
    raws += [""] * (max(count, place + 1) - len(raws))
    if old:
        texts = [piece_of(line, raw, is_old=True) for raw in raws] if line else raws
        texts[place] = value or ""
        head, raw = spelled(line.head if line else prop, texts, ";", is_old=True)
    else:
        raws[place] = spelled(prop, [value or ""], ";", is_old=False)[1]
        head, raw = line.head if line else prop, ";".join(raws)
    if not raw.strip(";") and prop != "N" and line is not None:
        card.remove(line)
    elif line is not None:
        card.replace(line, head, raw)
    elif value:
        card.add(head, raw)


PROPERTIES: Final = (
    text("uid", "UID", "Unique id"),
    *(
        part(name, "N", place, 5, title)
        for place, (name, title) in enumerate(
            zip(NAMES, ("Last name", "First name", "Middle name", "Title before the name", "Suffix"), strict=True)
        )
    ),
    text("full_name", "FN", "Full name"),
    text("nickname", "NICKNAME", "Nickname"),
    part("company", "ORG", 0, 1, "Company"),
    part("department", "ORG", 1, 2, "Department"),
    text("job_title", "TITLE", "Job title"),
    text("role", "ROLE", "Role"),
    *emails(),
    *phones(),
    *addresses(),
    *lists_of(),
    uri("url", "URL", "Web page"),
    birthday(),
    text("note", "NOTE", "Note"),
    categories(),
    privacy(),
    photo(),
    stamp("revised_at", ("REV",), "Last revised"),
)


class Cards:
    """The vocabulary of address books. `extra` adds fields for further properties: {"crm_id": "X-CRM-ID"}."""

    suffix = ".vcf"
    media_type = "text/vcard; charset=utf-8"
    body_field = "vcard"

    def __init__(self, *, version: str = "3.0", extra: Mapping[str, str] | None = None) -> None:
        self._version = version
        more = [text(name, prop.upper(), prop) for name, prop in (extra or {}).items()]
        self._properties = {prop.field.name: prop for prop in (*PROPERTIES, *more)}
        body = Field(name=self.body_field, type=FieldType.TEXT, title="Whole vCard as it is stored")
        self.fields = (*(prop.field for prop in self._properties.values()), body)

    def holds(self, body: str) -> bool:
        if _card(view_of(body)) is None:
            raise RecordError("There is no vCard in it.")
        return True

    def read(self, body: str, names: Collection[str]) -> dict[str, Value]:
        card = _card(view_of(body))
        if card is None:
            raise RecordError("There is no vCard in it.")
        values = {name: self._properties[name].read(card) for name in names if name in self._properties}
        if self.body_field in names:
            values[self.body_field] = whole(body)
        return values

    def patched(self, body: str, values: Mapping[str, Value], mapped: Collection[str]) -> str:
        check_names(self.fields, values)
        body = values.get(self.body_field) or body
        root = parse(body)
        card = _card(root)
        if card is None:
            raise RecordError("There is no vCard in it.")
        self._refuse_new_uid(card, values)
        was_derived = _is_derived(card)
        is_touched = False
        for name, prop in self._properties.items():
            if name in values and prop.read(card) != values[name]:
                write(prop, card, values[name])
                is_touched = True
        if is_touched:
            self._follow(card, was_derived=was_derived and "full_name" not in {*mapped, *values})
        return root.text()

    def created(self, values: Mapping[str, Value], uid: str) -> str:
        stored = values.get(self.body_field)
        if stored:
            return self.patched(stored, {**values, self.body_field: None}, ())
        card = Component("VCARD")
        card.items = [
            make_line(name, value, card.line_end)
            for name, value in (
                ("BEGIN", "VCARD"),
                ("VERSION", self._version),
                ("PRODID", "-//Tallystick//EN"),
                ("UID", values.get("uid") or uid),
                ("END", "VCARD"),
            )
        ]
        return self.patched(card.text(), {**values, "uid": values.get("uid") or uid}, ())

    def _refuse_new_uid(self, card: Component, values: Mapping[str, Value]) -> None:
        line = card.line("UID")
        if line is not None and values.get("uid", "") not in ("", None, text_of(card, line)):
            raise RecordError(
                "The unique id of an existing contact cannot be changed.", hint="Map `uid` for creating only."
            )

    def _follow(self, card: Component, *, was_derived: bool) -> None:
        """FN is required, and follows the names where it was made of them and nobody else looks after it."""
        line = card.line("FN")
        if line is not None and line.value.strip() and not was_derived:
            _ensure_name(card)
            return
        name = _display_name(card)
        if line is None or text_of(card, line) != name:
            head, raw = spelled(line.head if line else "FN", [name], ";", is_old=is_old(card))
            card.replace(line, head, raw) if line else card.add(head, raw)
        _ensure_name(card)


def _card(root: Component) -> Component | None:
    return next(iter(root.components("VCARD")), None)


def _ensure_name(card: Component) -> None:
    """N is required up to vCard 3.0."""
    version = card.line("VERSION")
    if card.line("N") is None and (version is None or version.value.strip() != "4.0"):
        card.add("N", ";;;;")


def _name_parts(card: Component) -> dict[str, str]:
    line = card.line("N")
    raws = split(line.value, ";") if line else []
    return {name: text_of(card, line, raw) or "" for name, raw in zip(NAMES, raws, strict=False)}


FORMS: Final = (
    ("prefix", "first_name", "middle_name", "last_name", "suffix"),
    ("first_name", "middle_name", "last_name", "suffix"),
    ("first_name", "middle_name", "last_name"),
    ("first_name", "last_name"),
    ("last_name", "first_name"),
)


def _joined(parts: Mapping[str, str], form: tuple[str, ...]) -> str:
    return " ".join(parts[name] for name in form if parts.get(name))


def _is_derived(card: Component) -> bool:
    shown = text_of(card, card.line("FN"))
    parts = _name_parts(card)
    fallback: tuple[Callable[[], str], ...] = tuple(lambda form=form: _joined(parts, form) for form in FORMS)  # type: ignore[misc]
    return shown is None or any(shown == made() for made in fallback) or shown == _substitute(card)


def _display_name(card: Component) -> str:
    return _joined(_name_parts(card), FORMS[0]) or _substitute(card)


def _substitute(card: Component) -> str:
    """What a contact without a name is shown as: company, mail address, telephone number."""
    org = card.line("ORG")
    company = text_of(card, org, split(org.value, ";")[0]) if org else None
    for found in (company, *(text_of(card, card.line(name)) for name in ("NICKNAME", "EMAIL", "TEL"))):
        if found:
            return found
    return "Unnamed"
