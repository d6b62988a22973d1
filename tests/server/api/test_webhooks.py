"""Webhooks out, against a real HTTP server that checks signatures by itself; and webhooks in."""

from __future__ import annotations

import base64
import hashlib
import hmac
import itertools
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_network
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.db import OperationalError, connection
from django.test import Client
from django.utils import timezone

from tallystick.errors import AddressRefused
from tallystick.runs.requests import Changed, requests_of
from tallystick.server.api.models import Attempt, Delivery, Endpoint, Event, Inlet
from tallystick.server.api.webhooks import sending
from tallystick.server.api.webhooks.collecting import collect
from tallystick.server.api.webhooks.delivering import deliver_due, delivering, sweep
from tallystick.server.connections import vault
from tallystick.server.designer.place import state_url
from tallystick.server.people.models import AuditEntry
from tests.firm import Firm

pytestmark = pytest.mark.django_db(transaction=True)
Programs = Callable[..., Any]


class Listener:
    """A server of somebody else's: it keeps what it gets and answers as it is told."""

    def __init__(self) -> None:
        self.got: list[tuple[dict[str, str], bytes]] = []
        self.answers: list[int] = []
        self.body = b"thank you"
        listener = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                listener.got.append(({name.lower(): value for name, value in self.headers.items()}, body))
                self.send_response(listener.answers.pop(0) if listener.answers else 200)
                self.send_header("set-cookie", "session=secret-of-theirs")
                self.send_header("content-length", str(len(listener.body)))
                self.end_headers()
                self.wfile.write(listener.body)

            def log_message(self, *_args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/hook"
        self._thread = Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    def events(self) -> list[dict[str, Any]]:
        return [json.loads(body) for _heads, body in self.got]

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


def is_signed(heads: dict[str, str], body: bytes, secret: str) -> bool:
    """As the specification has it, by hand."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    content = heads["webhook-id"].encode() + b"." + heads["webhook-timestamp"].encode() + b"." + body
    right = "v1," + base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()
    return right in heads["webhook-signature"].split(" ")


@pytest.fixture
def listener(settings: Any) -> Iterator[Listener]:
    own = (ip_network("127.0.0.0/8"),)
    settings.CONFIGURATION = replace(django_settings.CONFIGURATION, allowed_networks=own)
    found = Listener()
    yield found
    found.close()


@pytest.fixture
def hook(listener: Listener, program: Programs) -> Any:
    """A webhook for all events; a program that set it up."""
    calls = program("integration manager")
    kinds = ["record.changed", "run.finished", "run.held", "review.raised", "review.decided"]
    made = calls.post("/webhooks", {"address": listener.url, "events": kinds, "title": "Theirs"})
    assert made.status_code == 201, made.content
    collect()
    calls.hook = made.json()
    return calls


def later() -> None:
    """What waits is due now."""
    Delivery.objects.filter(status="waiting").update(next_at=timezone.now() - timedelta(seconds=1))


def test_record_changed_is_told_once_and_signed(hook: Any, listener: Listener) -> None:
    record = hook.post("/records/manufacturer", {"values": {"name": "A name that is not told"}}).json()
    assert collect() == 1
    assert collect() == 0
    assert deliver_due() == 1
    ((heads, body),) = listener.got
    assert is_signed(heads, body, hook.hook["secret"])
    assert not is_signed(heads, body + b" ", hook.hook["secret"])
    told = json.loads(body)
    assert (told["type"], set(told)) == ("record.changed", {"type", "timestamp", "data"})
    assert told["data"] == {
        "record_type": "manufacturer",
        "id": record["id"],
        "version": 1,
        "action": "created",
        "via": "api",
    }
    assert b"not told" not in body
    assert abs(int(heads["webhook-timestamp"]) - time.time()) < 60
    (delivery,) = hook.get(f"/webhooks/{hook.hook['id']}/deliveries").json()["items"]
    assert (delivery["status"], delivery["event"]) == ("delivered", heads["webhook-id"])


def test_look_that_breaks_off_anywhere_loses_no_event_and_tells_none_twice(hook: Any, listener: Listener) -> None:
    """A process dies in the middle of a look, at each of its statements in turn; another one starts."""
    told: list[str] = []
    for breaks_at in itertools.count():
        record = hook.post("/records/manufacturer", {"values": {"name": f"Number {breaks_at}"}}).json()["id"]
        statements = itertools.count()

        def dying(execute: Any, sql: str, params: Any, many: bool, context: Any, at: int = breaks_at) -> Any:
            if next(statements) == at:  # noqa: B023  called in this round alone
                raise OperationalError("The process died.")
            return execute(sql, params, many, context)

        has_died = False
        with connection.execute_wrapper(dying):
            try:
                collect()
            except OperationalError:
                has_died = True
        collect()
        told.append(record)
        assert list(Event.objects.order_by("pk").values_list("data__id", flat=True).distinct()).count(record) == 1
        assert Delivery.objects.count() == len(told) == Event.objects.count()
        if not has_died:
            break
    assert breaks_at > 5
    while deliver_due():
        pass
    assert sorted(one["data"]["id"] for one in listener.events()) == sorted(told)


def test_what_happened_before_the_webhook_is_not_told(listener: Listener, program: Programs) -> None:
    calls = program()
    calls.post("/records/account", {"values": {"name": "Before"}})
    calls.post("/webhooks", {"address": listener.url, "events": ["record.changed"]})
    collect()
    calls.post("/records/manufacturer", {"values": {"name": "After"}})
    assert collect() == 1


def test_runs_and_questions_are_told(hook: Any, listener: Listener, tmp_path: Path) -> None:
    firm = Firm(tmp_path)
    firm.unmapped(1)
    collect()
    (asked,) = [one for one in hook.get("/reviews").json()["items"] if one["kind"] == "unmapped_code"]
    held = firm.held()
    collect()
    assert hook.post(f"/runs/{held.run}/answer", {"take": "refuse"}).status_code == 200
    assert collect() >= 1
    assert collect() == 0
    while deliver_due():
        pass
    told = [(one["type"], one["data"]) for one in listener.events()]
    assert ("review.raised", asked["id"]) in [(kind, data.get("review")) for kind, data in told]
    assert [data["run"] for kind, data in told if kind == "run.held"] == [held.run]
    finished = [data["run"] for kind, data in told if kind == "run.finished"]
    assert len(finished) == len(set(finished)) >= 2
    assert [data["by"] for kind, data in told if kind == "review.decided"] == [f"{hook.user.name} (A program)"]


def test_delivery_not_taken_is_tried_again_with_the_same_id(hook: Any, listener: Listener) -> None:
    listener.answers = [500, 302]
    hook.post(f"/webhooks/{hook.hook['id']}/test")
    assert deliver_due() == 1
    (waiting,) = Delivery.objects.all()
    wait_s = (waiting.next_at - timezone.now()).total_seconds()
    assert 3 < wait_s < 7
    assert deliver_due() == 0
    for _try in range(2):
        later()
        deliver_due()
    delivery = hook.get(f"/deliveries/{waiting.pk}").json()
    assert (delivery["status"], delivery["attempts"]) == ("delivered", 3)
    assert [one["status"] for one in delivery["tries"]] == [500, 302, 200]
    assert len({heads["webhook-id"] for heads, _body in listener.got}) == 1
    assert len({body for _heads, body in listener.got}) == 1
    assert Endpoint.objects.get().failing_since is None


def test_endpoint_that_takes_nothing_for_a_day_is_switched_off(hook: Any, listener: Listener) -> None:
    listener.answers = [500] * 20
    hook.post(f"/webhooks/{hook.hook['id']}/test")
    hook.post("/records/account", {"values": {"name": "Waits too"}})
    collect()
    first = Delivery.objects.earliest("pk")
    Delivery.objects.exclude(pk=first.pk).update(next_at=timezone.now() + timedelta(days=2))
    tries = len(sending.WAITS) + 1
    for number in range(tries):
        Delivery.objects.filter(pk=first.pk, status="waiting").update(next_at=timezone.now())
        if number == tries - 1:
            Endpoint.objects.update(failing_since=timezone.now() - timedelta(hours=25))
        deliver_due()
    assert Attempt.objects.count() == tries
    shown = hook.get(f"/webhooks/{hook.hook['id']}").json()
    assert (shown["is_enabled"], shown["disabled_why"]) == (False, "It took nothing for a day.")
    assert {one.status for one in Delivery.objects.all()} == {"failed"}
    assert AuditEntry.objects.filter(action="api.webhook_off").count() == 1
    assert hook.post(f"/webhooks/{hook.hook['id']}/test").status_code == 409
    assert hook.patch(f"/webhooks/{hook.hook['id']}", {"is_enabled": True}).json()["disabled_why"] == ""
    listener.answers = []
    assert hook.post(f"/deliveries/{first.pk}/replay").status_code == 200
    deliver_due()
    assert Delivery.objects.latest("pk").status == "delivered"
    assert sum(sending.WAITS, timedelta()) > timedelta(hours=20)


def test_endpoint_that_is_gone_is_switched_off_at_once(hook: Any, listener: Listener) -> None:
    listener.answers = [410]
    hook.post(f"/webhooks/{hook.hook['id']}/test")
    deliver_due()
    assert Endpoint.objects.get().disabled_why == "It answers that it is gone."


def test_two_secrets_sign_while_one_is_changed(hook: Any, listener: Listener) -> None:
    number, old = hook.hook["id"], hook.hook["secret"]
    new = hook.post(f"/webhooks/{number}/rotate").json()["secret"]
    assert new != old
    hook.post(f"/webhooks/{number}/test")
    deliver_due()
    heads, body = listener.got[-1]
    assert is_signed(heads, body, old)
    assert is_signed(heads, body, new)
    Endpoint.objects.update(older_until=timezone.now() - timedelta(seconds=1))
    sweep()
    hook.post(f"/webhooks/{number}/test")
    deliver_due()
    heads, body = listener.got[-1]
    assert not is_signed(heads, body, old)
    assert is_signed(heads, body, new)
    assert Endpoint.objects.get().older_secret == ""


def test_log_is_shortened_and_without_secrets(hook: Any, listener: Listener) -> None:
    listener.body = b"x" * 100_000
    hook.post(f"/webhooks/{hook.hook['id']}/test")
    deliver_due()
    (attempt,) = Attempt.objects.all()
    assert len(attempt.answer_body) == sending.SHOWN
    whole = f"{attempt.request_head}{attempt.answer_head}"
    assert listener.got[0][0]["webhook-signature"] not in whole
    assert "secret-of-theirs" not in whole
    assert hook.hook["secret"] not in Endpoint.objects.get().secret


def test_address_inside_the_network_refused_when_set_and_when_sent(program: Programs, listener: Listener) -> None:
    own = django_settings.CONFIGURATION
    calls = program()
    made = calls.post("/webhooks", {"address": listener.url, "events": ["run.held"]}).json()
    django_settings.CONFIGURATION = replace(own, allowed_networks=())
    calls.post(f"/webhooks/{made['id']}/test")
    deliver_due()
    assert listener.got == []
    assert "inside the own network" in Attempt.objects.get().message
    for address in (
        "http://127.0.0.1/",
        "http://169.254.169.254/latest/meta-data",
        "http://[::1]/",
        "http://2130706433/",
        "ftp://example.org/",
        "http://user:pass@93.184.215.14/",
        "nonsense",
        "http://",
    ):
        refused = calls.post("/webhooks", {"address": address, "events": ["run.held"]})
        assert (refused.status_code, list(refused.json()["fields"])) == (422, ["address"]), address
    assert AddressRefused.code == "address_refused"


def test_process_that_died_over_a_delivery_loses_nothing(hook: Any, listener: Listener) -> None:
    from tallystick.server.api.webhooks.delivering import _claimed

    hook.post(f"/webhooks/{hook.hook['id']}/test")
    assert len(_claimed()) == 1  # and then nothing more
    assert deliver_due() == 0
    later()
    assert deliver_due() == 1
    assert len(listener.got) == 1


def test_background_delivers_by_itself(hook: Any, listener: Listener) -> None:
    with delivering():
        hook.post("/records/manufacturer", {"values": {"name": "Northwind"}})
        until = time.monotonic() + 20
        while not listener.got and time.monotonic() < until:
            time.sleep(0.05)
    assert [one["type"] for one in listener.events()] == ["record.changed"]


def test_old_events_are_forgotten(hook: Any, listener: Listener) -> None:
    hook.post(f"/webhooks/{hook.hook['id']}/test")
    deliver_due()
    Event.objects.update(at=timezone.now() - timedelta(days=31))
    sweep()
    assert (Event.objects.count(), Delivery.objects.count(), Attempt.objects.count()) == (0, 0, 0)


def test_secrets_are_encrypted_anew_with_a_new_key(hook: Any) -> None:
    before = Endpoint.objects.get().secret
    assert vault.rotate() >= 1
    assert Endpoint.objects.get().secret != before
    assert vault.unseal(Endpoint.objects.get().secret) == hook.hook["secret"]


@pytest.mark.parametrize(
    ("role", "statuses"),
    [("read-only", (200, 403, 403, 200, 403)), ("agent", (403,) * 5), ("technician", (403,) * 5), ("", (403,) * 5)],
)
def test_webhooks_by_each_role(hook: Any, program: Programs, role: str, statuses: tuple[int, ...]) -> None:
    calls = program(role)
    found = (
        calls.get("/webhooks").status_code,
        calls.post("/webhooks", {"address": "http://127.0.0.1/", "events": ["run.held"]}).status_code,
        calls.post(f"/webhooks/{hook.hook['id']}/rotate").status_code,
        calls.get("/inlets").status_code,
        calls.delete(f"/webhooks/{hook.hook['id']}").status_code,
    )
    assert found == statuses


def test_secret_shown_once(hook: Any) -> None:
    assert hook.hook["secret"].startswith("whsec_")
    assert "secret" not in hook.get(f"/webhooks/{hook.hook['id']}").json()


# --- in


@pytest.fixture
def inlet(program: Programs) -> dict[str, Any]:
    calls = program()
    calls.post("/systems", {"name": "crm", "connector": "memory", "settings": {"name": "inlet"}})
    made = calls.post("/inlets", {"system": "crm", "records": ["contact"]})
    assert made.status_code == 201, made.content
    return dict(made.json())


def message(inlet: dict[str, Any], id_: str = "msg_1", *, body: bytes = b"{}", age_s: int = 0, **change: str) -> Any:
    seconds = str(int(time.time()) - age_s)
    key = base64.b64decode(inlet["secret"].removeprefix("whsec_"))
    content = f"{id_}.{seconds}.".encode() + body
    signature = "v1," + base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()
    heads = {"webhook-id": id_, "webhook-timestamp": seconds, "webhook-signature": signature}
    heads |= {name.replace("_", "-"): value for name, value in change.items()}
    return Client().post(inlet["path"], body, content_type="application/json", headers=heads)


def woken() -> list[Changed]:
    return requests_of(state_url()).changed()


def test_message_that_is_right_wakes_the_flows_once(inlet: dict[str, Any]) -> None:
    woken()
    assert message(inlet).status_code == 202
    assert message(inlet).status_code == 202  # again: it counts once
    assert woken() == [Changed(connector="memory", connection="crm", records=frozenset({"contact"}))]
    assert Inlet.objects.get().received == 1


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"age_s": 301}, 401),
        ({"age_s": -301}, 401),
        ({"webhook_signature": "v1,AAAA"}, 401),
        ({"webhook_signature": "v2,AAAA"}, 401),
        ({"webhook_id": "msg_2"}, 401),
        ({"webhook_timestamp": "now"}, 401),
        ({"webhook_id": ""}, 401),
        ({"body": b"x" * (256 * 1024 + 1)}, 413),
    ],
)
def test_message_that_is_wrong_refused_and_noted(inlet: dict[str, Any], change: dict[str, Any], status: int) -> None:
    woken()
    assert message(inlet, **change).status_code == status
    assert woken() == []
    assert Inlet.objects.get().refused_why != ""


def test_address_that_is_none_answers_404(db: None) -> None:
    assert Client().post("/hooks/none").status_code == 404
    assert Client().get("/hooks/none").status_code == 405


def test_inlet_removed_or_made_for_no_system(program: Programs, inlet: dict[str, Any]) -> None:
    calls = program()
    assert calls.delete(f"/inlets/{inlet['id']}").status_code == 204
    assert message(inlet).status_code == 404
    assert calls.post("/inlets", {"system": "none"}).status_code == 404
    refused = calls.post("/inlets", {"system": "crm", "secret": "short"})
    assert list(refused.json()["fields"]) == ["secret"]
