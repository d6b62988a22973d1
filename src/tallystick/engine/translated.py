"""What comes of translating: values, or one trouble and its sentence."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Protocol

from tallystick.model.plan import Planned
from tallystick.model.side import Side

SHOWN: Final = 40
"""Characters of a value that a message may show."""

Awaited = tuple[str, Side, str]
"""The record that is waited for: flow, side, id."""


class Trouble(enum.StrEnum):
    """Why there are no values. Source: spec/engine.md E6-E10, E26."""

    MISSING = "missing"  # the source was not delivered: this field is left alone (E9)
    UNMAPPED_CODE = "unmapped code"  # this field waits, the others flow (E10)
    TOO_LONG = "too long"  # this field waits, the others flow (product.md decision 8)
    UNFIT = "unfit"  # the record is a reject (E7)
    NO_REFERENCE = "no reference"  # the record waits for another one (E26)


@dataclass(frozen=True, slots=True, kw_only=True)
class Translated:
    """One line's values for one side."""

    values: Mapping[str, Planned] = field(default_factory=dict)  # target fields; empty with trouble
    is_lossy: bool = False  # only a projection of the source: never to flow back over it (E8)
    trouble: Trouble | None = None
    message: str = ""  # a sentence naming field and problem
    waits_for: Awaited | None = None  # with NO_REFERENCE


@dataclass(frozen=True, slots=True, kw_only=True)
class TranslatedRecord:
    """All lines of one record. It may be created when there is neither `rejects` nor `waits`."""

    values: Mapping[str, Planned]  # of the lines without trouble
    lossy: tuple[str, ...] = ()  # names of lines whose value is only a projection
    held: Mapping[str, Translated] = field(default_factory=dict)  # line -> UNMAPPED_CODE or TOO_LONG
    missing: tuple[str, ...] = ()  # names of lines whose source was not delivered
    rejects: Mapping[str, Translated] = field(default_factory=dict)  # line -> UNFIT
    waits: Mapping[str, Translated] = field(default_factory=dict)  # line -> NO_REFERENCE

    @property
    def reject(self) -> str | None:
        """The sentences of everything that makes the record a reject; None when nothing does."""
        return " ".join(translated.message for translated in self.rejects.values()) or None

    @property
    def waits_for(self) -> Awaited | None:
        """The first record waited for."""
        return next((translated.waits_for for translated in self.waits.values()), None)


class References(Protocol):
    """The links of the other flows of the integration."""

    def partner(self, flow: str, side: Side, id: str) -> Planned | None:
        """The id on the other side of the record `id` of `side`.

        A Reference when that record is about to be created by the same plan, None when it is not linked.
        """
        ...


class Problem(Exception):
    """Ends the translation of one line."""

    def __init__(self, trouble: Trouble, message: str, waits_for: Awaited | None = None) -> None:
        super().__init__(message)
        self.translated = Translated(trouble=trouble, message=message, waits_for=waits_for)


def shown(value: str) -> str:
    """The value as a message may show it: in quotes, on one line, at most `SHOWN` characters of it."""
    text = " ".join(value[: SHOWN * 4].split())
    if len(text) > SHOWN or len(value) > SHOWN * 4:
        text = text[: SHOWN - 1].rstrip() + "…"
    return f"'{text}'"
