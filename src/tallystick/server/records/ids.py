"""Conditions on the id of a record that PostgreSQL answers by the index of the ids, whatever it believes of the rest.

Where it takes rows for many that are few, or none, it reads a whole list in its order to find the first of them.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from django.db.models import CharField, Lookup, Q, QuerySet
from django.db.models.sql import Query


def among(ids: Sequence[str]) -> Q:
    return Q(pk__among=ids)


def gathered(rows: QuerySet[Any, Any], most: int, column: str = "pk") -> Q:
    """One of the first ids that these rows give, in no order."""
    return Q(pk__gathered=rows.order_by().values(column)[:most])


def collected(statement: str, values: Sequence[Any]) -> Q:
    """One of the ids that a statement of its own selects, looked up one by one."""
    return Q(pk__collected=(statement, values))


def selected(statement: str, values: Sequence[Any]) -> Q:
    """The same, where the rows are read in some order and compared with the ids; the statement has a limit."""
    return Q(pk__selected=(statement, values))


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
        return f"{column} IN (SELECT value FROM json_each(%s))", (*values, json.dumps(self.rhs))

    def as_postgresql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        column, values = self.process_lhs(compiler, connection)
        return f"{column} = ANY(ARRAY(SELECT unnest(%s::text[])))", (*values, list(self.rhs))


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
class Collected(Lookup):
    """An id among those that a statement of its own selects. PostgreSQL is not to know how many these are."""

    lookup_name = "collected"
    prepare_rhs = False
    rhs: tuple[str, Sequence[Any]]

    def as_sql(self, compiler: Any, connection: Any, template: str = "{} IN ({})") -> tuple[str, tuple[Any, ...]]:
        column, values = self.process_lhs(compiler, connection)
        return template.format(column, self.rhs[0]), (*values, *self.rhs[1])

    def as_postgresql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        return self.as_sql(compiler, connection, template="{} = ANY(ARRAY({}))")


@CharField.register_lookup
class Selected(Lookup):
    """An id among those that a statement of its own selects, with its limit. It is carried out once: PostgreSQL knows
    by the limit that it can keep them, and by IS TRUE that it shall.
    """

    lookup_name = "selected"
    prepare_rhs = False
    rhs: tuple[str, Sequence[Any]]

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        column, values = self.process_lhs(compiler, connection)
        return f"({column} IN ({self.rhs[0]})) IS TRUE", (*values, *self.rhs[1])
