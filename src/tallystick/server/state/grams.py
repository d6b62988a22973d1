"""Texts found by any part of their words: an index of all threes of characters that stand in them.

PostgreSQL has it as a GIN index over a function of its own, which needs no extension and so no privilege; SQLite as a
table of FTS5 that triggers keep. Both tell which rows have all threes of a word; that they stand together is for the
statement to check. A word of one or two characters has none: it is looked for without the index.

SQLite drops triggers together with a table that is made anew: a migration that does that calls `make` again.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from tallystick.errors import StateUnusable

if TYPE_CHECKING:
    from tallystick.server.state.bulk import Bulk

LENGTH: Final = 3
MOST: Final = 12
"""Threes of one word that are looked up; what has those has most likely the others."""
FEW: Final = 2_000
"""Rows looked up. Where there are more, a list is read in its order: that many fill a page soon."""
TOKENS: Final = "trigram case_sensitive 1"
"""Of SQLite."""
FUNCTION: Final = (
    "CREATE OR REPLACE FUNCTION tallystick_grams(text) RETURNS text[] "
    "LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE COST 500 AS "
    f"$$ SELECT ARRAY(SELECT substr($1, n, {LENGTH}) FROM generate_series(1, length($1) - {LENGTH - 1}) AS n) $$"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Grams:
    """An index of the text in `column`, of the rows where `only` (column, value) is so; every row has a `number`."""

    name: str
    table: str
    column: str
    only: tuple[str, str] | None = None


REVIEW_WORDS: Final = Grams(name="review_grams", table="state_review", column="words", only=("status", "open"))
SEARCH_TEXTS: Final = Grams(name="search_grams", table="records_searchtext", column="text")


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """Parts of a statement: what it reads FROM, the table called `t`, and a condition with its value."""

    source: str
    condition: str
    value: Any


def grams(words: Iterable[str]) -> list[str]:
    """The threes to look up for these words; empty where none is long enough."""
    found: dict[str, None] = {}
    for word in words:
        own = dict.fromkeys(word[at : at + LENGTH] for at in range(len(word) - LENGTH + 1))
        found.update(dict.fromkeys(list(own)[:MOST]))
    return list(found)


def statement(
    bulk: Bulk, index: Grams, column: str, words: Sequence[str], *, mark: str = ""
) -> tuple[str, list[Any]] | None:
    """Selects `column` of the rows that have all the words, with its values; None: no word is long enough.

    `mark`: three characters that they have too.
    """
    threes = grams(words)
    if not threes:
        return None
    held = bulk.holding(index, [mark, *threes] if mark else threes)
    conditions = [held.condition, _only(index, "t."), *(bulk.holds(f"t.{index.column}") for _word in words)]
    return f"SELECT t.{column} AS found FROM {held.source} WHERE {' AND '.join(conditions)}", [held.value, *words]


def looked_up(cursor: Any, found: tuple[str, list[Any]], *, most: int = FEW) -> list[Any]:
    """What the statement selects, `most` and one at most."""
    cursor.execute(f"{found[0]} LIMIT {most + 1}", found[1])
    return [value for (value,) in cursor.fetchall()]


def gathered(cursor: Any, bulk: Bulk, found: tuple[str, list[Any]], most: int) -> tuple[int, str]:
    """How many ids the statement selects, up to `most` and one, and these as one text, which nobody has to read: it is
    handed back to the database as it came (`bulk.list_of`).
    """
    cursor.execute(f"SELECT COUNT(*), {bulk.list_of('q.found')} FROM ({found[0]} LIMIT {most + 1}) q", found[1])
    count, ids = cursor.fetchone()
    return int(count), str(ids)


def make(schema_editor: Any, index: Grams) -> None:
    """Makes the index of what is there, within the migration's transaction. Raises StateUnusable."""
    is_postgresql = schema_editor.connection.vendor == "postgresql"
    if not is_postgresql:
        _check_sqlite()
    for statement in _postgresql(index) if is_postgresql else _sqlite(index):
        schema_editor.execute(statement)


def unmake(schema_editor: Any, index: Grams) -> None:
    """Takes the index away."""
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(f"DROP INDEX {index.name}")
        return
    for trigger in ("given", "taken", "changed"):
        schema_editor.execute(f"DROP TRIGGER {index.name}_{trigger}")
    schema_editor.execute(f"DROP TABLE {index.name}")


def _postgresql(index: Grams) -> list[str]:
    where = f" WHERE {_only(index, '')}" if index.only else ""
    return [
        FUNCTION,
        f"CREATE INDEX {index.name} ON {index.table} USING gin (tallystick_grams({index.column})){where}",
    ]


def _check_sqlite() -> None:
    with closing(sqlite3.connect(":memory:")) as database:
        try:
            database.execute(f"CREATE VIRTUAL TABLE t USING fts5(words, tokenize = '{TOKENS}')")
        except sqlite3.OperationalError as error:
            raise StateUnusable(
                f"SQLite {sqlite3.sqlite_version} of this Python cannot index parts of words.",
                hint="Use a Python whose SQLite is 3.34 or newer and has FTS5, or keep the data in PostgreSQL.",
            ) from error


def _sqlite(index: Grams) -> list[str]:
    name, table, column = index.name, index.table, index.column
    settings = f"content = '', columnsize = 0, detail = none, tokenize = '{TOKENS}'"

    def taken(row: str) -> str:  # an index without contents forgets what it is told word for word
        return (
            f"INSERT INTO {name} ({name}, rowid, {column}) "
            f"SELECT 'delete', {row}.number, {row}.{column} WHERE {_only(index, f'{row}.')};"
        )

    def given(row: str) -> str:
        values = f"SELECT {row}.number, {row}.{column} WHERE {_only(index, f'{row}.')};"
        return f"INSERT INTO {name} (rowid, {column}) {values}"

    changing = ", ".join([column, *(index.only[:1] if index.only else ())])
    return [
        f"CREATE VIRTUAL TABLE {name} USING fts5({column}, {settings})",
        f"INSERT INTO {name} (rowid, {column}) SELECT number, {column} FROM {table} WHERE {_only(index, '')}",
        f"CREATE TRIGGER {name}_given AFTER INSERT ON {table} BEGIN {given('new')} END",
        f"CREATE TRIGGER {name}_taken AFTER DELETE ON {table} BEGIN {taken('old')} END",
        f"CREATE TRIGGER {name}_changed AFTER UPDATE OF {changing} ON {table} BEGIN {taken('old')} {given('new')} END",
    ]


def _only(index: Grams, row: str) -> str:
    return f"{row}{index.only[0]} = '{index.only[1]}'" if index.only else "1 = 1"
