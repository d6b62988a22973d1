"""Weights learned by a worker, looked at, switched on and switched back, in the web and by the API (E14, E17, A22)."""

from __future__ import annotations

import random
import time

import pytest

from tallystick.connectors.memory import MemoryWorld
from tallystick.connectors.memory.describe import FieldSettings, RecordTypeSettings
from tallystick.errors import InputRefused, NotAllowed, NotFound
from tallystick.runs import requests
from tallystick.runs.errands import Doing
from tallystick.runs.schedule import Job
from tallystick.runs.turns import Stopped
from tallystick.runs.world import SystemClock
from tallystick.server.connections.domain import change as connections
from tallystick.server.designer import learning
from tallystick.server.designer.domain import change, lessons
from tallystick.server.designer.models import Integration, IntegrationVersion, KeptLesson, LessonState
from tallystick.server.designer.place import state_url
from tallystick.server.designer.worker import start_worker
from tallystick.server.designer.workspaces import workspace
from tallystick.server.ops.opened import state
from tallystick.server.people.models import AuditEntry
from tallystick.spec.reading import loads
from tests.server.api.conftest import program  # noqa: F401  a fixture

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("fresh_jobs")]
TEXT = """\
integration: firm
systems:
  crm: {connection: left}
  register: {connection: right}
flows:
  - flow: people
    left: {system: crm, record: person}
    right: {system: register, record: person}
    fields:   # as people wrote it
      - {left: name, right: name}
      - {left: email, right: email}
      - {left: phone, right: phone}
    match:
      possible: [{block: email, compare: {name: name, phone: phone}, at_least: 40%}]
      junk: {phone: ["0"]}
    on: {new_left: ignore, new_right: ignore}
"""
FIRST = ("Ada", "Bela", "Carl", "Dora", "Emil", "Frida", "Gert", "Hanna")
LAST = ("Adler", "Brandt", "Conrad", "Dietz", "Engel", "Fuchs", "Graf")
NAMES = [f"{first} {last}" for first in FIRST for last in LAST]


@pytest.fixture
def firm(actor, db):
    """Fifty people on both sides; a loose rule asks about each, and six of the questions were answered."""
    rng = random.Random(7)
    tables = {}
    fields = tuple(FieldSettings(name=name) for name in ("name", "email", "phone"))
    mark = rng.randrange(10**9) + time.monotonic_ns()
    for side in ("left", "right"):
        world = MemoryWorld.open(f"{side} {mark}")
        world.define(RecordTypeSettings(name="person", fields=fields))
        connections.add(actor, name=side, connector="memory", settings={"name": f"{side} {mark}"})
        tables[side] = world.table("person")
    for number, name in enumerate(NAMES[:50]):
        mail, phone = f"{name.replace(' ', '.').lower()}{number}@example.org", f"+49 30 {rng.randrange(10**7):07}"
        tables["left"].put({"name": name, "email": mail, "phone": phone})
        wrong = name.replace("e", "a", 1) if number % 5 == 2 else name
        tables["right"].put({"name": wrong, "email": mail, "phone": phone if number % 6 else "0"})
    made = change.create(actor, TEXT)
    with workspace("firm", by="schedule") as opened:
        opened.sync()
    with state("Ada Byron") as opened:
        asked = list(opened.reviews())
        for review in asked[:6]:
            opened.decide(review["id"], "link")
    return made


def attend(lesson, progress=lambda what, count: None):
    job = Job(
        id=f"test:{lesson.pk}",
        integration="firm",
        flows=("people",),
        at_ms=0,
        by="x",
        errand=lessons.LEARN,
        subject=lesson.pk,
    )
    learning.attend(job, Doing(clock=SystemClock(), progress=progress))
    return KeptLesson.objects.select_related("integration").get(pk=lesson.pk)


def rules_now():
    return loads(Integration.objects.select_related("current").get().current.text, "x").integration.flows[0].match


@pytest.mark.slow
def test_weights_are_learned_by_a_worker_with_progress_and_change_nothing_yet_E14(actor, firm):
    lesson = lessons.learn(actor, "firm", "people")
    assert lessons.learn(actor, "firm", "people").pk == lesson.pk  # asked twice, learned once
    running = start_worker()
    try:
        end = time.monotonic() + 60
        while KeptLesson.objects.get().state == LessonState.LEARNING:
            assert time.monotonic() < end
            time.sleep(0.05)
    finally:
        assert running.stop()
    kept = KeptLesson.objects.get()
    assert (kept.state, kept.message) == (LessonState.READY, "")
    assert kept.told["records"] == {"left": 50, "right": 50}
    assert kept.told["answers"] == 6
    assert kept.told["before"]["cases"] == 3
    assert kept.told["after"]["wrong"] == 0
    assert [(rule["confirmed"], rule["refused"]) for rule in kept.rules] == [(6, 0)]
    assert rules_now().weights is None
    assert IntegrationVersion.objects.count() == 1


def test_learning_tells_how_far_it_is_and_stops_when_the_worker_is_drained(actor, firm):
    lesson = lessons.learn(actor, "firm", "people")
    seen = []

    def drained(what, count):
        seen.append((what, KeptLesson.objects.values_list("doing", flat=True).get()))
        if what == "learning":
            raise Stopped

    with pytest.raises(Stopped):
        attend(lesson, drained)
    assert [what for what, _ in seen] == ["reading", "reading", "reading", "learning"]
    assert seen[-1][1] == "reading"
    assert KeptLesson.objects.get().state == LessonState.LEARNING  # another worker begins it anew
    for job in requests.requests_of(state_url()).waiting():
        requests.requests_of(state_url()).taken(job)
    lessons.ask_again()
    assert [job.subject for job in requests.requests_of(state_url()).waiting()] == [lesson.pk]
    assert attend(lesson).state == LessonState.READY


def test_weights_are_switched_on_and_back_as_versions_and_with_who_did_it_E17(actor, firm, actor_with):
    lesson = attend(lessons.learn(actor, "firm", "people"))
    before = rules_now()
    with pytest.raises(NotAllowed):
        lessons.use(actor_with("designer.view_integration"), lesson.pk)
    used = lessons.use(actor, lesson.pk)
    assert used.state == LessonState.IN_USE
    assert set(rules_now().weights.fields) == {"name", "email", "phone"}
    assert rules_now().junk["phone"][0] == "0"
    text = Integration.objects.select_related("current").get().current.text
    assert "# as people wrote it" in text
    with workspace("firm", by="schedule") as opened:
        opened.sync(is_full=True)
        assert len(list(opened.store.all_links(opened.scope(opened.integration.flows[0])))) >= 40
    with pytest.raises(InputRefused, match="cannot be switched on"):
        lessons.use(actor, lesson.pk)
    change.set_schedule(actor, "firm", "people", "every day")  # somebody else's change stays
    back = lessons.switch_back(actor, lesson.pk)
    assert back.state == LessonState.BACK
    assert rules_now() == before
    assert "every day" in Integration.objects.select_related("current").get().current.text
    comments = list(IntegrationVersion.objects.order_by("number").values_list("comment", flat=True))
    assert comments[1] == "Learned weights of people switched on"
    assert comments[-1] == "Learned weights of people switched back"
    acts = list(AuditEntry.objects.filter(action__contains="weights").order_by("pk").values_list("action", flat=True))
    assert acts == ["designer.learn_weights", "designer.use_weights", "designer.drop_weights"]
    assert lessons.use(actor, lesson.pk).state == LessonState.IN_USE  # on again


def test_weights_that_were_edited_since_are_not_switched_back(actor, firm):
    lesson = lessons.use(actor, attend(lessons.learn(actor, "firm", "people")).pk)
    text = Integration.objects.select_related("current").get().current.text
    link = rules_now().weights.link
    change.save(actor, "firm", text.replace(f"link: {link:g}", "link: 99", 1))
    with pytest.raises(InputRefused, match="were edited since"):
        lessons.switch_back(actor, lesson.pk)
    assert rules_now().weights.link == 99


def test_too_little_to_learn_from_is_told_in_one_sentence(actor, firm):
    for side in ("left", "right"):
        table = MemoryWorld.open(connections.connection_of(side).settings["name"]).table("person")
        for id_ in list(table.records())[3:]:
            table.delete(id_)
    failed = attend(lessons.learn(actor, "firm", "people"))
    assert failed.state == LessonState.FAILED
    assert failed.message
    with pytest.raises(InputRefused):
        lessons.use(actor, failed.pk)
    with pytest.raises(NotFound):
        lessons.learn(actor, "firm", "nobody")
    with pytest.raises(NotFound):
        lessons.use(actor, "nothing")


def test_pages_show_precision_and_what_would_change_before_it_is_switched_on_A22(actor, firm, client_of):
    client = client_of("integration manager")
    page = client.get("/integrations/firm/matching/").content.decode()
    assert "100.00 %" in page  # the loose rule: six confirmed, none refused
    address = client.post("/integrations/firm/learn/", {"flow": "people"})["Location"]
    assert "Waiting for a worker" in client.get(address).content.decode()
    assert "HX-Refresh" not in client.get(f"{address}state/")
    attend(KeptLesson.objects.get())
    assert client.get(f"{address}state/")["HX-Refresh"] == "true"
    told = client.get(address).content.decode()
    assert all(text in told for text in ("What would change", "with these weights", "Linked, wrong", "Switch on"))
    assert client_of("read-only").post(f"{address}use/").status_code == 403
    assert "Switch on" not in client_of("read-only").get(address).content.decode()
    assert "Switch back" in client.post(f"{address}use/", follow=True).content.decode()
    assert "matches as it did before" in client.post(f"{address}back/", follow=True).content.decode()
    russian = client_of("integration manager", language="ru").get(address).content.decode()
    assert "Что изменилось бы" in russian


def test_program_learns_and_switches_weights_by_the_api(actor, firm, program):  # noqa: F811
    manager = program("integration manager")
    (flow,) = manager.get("/integrations/firm/matching").json()["items"]
    assert (flow["flow"], flow["has_weights"], flow["in_use"]) == ("people", False, None)
    assert flow["rules"][0]["confirmed"] == 6
    made = manager.post("/integrations/firm/matching/learn", {"flow": "people"})
    assert (made.status_code, made.json()["state"]) == (202, "learning")
    attend(KeptLesson.objects.get())
    id_ = made.json()["id"]
    assert manager.get(f"/weights/{id_}").json()["told"]["after"]["cases"] == 3
    assert program("agent").post(f"/weights/{id_}/use").status_code == 403
    assert manager.post(f"/weights/{id_}/use").json()["state"] == "in_use"
    assert manager.get("/integrations/firm/matching").json()["items"][0]["in_use"] == id_
    assert manager.post(f"/weights/{id_}/back").json()["state"] == "back"
    assert manager.post(f"/weights/{id_}/back").status_code == 422
