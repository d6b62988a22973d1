"""Finding records by words: every word somewhere in a record's search fields, or the record's number.

Up to FEW records that have the words are looked up in the index of texts, then sorted and narrowed like any others.
Up to MANY, records are read in the order of the list and compared with the ids of all that have the words. Where there
are more, or no word is long enough for the index, each record's text is looked at in that order: so many have the words
that a page is soon full, unless all of them stand far behind in the order.
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
from tallystick.server.state.grams import FEW, SEARCH_TEXTS, grams, is_more_than, looked_up, statement

MANY: Final = 50_000
"""Records whose ids PostgreSQL keeps at hand (4 MB of `work_mem`) while it reads a list in its order."""
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


@CharField.register_lookup
class Selected(Lookup):
    """An id among the MANY at most that a statement of its own selects. It is carried out once: PostgreSQL knows by the
    limit that it can keep them, and by IS TRUE that it shall.
    """

    lookup_name = "selected"
    prepare_rhs = False
    rhs: tuple[str, list[Any]]

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        column, values = self.process_lhs(compiler, connection)
        return f"({column} IN ({self.rhs[0]} LIMIT {MANY})) IS TRUE", (*values, *self.rhs[1])


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
    """The same, with what to count. At most three queries."""
    parts = _parts(words)
    if not parts:
        return Matches(rows=rows, counted=rows)
    number = _number(kind, words)
    numbered = [] if number is None else list(rows.filter(number=number).values_list("pk", flat=True))
    selected = statement(bulk_for(using), SEARCH_TEXTS, "record", parts, mark=type_mark(kind.name))
    is_many = selected is None
    few = rows
    if selected is not None:
        with connections[using].cursor() as cursor:
            ids = looked_up(cursor, selected, most=FEW)
            few = rows.filter(pk__among=[*ids, *numbered])
            if len(ids) <= FEW:
                return Matches(rows=few, counted=few)
            is_many = is_more_than(cursor, selected, MANY)
    texts: Any = SearchText.objects.using(using).filter(record=OuterRef("pk"))
    for part in parts:
        texts = texts.alias(place=StrIndex("text", Value(part))).filter(place__gt=0)
    hit: Any = Exists(texts) if is_many else Q(pk__selected=selected)
    found = rows.filter(Q(pk__in=numbered) | hit if numbered else hit)
    return Matches(rows=found, counted=found if selected is None else few, is_part=selected is not None)


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
