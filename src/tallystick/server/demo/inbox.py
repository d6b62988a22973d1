"""A mail server of the demo: takes what the hub sends and keeps each letter as a file to be opened and read."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

SENDER: Final = "Service desk <desk@tallystick.example>"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def serving(folder: Path, port: int) -> Iterator[bool]:
    """Listens; whether it does: without the package aiosmtpd letters wait in the hub."""
    try:
        from aiosmtpd.controller import Controller
    except ImportError:
        yield False
        return
    folder.mkdir(exist_ok=True)
    controller = Controller(_Keeper(folder), hostname="127.0.0.1", port=port)
    controller.start()
    try:
        yield True
    finally:
        controller.stop()


class _Keeper:
    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        content = bytes(envelope.content)
        found = re.search(rb"^Subject: ([^\r\n]*)", content, re.M)
        words = re.sub(r"[^\w-]+", "-", found[1].decode("utf-8", "replace") if found else "letter").strip("-")[:60]
        (self._folder / f"{datetime.now(UTC):%Y%m%d-%H%M%S-%f} {words}.eml").write_bytes(content)
        return "250 Kept"
