"""What is kept of an error that nobody foresaw. The command that starts the process says where (`keep_by`)."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import UTC, datetime

import structlog

log = structlog.get_logger("tallystick.web")


def _logged(error: BaseException) -> str:
    """The kind and the place only: messages may quote values."""
    reference = f"{datetime.now(UTC):%Y%m%d}-{secrets.token_hex(3)}"
    log.error("unforeseen", reference=reference, kind=type(error).__name__, place=place_of(error))
    return reference


def place_of(error: BaseException) -> str:
    """File and line where it was raised; empty when it never was."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}" if trace is not None else ""


_keep: Callable[[BaseException], str] = _logged


def keep_by(keeper: Callable[[BaseException], str]) -> None:
    """`keeper` writes an error down, without secrets, and gives the reference people are told."""
    global _keep
    _keep = keeper


def keep(error: BaseException) -> str:
    return _keep(error)
