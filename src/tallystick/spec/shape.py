"""What the shapes of the integration file are made of: mappings, lists with faulty items, short and long forms."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, ClassVar, Final, TypeVar

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, ValidationInfo, WrapValidator, field_validator

from tallystick.spec import leaves
from tallystick.spec.leaves import Code, Present, Text

WORD: Final = "\u2192word"
LIST: Final = "\u2192list"
MAPPING: Final = "\u2192mapping"
TAGS: Final = frozenset({WORD, LIST, MAPPING})
"""Which form of a key was written; they occur in Pydantic's locations and in no message."""

OMITTED: Final[Any] = object()
"""Stands in a list for an item that was found faulty, so that the items after it keep their numbers."""

T = TypeVar("T")


def present(items: Sequence[T]) -> Iterator[tuple[int, T]]:
    """Number and item of all items that are not faulty."""
    return ((number, item) for number, item in enumerate(items) if item is not OMITTED)


SKIP: Final = WrapValidator(lambda value, handler: value if value is OMITTED else handler(value))
"""Lets a faulty item of a list pass."""

_ONE_OR_LIST = Discriminator(lambda value: LIST if isinstance(value, list) else WORD)
WORD_OR_MAPPING: Final = Discriminator(lambda value: MAPPING if isinstance(value, Mapping | BaseModel) else WORD)

Names = Annotated[
    Annotated[Text, Tag(WORD)] | Annotated[list[Annotated[Text, SKIP]], Field(min_length=1), Tag(LIST)],
    _ONE_OR_LIST,
]
"""One name or a list of names."""

Values = Annotated[
    Annotated[Present, Tag(WORD)] | Annotated[list[Annotated[Present, SKIP]], Field(min_length=1), Tag(LIST)],
    _ONE_OR_LIST,
]
"""One value or a list of values."""

CodeValues = Annotated[
    Annotated[Code, Tag(WORD)] | Annotated[list[Annotated[Code, SKIP]], Field(min_length=1), Tag(LIST)],
    _ONE_OR_LIST,
]
"""One code or a list of codes, the default first."""


class Shape(BaseModel):
    """A mapping of the file: no key but those named, none without a value, nothing converted in silence."""

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)

    takes_null: ClassVar[frozenset[str]] = frozenset()

    @field_validator("*", mode="before")
    @classmethod
    def _has_value(cls, value: Any, info: ValidationInfo) -> Any:
        if value is None and info.field_name not in cls.takes_null:
            leaves.refuse("The key has no value.", "Write one, or leave the key out.")
        return value
