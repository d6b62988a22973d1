"""Opens the state. Importing this module imports no Django: that takes half a second and many commands need none."""

from __future__ import annotations

from tallystick.ports.store import Store
from tallystick.ports.world import Clock


def open_store(url: str, *, clock: Clock) -> Store:
    """The state kept at `url` (`sqlite:///file.db`, `postgresql://…`), made or brought up to date when needed.

    Several may be open in one process, of one database or of several, and every thread may use them. `clock`
    sleeps while another process keeps the database from being opened.

    Raises ConfigurationError (the URL), StateUnusable, StateTooNew, SignInFailed or Unreachable; no message
    holds the URL's password.
    """
    from tallystick.server.state.address import address_of
    from tallystick.server.state.database import Database
    from tallystick.server.state.kept import DatabaseStore
    from tallystick.server.state.schema import bring_up_to_date

    database = Database(address_of(url))
    bring_up_to_date(database, clock)
    return DatabaseStore(database)
