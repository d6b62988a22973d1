"""Code sets as an administrator changes them. Records keep the codes they have, whatever becomes of the sets."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _

from tallystick.errors import InputRefused, NotFound
from tallystick.model.value import FieldType
from tallystick.server.people.actor import Actor
from tallystick.server.people.domain.audit import audit
from tallystick.server.records import kept_codes, queries
from tallystick.server.records.codes import KEPT_SETS, TONES, KeptSet
from tallystick.server.records.kept_codes import KeptCode
from tallystick.server.records.models import Code
from tallystick.server.records.record_types import RECORD_TYPES, Field, RecordType
from tallystick.server.records.values import list_of

MANAGE: Final = "records.manage_code"
COUNTED: Final = 1_000
LANGUAGES: Final = {"english": "en", "russian": "ru"}
_CODE: Final = re.compile(r"[a-z0-9][a-z0-9_.-]*", re.ASCII)
_LONGEST: Final = 30
_TITLE: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeShown:
    """A code as it stands. `used` counts the records that have it, COUNTED + 1 where there are more."""

    kept: KeptCode
    title: str
    delivered: Mapping[str, str]  # language -> the title it is delivered with; empty for an own code
    used: int
    is_default: bool  # new records begin with it
    is_last: bool = False

    @property
    def code(self) -> str:
        return self.kept.code


def code_set(name: str) -> KeptSet:
    """Raises NotFound."""
    found = KEPT_SETS.get(name)
    if found is None:
        raise NotFound(
            _("There is no code set {name!r}.").format(name=name),
            hint=_("There are {names}.").format(names=", ".join(KEPT_SETS)),
        )
    return found


def columns_of(codes: KeptSet) -> Iterator[tuple[RecordType, Field]]:
    """Where the codes of the set stand."""
    for kind in RECORD_TYPES:
        for field in kind.fields.values():
            if field.codes is codes:
                yield kind, field


def shown(actor: Actor, name: str) -> list[CodeShown]:
    """The codes of a set in their order. Raises NotAllowed, NotFound."""
    actor.check(MANAGE)
    codes = code_set(name)
    return [
        CodeShown(
            kept=one,
            title=str(codes.title(one.code)),
            delivered={language: _delivered(codes, one.code, tag) for language, tag in LANGUAGES.items()},
            used=_used(codes, one.code),
            is_default=one.code in _defaults(codes),
        )
        for one in codes.kept.values()
    ]


def add(
    actor: Actor, name: str, code: str, *, english: str = "", russian: str = "", tone: str = "", like: str = ""
) -> None:
    """A further code, the last of its set. Raises NotAllowed, NotFound, InputRefused."""
    actor.check(MANAGE)
    codes = code_set(name)
    faults: dict[str, str] = {}
    longest = min([_LONGEST, *(field.limit or _LONGEST for _kind, field in columns_of(codes) if not _is_list(field))])
    if not codes.can_grow:
        faults["code"] = _("The program knows these codes; they can be renamed, and there are no others.")
    elif not _CODE.fullmatch(code) or len(code) > longest:
        faults["code"] = _("A code is made of a to z, 0 to 9, _, - and ., and has at most {count} characters.").format(
            count=longest
        )
    if not english.strip() and not russian.strip():
        faults["english"] = _("A code needs a title.")
    new = KeptCode(code=code, english=english.strip(), russian=russian.strip(), tone=tone, like=like)
    with _locked(codes) as rows:
        if code in rows:
            faults.setdefault("code", _("There is a code {code} already.").format(code=code))
        _check(codes, {**_kept(rows), code: new}, code, faults)
        _refuse(faults)
        position = max((row.position for row in rows.values()), default=0) + 1
        Code.objects.using(queries.HUB).create(code_set=name, position=position, **_columns(new))
        audit(actor, "records.add_code", subject_type="code set", subject_id=name, subject_name=code)


def change(actor: Actor, name: str, changes: Mapping[str, Mapping[str, Any]]) -> int:
    """Sets `english`, `russian`, `tone`, `like` and `is_retired` of codes, all or none; how many differ now.

    Raises NotAllowed, NotFound, and InputRefused with faults named `<code>.<what>`.
    """
    actor.check(MANAGE)
    codes = code_set(name)
    faults: dict[str, str] = {}
    count = 0
    with _locked(codes) as rows:
        before = _kept(rows)
        after = dict(before)
        for code, values in changes.items():
            if code not in before:
                raise NotFound(_("There is no code {code!r} in this set.").format(code=code))
            cleaned = {key: value.strip() if key in LANGUAGES else value for key, value in values.items()}
            after[code] = replace(before[code], **cleaned)
        for code in changes:
            own: dict[str, str] = {}
            _check(codes, after, code, own)
            if after[code].is_retired and not before[code].is_retired:
                _check_retiring(codes, after, code, own)
            faults |= {f"{code}.{key}": sentence for key, sentence in own.items()}
        _refuse(faults)
        for code in changes:
            if after[code] != before[code]:
                count += 1
                Code.objects.using(queries.HUB).filter(pk=rows[code].pk).update(**_columns(after[code]))
                details = _differences(before[code], after[code])
                audit(
                    actor,
                    "records.change_code",
                    subject_type="code set",
                    subject_id=name,
                    subject_name=code,
                    details=details,
                )
    return count


def order(actor: Actor, name: str, wanted: Sequence[str]) -> None:
    """People choose from the codes in this order. Raises NotAllowed, NotFound, InputRefused."""
    actor.check(MANAGE)
    codes = code_set(name)
    with _locked(codes) as rows:
        if sorted(wanted) != sorted(rows):
            sentence = _("Name every code of the set once: {codes}.").format(codes=", ".join(rows))
            raise InputRefused(sentence, fields={"codes": sentence})
        for position, code in enumerate(wanted, start=1):
            Code.objects.using(queries.HUB).filter(pk=rows[code].pk).update(position=position)
        audit(
            actor,
            "records.order_codes",
            subject_type="code set",
            subject_id=name,
            subject_name=name,
            details={"order": [", ".join(rows), ", ".join(wanted)]},
        )


def move(actor: Actor, name: str, code: str, *, is_up: bool) -> None:
    """One place up or down."""
    actor.check(MANAGE)
    codes = list(code_set(name).kept)
    if code not in codes:
        raise NotFound(_("There is no code {code!r} in this set.").format(code=code))
    place = codes.index(code)
    other = place - 1 if is_up else place + 1
    if 0 <= other < len(codes):
        codes[place], codes[other] = codes[other], codes[place]
        order(actor, name, codes)


def remove(actor: Actor, name: str, code: str) -> None:
    """Raises NotAllowed, NotFound, and InputRefused for a code that a record has: that can only be retired."""
    actor.check(MANAGE)
    codes = code_set(name)
    faults: dict[str, str] = {}
    with _locked(codes) as rows:
        if code not in rows:
            raise NotFound(_("There is no code {code!r} in this set.").format(code=code))
        left = {one: kept for one, kept in _kept(rows).items() if one != code}
        _check_retiring(codes, left, code, faults)
        used = _used(codes, code)
        if used:
            faults.setdefault(
                "code",
                _("{title} cannot be removed: {count} records have it. Retire it, and it is given to no other.").format(
                    title=codes.title(code), count=used if used <= COUNTED else f"{COUNTED}+"
                ),
            )
        _refuse(faults)
        Code.objects.using(queries.HUB).filter(pk=rows[code].pk).delete()
        audit(actor, "records.remove_code", subject_type="code set", subject_id=name, subject_name=code)


def seed(using: str = queries.HUB) -> None:
    """After the migrations: sets that have no rows yet get what they are delivered with."""
    known = set(Code.objects.using(using).values_list("code_set", flat=True).distinct())
    rows = [
        Code(code_set=name, position=position, **_columns(one))
        for name, codes in KEPT_SETS.items()
        if name not in known
        for position, one in enumerate(codes.seeds().values(), start=1)
    ]
    Code.objects.using(using).bulk_create(rows, ignore_conflicts=True)
    kept_codes.forget()


# --- inside


class _locked:
    """The rows of a set, kept from others; what was read of them is forgotten afterwards."""

    def __init__(self, codes: KeptSet) -> None:
        self._codes = codes
        self._atomic = transaction.atomic(using=queries.HUB)

    def __enter__(self) -> dict[str, Code]:
        self._atomic.__enter__()
        rows = Code.objects.using(queries.HUB).filter(code_set=self._codes.name).order_by("position", "pk")
        return {row.code: row for row in rows.select_for_update()}

    def __exit__(self, *why: Any) -> None:
        self._atomic.__exit__(*why)
        kept_codes.forget()


def _kept(rows: Mapping[str, Code]) -> dict[str, KeptCode]:
    return {
        code: KeptCode(
            code=code,
            english=row.english,
            russian=row.russian,
            tone=row.tone,
            like=row.like,
            is_retired=row.is_retired,
        )
        for code, row in rows.items()
    }


def _columns(one: KeptCode) -> dict[str, Any]:
    names = ("code", "english", "russian", "tone", "like", "is_retired")
    return {name: getattr(one, name) for name in names}


def _check(codes: KeptSet, kept: Mapping[str, KeptCode], code: str, faults: dict[str, str]) -> None:
    one = kept[code]
    for language, tag in LANGUAGES.items():
        title = getattr(one, language)
        if len(title) > _TITLE:
            faults.setdefault(language, _("A title has at most {count} characters.").format(count=_TITLE))
        elif any(not character.isprintable() for character in title):
            faults.setdefault(language, _("A title is one line of text."))
        shown_ = _title(codes, one, tag)
        if shown_ and any(other.code != code and _title(codes, other, tag) == shown_ for other in kept.values()):
            faults.setdefault(language, _("Another code of the set is called so."))
    if not one.english and not one.russian and code not in codes.delivered:
        faults.setdefault("english", _("A code needs a title."))
    if one.tone and one.tone not in TONES:
        faults.setdefault("tone", _("It is one of {names}.").format(names=", ".join(TONES)))
    if one.like and one.like not in codes.delivered:
        faults.setdefault("like", _("It is one of {names}.").format(names=", ".join(codes.delivered)))


def _check_retiring(codes: KeptSet, left: Mapping[str, KeptCode], code: str, faults: dict[str, str]) -> None:
    if not codes.can_grow:
        faults["code"] = _("The program knows these codes; they can be renamed, and there are no others.")
    elif code in _defaults(codes):
        faults["code"] = _("New records begin with {title}: it stays.").format(title=codes.title(code))
    elif all(one.is_retired for one in left.values()):
        faults["code"] = _("One code of the set has to be left to choose.")


def _title(codes: KeptSet, one: KeptCode, tag: str) -> str:
    own = one.russian if tag == "ru" else one.english
    return (own or _delivered(codes, one.code, tag)).casefold()


def _delivered(codes: KeptSet, code: str, tag: str) -> str:
    with translation.override(tag):
        return str(codes.delivered.get(code, ""))


def _defaults(codes: KeptSet) -> set[str]:
    columns = (field.column for _kind, field in columns_of(codes))
    return {str(column.get_default()) for column in columns if column.has_default()}


def _is_list(field: Field) -> bool:
    return field.type is FieldType.LIST


def _used(codes: KeptSet, code: str) -> int:
    """By how many records, those that are gone too: they may come back."""
    count = 0
    for kind, field in columns_of(codes):
        rows = kind.model._default_manager.using(queries.HUB)
        found = (
            rows.filter(**{f"{field.name}__contains": list_of([code])[1:-1]})
            if _is_list(field)
            else rows.filter(**{field.attname: code})
        )
        count += found.order_by()[: COUNTED + 1].count()
    return min(count, COUNTED + 1)


def _differences(before: KeptCode, after: KeptCode) -> dict[str, Any]:
    names = ("english", "russian", "tone", "like", "is_retired")
    return {
        name: [getattr(before, name), getattr(after, name)]
        for name in names
        if getattr(before, name) != getattr(after, name)
    }


def _refuse(faults: Mapping[str, str]) -> None:
    if faults:
        raise InputRefused(" ".join(dict.fromkeys(faults.values())), fields=faults, hint=_("Nothing was changed."))
