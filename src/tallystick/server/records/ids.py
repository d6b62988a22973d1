"""Conditions on the id of a record that PostgreSQL answers by the index of the ids, whatever it believes of the rest.

Where it takes rows for many that are few, or none, it reads a whole list in its order to find the first of them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

from django.db.models import CharField, Lookup, Q, QuerySet
from django.db.models.sql import Query


def among(ids: Sequence[str]) -> Q:
    """One of these ids, or of a text of them (`Bulk.list_of`), looked up one by one."""
    return Q(pk__among=ids)


def gathered(rows: QuerySet[Any, Any], most: int, column: str = "pk") -> Q:
    """One of the first ids that these rows give, in no order."""
    return Q(pk__gathered=rows.order_by().values(column)[:most])


def compared(ids: str) -> Q:
    """One of very many ids (`Bulk.list_of`), for rows that are read in some order whatever their ids."""
    return Q(pk__compared=ids)


@CharField.register_lookup
class Among(Lookup):
    """An id among very many, handed over as one value. PostgreSQL is not to know how many: it would rather read a list
    in its order, comparing each with all of them, than look these few up and sort them.
    """

    lookup_name = "among"
    prepare_rhs = False
    rhs: Sequence[str]

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        column, values = self.process_lhs(compiler, connection)
        return f"{column} IN (SELECT value FROM json_each(%s))", (*values, self._given(json.dumps))

    def as_postgresql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        column, values = self.process_lhs(compiler, connection)
        return f"{column} = ANY(ARRAY(SELECT unnest(%s::text[])))", (*values, self._given(list))

    def _given(self, written: Callable[[Sequence[str]], Any]) -> Any:
        return self.rhs if isinstance(self.rhs, str) else written(self.rhs)


@CharField.register_lookup
class Gathered(Lookup):
    """An id among those that other rows give: `rhs` is the query for a column of these, with a limit."""

    lookup_name = "gathered"
    prepare_rhs = False
    rhs: Query

    def as_sql(self, compiler: Any, connection: Any, template: str = "{} IN ({})") -> tuple[str, tuple[Any, ...]]:
        column, values = self.process_lhs(compiler, connection)
        statement, more = self.rhs.get_compiler(connection=connection).as_sql()
        return template.format(column, statement), (*values, *more)

    def as_postgresql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        return self.as_sql(compiler, connection, template="{} = ANY(ARRAY({}))")


@CharField.register_lookup
class Compared(Lookup):
    """An id among very many, which each row is compared with: IS TRUE keeps both databases from looking these up.

    PostgreSQL hashes them, whatever its `work_mem`, as they stand in the statement themselves.
    """

    lookup_name = "compared"
    prepare_rhs = False
    rhs: str

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        column, values = self.process_lhs(compiler, connection)
        return f"({column} IN (SELECT value FROM json_each(%s))) IS TRUE", (*values, self.rhs)

    def as_postgresql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        column, values = self.process_lhs(compiler, connection)
        return f"({column} = ANY(%s::text[])) IS TRUE", (*values, self.rhs)
