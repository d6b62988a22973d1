"""Checks that take a look at other records: what is referred to is there, what must be unique is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from django.db.models import Q
from django.utils.translation import gettext as _

from tallystick.model.value import Value
from tallystick.model.write import Result
from tallystick.server.records.domain.steps import Draft
from tallystick.server.records.domain.tables import ROWS_AT_ONCE, Place
from tallystick.server.records.record_types import BY_NAME, Field, RecordType, reference_lists, references
from tallystick.server.records.values import listed

UNIQUE: Final[Mapping[str, tuple[tuple[str, ...], ...]]] = {
    "account_type": (("name",),),
    "asset_subtype": (("asset_type", "name"),),
    "asset_type": (("name",),),
    "department": (("account", "name"),),
    "location": (("account", "name"),),
    "manufacturer": (("name",),),
    "person": (("user",),),
    "product": (("code",),),
    "product_mapping": (("asset_subtype", "manufacturer", "model"),),
    "team": (("name",),),
}
"""Of live records; the tables see to it too."""
_NULL_COUNTS: Final = frozenset({"product_mapping"})
"""Where null is a value like others: there is one default mapping."""


def check_references(kind: RecordType, drafts: Sequence[Draft], place: Place) -> None:
    """Refuses references to what is not there; those that stood already may point to deleted records."""
    wanted: dict[str, set[str]] = {}
    single, many = references(kind), reference_lists(kind)
    changed = [(draft, list(_changed_references(single, many, draft))) for draft in drafts]
    for draft, named in changed:
        for field, ids in named:
            if field.refers_to == kind.name and draft.id in ids:
                draft.refuse(field.name, _("{field} cannot be the record itself.").format(field=field.title))
            wanted.setdefault(str(field.refers_to), set()).update(ids)
    there = {name: _there(BY_NAME[name], sorted(ids), place) for name, ids in wanted.items() if ids}
    there.setdefault(kind.name, {}).update({draft.id: True for draft in drafts if not draft.faults})
    for draft, named in changed:
        for field, ids in named:
            known = there.get(str(field.refers_to), {})
            for id_ in ids:
                if id_ not in known:
                    draft.refuse(
                        field.name,
                        _("{field} refers to a record that is not there: {id}.").format(field=field.title, id=id_),
                    )
                elif not known[id_]:
                    draft.refuse(
                        field.name,
                        _("{field} refers to a record that was deleted: {id}.").format(field=field.title, id=id_),
                    )


def _changed_references(
    single: Sequence[Field], many: Sequence[Field], draft: Draft
) -> Iterator[tuple[Field, tuple[str, ...]]]:
    for field in single:
        value = draft.after[field.name]
        if value is not None and draft.is_changed(field.name):
            yield field, (value,)
    for field in many:
        if draft.is_changed(field.name):
            before = set(listed(draft.before.get(field.name)))
            yield field, tuple(id_ for id_ in listed(draft.after[field.name]) if id_ not in before)


def _there(kind: RecordType, ids: Sequence[str], place: Place) -> dict[str, bool]:
    """id -> whether the record is live, of those that exist."""
    found: dict[str, bool] = {}
    for start in range(0, len(ids), ROWS_AT_ONCE):
        query = kind.model._default_manager.using(place.using).filter(pk__in=ids[start : start + ROWS_AT_ONCE])
        found |= {id_: gone_at is None for id_, gone_at in query.values_list("pk", "gone_at")}
    return found


def check_unique(kind: RecordType, drafts: Sequence[Draft], place: Place) -> None:
    for names in UNIQUE.get(kind.name, kind.unique):
        _check_unique(kind, names, drafts, place)


def _check_unique(kind: RecordType, names: tuple[str, ...], drafts: Sequence[Draft], place: Place) -> None:
    is_counted = kind.name in _NULL_COUNTS
    keys: dict[str, tuple[Value, ...]] = {}
    for draft in drafts:
        key = tuple(draft.after[name] for name in names)
        # what was gone comes back among the living: its values may have been taken meanwhile
        is_new = draft.row is None or not draft.row.is_live or draft.is_changed(*names)
        if is_new and not draft.faults and (is_counted or None not in key):
            keys[draft.id] = key
    if not keys:
        return
    holders = _holders(kind, names, set(keys.values()), place)
    leaving = {draft.id for draft in drafts if draft.id in keys}
    for draft in drafts:
        if draft.id not in keys:
            continue
        holder = holders.get(keys[draft.id])
        if holder is not None and holder != draft.id and holder not in leaving:
            titles = ", ".join(str(kind.fields[name].title) for name in names)
            result = Result.EXISTS if draft.is_create else Result.REFUSED
            sentence = _("There is one with this already ({fields}).").format(fields=titles)
            draft.refuse(names[-1], sentence, result)
        else:
            holders[keys[draft.id]] = draft.id
            leaving.discard(draft.id)


def _holders(
    kind: RecordType, names: tuple[str, ...], keys: set[tuple[Value, ...]], place: Place
) -> dict[tuple[Value, ...], str]:
    """key -> the live record that has it."""
    found: dict[tuple[Value, ...], str] = {}
    live = kind.model._default_manager.using(place.using).filter(gone_at__isnull=True)
    columns = [kind.fields[name].attname for name in names]
    wanted = sorted(keys, key=str)
    for start in range(0, len(wanted), ROWS_AT_ONCE):
        query = live
        for place_, column in enumerate(columns):
            values = {key[place_] for key in wanted[start : start + ROWS_AT_ONCE]}
            query = query.filter(_among(column, values))
        for id_, *values in query.values_list("pk", *columns):
            found[tuple(values)] = id_
    return found


def _among(column: str, values: set[Any]) -> Q:
    named = Q(**{f"{column}__in": [value for value in values if value is not None]})
    return named | Q(**{f"{column}__isnull": True}) if None in values else named
