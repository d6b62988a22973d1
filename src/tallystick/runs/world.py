"""The real clock, ids and secrets. Implements `tallystick.ports.world`."""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from tallystick.errors import ConfigurationError


class SystemClock:
    def now(self) -> datetime:
        return datetime.now(UTC)

    def sleep(self, duration_s: float) -> None:
        time.sleep(duration_s)


class TimeIds:
    """32 hexadecimal characters: 48 bits of milliseconds, then 80 random bits; sorts by time (RFC 9562, version 7)."""

    def new(self) -> str:
        return f"{time.time_ns() // 1_000_000:012x}{secrets.token_hex(10)}"


class EnvironmentSecrets:
    """Secrets from `TALLYSTICK_SECRET_<NAME>` or from files in the folder `TALLYSTICK_SECRETS_DIR`."""

    def __init__(self, environment: Mapping[str, str] | None = None) -> None:
        self._environment = os.environ if environment is None else environment

    def secret(self, name: str) -> str:
        variable = "TALLYSTICK_SECRET_" + "".join(char if char.isalnum() else "_" for char in name).upper()
        if variable in self._environment:
            return self._environment[variable]
        folder = self._environment.get("TALLYSTICK_SECRETS_DIR")
        if folder is not None:
            file = Path(folder) / Path(name).name
            if file.is_file():
                return file.read_text(encoding="utf-8").rstrip("\n")
        raise ConfigurationError(
            f"There is no secret {name!r}.",
            hint=f"Set {variable}, or put a file {name!r} into the folder TALLYSTICK_SECRETS_DIR.",
        )
