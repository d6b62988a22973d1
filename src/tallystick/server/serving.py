"""Starts the hub in one process: its data folder and database, then the web with whatever stands beside it.

Importing this module imports no Django; what does is imported once the configuration is known to be right.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from tallystick.errors import ConfigurationError
from tallystick.server.configuration import Configuration, ensure_keys

if TYPE_CHECKING:
    from waitress.server import BaseWSGIServer

SETTINGS: Final = "tallystick.server.settings"
THREADS: Final = 16
MIGRATING_TIMEOUT_S: Final = 300.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """`welcome` is the path of the page that makes the first administrator; empty once there is a person."""

    configuration: Configuration
    welcome: str


def prepare(*, keep: Callable[[BaseException], str] | None = None) -> Prepared:
    """Makes the data folder and the keys, and brings the database up to date, under a lock against other processes.

    `keep` writes unforeseen errors down and gives their reference. Raises ConfigurationError, StateUnusable,
    StateTooNew, SignInFailed, Unreachable.
    """
    data = Configuration.from_environment().data
    try:
        data.mkdir(mode=0o700, parents=True, exist_ok=True)
        ensure_keys(data)
    except OSError as error:
        raise ConfigurationError(
            f"The data folder {data} cannot be used: {error.strerror}.",
            hint="Name a folder that may be written with --data or TALLYSTICK_DATA.",
        ) from error
    configuration = Configuration.from_environment()
    os.environ["DJANGO_SETTINGS_MODULE"] = SETTINGS
    import django

    from tallystick.runs.frugal import live_long

    live_long()
    django.setup()
    from django.urls import get_resolver

    from tallystick.server.people.domain.first import welcome_path
    from tallystick.server.ui.mishaps import keep_by

    if keep is not None:
        keep_by(keep)
    _migrate(configuration)
    _ = get_resolver().url_patterns  # pages that cannot be loaded are told now, not as an empty answer to each request
    return Prepared(configuration=configuration, welcome=welcome_path())


@contextmanager
def serving(host: str, port: int) -> Iterator[Serving]:
    """Listens, and has the companions of all apps beside it; call `run` to answer. After `prepare`.

    Port 0 takes a free one. Raises ConfigurationError when the port cannot be had.
    """
    from django.apps import apps
    from waitress import create_server

    from tallystick.server.outermost import guarded
    from tallystick.server.warming import warm_up
    from tallystick.server.wsgi import application

    try:
        server: Any = create_server(
            guarded(application),
            host=host,
            port=port,
            threads=THREADS,
            ident="",
            channel_timeout=120,
            max_request_body_size=256 * 1024 * 1024,
            clear_untrusted_proxy_headers=False,  # ui.middleware.behind_proxies judges them
        )
    except OSError as error:
        raise ConfigurationError(
            f"Port {port} on {host} cannot be had: {error.strerror}.", hint="Name another one with --port."
        ) from error
    with ExitStack() as beside:
        beside.callback(server.close)
        warm_up(application)  # it listens, and answers from `run` on
        for config in apps.get_app_configs():
            companion = getattr(config, "companion", None)
            if companion is not None:
                beside.enter_context(companion())
        yield Serving(server)


class Serving:
    """A hub that listens."""

    def __init__(self, server: BaseWSGIServer) -> None:
        self._server = server

    @property
    def port(self) -> int:
        return int(self._server.effective_port)

    def run(self) -> None:
        """Answers until a signal ends the process."""
        self._server.run()


def _migrate(configuration: Configuration) -> None:
    from django.apps import apps
    from django.core.management import call_command
    from django.db import connection

    from tallystick.server.state.address import address_of
    from tallystick.server.state.database import Database
    from tallystick.server.state.failures import told
    from tallystick.server.state.lock import hold
    from tallystick.server.state.migrating import WholeMigrations

    database = Database(address_of(configuration.database_url))
    with (
        told(database.address.title),
        hold(database, "migrations", timeout_s=MIGRATING_TIMEOUT_S),
    ):
        executor = WholeMigrations(connection)
        _refuse_newer(executor, database.address.title)
        executor.migrate(executor.loader.graph.leaf_nodes())
        # What follows from migrations (permissions, roles, delivered codes): nothing when all of it is there.
        call_command("migrate", verbosity=0, interactive=False)
        call_command("clearsessions", verbosity=0)
    apps.clear_cache()  # which keeps the models as migrations had them, as large as our own
    if database.address.file is not None:
        _only_for_owner(database.address.file)


def _refuse_newer(executor: Any, title: str) -> None:
    from django.apps import apps

    from tallystick.errors import StateTooNew

    ours = {config.label for config in apps.get_app_configs() if config.name.startswith("tallystick.")}
    unknown = sorted(
        f"{label} {name}"
        for label, name in executor.loader.applied_migrations
        if label in ours and (label, name) not in executor.loader.disk_migrations
    )
    if unknown:
        raise StateTooNew(
            f"The database {title} was written by a newer version (it has {unknown[-1]}).",
            hint="Install that version again, or restore a backup from before.",
        )


def _only_for_owner(file: Path) -> None:
    """It holds what people entrust to the hub."""
    if file.exists() and file.stat().st_uid == os.geteuid():
        file.chmod(0o600)
