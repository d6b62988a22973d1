"""What the demo has of the assets pack: made once, over the real endpoint, with something at every step of the tour."""

from __future__ import annotations

import base64
import random

import pytest
from django.test import Client

from tallystick.model.plan import ReviewKind
from tallystick.server.demo import it_assets
from tallystick.server.demo.beginning import ADMINISTRATOR
from tallystick.server.demo.machines import COUNT, machines, report_of
from tallystick.server.discovery.models import Device, Part, Sighting
from tallystick.server.packs import tours
from tallystick.server.people.domain.roles import Role
from tallystick.server.records.domain import actions
from tallystick.server.records.models import Case
from tallystick.server.registers.models import RegisterAsset, RegisterCost, RegisterException
from tallystick.server.registers.queries import doubtful_serials
from tallystick.server.state.of_hub import looking
from tallystick.server.state.pages import At
from tallystick.server.state.queue import Wanted


@pytest.fixture
def post(person, tmp_path, transactional_db):
    """Reports as the agents of the demo send them."""
    person(Role.ADMINISTRATOR, email=ADMINISTRATOR)
    user, password = it_assets.agent_key(tmp_path)
    assert it_assets.agent_key(tmp_path) == (user, password)
    head = "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
    client = Client()

    def send(body, content_type):
        return client.post("/inventory", body, content_type=content_type, headers={"Authorization": head}).status_code

    return send


@pytest.mark.slow
def test_demo_has_something_at_every_step_of_the_tour(post, actor):
    worker = {"first_name": "Ann", "last_name": "Lee", "roles": '["worker"]', "employee_id": "E1", "email1": "a@x.org"}
    actions.create(actor, "person", worker)
    actions.create(actor, "product_mapping", {"product": actions.create(actor, "product", {"name": "P"}).id})
    told = []
    it_assets.make_it_assets(post, told.append)
    assert told[0].startswith(f"{COUNT - len(it_assets.SILENT)} machines reported")
    assert Device.objects.count() == COUNT
    assert Part.objects.filter(kind="monitor").exists()
    assert RegisterAsset.objects.filter(device__isnull=False).count() == COUNT
    kinds = sorted(RegisterException.objects.filter(state="open").values_list("kind", flat=True))
    assert kinds == ["differs", "differs", "not_seen", "not_seen"]
    doubtful = doubtful_serials(actor)
    assert (doubtful.doubled_count, doubtful.blank_count) == (1, 1)
    asked = [one.review.kind for one in looking().questions(Wanted(kinds=()), At(rows=50)).rows]
    assert sorted(asked) == sorted([ReviewKind.POSSIBLE] * 4 + [ReviewKind.DISPUTED])
    assert RegisterCost.objects.count() == 36
    assert Case.objects.count() == 2
    tour = tours.shown(tours.tour_of(actor, "assets"), actor)
    assert [one.standing is not None for one in tour].count(False) == 1  # a step that is only for reading
    before = RegisterAsset.objects.count()
    it_assets.make_it_assets(post, told.append)  # the demo is started again
    assert (RegisterAsset.objects.count(), Case.objects.count(), len(told)) == (before, 2, 1)
    reports = sum(Sighting.objects.values_list("reports", flat=True))
    it_assets.report_again(post, random.Random(1))
    assert sum(Sighting.objects.values_list("reports", flat=True)) == reports + 1


def test_every_machine_of_the_demo_is_taken_by_the_endpoint(post):
    seen = list(machines())
    assert len({one.serial for one in seen}) == len({one.system_id for one in seen}) == COUNT
    for one in (next(one for one in seen if one.is_linux), next(one for one in seen if not one.is_linux)):
        assert post(*report_of(one)) == 200
        device = Device.objects.get(hostname=one.hostname)
        found = (device.serial_number, device.manufacturer, device.model, device.memory_mb)
        assert found == (one.serial, one.model.maker, one.model.name, one.memory_gb * 1024)
        assert device.subtype in ("LAPTOP", "DESKTOP", "SERVER")
