"""Messages that come in over HTTP: signed, in time, in form; a repeated one gets the answer of the first."""

from __future__ import annotations

import json

import pytest
from django.test import Client

from tallystick.server.connections import vault
from tallystick.server.messages import moment
from tallystick.server.messages.course import State
from tallystick.server.messages.models import Direction, Peer, Role, Transaction
from tests.outside_maintenance import SECRET, signed
from tests.server.messages.conftest import made

BASE = "/api/messages/v1/their-mark"


@pytest.fixture
def sender(db, clock):
    now = moment.now()
    return Peer.objects.create(
        name="theirs",
        title="Their help desk",
        role=Role.HELP_DESK,
        mark="their-mark",
        secret=vault.seal(SECRET),
        created_at=now,
        changed_at=now,
    )


def message(id_="m1", name="lamp", **changes):
    return {"id": id_, "operation": "test.make", "version": 1, "body": {"name": name}, **changes}


def post(shown, *, secret=SECRET, seconds=None, id_=None, base=BASE):
    raw = shown if isinstance(shown, bytes) else json.dumps(shown).encode()
    given = id_ or (shown["id"] if isinstance(shown, dict) else "m1")
    at = int(moment.now().timestamp()) if seconds is None else seconds
    heads = signed(secret, given, raw, at)
    return Client().post(f"{base}/transactions", raw, content_type="application/json", headers=heads)


def get(path, *, secret=SECRET, covered=None):
    at = int(moment.now().timestamp())
    return Client().get(path, headers=signed(secret, "g1", (covered or path).encode(), at))


def test_message_is_taken_and_answered_E37_W1(sender):
    answer = post(message())
    assert answer.status_code == 200
    assert answer.json() == {"id": "m1", "outcome": "accepted", "body": {"number": "N-1"}, "errors": []}


def test_repeated_message_gets_the_answer_of_the_first_S5_E38(sender):
    first = post(message())
    assert (post(message()).content, made()) == (first.content, ["lamp"])
    row = Transaction.objects.get(direction=Direction.IN)
    assert (row.state, row.attempts) == (State.DONE, 2)


def test_id_of_an_accepted_message_is_good_for_no_other(sender):
    post(message())
    answer = post(message(name="other"))
    assert (answer.status_code, answer.json()["code"], made()) == (409, "id_used", ["lamp"])


def test_refused_message_left_nothing_and_comes_again_corrected_W7_S6(sender):
    answer = post(message(name="bad lamp"))
    assert (answer.status_code, [one["message"] for one in answer.json()["errors"]]) == (
        422,
        ["It is bad.", "And worse."],
    )
    assert made() == []
    assert post(message(name="lamp")).status_code == 200
    assert Transaction.objects.filter(direction=Direction.IN).count() == 1


def test_all_that_is_wrong_with_a_body_is_said_at_once_W7(sender):
    answer = post(message(body={"colour": 1, "name": ""}))
    assert answer.status_code == 422
    assert {one["field"] for one in answer.json()["errors"]} == {"", "name"}


@pytest.mark.parametrize(
    ("how", "code"),
    [
        ({"secret": "whsec_" + "QUJD" * 8}, "signature_refused"),
        ({"seconds": 0}, "signature_refused"),
        ({"id_": "another"}, "malformed"),
    ],
)
def test_message_with_a_wrong_signature_or_an_old_stamp_is_refused_E38(sender, how, code):
    answer = post(message(), **how)
    assert answer["Content-Type"] == "application/problem+json"
    assert (answer.json()["code"], made(), Transaction.objects.count()) == (code, [], 0)


def test_stamp_of_six_minutes_ago_is_too_old(sender):
    at = int(moment.now().timestamp())
    assert [post(message(), seconds=at - ago).status_code for ago in (360, 240)] == [401, 200]


@pytest.mark.parametrize("raw", [b"", b"[]", b"{", b'{"id":"m1","operation":"test.make","version":1}', b"\xff"])
def test_what_is_no_message_is_a_problem_of_400(sender, raw):
    answer = post(raw)
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed")


def test_message_of_more_than_a_mebibyte_is_refused(sender):
    answer = post(message(body={"name": "x" * 1_100_000}))
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


def test_operation_that_nobody_knows_is_refused_with_an_answer(sender):
    answer = post(message(operation="test.unmake"))
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "unknown_operation")


def test_other_methods_and_other_addresses_are_told(sender):
    assert Client().get(f"{BASE}/transactions").status_code == 405
    assert post(message(), base="/api/messages/v1/nothing").status_code == 404
    Peer.objects.update(is_enabled=False)
    assert post(message()).status_code == 404


def test_sender_asks_what_became_of_a_message_S5(sender):
    post(message())
    assert get(f"{BASE}/transactions/m1").json()["body"] == {"number": "N-1"}
    unknown = get(f"{BASE}/transactions/m2")
    assert (unknown.status_code, unknown.json()["code"]) == (404, "unknown_transaction")
    assert get(f"{BASE}/transactions/m1", covered=f"{BASE}/transactions/m2").status_code == 401


def test_lists_are_read_signed_and_narrowed_W3(sender):
    codes = [one["code"] for one in get(f"{BASE}/lists/statuses?q=progress").json()["entries"]]
    assert codes == ["in_progress"]
    assert get(f"{BASE}/lists/nothing").json()["code"] == "unknown_list"


def test_what_a_partner_sees_is_its_own_alone(sender):
    now = moment.now()
    Peer.objects.create(
        name="third",
        title="Third",
        role=Role.HELP_DESK,
        mark="third-mark",
        secret=vault.seal(SECRET),
        created_at=now,
        changed_at=now,
    )
    post(message())
    assert get("/api/messages/v1/third-mark/transactions/m1").status_code == 404


def test_openapi_and_schemas_are_published_and_sound_E37():
    from jsonschema import Draft202012Validator

    found = Client().get("/api/messages/v1/openapi.json").json()
    assert found["openapi"] == "3.1.0"
    assert "work_order.create.v1" in found["components"]["schemas"]
    for shape in found["components"]["schemas"].values():
        Draft202012Validator.check_schema(shape)
    one = Client().get("/api/messages/v1/schemas/work_order.create/1.json").json()
    assert one["$defs"]["request"]["required"] == ["reference", "subject"]
    assert Client().get("/api/messages/v1/schemas/work_order.create/9.json").status_code == 404
