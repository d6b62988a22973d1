"""A help desk of somebody else: it asks for work by the published messages and hears events. Standard library alone."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.outside_maintenance import SECRET, signature


class OutsideHelpDesk:
    """`heard`: events in the order they came, the same id once. `fails`: how many calls it answers with a fault."""

    def __init__(self) -> None:
        self.heard: list[dict[str, Any]] = []
        self.calls = 0
        self.fails = 0
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_args: Any) -> None:
                pass

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                id_, at = self.headers["webhook-id"], int(self.headers["webhook-timestamp"])
                is_signed = self.headers["webhook-signature"] == signature(SECRET, id_, at, body)
                outer.calls += 1
                status = 500 if outer.fails > 0 else 200 if is_signed else 401
                outer.fails -= outer.fails > 0
                if is_signed and all(one["id"] != id_ for one in outer.heard):
                    outer.heard.append(json.loads(body))  # a fault comes after it was kept
                raw = json.dumps({"id": id_, "outcome": "accepted", "body": {}}).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(raw)))
                self.end_headers()
                self.wfile.write(raw)

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self._server.server_port}/desk"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@contextmanager
def outside_help_desk() -> Iterator[OutsideHelpDesk]:
    server = OutsideHelpDesk()
    try:
        yield server
    finally:
        server.close()
