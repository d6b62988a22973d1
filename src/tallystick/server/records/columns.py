"""What a field of a record may be: Django columns that also say how the connector and the pages see them.

Values are kept as the database's own types, but for lists and documents, which are kept as their canonical text.
Every column that may be empty is null then: "" and null are different (spec/engine.md E9).
"""

# mypy: disable-error-code="type-arg"
from __future__ import annotations

from typing import Any, ClassVar

from django.db import models

from tallystick.model.value import FieldType
from tallystick.server.records.codes import Codes, Title


class Column:
    """What every column says besides its name. Mixed into a Django field."""

    value_type: ClassVar[FieldType] = FieldType.TEXT
    of: ClassVar[type[models.Field]]  # the Django field that migrations name
    codes: Codes | None = None
    refers_to: str | None = None  # name of a record type
    limit: int | None = None  # characters
    is_writable: bool = True
    is_required: bool = False
    is_long: bool = False  # edited in several lines

    def deconstruct(self) -> Any:
        """As the plain Django field, without titles: they are no matter of migrations."""
        name, _path, arguments, settings = super().deconstruct()  # type: ignore[misc]
        for word in ("verbose_name", "help_text"):
            settings.pop(word, None)
        return name, f"django.db.models.{self.of.__name__}", arguments, settings

    def clone(self) -> Any:
        """As migrations know it."""
        _name, _path, arguments, settings = self.deconstruct()
        return self.of(*arguments, **settings)


class Text(Column, models.CharField):
    """One line of text."""

    of = models.CharField

    def __init__(
        self,
        title: Title = "",
        length: int = 100,
        *,
        required: bool = False,
        codes: Codes | None = None,
        writable: bool = True,
        help_text: Title = "",
        **settings: Any,
    ) -> None:
        self.codes, self.is_required, self.is_writable, self.limit = codes, required, writable, length
        settings.setdefault("null", not required)
        super().__init__(title, max_length=length, help_text=help_text, **settings)


class LongText(Column, models.TextField):
    """Lines of text, `length` characters at most."""

    of = models.TextField
    is_long = True

    def __init__(self, title: Title = "", length: int = 32_000, *, required: bool = False, **settings: Any) -> None:
        self.is_required, self.limit = required, length
        settings.setdefault("null", not required)
        super().__init__(title, **settings)


class Texts(Column, models.TextField):
    """A list of texts; of codes, where `codes` are named."""

    of = models.TextField
    value_type = FieldType.LIST

    def __init__(self, title: Title = "", *, codes: Codes | None = None, **settings: Any) -> None:
        self.codes, self.limit = codes, 16_000
        settings.setdefault("null", True)
        super().__init__(title, **settings)


class References(Texts):
    """A list of ids of another record type."""

    def __init__(self, to: str, title: Title = "", **settings: Any) -> None:
        super().__init__(title, **settings)
        self.refers_to = to


class Document(Column, models.TextField):
    """A JSON document."""

    of = models.TextField
    value_type = FieldType.JSON
    is_long = True

    def __init__(self, title: Title = "", **settings: Any) -> None:
        self.limit = 64_000
        settings.setdefault("null", True)
        super().__init__(title, **settings)


class Whole(Column, models.BigIntegerField):
    """A whole number of 64 bits, or between `least` and `most`."""

    of = models.BigIntegerField
    value_type = FieldType.INTEGER

    def __init__(
        self, title: Title = "", *, least: int = -(2**63), most: int = 2**63 - 1, writable: bool = True, **settings: Any
    ) -> None:
        self.least, self.most, self.is_writable = least, most, writable
        settings.setdefault("null", True)
        super().__init__(title, **settings)


class Amount(Column, models.DecimalField):
    """A number with 4 decimal places, 15 digits in all: what SQLite keeps exactly."""

    of = models.DecimalField
    value_type = FieldType.DECIMAL

    def __init__(self, title: Title = "", **settings: Any) -> None:
        for name, value in (("max_digits", 15), ("decimal_places", 4), ("null", True)):
            settings.setdefault(name, value)
        super().__init__(title, **settings)


class Flag(Column, models.BooleanField):
    of = models.BooleanField
    value_type = FieldType.BOOLEAN


class Day(Column, models.DateField):
    of = models.DateField
    value_type = FieldType.DATE

    def __init__(self, title: Title = "", **settings: Any) -> None:
        settings.setdefault("null", True)
        super().__init__(title, **settings)


class Moment(Column, models.DateTimeField):
    of = models.DateTimeField
    value_type = FieldType.DATETIME

    def __init__(self, title: Title = "", *, writable: bool = True, **settings: Any) -> None:
        self.is_writable = writable
        settings.setdefault("null", True)
        super().__init__(title, **settings)


class Reference(Column, models.ForeignKey):
    """The id of a record of another type. A record that is referred to is only ever deleted softly."""

    of = models.ForeignKey

    def __init__(self, to: Any, title: Title = "", *, required: bool = False, **settings: Any) -> None:
        self.is_required = required
        settings.setdefault("null", not required)
        settings.setdefault("on_delete", models.PROTECT)
        settings.setdefault("related_name", "+")
        super().__init__(to, verbose_name=title, **settings)
