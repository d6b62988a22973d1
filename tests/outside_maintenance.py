"""A maintenance system of somebody else: it speaks the published messages and shares no code with the product.

Standard library alone, written from the OpenAPI document. Faults are switched on one at a time. `tell` sends its events
to the hub by HTTP, signed.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import ProxyHandler, Request, build_opener

SECRET = "whsec_" + base64.b64encode(b"a secret that both sides know!!!").decode()


def signature(secret: str, id_: str, seconds: int, covered: bytes) -> str:
    key = base64.b64decode(secret.removeprefix("whsec_"))
    digest = hmac.new(key, f"{id_}.{seconds}.".encode() + covered, hashlib.sha256).digest()
    return "v1," + base64.b64encode(digest).decode()


def signed(secret: str, id_: str, covered: bytes, seconds: int | None = None) -> dict[str, str]:
    at = int(time.time()) if seconds is None else seconds
    return {"webhook-id": id_, "webhook-timestamp": str(at), "webhook-signature": signature(secret, id_, at, covered)}


class OutsideMaintenance:
    """`fault`: a name of one below, or empty. `orders`: what was made, by number."""

    def __init__(self) -> None:
        self.orders: dict[str, dict[str, Any]] = {}
        self.answers: dict[str, dict[str, Any]] = {}
        self.received: list[dict[str, Any]] = []
        self.fault = ""
        self.faults_left = 0  # 0: it stays
        self.can_look_up = True
        self.look_ups = 0
        self.look_ups_broken = 0  # so many are not answered
        self.hub = ""  # where it tells the hub of events
        self.now: Callable[[], float] = time.time
        self.told: list[dict[str, Any]] = []
        self.closed_shops = {"S3"}
        self.lists: dict[str, list[dict[str, Any]]] = {
            "shops": [{"code": "S1", "name": "Electrical"}, {"code": "S2", "name": "Plumbing"}],
            "priorities": [{"code": "1", "name": "Now"}, {"code": "2", "name": "Soon"}],
            "problems": [{"code": "EL", "name": "Electrical"}, {"code": "EL1", "name": "Lamp", "parent": "EL"}],
            "statuses": [{"code": "open", "name": "Open", "kind": "open"}],
            "assets": [{"code": "A-7", "name": "Lathe"}],
        }
        self.on_create: Callable[[], None] = lambda: None
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_args: Any) -> None:
                pass

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                outer.post(self, body)

            def do_GET(self) -> None:
                outer.get(self)

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self._server.server_port}/mm"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    # --- what it answers

    def post(self, call: BaseHTTPRequestHandler, body: bytes) -> None:
        if not self._is_signed(call, body):
            return self._say(call, 401, {"status": 401, "code": "signature_refused", "detail": "Who are you?"})
        message = json.loads(body)
        self.received.append(message)
        fault = self._fault()
        if fault == "away":
            return self._say(call, 429, {"status": 429, "code": "busy", "detail": "Later."})
        if fault == "breaks_before":
            return self._drop(call)
        if fault == "error_in_place":
            return self._say(call, 200, {"status": "error", "message": "Deadlock found when trying to get lock"})
        answer = self._judge(message)
        if fault == "breaks_after":
            return self._drop(call)
        if fault == "fault_after":
            return self._say(call, 500, {"status": 500, "detail": "It broke after it was kept."})
        if fault == "error_inside":
            return self._say(call, 200, {"error": "Could not connect to database"})
        if fault == "slow_after":
            time.sleep(2.5)
        return self._say(call, 200 if answer["outcome"] == "accepted" else 422, answer)

    def get(self, call: BaseHTTPRequestHandler) -> None:
        if not self._is_signed(call, call.path.encode()):
            return self._say(call, 401, {"status": 401, "code": "signature_refused", "detail": "Who are you?"})
        parts = urlsplit(call.path).path.split("/")
        if parts[-2] == "lists" and self.fault == "error_inside":
            return self._say(call, 200, {"error": "Could not connect to database"})
        if parts[-2] == "lists":
            entries = self.lists.get(parts[-1])
            if entries is None:
                return self._say(call, 404, {"code": "unknown_list"})
            return self._say(call, 200, {"name": parts[-1], "entries": entries})
        self.look_ups += 1
        if self.look_ups_broken:
            self.look_ups_broken -= 1
            return self._drop(call)
        if not self.can_look_up:
            return self._say(call, 404, {"code": "not_found", "detail": "No such page."})
        answer = self.answers.get(parts[-1])
        if answer is None:
            return self._say(call, 404, {"status": 404, "code": "unknown_transaction", "detail": "Never heard of it."})
        return self._say(call, 200, answer)

    def _judge(self, message: dict[str, Any]) -> dict[str, Any]:
        """It has no idempotency: the same request again makes another order."""
        errors = []
        body = message["body"]
        if message["operation"] == "work_order.create":
            for name, list_ in (("shop", "shops"), ("priority", "priorities")):
                if name == "shop" and body.get(name) in self.closed_shops:
                    errors.append({"code": "closed", "field": name, "message": f"The shop {body[name]} is closed."})
                elif body.get(name) not in {one["code"] for one in self.lists[list_]}:
                    errors.append(
                        {"code": "unknown", "field": name, "message": f"There is no {name} {body.get(name)}."}
                    )
        if errors:
            answer = {"id": message["id"], "outcome": "refused", "errors": errors}
        elif message["operation"] == "work_order.create":
            number = f"WO-{1001 + len(self.orders)}"
            self.orders[number] = {**body, "status": "open"}
            made = {"number": number, "status": {"code": "open", "name": "Open", "kind": "open"}}
            answer = {"id": message["id"], "outcome": "accepted", "body": made}
            self.on_create()
        elif body.get("number") in self.orders:
            order = self.orders[body["number"]]
            order.setdefault("messages", []).append(message)
            header = {"number": body["number"], "status": {"code": order["status"], "name": order["status"]}}
            header["subject"] = order["subject"]
            is_read = message["operation"] in ("work_order.read", "work_order.relate")
            answer = {"id": message["id"], "outcome": "accepted", "body": header if is_read else {}}
        else:
            error = {"code": "unknown", "field": "number", "message": f"There is no order {body.get('number')}."}
            answer = {"id": message["id"], "outcome": "refused", "errors": [error]}
        self.answers[message["id"]] = answer
        return answer

    # --- what it tells

    def tell(
        self,
        operation: str,
        number: str,
        sequence: int,
        *,
        id_: str = "",
        secret: str = "",
        seconds_ago: int = 0,
        **body: Any,
    ) -> tuple[int, dict[str, Any]]:
        """Sends an event; status and body of what the hub answered. `id_`: the same one for the same message."""
        told = {"number": number, "sequence": sequence, "reference": self.orders[number]["reference"], **body}
        id_ = id_ or f"event-{len(self.told) + 1}"
        message = {"id": id_, "operation": f"work_order.{operation}", "version": 1, "subject": number, "body": told}
        self.told.append(message)
        raw = json.dumps(message).encode()
        heads = signed(secret or SECRET, id_, raw, int(self.now()) - seconds_ago)
        return self.call(f"{self.hub}/transactions", heads, raw)

    def call(self, url: str, heads: dict[str, str], raw: bytes | None = None) -> tuple[int, dict[str, Any]]:
        request = Request(url, data=raw, headers={"Content-Type": "application/json", **heads})
        try:
            with build_opener(ProxyHandler({})).open(request, timeout=30) as answer:
                return answer.status, json.loads(answer.read())
        except HTTPError as error:
            return error.code, json.loads(error.read())

    # --- plumbing

    def _fault(self) -> str:
        fault = self.fault
        if fault and self.faults_left:
            self.faults_left -= 1
            if not self.faults_left:
                self.fault = ""
        return fault

    def _is_signed(self, call: BaseHTTPRequestHandler, covered: bytes) -> bool:
        id_, seconds = call.headers["webhook-id"], int(call.headers["webhook-timestamp"])
        return call.headers["webhook-signature"] == signature(SECRET, id_, seconds, covered)

    def _say(self, call: BaseHTTPRequestHandler, status: int, shown: dict[str, Any]) -> None:
        raw = json.dumps(shown).encode()
        call.send_response(status)
        call.send_header("Content-Type", "application/json")
        call.send_header("Content-Length", str(len(raw)))
        call.end_headers()
        call.wfile.write(raw)

    def _drop(self, call: BaseHTTPRequestHandler) -> None:
        call.close_connection = True
        call.connection.close()


@contextmanager
def outside_maintenance() -> Iterator[OutsideMaintenance]:
    server = OutsideMaintenance()
    try:
        yield server
    finally:
        server.close()
