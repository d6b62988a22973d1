"""Machines, lists, our own letters and floods are left alone; what people write is taken."""

from __future__ import annotations

import pytest

from tallystick.server.desk.mail.judging import MOST_AN_HOUR, Aside, judge
from tallystick.server.desk.mail.reading import read


def judged(*headers: str, sender: str = "rita@example.com", is_ours: bool = False, lately: int = 0):
    raw = "\r\n".join(("From: Rita <rita@example.com>", "Subject: Lamp", *headers, "", "It is dark.")).encode()
    own = frozenset({"desk@hub.example"})
    return judge(read(raw), envelope_sender=sender, own=own, is_ours=is_ours, lately=lately)


def test_person_is_taken_and_may_be_answered():
    found = judged("Auto-Submitted: no")
    assert (found.aside, found.may_answer) == (None, True)


@pytest.mark.parametrize(
    ("header", "aside"),
    [
        ("Auto-Submitted: auto-replied (vacation)", Aside.AUTOMATIC),
        ("Auto-Submitted: auto-generated\r\nIn-Reply-To: <a@hub.example>", Aside.AUTOMATIC),
        ("X-Autoreply: yes", Aside.AUTOMATIC),
        ("Precedence: auto_reply", Aside.AUTOMATIC),
        ("Precedence: bulk", Aside.LIST),
        ("Precedence: junk", Aside.LIST),
        ("List-Id: <news.example.org>", Aside.LIST),
        ("List-Unsubscribe: <https://news.example.org/>", Aside.LIST),
    ],
)
def test_what_a_machine_or_a_list_sent_is_left_alone(header, aside):
    found = judged(header)
    assert (found.aside, found.may_answer) == (aside, False)


def test_alarm_of_a_machine_is_taken_and_not_answered():
    found = judged("Auto-Submitted: auto-generated")
    assert (found.aside, found.may_answer) == (None, False)


def test_own_letter_that_comes_back_is_left_alone():
    assert judged(is_ours=True).aside is Aside.OWN
    assert judged(sender="DESK@hub.example").aside is Aside.OWN


def test_undelivered_letter_is_left_alone():
    assert judged(sender="").aside is Aside.UNDELIVERED


def test_flood_of_one_sender_is_left_alone():
    assert judged(lately=MOST_AN_HOUR - 1).aside is None
    assert judged(lately=MOST_AN_HOUR).aside is Aside.TOO_MANY
