"""Finding records by words: every word somewhere in a record's search fields, or the record's number.

Up to FEW records that have the words are looked up in the index of texts, then sorted and narrowed like any others.
Where more have them, the list is read in its order instead: mostly they stand among its first LOOKED records, whose
texts are looked at. Where they stand farther behind, the ids of all that have them are gathered, once: each text stands
on a page of its own. Up to SORTED are looked up and sorted; with more, up to MOST, the list is compared. Where still
more have them, or no word is long enough for the index, each text is looked at.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.db import connections
from django.db.models import Exists, OuterRef, Q, QuerySet, Value
from django.db.models.functions import StrIndex

from tallystick.server.records.domain.tables import folded, type_mark
from tallystick.server.records.entry import Entry
from tallystick.server.records.ids import among, compared
from tallystick.server.records.models import SearchText
from tallystick.server.records.record_types import RecordType
from tallystick.server.state.bulk import bulk_for
from tallystick.server.state.grams import FEW, SEARCH_TEXTS, gathered, grams, looked_up, statement

LOOKED: Final = 2_000
"""Records at the beginning of a page whose texts are looked at."""
GLANCED: Final = 250
"""The first of these: where they do not promise enough, the others are left."""
SORTED: Final = 8_000
"""Records that are all looked up and sorted, wherever they stand: 8 µs each. Of more, some mostly stand nearer."""
MOST: Final = 300_000
"""Records that the list is compared with: their ids are 10 MB of a statement, and 20 MB of PostgreSQL while it runs."""
NEWEST: Final = 2_000
_WORDS: Final = 8
_NUMBER: Final = re.compile(r"(?:([a-z]{1,5})-)?(\d{1,18})", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Many:
    """Words that very many records have, or that no index knows. `numbered`: ids found by their number all the same."""

    parts: Sequence[str]
    numbered: Sequence[str]
    having: tuple[str, list[Any]] | None  # selects the ids of all that have them
    using: str

    def first(self, rows: QuerySet[Entry, Entry], count: int) -> list[str]:
        """Ids of the first of these rows that have the words, in the order of the rows. At most six queries."""
        near = list(rows.values_list("pk", flat=True)[:LOOKED])
        hits = set(self.numbered)
        for start, end in ((0, GLANCED), (GLANCED, LOOKED)):
            hits |= set(self._texts().filter(record__among=near[start:end]).values_list("record", flat=True))
            found = [id_ for id_ in near[:end] if id_ in hits][:count]
            if len(found) == count or len(near) < min(end + 1, LOOKED):
                return found
            if len(found) * LOOKED < count * end:
                break
        return list(rows.filter(self.condition()).values_list("pk", flat=True)[:count])

    def condition(self) -> Any:
        """Of a row that has the words: it is among all that have them, unless these are more than MOST. One query."""
        hit: Any = Exists(self._texts().filter(record=OuterRef("pk")))
        if self.having is not None:
            with connections[self.using].cursor() as cursor:
                count, ids = gathered(cursor, bulk_for(self.using), self.having, MOST)
            if count <= MOST:
                hit = among(ids) if count <= SORTED else compared(ids)
        return Q(pk__in=self.numbered) | hit if self.numbered else hit

    def _texts(self) -> Any:
        texts: Any = SearchText.objects.using(self.using)
        for part in self.parts:
            texts = texts.alias(place=StrIndex("text", Value(part))).filter(place__gt=0)
        return texts


@dataclass(frozen=True, slots=True, kw_only=True)
class Matches:
    """`listed` have the words or, where they are `many`, are all that these are looked for in; `counted`: rows to count
    for them; `is_part`: there may be more than these. `most_sorted`: up to so many
    are sorted whole rather than read in the order of the list.
    """

    listed: QuerySet[Entry, Entry]
    counted: QuerySet[Entry, Entry]
    many: Many | None = None
    is_part: bool = False
    most_sorted: int = 0

    def rows(self) -> QuerySet[Entry, Entry]:
        """All that have the words."""
        return self.listed if self.many is None else self.listed.filter(self.many.condition())


def matching(rows: QuerySet[Entry, Entry], kind: RecordType, words: str, *, using: str) -> QuerySet[Entry, Entry]:
    """Those of the rows that have all the words; of a number like C-1042 also the record of that number."""
    return matches(rows, kind, words, using=using).rows()


def matches(
    rows: QuerySet[Entry, Entry],
    kind: RecordType,
    words: str,
    *,
    using: str,
    counted: QuerySet[Entry, Entry] | None = None,
    most_sorted: int = 0,
) -> Matches:
    """The same, as a page needs it. `counted`: the rows, asked for so that they are counted at once where there are no
    words. At most two queries.
    """
    parts = _parts(words)
    if not parts:
        return Matches(listed=rows, counted=rows if counted is None else counted, most_sorted=most_sorted)
    number = _number(kind, words)
    numbered = [] if number is None else list(rows.filter(number=number).values_list("pk", flat=True))
    having = statement(bulk_for(using), SEARCH_TEXTS, "record", parts, mark=type_mark(kind.name))
    many = Many(parts=parts, numbered=numbered, having=having, using=using)
    if having is None:
        return Matches(listed=rows, counted=rows.filter(many.condition()), many=many)
    with connections[using].cursor() as cursor:
        ids = looked_up(cursor, having, most=FEW)
    few = rows.filter(among([*ids, *numbered]))
    return (
        Matches(listed=rows, counted=few, many=many, is_part=True)
        if len(ids) > FEW
        else Matches(listed=few, counted=few)
    )


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
