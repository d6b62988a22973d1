"""Request Tracker as a system of the hub: it is reached, tried and watched like any other, and offers no records."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NoReturn

from pydantic import SecretStr

from tallystick.connectors.http.client import HttpClient
from tallystick.connectors.request_tracker.client import RequestTracker
from tallystick.connectors.request_tracker.settings import Settings
from tallystick.errors import UnknownRecordType
from tallystick.model.record import Batch, Record
from tallystick.model.schema import Description
from tallystick.model.selection import Selection
from tallystick.model.value import Value
from tallystick.model.write import Outcome, Write
from tallystick.ports.system import Known
from tallystick.ports.world import Clock

REST: str = "/REST/2.0"


class RequestTrackerSystem:
    """Implements ports.system.System without a record type. `tickets` is what messages go over."""

    def __init__(self, tickets: RequestTracker) -> None:
        self.tickets = tickets

    def describe(self) -> Description:
        version = self.tickets.version().partition("+")[0]
        return Description(connector="request_tracker", record_types=(), product=f"Request Tracker {version}")

    def listing(self, selection: Selection, known: Known) -> Iterator[Batch]:
        _no_records(selection)

    def changes(self, selection: Selection, cursor: str, known: Known) -> Iterator[Batch]:
        _no_records(selection)

    def fetch(self, selection: Selection, ids: Sequence[str], *, is_whole: bool = False) -> Batch:
        _no_records(selection)

    def find(self, selection: Selection, values: Mapping[str, Value]) -> Sequence[Record]:
        _no_records(selection)

    def reserve(self, selection: Selection, values: Sequence[Mapping[str, Value]]) -> Sequence[str | None]:
        _no_records(selection)

    def write(self, selection: Selection, writes: Sequence[Write]) -> Sequence[Outcome]:
        _no_records(selection)

    def close(self) -> None:
        self.tickets.close()


def open_system(settings: Settings, *, folder: Path, clock: Clock) -> RequestTrackerSystem:
    """Raises ConfigurationError for an address or a certificate file that cannot be used."""
    if settings.ca_file is not None:
        settings = settings.model_copy(update={"ca_file": folder / settings.ca_file})
    base = settings.url.rstrip("/").removesuffix(REST)
    token = settings.token.get_secret_value()
    # Request Tracker has a scheme of its own for tokens; the client below would send it as that of OAuth
    http = HttpClient(settings.model_copy(update={"token": SecretStr("")}), origins=(base,), clock=clock)
    return RequestTrackerSystem(RequestTracker(http, base=base + REST, token=token))


def _no_records(selection: Selection) -> NoReturn:
    raise UnknownRecordType(
        f"Request Tracker offers no record type {selection.record!r}: its tickets talk to maintenance by messages.",
        hint="Connect a queue on the page Request Tracker of the hub.",
    )
