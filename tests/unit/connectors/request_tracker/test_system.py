"""Request Tracker as a system: it is opened like any other, and offers flows no records."""

from __future__ import annotations

from pathlib import Path

import pytest

from tallystick import connectors
from tallystick.connectors.request_tracker.client import _plain
from tallystick.connectors.request_tracker.system import RequestTrackerSystem
from tallystick.errors import DocumentErrors, SystemFault, Throttled, UnknownRecordType
from tallystick.model.selection import Selection
from tallystick.testing.clock import FixedClock, SequentialIds
from tests.scripted_server import Reply, scripted

TOKEN = "1-27-not-a-real-token"


def opened(url, **more):
    given = {"url": url, "token": TOKEN, "attempts": 1, **more}
    system = connectors.connect("request_tracker", given, folder=Path(), clock=FixedClock(), ids=SequentialIds())
    assert isinstance(system, RequestTrackerSystem)
    return system


def test_records_are_refused_with_a_sentence_that_says_what_it_is_for():
    system = opened("https://rt.example.org/")
    selection = Selection(record="tickets", fields=("subject",))
    for ask in (
        lambda: system.listing(selection, None),
        lambda: system.changes(selection, "", None),
        lambda: system.fetch(selection, ["1"]),
        lambda: system.find(selection, {}),
        lambda: system.reserve(selection, []),
        lambda: system.write(selection, []),
    ):
        with pytest.raises(UnknownRecordType, match="by messages"):
            ask()
    system.close()


@pytest.mark.parametrize("ending", ["", "/", "/REST/2.0", "/REST/2.0/"])
def test_address_may_be_that_of_users_or_of_rest_and_the_token_goes_in_its_own_scheme(ending):
    with scripted(lambda request: Reply(body=b'{"Version":"5.0.3+dfsg"}')) as server:
        description = opened(f"{server.url.rstrip('/')}/rt{ending}").describe()
        assert (description.product, description.record_types) == ("Request Tracker 5.0.3", ())
        assert [one.path for one in server.requests] == ["/rt/REST/2.0/rt"]
        assert server.requests[0].headers["Authorization"] == f"token {TOKEN}"


def test_other_program_at_the_address_is_said():
    with scripted(lambda request: Reply(body=b"[]")) as server, pytest.raises(SystemFault, match="no Request Tracker"):
        opened(server.url).describe()


def test_busy_tracker_asks_for_patience_and_its_rate_is_kept():
    with scripted(lambda request: Reply(status=429, headers={"Retry-After": "7"})) as server:
        with pytest.raises(Throttled) as caught:
            opened(server.url).describe()
        assert caught.value.retry_after_s == 7


def test_name_and_password_sign_in_where_there_is_no_token():
    with scripted(lambda request: Reply(body=b'{"Version":"5.0.3"}')) as server:
        opened(server.url, token="", username="hub", password="pass-word").describe()
        assert server.requests[0].headers["Authorization"].startswith("Basic ")


def test_token_and_password_together_are_refused_without_their_values():
    with pytest.raises(DocumentErrors) as caught:
        opened("https://rt.example.org", username="hub", password="hunter2")
    assert "hunter2" not in str(caught.value)
    assert TOKEN not in str(caught.value)


def test_mark_of_a_message_cannot_leave_its_place_in_a_query():
    assert _plain("0190abc' OR id > 0 --") == "0190abcORid0--"
