"""Ids as columns: compared byte by byte, indexed whatever their length."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.base.schema import BaseDatabaseSchemaEditor


class IdText(models.TextField):  # type: ignore[type-arg]
    """An id some system gave: equal only when every byte is, whatever the database's own collation."""

    def db_parameters(self, connection: BaseDatabaseWrapper) -> Any:
        parameters: dict[str, Any] = dict(super().db_parameters(connection))
        if connection.vendor == "postgresql":
            parameters["collation"] = "C"
        return parameters


class IdIndex(models.Index):
    """An index that ends in an id, or starts with one; `is_unique` makes it a constraint.

    PostgreSQL indexes the id's MD5, because an index row there holds 2,700 bytes at most and an id of 1,000
    characters may take 4,000. Statements find rows through `Bulk.among`, which asks for it in the same form.
    """

    def __init__(self, *, fields: Sequence[str], name: str, is_unique: bool = False) -> None:
        super().__init__(fields=list(fields), name=name)
        self.is_unique = is_unique

    def deconstruct(self) -> Any:
        path, expressions, settings = super().deconstruct()
        if self.is_unique:
            settings["is_unique"] = True
        return path, expressions, settings

    def create_sql(
        self, model: type[models.Model], schema_editor: BaseDatabaseSchemaEditor, using: str = "", **kwargs: Any
    ) -> Any:
        quote = schema_editor.quote_name
        is_postgresql = schema_editor.connection.vendor == "postgresql"
        columns = []
        for name in self.fields:
            field = model._meta.get_field(name)
            column = quote(str(getattr(field, "column", name)))
            columns.append(f"md5({column})" if is_postgresql and isinstance(field, IdText) else column)
        kind = "UNIQUE INDEX" if self.is_unique else "INDEX"
        return f"CREATE {kind} {quote(self.name)} ON {quote(model._meta.db_table)} ({', '.join(columns)})"
