"""Two records of one type held against each other: what each has, and what the one that stays could take."""

from __future__ import annotations

import enum
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from django.utils.translation import gettext as _

from tallystick.errors import InputRefused
from tallystick.model.value import FieldType, Value
from tallystick.server.people.actor import Actor
from tallystick.server.records import queries
from tallystick.server.records.domain import history
from tallystick.server.records.domain.steps import Row
from tallystick.server.records.record_types import Field, RecordType, record_type
from tallystick.server.records.values import list_of, listed

_PLACED: Final = ("location", "department")


class Take(enum.StrEnum):
    """Whose value the record that stays has in a field afterwards."""

    SURVIVOR = "survivor"
    LOSER = "loser"
    BOTH = "both"  # of lists


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A field in which the two differ. `take` is what is suggested: what is there before what is not."""

    field: Field
    survivor: Value
    loser: Value
    take: Take
    takes: tuple[Take, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """`survivor` stays; `loser` goes and is from then on reported as merged into it."""

    kind: RecordType
    survivor: Row
    loser: Row

    @property
    def choices(self) -> tuple[Choice, ...]:
        """In the order of the form."""
        found = []
        for name in self.kind.written:
            mine, theirs = self.survivor.values[name], self.loser.values[name]
            if mine != theirs:
                field = self.kind.fields[name]
                takes = tuple(Take) if field.type is FieldType.LIST else (Take.SURVIVOR, Take.LOSER)
                found.append(
                    Choice(field=field, survivor=mine, loser=theirs, take=_suggested(field, mine, theirs), takes=takes)
                )
        return tuple(found)

    def values(self, take: Mapping[str, Take]) -> dict[str, Value]:
        """What the survivor is to have, of the fields that differ from what it has; suggestions where none is given."""
        found: dict[str, Value] = {}
        for choice in self.choices:
            value = self._taken(choice, take.get(choice.field.name, choice.take))
            if value != choice.survivor:
                found[choice.field.name] = value
        return found

    def _taken(self, choice: Choice, take: Take) -> Value:
        match take:
            case Take.BOTH:
                return list_of(list(dict.fromkeys((*listed(choice.survivor), *listed(choice.loser)))))
            case Take.LOSER:
                return choice.loser
        return choice.survivor


def _suggested(field: Field, mine: Value, theirs: Value) -> Take:
    if field.name == "is_main":
        return Take.LOSER if theirs == "true" else Take.SURVIVOR
    if field.type is FieldType.LIST and listed(mine) and listed(theirs):
        return Take.BOTH
    return Take.LOSER if mine in (None, "", "[]") and theirs not in (None, "", "[]") else Take.SURVIVOR


def compare(actor: Actor, type_: str, survivor: str, loser: str) -> Pair:
    """Raises NotAllowed, NotFound, and InputRefused where the two cannot be merged."""
    kind = record_type(type_)
    actor.check(kind.permission("change"))
    actor.check(kind.permission("delete"))
    queries.check_seen(kind, actor, [survivor, loser])
    rows = history.rows_now(kind, [survivor, loser])
    return pair_of(kind, rows, survivor, loser)


def pair_of(kind: RecordType, rows: Mapping[str, Row], survivor: str, loser: str) -> Pair:
    """Raises NotFound and InputRefused."""
    if survivor == loser:
        sentence = _("A record cannot be merged with itself.")
        raise InputRefused(sentence, fields={"loser": sentence}, hint=_("Choose another record."))
    for id_ in (survivor, loser):
        if id_ not in rows or not rows[id_].is_live:
            raise queries.missing(kind)
    pair = Pair(kind=kind, survivor=rows[survivor], loser=rows[loser])
    if kind.name in _PLACED and pair.survivor.values["account"] != pair.loser.values["account"]:
        sentence = _("They belong to different accounts.")
        raise InputRefused(sentence, fields={"loser": sentence}, hint=_("Merge the accounts, or move one of the two."))
    return pair


def answers_of(answers: Value, replaced: Mapping[str, str]) -> Value:
    """The answers of assignees under the ids of those who stay; who answered for themselves is heard."""
    if not answers:
        return answers
    found = json.loads(answers)
    if not isinstance(found, dict) or found.keys().isdisjoint(replaced):
        return answers
    own = {id_: answer for id_, answer in found.items() if id_ not in replaced}
    taken = {replaced[id_]: answer for id_, answer in found.items() if id_ in replaced}
    return json.dumps({**taken, **own}, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
