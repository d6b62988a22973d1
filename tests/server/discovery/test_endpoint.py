"""`/inventory` as agents see it. Rows A2, A13, A14; issue 4, "Discovery" and "Bad input"."""

from __future__ import annotations

import base64
import bz2
import gzip
import json
import zlib

import pytest
from django.test import Client

from tallystick.server.discovery.domain.keys import revoke_key
from tallystick.server.discovery.models import Device, Installed, Part, Sighting
from tallystick.server.records.models import Change
from tests.server.discovery.conftest import report_of

pytestmark = pytest.mark.django_db


def test_prolog_is_answered_with_send_and_hours_A13(agent):
    answer = agent.post(zlib.compress(report_of(query="PROLOG")))
    assert answer.status_code == 200
    text = zlib.decompress(answer.content).decode()
    assert "<RESPONSE>SEND</RESPONSE>" in text
    assert "<PROLOG_FREQ>12</PROLOG_FREQ>" in text
    assert not Device.objects.exists()


def test_inventory_makes_a_device_A2(agent):
    agent.report(hostname="lon-1", serial="SN9", maker="Dell Inc.", model="XPS", memory=8000, software=["vim"])
    device = Device.objects.get()
    assert (device.name, device.serial_number, device.manufacturer, device.model) == (
        "lon-1",
        "SN9",
        "Dell Inc.",
        "XPS",
    )
    assert (device.memory_mb, device.asset_type, device.business_unit) == (8000, "010", "US001")
    assert device.first_seen_on == device.last_seen_on
    assert Sighting.objects.get().reports == 1
    assert [one.software.name for one in Installed.objects.select_related("software")] == ["vim"]


def test_same_report_again_changes_nothing_but_when_it_was_seen_A2(agent, django_assert_max_num_queries):
    values = {"hostname": "lon-1", "serial": "SN9", "macs": ["00:11:22:33:44:55"], "software": ["vim", "git"]}
    agent.report(**values)
    before = (Change.objects.count(), list(Part.objects.values()), list(Installed.objects.values()))
    seen = Sighting.objects.get().last_seen_at
    with django_assert_max_num_queries(20):
        agent.report(**values)
    assert (Change.objects.count(), list(Part.objects.values()), list(Installed.objects.values())) == before
    sighting = Sighting.objects.get()
    assert sighting.reports == 2
    assert sighting.last_seen_at > seen
    assert Device.objects.get().version == 1


def test_changed_report_tells_what_changed_A2(agent):
    agent.report(hostname="lon-1", serial="SN9", memory=8000, software=["vim", "git"])
    kept = Installed.objects.get(software__name="git")
    agent.report(hostname="lon-1", serial="SN9", memory=16000, software=["git", "mc"])
    change = Change.objects.filter(record_type="device").latest("seq")
    assert json.loads(change.changes) == {"memory_mb": ["8000", "16000"]}
    assert (change.by, change.via) == ("Works", "inventory")
    assert sorted(Installed.objects.values_list("software__name", flat=True)) == ["git", "mc"]
    assert Installed.objects.get(software__name="git") == kept


@pytest.mark.parametrize("pack", [zlib.compress, gzip.compress, bytes])
@pytest.mark.parametrize("said", ["application/x-compress-zlib", "application/xml", "text/html"])
def test_packing_is_seen_whatever_the_header_says_A2(agent, pack, said):
    assert agent.post(pack(report_of(serial="SN9")), content_type=said).status_code == 200
    assert Device.objects.get().serial_number == "SN9"


def test_glpi_agent_is_answered_in_json_A2(agent, samples):
    contact = {"action": "contact", "deviceid": "glpixps-2018-07-09-09-07-13", "name": "GLPI-Agent", "version": "1.7"}
    answer = agent.post(json.dumps(contact), content_type="application/json")
    assert answer.json() == {"status": "ok", "expiration": 12}
    assert not Device.objects.exists()
    body = (samples / "glpi" / "computer_1.json").read_bytes()
    assert agent.post(zlib.compress(body), content_type="application/x-compress-zlib").json()["status"] == "ok"
    device = Device.objects.get()
    assert (device.name, device.serial_number, device.subtype) == ("glpixps", "640HP72", "LAPTOP")
    assert set(Part.objects.values_list("kind", flat=True)) >= {"processor", "memory", "disk", "network", "monitor"}


def test_partial_report_leaves_the_rest_as_it_was_A2(agent, samples):
    folder = samples / "glpi"
    early = agent.post((folder / "computer_1_partial_cpu.json").read_bytes(), content_type="application/json")
    assert (early.status_code, early.json()["status"]) == (409, "error")
    agent.post((folder / "computer_1.json").read_bytes(), content_type="application/json")
    programs, disks = Installed.objects.count(), Part.objects.filter(kind="disk").count()
    answer = agent.post((folder / "computer_1_partial_cpu.json").read_bytes(), content_type="application/json")
    assert answer.status_code == 200
    assert (Installed.objects.count(), Part.objects.filter(kind="disk").count()) == (programs, disks)
    assert Device.objects.count() == 1


@pytest.mark.parametrize("name", ["computer_1.json", "computer_2.json", "phone_1.json", "printer_1.json"])
def test_every_sample_is_kept_once_A2(agent, samples, name):
    body = (samples / "glpi" / name).read_bytes()
    for _ in range(2):
        assert agent.post(body, content_type="application/json").status_code == 200
    assert Device.objects.count() == 1
    assert Change.objects.filter(record_type="device").count() == 1


# --- who may report


@pytest.mark.parametrize("head", ["", "Basic", "Basic !!", "Bearer abc", "Basic " + base64.b64encode(b"x:y").decode()])
def test_agent_without_a_key_is_asked_to_sign_in_A2(agent, head):
    answer = agent.post(zlib.compress(report_of()), HTTP_AUTHORIZATION=head)
    assert answer.status_code == 401
    assert answer["WWW-Authenticate"].startswith('Basic realm="Tallystick"')
    assert not Device.objects.exists()


def test_revoked_key_is_refused_A2(agent, actor):
    revoke_key(actor, agent.key.pk)
    assert agent.post(zlib.compress(report_of())).status_code == 401


def test_people_who_are_signed_in_are_no_agents_A2(client_of):
    assert client_of().post("/inventory", report_of(), content_type="application/xml").status_code == 401


def test_get_is_told_to_post_A2():
    answer = Client().get("/inventory")
    assert (answer.status_code, answer["Allow"]) == (405, "POST")


# --- what is wrong


@pytest.mark.parametrize(
    ("body", "status", "sentence"),
    [
        (b"", 400, "The report is empty."),
        (zlib.compress(report_of())[:-9], 400, "cut off"),
        (zlib.compress(report_of())[:20] + b"\xff" * 30, 400, "damaged"),
        (zlib.compress(report_of()[:60]), 400, "breaks off or is wrong"),
        (zlib.compress(report_of())[2:-4], 400, "may be packed, but not by zlib or gzip"),
        (bz2.compress(report_of()), 400, "may be packed, but not by zlib or gzip"),
        (zlib.compress(zlib.compress(report_of())), 400, "may be packed, but not by zlib or gzip"),
        (zlib.compress(bytes(40 * 1024 * 1024)), 413, "larger than 32 MiB"),
        (bytes(9 * 1024 * 1024), 413, "larger than 8 MiB"),
        (b'<!DOCTYPE x [<!ENTITY e "boom">]>' + report_of(), 400, "document type"),
    ],
)
def test_broken_report_gets_one_sentence_and_leaves_nothing_A2(agent, body, status, sentence):
    answer = agent.post(body)
    assert answer.status_code == status
    text = answer.content.decode()
    assert sentence in text
    assert text.count("\n") == 1
    assert not Device.objects.exists()


def test_broken_json_is_answered_in_json_A2(agent):
    answer = agent.post(b'{"deviceid": "x", ', content_type="application/json")
    assert answer.status_code == 400
    assert answer.json()["status"] == "error"


def test_report_of_another_kind_is_taken_and_stopped_A2(agent):
    answer = agent.post(zlib.compress(report_of(query="SNMPQUERY")))
    assert b"<RESPONSE>STOP</RESPONSE>" in zlib.decompress(answer.content)
    assert not Device.objects.exists()


def test_text_for_markup_stays_text_A2(agent, client_of):
    agent.report(hostname="<script>alert(1)</script>", software=["<img src=x onerror=alert(1)>"], serial="S-1")
    device = Device.objects.get()
    client = client_of("read-only")
    for path in (f"/records/device/{device.pk}/", f"/discovery/programs/{device.pk}/"):
        page = client.get(path).content.decode()
        assert "<script>alert(1)" not in page
        assert "<img src=x" not in page
