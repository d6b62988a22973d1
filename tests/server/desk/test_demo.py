"""What the demo has of the desk is made once and shows each outcome."""

from __future__ import annotations

import smtplib

from tallystick.server.demo import inbox
from tallystick.server.demo.beginning import AGENT
from tallystick.server.demo.desk import make_desk
from tallystick.server.desk.models import CaseOrder, Conversation, WorkOrder
from tallystick.server.messages.courier import Courier
from tallystick.server.records.domain import actions


def test_demo_asks_for_work_once_and_shows_each_outcome(actor, person):
    person("agent", email=AGENT, name="Olga Sokolova")
    for number in range(6):
        actions.create(actor, "case", {"subject": f"Case {number}", "kind": "help_desk"})
    for _start in range(2):
        make_desk("notched across, split in two", lambda _text: None)
    Courier().deliver_due()
    assert sorted(CaseOrder.objects.values_list("status", flat=True)) == [
        "",
        "completed",
        "in_progress",
        "open",
        "open",
    ]
    assert WorkOrder.objects.count() == 4
    assert Conversation.objects.filter(reply="awaiting").count() == 1


def test_inbox_of_the_demo_keeps_letters_as_files(tmp_path):
    port = inbox.free_port()
    with inbox.serving(tmp_path / "inbox", port) as is_there, smtplib.SMTP("127.0.0.1", port) as mail:
        assert is_there
        mail.sendmail("a@example.org", ["b@example.org"], "Subject: C-1: solved/now\r\n\r\nText")
    (letter,) = (tmp_path / "inbox").iterdir()
    assert letter.name.endswith("C-1-solved-now.eml")
    assert b"Text" in letter.read_bytes()
