"""Finding records by words: every word somewhere in a record's search fields, or the record's number.

Up to FEW records that have the words are looked up in the index of texts, then sorted and narrowed like any others.
Where there are more, or no word is long enough for the index, records are looked through in the order of the list:
so many of them have the words that a page is soon full.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.db import connections
from django.db.models import CharField, Exists, Lookup, OuterRef, Q, QuerySet, Value
from django.db.models.functions import StrIndex

from tallystick.server.records.domain.tables import folded, type_mark
from tallystick.server.records.entry import Entry
from tallystick.server.records.models import SearchText
from tallystick.server.records.record_types import RecordType
from tallystick.server.state.bulk import bulk_for
from tallystick.server.state.grams import FEW, SEARCH_TEXTS, grams, looked_up

NEWEST: Final = 2_000
_WORDS: Final = 8
_NUMBER: Final = re.compile(r"(?:([a-z]{1,5})-)?(\d{1,18})", re.ASCII)


@CharField.register_lookup
class Among(Lookup):
    """An id among very many, handed over as one value."""

    lookup_name = "among"
    prepare_rhs = False
    rhs: Sequence[str]

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        column, values = self.process_lhs(compiler, connection)
        return f"{column} IN (SELECT value FROM json_each(%s))", (*values, json.dumps(self.rhs))

    def as_postgresql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        column, values = self.process_lhs(compiler, connection)
        return f"{column} = ANY(%s)", (*values, list(self.rhs))


@dataclass(frozen=True, slots=True, kw_only=True)
class Matches:
    """`counted`: rows to count for all of them; `is_part`: there may be more than these."""

    rows: QuerySet[Entry, Entry]
    counted: QuerySet[Entry, Entry]
    is_part: bool = False


def matching(rows: QuerySet[Entry, Entry], kind: RecordType, words: str, *, using: str) -> QuerySet[Entry, Entry]:
    """Those of the rows that have all the words; of a number like C-1042 also the record of that number."""
    return matches(rows, kind, words, using=using).rows


def matches(rows: QuerySet[Entry, Entry], kind: RecordType, words: str, *, using: str) -> Matches:
    """The same, with what to count. At most two queries."""
    parts = _parts(words)
    if not parts:
        return Matches(rows=rows, counted=rows)
    number = _number(kind, words)
    numbered = [] if number is None else list(rows.filter(number=number).values_list("pk", flat=True))
    with connections[using].cursor() as cursor:
        ids = looked_up(cursor, bulk_for(using), SEARCH_TEXTS, "record", parts, mark=type_mark(kind.name), most=FEW)
    few = rows if ids is None else rows.filter(pk__among=[*ids, *numbered])
    if ids is not None and len(ids) <= FEW:
        return Matches(rows=few, counted=few)
    texts: Any = SearchText.objects.using(using).filter(record=OuterRef("pk"))
    for part in parts:
        texts = texts.alias(place=StrIndex("text", Value(part))).filter(place__gt=0)
    found = rows.filter(Q(pk__in=numbered) | Exists(texts) if numbered else Exists(texts))
    return Matches(rows=found, counted=found if ids is None else few, is_part=ids is not None)


def glanced(rows: QuerySet[Entry, Entry], kind: RecordType, words: str, *, using: str) -> QuerySet[Entry, Entry]:
    """Some of those that have all the words, for where a handful is shown: of very many those looked up; where no word
    is long enough for that, of the NEWEST that were changed last.
    """
    if _parts(words) and not grams(_parts(words)):
        rows = rows.filter(pk__in=rows.order_by("-changed_at", "-pk").values("pk")[:NEWEST])
    return matches(rows, kind, words, using=using).counted


def _parts(words: str) -> list[str]:
    return list(dict.fromkeys(folded(word) for word in words.replace("\0", "").split()))[:_WORDS]


def _number(kind: RecordType, words: str) -> int | None:
    found = _NUMBER.fullmatch(words.strip().lower())
    if found is None or found[1] not in (None, kind.prefix.lower()):
        return None
    return int(found[2])
