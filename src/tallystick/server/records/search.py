"""Finding records by words: every word somewhere in a record's search fields, or the record's number."""

from __future__ import annotations

import re
from typing import Any, Final

from django.db.models import Exists, OuterRef, Q, QuerySet

from tallystick.server.records.domain.tables import folded
from tallystick.server.records.entry import Entry
from tallystick.server.records.models import SearchText
from tallystick.server.records.record_types import RecordType

FEW: Final = 1_000
"""Up to so many hits are looked up by their ids; where there are more, most rows of a list are hits."""
_NUMBER: Final = re.compile(r"(?:([a-z]{1,5})-)?(\d{1,18})", re.ASCII)


def matching(rows: QuerySet[Entry, Entry], kind: RecordType, words: str, *, using: str) -> QuerySet[Entry, Entry]:
    """Those of the rows that have all the words; of a number like C-1042 also the record of that number."""
    parts = [folded(word) for word in words.replace("\0", "").split()][:8]
    if not parts:
        return rows
    number = _number(kind, words)
    found = _holding(SearchText.objects.using(using).filter(record_type=kind.name), parts)
    ids = list(found.values_list("record", flat=True)[: FEW + 1])
    hit: Any = Q(pk__in=ids)
    if len(ids) > FEW:
        hit = Exists(_holding(SearchText.objects.using(using).filter(record=OuterRef("pk")), parts))
    return rows.filter(Q(number=number) | hit if number is not None else hit)


def _holding(texts: Any, parts: list[str]) -> Any:
    for part in parts:
        texts = texts.filter(text__contains=part)
    return texts


def _number(kind: RecordType, words: str) -> int | None:
    found = _NUMBER.fullmatch(words.strip().lower())
    if found is None or found[1] not in (None, kind.prefix.lower()):
        return None
    return int(found[2])
