"""The link table's rows and the records that are known but not linked."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from typing import Any, Final

from msgspec import Struct, field
from msgspec.structs import replace

from tallystick.model.fingerprint import UNSETTLED
from tallystick.model.side import SIDES, Side
from tallystick.model.value import Value


class LinkState(enum.StrEnum):
    ACTIVE = "active"
    DORMANT = "dormant"  # both ids stay known, nothing flows; `cause` says why


class LinkEnd(Struct, frozen=True, kw_only=True, gc=False):
    """One end of a link, with the base: the values this side held when the two last agreed.

    A field that is absent from `base` has never been agreed on (first contact). `fingerprint` is that of `base`
    over the flow's fields of this side; a record whose fingerprint equals it has not changed.
    """

    id: str
    fingerprint: int
    base: Mapping[str, Value] = field(default_factory=dict)
    version: str | None = None  # as last read or written; a hint and a precondition, never proof of sameness of values


class Link(Struct, frozen=True, kw_only=True, gc=False):
    """left id <-> right id in a scope. Source: engine.md, glossary; E16."""

    number: int  # the store's own number; 0 before it is stored
    left: LinkEnd | None  # None only on a dormant link whose record on that side never was or is gone for good
    right: LinkEnd | None
    state: LinkState = LinkState.ACTIVE
    cause: str = ""  # why it is dormant: a Cause, "undone", "decided", ...
    evidence: Mapping[str, Any] = field(default_factory=dict)  # rule, score, fields (E14)
    turns: int = 0  # writes in a row that went to the side opposite to the write before (two that fight, E22)
    last_side: Side | None = None  # side last written

    def end(self, side: Side) -> LinkEnd | None:
        return self.left if side is Side.LEFT else self.right

    def is_gone(self, side: Side) -> bool:
        """Whether the link rests because the record of this side is not there any more."""
        end = self.end(side)
        return self.state is LinkState.DORMANT and (end is None or end.fingerprint == UNSETTLED)

    def unsettled(self, *, base: Mapping[str, Value] | None = None) -> Link:
        """This link with both ends to be looked at again, and with another base where one is given."""
        link = self
        for side in SIDES:
            end = link.end(side)
            if end is not None:
                kept = end.base if base is None else base
                link = link.with_end(side, replace(end, fingerprint=UNSETTLED, version=None, base=kept))
        return link

    def with_end(self, side: Side, end: LinkEnd | None) -> Link:
        return replace(self, left=end) if side is Side.LEFT else replace(self, right=end)


class Standing(enum.StrEnum):
    """What became of a record that is known but not linked."""

    WAITING = "waiting"  # for a reference (`waits_for`), retried by itself when it arrives (E26)
    REJECTED = "rejected"  # cannot be translated or was refused; retried when it or the mapping changes
    ASKED = "asked"  # a review is open
    IGNORED = "ignored"  # by a reaction or by a person's decision
    UNKNOWN = "unknown"  # its create was sent and the answer lost (E28)


PENDING: Final = (Standing.UNKNOWN, Standing.WAITING)
"""How the few stand that every run looks for."""


class Unlinked(Struct, frozen=True, kw_only=True):
    side: Side
    id: str
    fingerprint: int
    values: Mapping[str, Value]
    version: str | None = None
    standing: Standing
    reason: str = ""
    waits_for: tuple[str, Side, str] | None = None  # flow, side, id


class MatchKey(Struct, frozen=True, kw_only=True, gc=False):
    """The hash of one definite rule's (or block's) normalised values; how a match is found without reading all."""

    side: Side
    key: int  # 0 <= key < 2**63
    id: str
