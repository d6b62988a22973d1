"""Opens the Request Tracker that a connection of the hub reaches, and keeps in mind how it does."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.utils.translation import gettext as _

from tallystick.connectors.request_tracker.client import RequestTracker, TicketGone, TicketMoved
from tallystick.connectors.request_tracker.system import RequestTrackerSystem
from tallystick.errors import ConfigurationError, RecordError, TallystickError, Throttled
from tallystick.runs.world import SystemClock, TimeIds
from tallystick.server.connections import health, vault
from tallystick.server.connections.models import Connection
from tallystick.server.connections.opening import open_system

CONNECTOR = "request_tracker"


@contextmanager
def opened(name: str) -> Iterator[RequestTracker]:
    """Raises ConfigurationError, AddressRefused, and within the block what the system raises; its health is noted."""
    connection = Connection.objects.filter(name=name).first()
    if connection is None or connection.connector != CONNECTOR:
        raise ConfigurationError(
            _("There is no connection {name} to a Request Tracker.").format(name=name),
            hint=_("Add it under Systems, or name another."),
        )
    given = {**connection.settings, **vault.opened(connection.secrets)}
    system = open_system(connection.connector, given, clock=SystemClock(), ids=TimeIds(), is_impatient=True)
    if not isinstance(system, RequestTrackerSystem):
        raise TypeError("the connector request_tracker opens a RequestTrackerSystem")
    try:
        yield system.tickets
    except (RecordError, TicketGone, TicketMoved, Throttled):  # they say nothing of the system
        raise
    except TallystickError as error:
        health.note(connection.pk, error)
        raise
    else:
        health.note(connection.pk, None)
    finally:
        system.close()
