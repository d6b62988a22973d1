"""A system as the engine sees it: Reader, Probe and Writer, which every connector implements."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol, runtime_checkable

from tallystick.model.record import Batch, Record
from tallystick.model.schema import Description
from tallystick.model.selection import Selection
from tallystick.model.value import Value
from tallystick.model.write import Outcome, Write


class Known(Protocol):
    """The versions the hub holds, so that a reader need not fetch what did not change."""

    def versions(self) -> Mapping[str, str]:
        """id -> version of every record of this scope and side that has one. Loaded on first use."""
        ...


class Reader(Protocol):
    def describe(self) -> Description:
        """What the system offers now, read from the system, not remembered."""
        ...

    def listing(self, selection: Selection, known: Known) -> Iterator[Batch]:
        """All records that pass the filter, batch by batch, in bounded memory (E4).

        The last batch carries an `End`; its cursor is where increments go on from the moment *before* this
        listing began. A key that occurs twice raises KeyNotUnique or is left to the caller, who checks too.
        Raises UnknownRecordType, UnknownField, CollectionGone, SignInFailed, PermissionRefused,
        Unreachable, Throttled, SystemFault.
        """
        ...

    def changes(self, selection: Selection, cursor: str, known: Known) -> Iterator[Batch]:
        """Records changed since `cursor`, with overlap (E3); records may come that did not change.

        Records that no longer pass the filter come as absences with Cause.OUT_OF_FILTER, deletions as absences
        where the system can tell. Raises CursorRefused when only a full listing helps.
        """
        ...

    def close(self) -> None: ...


class Probe(Protocol):
    def fetch(self, selection: Selection, ids: Sequence[str], *, is_whole: bool = False) -> Batch:
        """The records with these ids as they are now; for every other id an absence with its cause (E2).

        A record that exists but fails the filter is an absence with Cause.OUT_OF_FILTER. With `is_whole` every
        readable field comes, selected or not, and the filter is not applied: enough to create the record
        again as it was (undo of a delete).
        """
        ...

    def find(self, selection: Selection, values: Mapping[str, Value]) -> Sequence[Record]:
        """Records whose fields equal all of `values`, at most 10, whether or not they pass the filter.

        How a lost create is settled (E28).
        """
        ...


class Writer(Protocol):
    def reserve(self, selection: Selection, values: Sequence[Mapping[str, Value]]) -> Sequence[str | None]:
        """An id for each record about to be created with these values, known before the write (E28).

        None where the system assigns the id itself. An id is never handed out twice by one connection.
        """
        ...

    def write(self, selection: Selection, writes: Sequence[Write]) -> Sequence[Outcome]:
        """Carries out up to `max_writes` writes, each on its own; outcomes in the order of `writes`.

        Raises Unreachable, SignInFailed or PermissionRefused only when certainly nothing was written; whatever
        may have been written comes back as UNKNOWN.
        """
        ...


class System(Reader, Probe, Writer, Protocol):
    """An open connection to one system."""


class Feed(Protocol):
    """Hears from a system that records changed (E38). Not which: the run that follows finds that by itself."""

    def wait(self, duration_s: float) -> bool:
        """Waits until something changed since the last call, at most so long; whether it did.

        The first call begins to listen. Raises SignInFailed, Unreachable and the like; then the feed is at its end.
        """
        ...

    def close(self) -> None: ...


@runtime_checkable
class Feeding(Protocol):
    """A system that may be able to tell. Its connector has a setting `feed`."""

    def feed(self) -> Feed | None:
        """A new feed; None where its settings ask for none. Raises ConfigurationError where there cannot be one."""
        ...
