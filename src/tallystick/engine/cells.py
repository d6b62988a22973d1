"""One value on its way from one field to another: code, reference, conversion, length, in this order."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import orjson

from tallystick.engine.conversion import Convert, Unfit, conversion, is_projection, zone
from tallystick.engine.graphemes import cut
from tallystick.engine.translated import Problem, References, Trouble, shown
from tallystick.model.flow import CodeSet, FieldMap, TooLong
from tallystick.model.plan import Planned
from tallystick.model.schema import Field
from tallystick.model.side import Side
from tallystick.model.value import FieldType, Reference, Value

EVERY: Final = "*"
"""In a code set: every value that is not named."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One field of one side, as far as translating has to know it."""

    name: str
    side: Side
    type: FieldType
    limit: int | None  # characters
    null: Value  # what is written for null
    zone: str | None

    def __str__(self) -> str:
        return f"{self.name} on the {self.side.value}"


def place(map: FieldMap, side: Side, name: str, field: Field | None) -> Place:
    kind = map.types.get(side) or (field.type if field is not None else FieldType.TEXT)
    named_zone = map.zones.get(side)
    if named_zone is not None and kind is FieldType.TEXT:
        kind = FieldType.LOCAL_DATETIME  # a zone speaks of moments, whatever the column is
    held = field.max_length if field is not None and kind is FieldType.TEXT else None
    limits = [limit for limit in (map.max.get(side), held) if limit is not None]
    is_never_null = field is not None and not field.is_nullable and not field.is_required and kind is FieldType.TEXT
    return Place(
        name=name,
        side=side,
        type=kind,
        limit=min(limits, default=None),
        null=map.default.get(side, "" if is_never_null else None),
        zone=named_zone,
    )


def codes_that_fit(codes: CodeSet, towards: Side, code: str) -> tuple[str, ...]:
    """The codes of `towards` that stand for `code`, the default first; empty when it is not mapped (E10)."""
    table = codes.towards(towards)
    found = table.get(code)
    if found is None:
        found = table.get(EVERY, ())
    return tuple(value for value in found if value != EVERY)


class Cell:
    """Translates the value of `source` into one for `target`."""

    def __init__(self, map: FieldMap, source: Place, target: Place, references: References) -> None:
        self.source = source
        self.target = target
        self._map = map
        self._codes = map.codes
        self._references = references
        self._convert: Convert | None = None
        self._back: Convert | None = None
        self._is_projection = False
        self._is_list = map.separator is not None or (
            FieldType.LIST in (source.type, target.type) and (map.codes is not None or map.ref is not None)
        )
        if not self._is_list and map.codes is None and map.ref is None:
            self._prepare(source, target)
        is_changed = self._is_list or map.codes is not None or map.ref is not None or self._convert is not None
        self.is_plain = not is_changed and target.null is None
        """Whether the value stays as it is, save for its length."""

    def _prepare(self, source: Place, target: Place) -> None:
        source_zone = zone(source.zone) if source.zone is not None else None
        target_zone = zone(target.zone) if target.zone is not None else None
        self._convert = conversion(source.type, target.type, source_zone=source_zone, target_zone=target_zone)
        self._is_projection = self._convert is not None and is_projection(source.type, target.type)
        if self._is_projection:
            self._back = conversion(target.type, source.type, source_zone=target_zone, target_zone=source_zone)

    def translate(self, value: Value) -> tuple[Planned, bool]:
        """The value for the target and whether it is only a projection. Raises Problem."""
        if value is None:
            return self.target.null, False
        is_lossy = False
        result: Planned = value
        if self._is_list:
            return self._listed(value)
        if self._codes is not None:
            result = self._code(self._codes, value)
        elif self._map.ref is not None:
            result = self.partner(value)
        elif self._convert is not None:
            result, is_lossy = self._converted(value, self._convert)
        if result is None:
            return self.target.null, False
        if isinstance(result, Reference):
            return result, False
        text, is_cut = self.fitted(result if result.isascii() else unicodedata.normalize("NFC", result))
        return text, is_lossy or is_cut

    def fits(self, value: Value, other: Value) -> bool:
        """Whether `other`, which the target has, is one of the codes that stand for `value`."""
        if self._codes is None or value is None or other is None:
            return False
        if not self._is_list:
            return other in codes_that_fit(self._codes, self.target.side, value)
        try:
            ours, theirs = parts_of(self.source, value, self._map), parts_of(self.target, other, self._map)
        except Problem:
            return False
        codes, side = self._codes, self.target.side
        return len(ours) == len(theirs) and all(
            their in codes_that_fit(codes, side, our) for our, their in zip(ours, theirs, strict=True)
        )

    def fitted(self, text: str, shorten: Callable[[str, int], str] = cut) -> tuple[str, bool]:
        """The text within the target's length, and whether it was cut. Raises Problem with `hold` and `refuse`."""
        limit = self.target.limit
        if limit is None or len(text) <= limit:
            return text, False
        if self._map.too_long is TooLong.CUT and (short := shorten(text, limit)):
            return short, True
        trouble = Trouble.UNFIT if self._map.too_long is TooLong.REFUSE else Trouble.TOO_LONG
        raise Problem(
            trouble,
            f"{self.source} is {len(text)} characters long and {self.target} holds {limit}: "
            "shorten it, or let it be cut with `too_long: cut`.",
        )

    def _code(self, codes: CodeSet, code: str) -> str:
        fitting = codes_that_fit(codes, self.target.side, code)
        if not fitting:
            raise Problem(
                Trouble.UNMAPPED_CODE,
                f"{self.source} is {shown(code)}, which the code set {codes.name} does not map to "
                f"{self.target}: add it to the code set.",
            )
        return fitting[0]

    def partner(self, id_: str) -> Planned:
        """The id on the target's side of the record that `id_` names. Raises Problem with NO_REFERENCE (E26)."""
        flow = self._map.ref or ""
        if not id_:
            return None  # an empty text names no record
        found = self._references.partner(flow, self.source.side, id_)
        if found is None:
            raise Problem(
                Trouble.NO_REFERENCE,
                f"{self.source} names {shown(id_)}, which the flow {flow} has not linked to a record on the "
                f"{self.target.side.value} yet.",
                (flow, self.source.side, id_),
            )
        return found

    def _converted(self, value: str, convert: Convert) -> tuple[Value, bool]:
        try:
            result = convert(value)
        except Unfit as unfit:
            raise Problem(Trouble.UNFIT, f"{self.source} is {shown(value)}, which {unfit}.") from None
        if not self._is_projection or result is None:
            return result, False
        try:
            return result, (self._back(result) if self._back is not None else result) != value
        except Unfit:
            return result, True

    def _listed(self, value: str) -> tuple[Planned, bool]:
        parts = parts_of(self.source, value, self._map)
        if self._codes is not None:
            parts = [self._code(self._codes, part) for part in parts]
        elif self._map.ref is not None:
            parts = [self.settled(part) for part in parts]
        elif self.source.type is self.target.type and (self.target.limit or len(value)) >= len(value):
            return value, False
        separator = self._map.separator
        if self.target.type is FieldType.LIST or separator is None:
            return orjson.dumps(parts).decode(), False
        text, is_cut = self.fitted(separator.join(parts), lambda _, limit: _whole_parts(parts, separator, limit))
        return text, is_cut or split(text, separator) != parts

    def settled(self, id_: str) -> str:
        """The partner's id; a list cannot hold the place of a record that is still to be created."""
        partner = self.partner(id_)
        if isinstance(partner, str):
            return partner
        flow = self._map.ref or ""
        raise Problem(
            Trouble.NO_REFERENCE,
            f"{self.source} names {shown(id_)}, which the flow {flow} is about to create on the "
            f"{self.target.side.value}.",
            (flow, self.source.side, id_),
        )


def split(text: str, separator: str) -> list[str]:
    """The parts of a text with several values: spaces around a part do not count, empty parts are none."""
    return [part for raw in text.split(separator.strip() or separator) if (part := raw.strip())]


def parts_of(place: Place, value: str, map: FieldMap) -> list[str]:
    """The several values in one field: a JSON array of texts in a list field, else a text with separators."""
    if place.type is FieldType.LIST or map.separator is None:
        try:
            parts = orjson.loads(value) if value else []
        except orjson.JSONDecodeError:
            parts = None
        if not isinstance(parts, list) or not all(isinstance(part, str) for part in parts):
            raise Problem(Trouble.UNFIT, f"{place} is {shown(value)}, which is not a list of texts.")
        return [unicodedata.normalize("NFC", part) for part in parts]
    return split(unicodedata.normalize("NFC", value), map.separator)


def _whole_parts(parts: list[str], separator: str, limit: int) -> str:
    """As many whole parts as fit, else a cut of the first."""
    text = ""
    for part in parts:
        longer = f"{text}{separator}{part}" if text else part
        if len(longer) > limit:
            break
        text = longer
    return text or cut(parts[0], limit)
