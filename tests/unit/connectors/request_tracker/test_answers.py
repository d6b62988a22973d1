"""Answers of Request Tracker 5.0.3, recorded from a real one (`recorded/`), and what is none of its answers."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tallystick.connectors.request_tracker.answers import (
    content_of,
    happened_of,
    items_of,
    parsed,
    part_of,
    ticket_of,
)
from tallystick.errors import SystemFault

RECORDED = Path(__file__).parent / "recorded"
HOST = "rt.example.org"


def recorded(name):
    return parsed((RECORDED / f"{name}.json").read_bytes(), HOST)


def test_ticket_has_what_a_request_is_made_of():
    ticket = ticket_of(recorded("ticket"), '"66"', HOST)
    assert (ticket.id, ticket.queue, ticket.subject, ticket.owner) == (1, 3, "Lamp dark", "olga")
    assert (ticket.requestors, ticket.fields["Assets"]) == (("rita@example.com",), ("IA-1", "IA-2"))
    assert (ticket.fields["Shop"], ticket.fields["Problem"]) == (("S1",), ())


def test_owner_nobody_is_nobody():
    given = recorded("ticket")
    given["Owner"]["id"] = "Nobody"
    assert ticket_of(given, "", HOST).owner == ""


def test_transactions_come_with_ticket_kind_and_the_subject_of_what_was_said():
    found = [happened_of(one, HOST) for one in items_of(recorded("transactions"), HOST)]
    by_id = {one.id: one for one in found}
    assert [one.id for one in found] == sorted(by_id)
    assert (by_id[40].kind, by_id[40].ticket, by_id[40].by) == ("Create", 1, "olga")
    assert (by_id[42].kind, by_id[42].by, by_id[42].subject) == ("Comment", "hub", "WO-1 [abc]")
    assert (by_id[46].kind, by_id[46].field, by_id[46].new) == ("CustomField", "2", "new")
    assert (by_id[60].kind, by_id[60].ticket, by_id[60].field) == ("AddLink", 3, "MergedInto")


@pytest.mark.parametrize(
    ("name", "attachment", "is_html", "others"),
    [("plain", 1, False, 0), ("html", 6, True, 0), ("with_file", 14, False, 1)],
)
def test_what_was_said_is_one_of_the_attachments_and_files_are_counted(name, attachment, is_html, others):
    part = part_of(items_of(recorded(name), HOST), HOST)
    assert (part.attachment, part.is_html, part.others) == (attachment, is_html, others)


def test_text_beside_its_own_html_has_no_other_files():
    items = [{"id": "1", "ContentType": "multipart/alternative", "Filename": ""}]
    items += [
        {"id": str(2 + n), "ContentType": kind, "Filename": ""} for n, kind in enumerate(["text/plain", "text/html"])
    ]
    part = part_of(items, HOST)
    assert (part.attachment, part.is_html, part.others) == (2, False, 0)


def test_text_comes_in_every_script():
    assert content_of(recorded("attachment"), HOST) == "Hall 3\nплохо 💡"


def test_page_of_a_sign_in_is_no_answer():
    with pytest.raises(SystemFault, match="not JSON") as caught:
        parsed(b"<!DOCTYPE html><title>Login</title>", HOST)
    assert "`url`" in caught.value.hint


@pytest.mark.parametrize(
    "broken", [[], {}, {"items": None}, {"items": "1"}, "text", 7, None], ids=lambda one: json.dumps(one)
)
def test_what_has_another_shape_is_a_fault_of_the_system_never_a_guess(broken):
    with pytest.raises(SystemFault, match="of a shape"):
        items_of(broken, HOST)
    with pytest.raises(SystemFault, match="a ticket of a shape"):
        ticket_of(broken, "", HOST)
    with pytest.raises(SystemFault, match="a transaction of a shape"):
        happened_of(broken, HOST)


@pytest.mark.parametrize("name", ["id", "Queue", "Status", "Requestor", "CustomFields", "Owner"])
def test_ticket_without_a_member_is_a_fault(name):
    given = recorded("ticket")
    del given[name]
    with pytest.raises(SystemFault, match="a ticket of a shape"):
        ticket_of(given, "", HOST)
