"""Two SQLite databases of any size and the integration file between them, for measuring."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

TEXTS, NUMBERS, DATES = 12, 5, 3
FIELDS = (
    *(f"t{n}" for n in range(TEXTS)),
    *(f"n{n}" for n in range(NUMBERS)),
    *(f"d{n}" for n in range(DATES)),
)
NOW = "strftime('%Y-%m-%d %H:%M:%f', 'now')"


def row(number: int, values: random.Random) -> tuple[object, ...]:
    texts = [f"value {n} of {number} {values.random():.6f}" for n in range(TEXTS)]
    dates = [f"20{(number + n) % 30:02d}-01-{1 + number % 28:02d}" for n in range(DATES)]
    return (*texts, *(number * n for n in range(NUMBERS)), *dates)


def rows(count: int) -> Iterator[tuple[object, ...]]:
    values = random.Random(1)
    for number in range(count):
        yield (f"K{number:08d}", *row(number, values), stamp(number))


def stamp(number: int) -> str:
    """Moments spread over 2025, half a minute apart."""
    return (datetime(2025, 1, 1, tzinfo=UTC) + timedelta(seconds=30 * (number % 1_000_000))).strftime(
        "%Y-%m-%d %H:%M:%S.000"
    )


def make_table(path: Path, count: int) -> None:
    """A database with the table `record`: a text key, 20 fields, a stamp of the last change."""
    path.unlink(missing_ok=True)
    columns = ", ".join(
        [
            *(f"t{n} text" for n in range(TEXTS)),
            *(f"n{n} integer" for n in range(NUMBERS)),
            *(f"d{n} date" for n in range(DATES)),
        ]
    )
    with sqlite3.connect(path) as database:
        database.execute("pragma journal_mode = wal")
        database.execute(f"create table record (id text primary key, {columns}, updated_at text)")
        marks = ", ".join("?" * (len(FIELDS) + 2))
        database.executemany(f"insert into record values ({marks})", rows(count))
        database.execute("create index record_updated_at on record (updated_at)")
    database.close()


def make_world(folder: Path, *, left: int, right: int) -> Path:
    """Two databases in `folder`, equal as far as both go, and the integration file between them; gives the file."""
    folder.mkdir(parents=True, exist_ok=True)
    make_table(folder / "left.db", left)
    make_table(folder / "right.db", right)
    lines = "\n".join(f"      - {{left: {name}, right: {name}}}" for name in FIELDS)
    file = folder / "world.yaml"
    file.write_text(
        f"""\
integration: world
systems:
  left: {{connector: sql, url: "sqlite:///left.db"}}
  right: {{connector: sql, url: "sqlite:///right.db"}}
flows:
  - flow: records
    left: {{system: left, record: record, key: id, changed: updated_at}}
    right: {{system: right, record: record, key: id, changed: updated_at}}
    fields:
{lines}
    guards: {{delete: none, create: none, change: none, shrink: none}}
""",
        encoding="utf-8",
    )
    return file


def change(path: Path, *, every: int, offset: int, field: str = "t0") -> int:
    """Edits every `every`-th record from `offset` on, as a user of that database would; how many."""
    with sqlite3.connect(path) as database:
        changed = database.execute(
            f"update record set {field} = {field} || ' edited in {path.stem}', updated_at = {NOW}"
            f" where cast(substr(id, 2) as integer) % ? = ?",
            (every, offset),
        ).rowcount
    database.close()
    return changed
