"""The URL of a state database: what Django needs to know of it, and what may be shown of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote

from tallystick.errors import ConfigurationError

BUSY_TIMEOUT_S: Final = 60
PRAGMAS: Final = (
    "PRAGMA page_size = 8192",  # of a file that is made; rows are some kilobytes wide
    "PRAGMA journal_mode = WAL",
    "PRAGMA wal_autocheckpoint = 8000",  # pages
    "PRAGMA synchronous = FULL",  # docs/adr/0002-state-in-django.md
    "PRAGMA journal_size_limit = 67108864",  # bytes
)
CACHE_KIB: Final = 65_536  # of each connection, and each thread has one
HINT: Final = "Write sqlite:///file.db or postgresql://user:password@host/database."


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """`settings` is an entry of Django's DATABASES; `title` names the database without a password."""

    settings: dict[str, Any]
    title: str
    file: Path | None  # of SQLite

    @property
    def identity(self) -> tuple[object, ...]:
        """Equal for two addresses of one database."""
        return tuple(self.settings.get(name, "") for name in ("ENGINE", "NAME", "HOST", "PORT", "USER"))


def address_of(url: str, *, cache_kib: int = CACHE_KIB) -> Address:
    """Reads `sqlite:///relative.db`, `sqlite:////absolute.db` or a PostgreSQL URL as libpq takes it. `cache_kib` is
    what SQLite keeps of the file in the memory of one connection.

    Raises ConfigurationError, which never repeats the URL: it may hold a password.
    """
    scheme, separator, rest = url.partition("://")
    if not separator:
        raise ConfigurationError("The URL of the state database is not one.", hint=HINT)
    match scheme:
        case "sqlite":
            return _sqlite(rest, cache_kib)
        case "postgresql" | "postgres":
            return _postgresql(f"postgresql://{rest}")
    raise ConfigurationError(f"The state cannot be kept in a database of the kind {scheme!r}.", hint=HINT)


def _sqlite(rest: str, cache_kib: int) -> Address:
    path = unquote(rest.partition("?")[0].removeprefix("/"))
    if not path or path == ":memory:" or not rest.startswith("/"):
        raise ConfigurationError("The URL of the state database names no file.", hint=HINT)
    file = Path(path).absolute()
    return Address(
        settings={
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": str(file),
            "OPTIONS": {
                "timeout": BUSY_TIMEOUT_S,
                "transaction_mode": "IMMEDIATE",
                "init_command": "; ".join((*PRAGMAS, f"PRAGMA cache_size = -{cache_kib}")),
            },
        },
        title=str(file),
        file=file,
    )


def _postgresql(url: str) -> Address:
    from psycopg import ProgrammingError
    from psycopg.conninfo import conninfo_to_dict

    try:
        parts: dict[str, Any] = dict(conninfo_to_dict(url))
    except ProgrammingError:
        raise ConfigurationError("The URL of the state database cannot be read.", hint=HINT) from None
    name, user, password = (str(parts.pop(part, "")) for part in ("dbname", "user", "password"))
    host, port = (str(parts.pop(part, "")) for part in ("host", "port"))
    if not name:
        raise ConfigurationError("The URL of the state database names no database.", hint=HINT)
    if not all(part.isdigit() for part in port.split(",") if part):  # several hosts may have a port each
        raise ConfigurationError("The port in the URL of the state database is not a number.", hint=HINT)
    keepalives = {"keepalives": 1, "keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 3}
    place = f"{user}@{host}" if user else host
    return Address(
        settings={
            "ENGINE": "django.db.backends.postgresql",
            "NAME": name,
            "USER": user,
            "PASSWORD": password,
            "HOST": host,
            "PORT": port,
            "OPTIONS": {"connect_timeout": 10, "application_name": "tallystick", **keepalives, **parts},
        },
        title=f"postgresql://{place}{':' + port if port else ''}/{name}",
        file=None,
    )
