"""Where the state and the jobs of this hub are."""

from __future__ import annotations

from functools import lru_cache
from urllib.parse import quote, urlsplit

from django.conf import settings
from django.db import connection

from tallystick.runs.jobs import Jobs, open_jobs
from tallystick.server.configuration import Configuration
from tallystick.server.state.address import address_of


def state_url() -> str:
    """The hub's own database, as `open_store` takes it."""
    configuration: Configuration = settings.CONFIGURATION
    kept = connection.settings_dict
    if str(address_of(configuration.database_url).settings["NAME"]) == str(kept["NAME"]):
        return configuration.database_url
    if connection.vendor == "sqlite":  # a test has a database of its own
        return f"sqlite:///{kept['NAME']}"
    return urlsplit(configuration.database_url)._replace(path=f"/{quote(kept['NAME'])}").geturl()


def jobs() -> Jobs:
    """The database of jobs beside it, kept open. Raises StateUnusable or Unreachable."""
    return _jobs(state_url())


@lru_cache(maxsize=4)
def _jobs(url: str) -> Jobs:
    return open_jobs(url)
