"""Record types of a server: how its collections are named in flows, and what can be done with them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from tallystick.connectors.dav.discover import Collection
from tallystick.connectors.dav.vocabulary import Vocabulary
from tallystick.errors import ConfigurationError, UnknownRecordType
from tallystick.model.schema import Capabilities, Description, RecordType

NAMES: Final = {"VCARD": "contacts", "VEVENT": "events", "VTODO": "tasks"}
"""Component of a body -> the first word of its record type."""

MOST_WRITES: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelf:
    """One record type: one kind of record in one collection."""

    name: str
    component: str
    collection: Collection


def shelves(collections: tuple[Collection, ...]) -> tuple[Shelf, ...]:
    """`contacts` where there is one address book, else `contacts/<collection>` for each; events and tasks alike."""
    found = []
    for component, word in NAMES.items():
        holding = [collection for collection in collections if component in collection.components]
        names = [collection.name for collection in holding]
        for collection in holding:
            short = collection.name if names.count(collection.name) == 1 else collection.url
            name = word if len(holding) == 1 else f"{word}/{short}"
            found.append(Shelf(name=name, component=component, collection=collection))
    return tuple(found)


def shelf_of(all_shelves: tuple[Shelf, ...], record: str) -> Shelf:
    """The shelf a flow means by `record`: its name, or kind/name, kind/title or kind/address of the collection.

    Raises UnknownRecordType when there is none, and ConfigurationError when a title is borne by several.
    """
    word, _, rest = record.partition("/")
    of_kind = [shelf for shelf in all_shelves if NAMES[shelf.component] == word]
    named = [shelf for shelf in of_kind if record == shelf.name or (rest and rest in _names(shelf.collection))]
    if len(named) > 1:
        choices = ", ".join(shelf.name for shelf in named)
        raise ConfigurationError(f"{record!r} means several collections.", hint=f"Write one of: {choices}.")
    if not named:
        names = ", ".join(shelf.name for shelf in all_shelves)
        raise UnknownRecordType(f"The server has no record type {record!r}.", hint=f"It has {names}.")
    return named[0]


def _names(collection: Collection) -> tuple[str, str, str]:
    return collection.name, collection.title, collection.url


def chosen(collections: tuple[Collection, ...], wanted: str | None) -> tuple[Collection, ...]:
    """The collections with the name or title `wanted`, or all. Raises ConfigurationError when there is none."""
    if wanted is None:
        return collections
    found = tuple(collection for collection in collections if wanted.strip("/") in (collection.name, collection.title))
    if not found:
        titles = ", ".join(collection.what for collection in collections)
        raise ConfigurationError(f"The server has no collection {wanted!r}.", hint=f"It has {titles}.")
    return found


def capabilities(collection: Collection) -> Capabilities:
    return Capabilities(
        changes=collection.has_sync,
        tombstones=collection.has_sync,
        versions=True,
        causes=True,
        reserve=True,
        idempotency=True,
        find=True,
        create=collection.can_create,
        update=collection.can_update,
        delete=collection.can_delete,
        max_writes=MOST_WRITES,
    )


def description(all_shelves: tuple[Shelf, ...], vocabulary: Callable[[str], Vocabulary], product: str) -> Description:
    return Description(
        connector="dav",
        product=product,
        record_types=tuple(
            RecordType(
                name=shelf.name,
                title=shelf.collection.title,
                other_names=tuple(f"{NAMES[shelf.component]}/{name}" for name in _names(shelf.collection)),
                fields=vocabulary(shelf.component).fields,
                key=(),
                capabilities=capabilities(shelf.collection),
            )
            for shelf in all_shelves
        ),
    )
