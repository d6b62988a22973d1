"""Names of records that others refer to: many at a time, one query per type."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from django.urls import reverse
from django.utils.translation import gettext as _

from tallystick.model.value import FieldType, Value
from tallystick.server.people.actor import Actor
from tallystick.server.records import queries
from tallystick.server.records.record_types import BY_NAME, RecordType
from tallystick.server.records.values import listed


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """A record as it is called; `url` is empty where the reader may not open it."""

    id: str
    called: str  # C-1042
    title: str
    url: str
    is_gone: bool = False


@dataclass(slots=True)
class Titles:
    """Asked for what rows refer to, then for each name."""

    actor: Actor
    _found: dict[str, dict[str, Named]] = field(default_factory=dict)

    def load(self, kind: RecordType, names: Sequence[str], rows: Iterable[Mapping[str, Value]]) -> None:
        """Looks up everything these fields of the rows (canonical texts) refer to."""
        wanted: dict[str, set[str]] = {}
        rows = list(rows)
        for name in names:
            target = kind.fields[name].refers_to
            if target is None:
                continue
            is_list = kind.fields[name].type is FieldType.LIST
            for row in rows:
                value = row.get(name)
                wanted.setdefault(target, set()).update(listed(value) if is_list else (value,) if value else ())
        for target, ids in wanted.items():
            self.look_up(target, ids)

    def look_up(self, target: str, ids: Iterable[str]) -> None:
        known = self._found.setdefault(target, {})
        missing = [id_ for id_ in set(ids) if id_ not in known]
        if missing:
            known |= named(BY_NAME[target], self.actor, missing)

    def name(self, target: str, id_: str) -> Named:
        """Of a record that was looked up."""
        found = self._found.get(target, {}).get(id_)
        return found or Named(id=id_, called="", title=_("Not for you to see"), url="")


def named(kind: RecordType, actor: Actor, ids: Sequence[str]) -> dict[str, Named]:
    """The names of these records, as far as the actor may see them; one query."""
    if not actor.may(kind.permission("view")):
        return {}
    column = kind.fields[kind.title_field].attname
    rows = queries.records(kind, actor).filter(pk__in=ids).values_list("pk", "number", column, "gone_at")
    return {
        id_: Named(
            id=id_,
            called=kind.called(number),
            title=title or kind.called(number),
            url=url_of(kind, id_),
            is_gone=gone_at is not None,
        )
        for id_, number, title, gone_at in rows
    }


def url_of(kind: RecordType, id_: str) -> str:
    return reverse("records:detail", args=[kind.name, id_])
