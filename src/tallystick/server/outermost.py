"""What stands between the WSGI server and Django: an error that Django did not turn into an answer is kept and told.

Django words what a view raises (ui.edge). What goes wrong around it, in a middleware or while a long answer is sent,
would reach the server, which knows neither references nor where to keep them.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

import structlog

from tallystick.server.ui import mishaps
from tallystick.server.ui.edge import PROGRAM_PATHS

TITLE: Final = "Something went wrong"
DETAIL: Final = (
    "Something went wrong that Tallystick did not foresee. Try again; if it happens again, send the reference to "
    "whoever looks after this hub."
)
Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]

log = structlog.get_logger("tallystick.web")


def guarded(application: Application) -> Application:
    """The same application, whose errors are kept with a reference and answered by it."""

    def call(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        try:
            answer = application(environ, start_response)
        except Exception as error:  # noqa: BLE001  nobody is above but the server
            return _told(environ, error, start_response)
        file: type[Iterable[bytes]] | tuple[()] = environ.get("wsgi.file_wrapper") or ()
        if isinstance(answer, file):
            return answer  # which the server sends by itself
        return _Sent(answer, environ)

    return call


class _Sent:
    """An answer that is sent piece by piece. What fails on the way is kept; the server then breaks the connection."""

    def __init__(self, answer: Iterable[bytes], environ: dict[str, Any]) -> None:
        self._answer = answer
        self._environ = environ

    def __iter__(self) -> Iterator[bytes]:
        try:
            yield from self._answer
        except Exception as error:
            _kept(self._environ, error)
            raise

    def close(self) -> None:
        if (close := getattr(self._answer, "close", None)) is not None:
            close()


def _kept(environ: dict[str, Any], error: BaseException) -> str:
    reference = mishaps.keep(error)
    path = environ.get("PATH_INFO", "")
    log.error("unforeseen", path=path, kind=type(error).__name__, reference=reference, place=mishaps.place_of(error))
    return reference


def _told(environ: dict[str, Any], error: BaseException, start_response: Callable[..., Any]) -> Iterable[bytes]:
    reference = _kept(environ, error)
    kind, text = "text/plain; charset=utf-8", f"{DETAIL}\n\nReference: {reference}\n"
    if environ.get("PATH_INFO", "").startswith(PROGRAM_PATHS):
        told = {"title": TITLE, "status": 500, "code": "bug", "detail": DETAIL, "reference": reference}
        kind, text = "application/problem+json", json.dumps(told)
    body = text.encode()
    heads = [("Content-Type", kind), ("Content-Length", str(len(body)))]
    start_response("500 Internal Server Error", heads, sys.exc_info())
    return [body]
