"""What a fault is: a frozen value that gives a layer over a system."""

from __future__ import annotations

import enum
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from tallystick.errors import (
    CollectionGone,
    PermissionRefused,
    SignInFailed,
    SystemFault,
    TallystickError,
    Throttled,
    Unreachable,
)
from tallystick.model.record import ID, Batch, Record
from tallystick.model.schema import Description
from tallystick.model.selection import Selection
from tallystick.model.value import Value
from tallystick.model.write import Outcome, Write
from tallystick.ports.system import Feed, Feeding, Known, System
from tallystick.ports.world import Clock

ALWAYS: Final = 1_000_000_000


class Call(enum.StrEnum):
    """The calls of a system that a fault can be told to hit."""

    DESCRIBE = "describe"
    LISTING = "listing"
    CHANGES = "changes"
    FETCH = "fetch"
    FIND = "find"
    RESERVE = "reserve"
    WRITE = "write"


READS: Final = frozenset({Call.LISTING, Call.CHANGES})


class Layer:
    """Implements ports.system.System and Feeding by passing everything on; a fault overrides what it changes."""

    def __init__(self, inner: System) -> None:
        self.inner = inner
        self.fired = 0  # how many times the fault showed

    def describe(self) -> Description:
        return self.inner.describe()

    def listing(self, selection: Selection, known: Known) -> Iterator[Batch]:
        return self.inner.listing(selection, known)

    def changes(self, selection: Selection, cursor: str, known: Known) -> Iterator[Batch]:
        return self.inner.changes(selection, cursor, known)

    def fetch(self, selection: Selection, ids: Sequence[str], *, is_whole: bool = False) -> Batch:
        return self.inner.fetch(selection, ids, is_whole=is_whole)

    def find(self, selection: Selection, values: Mapping[str, Value]) -> Sequence[Record]:
        return self.inner.find(selection, values)

    def reserve(self, selection: Selection, values: Sequence[Mapping[str, Value]]) -> Sequence[str | None]:
        return self.inner.reserve(selection, values)

    def write(self, selection: Selection, writes: Sequence[Write]) -> Sequence[Outcome]:
        return self.inner.write(selection, writes)

    def feed(self) -> Feed | None:
        return self.inner.feed() if isinstance(self.inner, Feeding) else None

    def close(self) -> None:
        self.inner.close()


class BatchLayer(Layer):
    """A layer that changes records however they are read: in a listing, in changes, by fetch and by find."""

    def seen(self, batch: Batch, selection: Selection) -> Batch:
        """What becomes of a batch on its way to the hub."""
        return batch

    def listing(self, selection: Selection, known: Known) -> Iterator[Batch]:
        return (self.seen(batch, selection) for batch in self.inner.listing(selection, known))

    def changes(self, selection: Selection, cursor: str, known: Known) -> Iterator[Batch]:
        return (self.seen(batch, selection) for batch in self.inner.changes(selection, cursor, known))

    def fetch(self, selection: Selection, ids: Sequence[str], *, is_whole: bool = False) -> Batch:
        return self.seen(self.inner.fetch(selection, ids, is_whole=is_whole), selection)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault(ABC):
    """Declares what goes wrong. Values compare and can be kept in a plan; what was counted lives in the layer."""

    @abstractmethod
    def over(self, inner: System, clock: Clock) -> Layer: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class CallFault(Fault):
    """Hits `times` calls in a row, beginning with the `at`-th (from 1) of those that it counts."""

    at: int = 1
    times: int = 1

    def hits(self, number: int) -> bool:
        return self.at <= number < self.at + self.times


def error_of(status: int | None, retry_after_s: float | None = None) -> TallystickError:
    """The error that a connector makes of this answer to a read; None is no answer."""
    match status:
        case None:
            return Unreachable("The system does not answer.", hint="Try again later.")
        case HTTPStatus.UNAUTHORIZED:
            return SignInFailed("The system refused the sign-in (401).", hint="Check user name and password.")
        case HTTPStatus.FORBIDDEN:
            return PermissionRefused("The system refused access (403).", hint="Check the permissions of the user.")
        case HTTPStatus.NOT_FOUND:
            return CollectionGone("The collection is not there (404).", hint="Check its address.")
        case HTTPStatus.TOO_MANY_REQUESTS | HTTPStatus.SERVICE_UNAVAILABLE:
            return Throttled(f"The system asks to slow down ({int(status)}).", retry_after_s=retry_after_s)
        case _:
            return SystemFault(f"The system answered {int(status)}.", hint="Try again later.")


def ids_now(inner: System, record: str) -> set[str]:
    """The ids of all records that the system itself has, whatever faults are between; these count nothing."""
    while isinstance(inner, Layer):
        inner = inner.inner
    selection = Selection(record=record, fields=())
    return {id for batch in inner.listing(selection, _NothingKnown()) for id in batch.records.column(ID).to_pylist()}


class _NothingKnown:
    def versions(self) -> Mapping[str, str]:
        return {}
