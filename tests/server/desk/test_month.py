"""A simulated month ends with every case and every work order agreeing, and the history explaining each."""

from __future__ import annotations

import os
import random
from dataclasses import replace

import pytest
from django.conf import settings as django_settings

from tallystick.server.configuration import MailIntake
from tallystick.server.desk.models import CaseOrder, Email, Notice, WorkOrder
from tallystick.server.messages.models import Transaction
from tallystick.server.people.actor import actor_of
from tallystick.server.records.models import Case
from tests.server.desk.mail import DESK, Post
from tests.server.desk.month import Month, faults

CASES = int(os.environ.get("SOAK_CASES", "5000"))


def lived(desk, person, settings, *, count: int, seed: int) -> Month:
    place = MailIntake(address=DESK, host="127.0.0.1", port=2525)
    settings.CONFIGURATION = replace(django_settings.CONFIGURATION, mail_intake=place)
    agents = [desk.agent, *(actor_of(person("agent", name=f"Agent {n}", email=f"a{n}@example.org")) for n in range(3))]
    technicians = [desk.technician]
    for number in range(4):
        actor = actor_of(person("technician", name=f"Technician {number}", email=f"t{number}@example.org"))
        desk.made("person", last_name=f"Technician {number}", user=str(actor.person))
        technicians.append(actor)
    month = Month(
        desk=desk,
        agents=agents,
        technicians=technicians,
        chance=random.Random(seed),
        count=count,
        post=Post(),
    )
    month.go()
    return month


def check(month: Month) -> None:
    assert faults() == []
    assert month.deaths
    assert all(month.wire.lost.values())
    assert Case.objects.count() == month.count
    assert Email.objects.exclude(state="taken").count() == 0
    assert CaseOrder.objects.count() == WorkOrder.objects.count() == month.did["orders asked for"]
    before = Transaction.objects.count(), Notice.objects.count()
    month.deliver()
    assert (Transaction.objects.count(), Notice.objects.count()) == before  # nothing more is told


@pytest.mark.slow
def test_month_of_cases_ends_with_all_agreeing_S5_S7_S8_W4(desk, person, settings):
    month = lived(desk, person, settings, count=100, seed=1042)
    check(month)
    assert month.did["answers by link"]
    assert month.did["corrected"]
    some = CaseOrder.objects.filter(status="closed").first()
    CaseOrder.objects.filter(pk=some.pk).update(status="open")
    some.told.order_by("-sequence").first().delete()
    assert len(faults()) == 2  # it would be seen


@pytest.mark.soak
@pytest.mark.timeout(0)
def test_whole_month_of_cases_ends_with_all_agreeing_S5_S7_S8_W4(desk, person, settings):
    month = lived(desk, person, settings, count=CASES, seed=int(os.environ.get("SOAK_SEED", "7")))
    check(month)
    print(dict(month.did), dict(month.wire.lost), month.deaths)
