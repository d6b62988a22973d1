"""How a connection has been doing: kept whenever it is tried, in a test or in a run."""

from __future__ import annotations

from django.db.models import Case, F, Value, When
from django.utils import timezone

from tallystick.errors import TallystickError
from tallystick.server.connections.models import Connection, Health


def note(connection: int, error: TallystickError | None, *, found: str = "") -> None:
    """It answered (`error` is None), and `found` was found; or it failed. One statement; nothing is raised for it."""
    now = timezone.now()
    state = Health.OK if error is None else Health.FAILING
    since = Case(When(health=state, then=F("health_since")), default=Value(now))
    words: dict[str, str] = {"health_message": found} if found else {}
    if error is not None:
        words = {"health_message": error.message, "health_hint": error.hint, "health_code": error.code}
    rows = Connection.objects.filter(pk=connection)
    if error is None:
        words |= {"health_hint": "", "health_code": ""}
        if not found:  # a run: what the last test found stays, an error does not
            rows.filter(health=Health.FAILING).update(health_message="")
    rows.update(health_since=since, health=state, seen_at=now, **words)
