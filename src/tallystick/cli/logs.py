"""What long-running commands write: one line an event, for people or as JSON, and never a secret."""

from __future__ import annotations

import logging
import os
import sys
import traceback
from collections.abc import MutableMapping
from typing import Any, Final

import structlog

from tallystick.cli.crash import redacted
from tallystick.cli.printable import printable

_QUIET: Final = logging.WARNING


def set_up(*, is_json: bool) -> None:
    """JSON goes to standard output, people's lines to standard error. Libraries are heard from warnings up."""
    shared: list[Any] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _told,
        _safe,
    ]
    renderer: Any = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if is_json
        else structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty() and not os.environ.get("NO_COLOR"), pad_event_to=8
        )
    )
    handler = logging.StreamHandler(sys.stdout if is_json else sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )
    for name, level in (("tallystick", logging.INFO), ("dbos", _QUIET), ("", _QUIET)):
        logger = logging.getLogger(name)
        logger.setLevel(level)
        logger.handlers = [handler]
        logger.propagate = False


def _told(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Without tracebacks: they quote values. What nobody foresaw has a log file of its own; of the rest the kind and
    the place are told, for libraries log errors that they caught and name neither."""
    found = event.pop("exc_info", None)
    record = event.get("_record")
    if isinstance(record, logging.LogRecord):
        found = found or record.exc_info
        record.exc_info, record.exc_text = None, None
    if found is True:
        found = sys.exc_info()
    if isinstance(found, tuple) and len(found) == 3 and isinstance(found[1], BaseException):
        event["cause"] = _cause(found[1])
    return event


def _cause(error: BaseException) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    place = f" at {frames[-1].filename}:{frames[-1].lineno}" if frames else ""
    return f"{type(error).__qualname__}{place}"


def _safe(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Nothing secret, nothing a terminal would obey."""
    for name, value in event.items():
        if not name.startswith("_"):
            event[name] = _clean(value)
    return event


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        return printable(redacted(value, os.environ))
    if isinstance(value, dict):
        return {name: _clean(one) for name, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_clean(one) for one in value]
    return value
