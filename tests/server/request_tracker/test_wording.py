"""What is written on tickets, and how the hub knows its own again; what is cut says so."""

from __future__ import annotations

import pytest
from django.utils import translation

from tallystick.connectors.request_tracker.answers import Said
from tallystick.server.request_tracker import operations, wording
from tallystick.server.request_tracker.asking import cut, words_of
from tallystick.server.request_tracker.hearing import quoted, wants_work
from tallystick.server.request_tracker.models import Tracker

STATUS = {"code": "PARTS", "name": "Waiting for parts", "kind": "on_hold"}


@pytest.mark.parametrize(
    ("operation", "body", "text"),
    [
        ("work_order.status_changed", {"number": "WO-1", "status": STATUS}, "Work order WO-1: Waiting for parts."),
        (
            "work_order.description_changed",
            {"number": "WO-1", "subject": "Both lamps", "description": "All dark."},
            "Work order WO-1 is now described so:\n\nBoth lamps\n\nAll dark.",
        ),
        ("work_order.note_added", {"number": "WO-1", "text": "Hm."}, "Maintenance writes in work order WO-1:\n\nHm."),
        ("work_order.information_received", {"number": "WO-1", "question": "q"}, ""),
        (
            operations.ANSWER,
            {"reference": "#1", "asked": "more", "errors": ["There is no shop X."]},
            "Maintenance made no further work order:\n\n- There is no shop X."
            "\n\nCorrect the ticket, then ask once more.",
        ),
        (
            operations.ANSWER,
            {"reference": "#1", "asked": "note", "number": "WO-1", "errors": ["It is gone."]},
            "Maintenance did not take the comment:\n\n- It is gone.",
        ),
    ],
)
def test_what_stands_on_the_ticket(operation, body, text):
    assert wording.text_of(operation, body) == text


def test_subject_is_the_same_in_every_language_and_carries_the_message():
    said = {}
    for language in ("en", "ru"):
        with translation.override(language):
            said[language] = wording.subject_of("0190abc", {"number": "WO-7"})
    assert said == {"en": "WO-7 [0190abc]", "ru": "WO-7 [0190abc]"}
    assert wording.id_in(said["en"]) == "0190abc"
    assert [wording.id_in(one) for one in ("", "No Subject", "[ticket] lamp", "WO-7 [no id here]")] == ["", "", "", ""]


def test_html_is_read_as_text_and_files_are_counted():
    said = Said(text="<p>One &amp; two</p><script>alert(1)</script>", is_html=True, others=2)
    assert words_of(said) == "One & two\n\n[Files on the ticket: 2]"
    assert words_of(Said(text="", is_html=False, others=0)) == ""
    assert words_of(Said(text="a\x00b\r\nc", is_html=False, others=0)) == "ab\nc"


def test_what_is_too_long_is_cut_on_a_character_and_says_so_S19():
    text = cut("💡" * 300, 254)
    assert len(text) == 254
    assert text.endswith("💡… [cut; the ticket has the whole]")
    assert cut("x" * 254, 254) == "x" * 254


def test_queue_name_cannot_leave_its_place_in_the_query():
    assert quoted("Bob's \\ queue") == "Bob\\'s \\\\ queue"
    tracker = Tracker(queue="Bob's", condition="Priority > 5 OR Owner = 'olga'")
    assert wants_work(tracker) == ("Queue = 'Bob\\'s' AND Status = '__Active__' AND (Priority > 5 OR Owner = 'olga')")
