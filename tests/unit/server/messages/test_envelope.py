"""Messages and answers as they travel are read strictly."""

from __future__ import annotations

import json

import pytest

from tallystick.server.messages.envelope import (
    Answer,
    Envelope,
    Fault,
    Malformed,
    Outcome,
    accepted,
    decode,
    decode_answer,
    encode,
    encode_answer,
    refused,
)

GOOD = {"id": "a1", "operation": "work_order.create", "version": 1, "body": {"subject": "Lamp"}}


def test_message_survives_the_way_E37():
    message = Envelope(id="a1", operation="work_order.create", version=1, subject="WO-1", body={"subject": "Lämpchen"})
    assert decode(encode(message)) == message


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"id": ""}, "`id`"),
        ({"id": "a b"}, "`id`"),
        ({"id": 7}, "`id`"),
        ({"operation": "create"}, "`operation`"),
        ({"version": "1"}, "`version`"),
        ({"version": True}, "`version`"),
        ({"body": []}, "`body`"),
        ({"subject": "x" * 101}, "`subject`"),
        ({"sent_at": "yesterday"}, "`sent_at`"),
        ({"extra": 1}, "not known: extra"),
    ],
)
def test_message_with_a_wrong_member_is_refused_with_a_sentence(change, said):
    with pytest.raises(Malformed, match=said):
        decode(json.dumps({**GOOD, **change}).encode())


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"[]",
        b"{",
        b'{"id": NaN}',
        b"\xff",
        b'{"id":"\\ud800"}',
        b'{"id":"a\\u0000"}',
        b'{"body":' + b"[" * 5_000 + b"]" * 5_000 + b"}",
    ],
)
def test_what_is_no_message_is_refused(raw):
    with pytest.raises(Malformed):
        decode(raw)


def test_answer_survives_the_way_W6_W7():
    for answer in (accepted({"number": "WO-1001"}), refused(Fault(code="x", field="shop", message="Shop S3 is shut."))):
        assert decode_answer(encode_answer("a1", answer), "a1") == answer


@pytest.mark.parametrize(
    "given",
    [
        {"id": "other", "outcome": "accepted"},
        {"id": "a1", "error": "out of memory"},  # 200 with an error inside
        {"id": "a1", "outcome": "accepted", "errors": [{"message": "no"}]},
        {"id": "a1", "outcome": "refused", "errors": []},
        {"id": "a1", "outcome": "refused", "errors": ["no"]},
        {"id": "a1", "outcome": "ok"},
        {"id": "a1", "outcome": "accepted", "body": []},
    ],
)
def test_error_in_the_clothes_of_an_answer_is_no_answer(given):
    with pytest.raises(Malformed):
        decode_answer(json.dumps(given).encode(), "a1")


def test_refusal_without_a_body_is_read():
    raw = b'{"id":"a1","outcome":"refused","errors":[{"message":"Closed."}]}'
    assert decode_answer(raw, "a1") == Answer(outcome=Outcome.REFUSED, errors=(Fault(code="", message="Closed."),))
