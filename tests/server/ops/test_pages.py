"""Dashboard, runs, journal, why and links through Django's client, over what real runs left."""

from __future__ import annotations

import csv
import io
import json
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlencode

import pytest
from django.utils import timezone

from tallystick.errors import AlreadyDecided, InputRefused, NotAllowed
from tallystick.model.link import LinkState
from tallystick.model.plan import RunKind, RunStatus
from tallystick.model.side import Side
from tallystick.runs.report import Report
from tallystick.server.ops.dashboard import dashboard
from tallystick.server.ops.domain import links
from tallystick.server.ops.rejects import harmless
from tallystick.server.people.actor import actor_of
from tallystick.server.people.domain.tokens import create_token
from tallystick.server.people.models import AuditEntry
from tallystick.server.state.history import RunsWanted
from tallystick.server.state.link_list import LinksWanted
from tallystick.server.state.of_hub import looking
from tallystick.server.state.pages import At
from tests.firm import Firm

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def firm(tmp_path: Path, transactional_db: None) -> Firm:
    return Firm(tmp_path)


def text(answer) -> str:
    return answer.content.decode()


def newest() -> str:
    return looking().runs_page(RunsWanted(), At(rows=1)).rows[0].run


def why_query(record: str = "contact", system: str = "crm", id_: str = "1", **more: str) -> str:
    return urlencode({"integration": "firm", "system": system, "type": record, "id": id_, **more})


def only_link():
    return looking().links_page(LinksWanted(), At()).rows[0]


def test_empty_hub_explains_the_first_steps(client_of):
    client = client_of("administrator")
    assert "Nothing runs here yet" in text(client.get("/"))
    for path, words in (
        ("/runs/", "Nothing ran yet"),
        ("/journal/", "The journal is empty"),
        ("/why/", "No integration has run yet"),
        ("/links/", "No records are linked yet"),
        ("/links/new/", "No integration has run yet"),
    ):
        assert words in text(client.get(path)), path


def test_dashboard_tells_health_and_figures(firm, client_of):
    firm.conflicts(2)
    page = text(client_of("agent").get("/"))
    assert "Customers and the register" in page
    assert "well" in page
    assert "Questions waiting" in page
    assert '<svg class="chart"' in page
    assert page.count("<title>") > 1


def test_dashboard_shows_what_is_held_first(firm, client_of):
    firm.held()
    page = text(client_of("agent").get("/"))
    assert "A guard holds it until somebody decides." in page
    assert "one integration needs a look" in page


def test_technician_without_a_right_to_runs_is_led_elsewhere(client_of):
    assert client_of("", name="Nobody").get("/").status_code in (200, 302)


def test_runs_are_listed_and_narrowed(firm, client_of):
    firm.contacts(2)
    firm.sync(by="Ada Byron")
    firm.contacts(1, first=10)
    firm.sync()
    client = client_of("agent")
    assert text(client.get("/runs/")).count("badge ok") == 2
    assert text(client.get("/runs/?by=Ada+Byron")).count("badge ok") == 1
    assert "No run fits" in text(client.get("/runs/?status=failed"))
    assert client.get("/runs/?status=no&kind=no&after=x&before=y").status_code == 200


def test_run_shows_before_and_after_of_each_field(firm, client_of):
    firm.contacts(2)
    firm.sync()
    firm.crm("update contact set city = 'Köln' where id = 1")
    run = firm.sync().run
    page = text(client_of("agent").get(f"/runs/{run}/"))
    assert "<del>Bonn 1</del><ins>Köln</ins>" in page
    assert "changed on the left" in page
    client = client_of("agent")
    assert "Nothing of this kind" in text(client.get(f"/runs/{run}/?action=delete"))
    assert "Köln" in text(client.get(f"/runs/{run}/?action=update&side=right"))
    assert "Nothing of this kind" in text(client.get(f"/runs/{run}/?side=left"))
    assert client.get("/runs/0000/").status_code == 404


def test_plan_is_a_readable_difference_that_wrote_nothing(firm, client_of):
    firm.contacts(1)
    run = firm.plan()
    page = text(client_of("agent").get(f"/runs/{run}/"))
    assert "What it would do" in page
    assert "Ann Example 1" in page
    assert firm.register("select count(*) from person") == [(0,)]


def test_held_run_is_approved_from_its_page(firm, client_of):
    report = firm.held()
    client = client_of("integration manager")
    page = text(client.get(f"/runs/{report.run}/"))
    assert "nothing was written" in page
    assert "Ann Example 701" in page
    assert client_of("agent").post(f"/runs/{report.run}/held/", {"take": "approve"}).status_code == 403
    client.post(f"/runs/{report.run}/held/", {"take": "approve"})
    assert firm.register("select count(*) from person") == [(2,)]


def test_held_run_is_refused_and_stays_held(firm, client_of):
    report = firm.held()
    client_of("integration manager").post(f"/runs/{report.run}/held/", {"take": "refuse"})
    assert firm.questions() == []
    assert firm.sync(is_full=True).status == "held"
    assert firm.register("select count(*) from person") == [(8,)]


def test_run_is_undone_and_what_was_edited_since_is_listed_E33(firm, client_of):
    firm.contacts(3)
    firm.sync()
    firm.crm("update contact set city = 'Ulm'")
    run = firm.sync().run
    firm.register("update person set town = 'Wien' where number = 2")
    client = client_of("integration manager", name="Ada Byron")
    assert client_of("agent").post(f"/runs/{run}/undo/").status_code == 403
    client.post(f"/runs/{run}/undo/")
    assert firm.register("select town from person order by number") == [("Bonn 1",), ("Wien",), ("Bonn 3",)]
    undone = looking().undone_by(run)
    assert [(line.kind, line.by) for line in undone] == [(RunKind.UNDO, "Ada Byron")]
    page = text(client.get(f"/runs/{run}/"))
    assert "edited since" in page
    assert f"/runs/{undone[0].run}/" in page
    assert f"/runs/{run}/undo/" not in page


def test_live_part_tells_counts_and_rate_and_ends_with_the_run(firm, client_of):
    firm.contacts(40)
    client = client_of("integration manager")
    with firm.workspace(batch=10) as workspace:
        run = workspace.begin(RunKind.SYNC)
        report = Report(run=run.id)
        stages = workspace.stages(run, workspace.integration.flows[0], report)
        next(stages)
        for _ in range(3):
            next(stages)
        answer = client.get(f"/runs/{run.id}/live/")
        assert 'hx-trigger="every 1s"' in text(answer)
        assert "of 40" in text(answer)
        assert "HX-Refresh" not in answer
        assert looking().run_line(run.id).status is RunStatus.APPLYING
        for _ in stages:
            pass
        workspace.end(run, report)
    answer = client.get(f"/runs/{run.id}/live/")
    assert answer["HX-Refresh"] == "true"


def test_run_that_is_going_is_stopped_and_resumed(firm, client_of):
    firm.contacts(4)
    client = client_of("integration manager", name="Ada Byron")
    with firm.workspace() as workspace:
        run = workspace.begin(RunKind.SYNC)
        assert client.post(f"/runs/{run.id}/stop/").status_code == 302
        assert "stopped by a person" in text(client.get(f"/runs/{run.id}/"))
        client.post(f"/runs/{run.id}/resume/")
        assert "stopped by a person" not in text(client.get(f"/runs/{run.id}/"))
    assert list(AuditEntry.objects.order_by("pk").values_list("action", "by")) == [
        ("ops.stop", "Ada Byron"),
        ("ops.resume", "Ada Byron"),
    ]
    assert client_of("read-only").post(f"/runs/{run.id}/stop/").status_code == 403


def test_rejects_are_taken_away_without_formulas(firm, client_of):
    firm.contacts(1)
    firm.crm("insert into contact values (9, '=1+1', 'x@x.org', '1', 'Ulm', null, '=cmd|calc')")
    run = firm.sync().run
    client = client_of("agent")
    answer = client.get(f"/runs/{run}/rejects.csv")
    body = b"".join(answer.streaming_content).decode("utf-8-sig")
    (row,) = csv.DictReader(io.StringIO(body))
    assert (row["kind"], row["left_id"]) == ("unmapped_code", "9")
    assert not any(value.startswith("=") for value in row.values())
    lines = b"".join(client.get(f"/runs/{run}/rejects.jsonl").streaming_content).decode().splitlines()
    assert json.loads(lines[0])["left_id"] == "9"
    assert client.get(f"/runs/{run}/rejects.exe").status_code == 404


@pytest.mark.parametrize("value", ["=1+1", "+1", "-1", "@x", "\t=1", "\r=1"])
def test_formula_is_given_as_text(value):
    assert harmless(value) == f"'{value}"
    assert harmless(f"a{value}") == f"a{value}"


def test_journal_is_searched(firm, client_of):
    firm.contacts(3)
    firm.sync(by="Ada Byron")
    firm.crm("update contact set city = 'Köln' where id = 2")
    firm.sync()
    client = client_of("agent")
    assert text(client.get("/journal/")).count('<li class="operation">') == 4
    assert text(client.get("/journal/?id=2&integration=firm")).count('<li class="operation">') == 2
    assert text(client.get("/journal/?by=Ada+Byron")).count('<li class="operation">') == 3
    assert text(client.get("/journal/?field=town&action=update")).count('<li class="operation">') == 1
    assert text(client.get(f"/journal/?run={newest()[:14]}")).count('<li class="operation">') == 1
    assert text(client.get("/journal/?since=2020-01-01&until=2020-02-01")).count('<li class="operation">') == 0
    for wrong in ("since=x", "until=2026-99-99", "after=x", "action=x&state=y&side=z", "id=%00"):
        assert client.get(f"/journal/?{wrong}").status_code == 200, wrong


def test_why_tells_where_values_came_from_E35(firm, client_of):
    firm.contacts(1)
    firm.sync()
    client = client_of("agent")
    page = text(client.get(f"/why/?{why_query()}"))
    assert "In sync with register:person:1" in page
    firm.crm("update contact set city = 'Köln'")
    page = text(client.get(f"/why/?{why_query()}"))
    assert "Not in sync" in page
    assert "The next run sets town on the right" in page
    assert "There is no such record" in text(client.get(f"/why/?{why_query(id_='99')}"))
    assert "No flow covers" in text(client.get(f"/why/?{why_query('shoe')}"))
    kind = urlencode({"kind": "firm\tregister\tperson", "id": "1"})
    assert "Not in sync" in text(client.get(f"/why/?{kind}"))
    assert "Name a record" in text(client.get("/why/?id=1"))


def test_why_leads_to_the_questions_about_the_record(firm, client_of):
    firm.conflicts(1)
    number = firm.questions()[0].review.number
    page = text(client_of("agent").get(f"/why/?{why_query()}"))
    assert f'href="/review/{number}/"' in page


def test_story_of_a_field_names_run_and_person(firm, client_of):
    firm.contacts(1)
    firm.sync(by="Ada Byron")
    firm.register("update person set town = 'Wien'")
    firm.sync(by="Bob")
    client = client_of("agent")
    page = text(client.get(f"/journal/story/?{why_query(field='city')}"))
    assert page.index("From register") < page.index("Passed on to register")
    assert "Ada Byron" in page
    assert "Bob" in page
    assert client.get(f"/journal/story/?{why_query(field='shoe_size')}").status_code == 404
    assert client.get("/journal/story/").status_code == 422


def test_links_are_found_by_either_id_and_show_their_evidence(firm, client_of):
    firm.contacts(2)
    firm.register("insert into person values (55, 'Ann Example 1', 'ann1@example.org', 'x', 'Bonn 1', null, 'O')")
    firm.sync()
    client = client_of("agent")
    assert "email" in text(client.get("/links/?id=55"))
    assert text(client.get("/links/")).count("badge ok") == 2
    assert "No link fits" in text(client.get("/links/?id=nobody"))
    assert "Ann Example" in text(client.get(f"/links/{only_link().link.number}/"))
    assert client.get("/links/99999/").status_code == 404


def test_link_is_taken_apart_and_made_again_by_hand(firm, actor, client_of):
    firm.contacts(1)
    firm.sync()
    linked = only_link()
    client = client_of("integration manager", name="Ada Byron")
    assert client_of("agent").post(f"/links/{linked.link.number}/unlink/").status_code == 403
    client.post(f"/links/{linked.link.number}/unlink/", {"note": "two people"})
    assert only_link().link.state is LinkState.DORMANT
    firm.crm("update contact set city = 'Köln'")
    firm.sync(is_full=True)
    assert firm.register("select town from person") == [("Bonn 1",)]
    with pytest.raises(AlreadyDecided):
        links.unlink(actor, linked.link.number)
    form = {"flow": "firm/people", "left": "1", "right": "1", "note": "one after all"}
    assert client.post("/links/new/", form).status_code == 302
    assert only_link().link.state is LinkState.ACTIVE
    assert firm.register("select town from person") == [("Köln",)]
    told = [(entry.action, entry.by) for entry in AuditEntry.objects.order_by("pk")]
    assert told == [("ops.unlink", "Ada Byron"), ("ops.link", "Ada Byron")]
    journal = text(client.get("/journal/?id=1&by=Ada+Byron"))
    assert "unlinked by hand: two people" in journal
    assert "linked by hand: one after all" in journal
    before = firm.sync(is_full=True)
    assert sum(sum(writes.values()) for writes in before.flows["people"].writes.values()) == 0


def test_link_by_hand_refuses_what_is_not_there_or_linked(firm, actor, actor_with, client_of):
    firm.contacts(2)
    firm.sync()
    with pytest.raises(InputRefused, match="linked already"):
        links.link(actor, "firm", "people", "1", "2")
    with pytest.raises(InputRefused, match="no record 77"):
        links.link(actor, "firm", "people", "77", "2")
    with pytest.raises(InputRefused, match="Name both"):
        links.link(actor, "firm", "people", " ", "2")
    with pytest.raises(NotAllowed):
        links.link(actor_with("ops.view_link"), "firm", "people", "1", "2")
    answer = client_of("integration manager").post("/links/new/", {"flow": "firm/people", "left": "1", "right": "77"})
    assert answer.status_code == 422
    assert "There is no such record" in text(answer)
    assert len(looking().links_page(LinksWanted(is_active=True), At()).rows) == 2


def test_metrics_are_for_this_machine_or_a_token(firm, client, person):
    firm.conflicts(1)
    body = text(client.get("/metrics"))
    assert 'tallystick_questions_waiting{kind="conflict"} 1.0' in body
    assert 'tallystick_links{flow="people",integration="firm"} 1.0' in body
    assert 'tallystick_lag_seconds{integration="firm"}' in body
    far = {"REMOTE_ADDR": "192.0.2.7"}
    assert client.get("/metrics", **far).status_code == 403
    assert client.get("/metrics", HTTP_VIA="1.1 proxy").status_code == 403
    assert client.get("/metrics", HTTP_X_REAL_IP="192.0.2.7").status_code == 403
    soon = timezone.now() + timedelta(days=30)
    made = create_token(actor_of(person("administrator")), name="prom", scopes=["ops.*"], expires_at=soon)
    assert client.get("/metrics", HTTP_AUTHORIZATION=f"Bearer {made.text}", **far).status_code == 200
    assert client.get("/metrics", HTTP_AUTHORIZATION="Bearer wrong", **far).status_code >= 400


def test_markup_in_values_stays_text(firm, client_of):
    firm.contacts(1)
    firm.crm("update contact set name = '<script>alert(1)</script>', city = '\"><img src=x onerror=alert(2)>'")
    run = firm.sync().run
    client = client_of("agent")
    paths = [f"/runs/{run}/", "/journal/", f"/why/?{why_query()}", f"/journal/story/?{why_query(field='city')}"]
    for path in [*paths, "/links/", f"/links/{only_link().link.number}/", "/"]:
        page = text(client.get(path))
        assert "<script>alert" not in page, path
        assert "<img" not in page, path


def test_pages_take_few_statements(firm, client_of, django_assert_max_num_queries):
    firm.contacts(60)
    run = firm.sync().run
    client = client_of("agent")
    for path, most in ((f"/runs/{run}/", 24), ("/runs/", 12), ("/journal/", 16), ("/links/", 12), ("/", 24)):
        client.get(path)
        with django_assert_max_num_queries(most):
            client.get(path)


def test_lag_counts_from_the_last_run_that_came_to_its_end(firm):
    firm.contacts(1)
    firm.sync()
    found = dashboard(timezone.now() + timedelta(hours=2))
    assert found is not None
    (health,) = found.health
    assert health.state.title == "behind"
    assert timedelta(hours=2) <= health.lag < timedelta(hours=3)


def test_side_of_links_is_kept(firm):
    firm.contacts(1)
    firm.sync()
    assert only_link().link.end(Side.LEFT).id == "1"
