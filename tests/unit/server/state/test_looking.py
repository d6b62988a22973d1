"""What people look through, over the state that real runs between two systems left."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from django.db import connections
from django.test.utils import CaptureQueriesContext

from tallystick.model.plan import Decision, OperationState, ReviewKind, ReviewStatus, RunKind, RunStatus, Take
from tallystick.model.side import Side
from tallystick.model.write import Action
from tallystick.ports.store import Store
from tallystick.runs.report import Report
from tallystick.server.state.address import address_of
from tallystick.server.state.database import Database
from tallystick.server.state.history import RunsWanted
from tallystick.server.state.journal import JournalWanted
from tallystick.server.state.link_list import LinksWanted
from tallystick.server.state.looking import Looking
from tallystick.server.state.pages import At
from tallystick.server.state.queue import Wanted
from tallystick.server.state.store import open_store
from tallystick.testing.clock import FixedClock
from tests.servers import postgres_url
from tests.two_systems import FLOW, TwoSystems, flow

CODES = "  tags:\n    Blue: B\n    Red: R\n"


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/state.db"
    return postgres_url()


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    opened = open_store(url, clock=FixedClock())
    if url.startswith("postgresql"):
        with psycopg.connect(url) as connection:
            tables = connection.execute("SELECT tablename FROM pg_tables WHERE tablename LIKE 'state\\_%'").fetchall()
            connection.execute(f"TRUNCATE {', '.join(name for (name,) in tables)}")
    yield opened
    opened.close()


@pytest.fixture
def looking(url: str, store: Store) -> Looking:
    return Looking(Database(address_of(url)))


@pytest.fixture
def two(store: Store) -> Iterator[TwoSystems]:
    with TwoSystems(
        flow(fields=("name", "phone", "city", "{left: tag, right: tag, codes: tags}")), code_sets=CODES, store=store
    ) as opened:
        yield opened


@contextmanager
def statements(looking: Looking, most: int) -> Iterator[None]:
    connections[looking._database.alias].ensure_connection()  # what a new one asks first does not count
    with CaptureQueriesContext(connections[looking._database.alias]) as captured:
        yield
    assert len(captured) <= most, [one["sql"] for one in captured.captured_queries]


def clash(two: TwoSystems, count: int) -> list[str]:
    """So many records whose phone was changed on both sides."""
    ids = [two.left.put({"name": f"Ann {n}", "phone": "1", "city": "Bonn"}) for n in range(count)]
    two.sync()
    for id_ in ids:
        two.left.edit(id_, {"phone": "+49 2"})
        two.right.edit(two.partner(Side.LEFT, id_), {"phone": "+49 3"})
    two.sync()
    return ids


def test_waiting_questions_are_counted_up_to_a_limit(two: TwoSystems, looking: Looking) -> None:
    clash(two, 4)
    two.sync()
    with statements(looking, 3):
        assert [looking.waiting_count(most) for most in (3, 4, 100)] == [3, 4, 4]


def test_questions_come_a_page_at_a_time_and_those_alike_are_counted(two: TwoSystems, looking: Looking) -> None:
    clash(two, 7)
    with statements(looking, 3):
        first = looking.questions(Wanted(), At(rows=3))
    assert [asked.alike for asked in first.rows] == [7, 7, 7]
    assert first.before is None
    assert first.after is not None
    second = looking.questions(Wanted(), At(after=first.after, rows=3))
    third = looking.questions(Wanted(), At(after=second.after, rows=3))
    numbers = [asked.review.number for part in (first, second, third) for asked in part.rows]
    assert numbers == sorted(numbers)
    assert len(set(numbers)) == 7
    assert third.after is None
    assert third.before is not None
    back = looking.questions(Wanted(), At(before=third.before, rows=3))
    assert back.rows == second.rows
    assert looking.questions(Wanted(), At(before=back.before, rows=3)).before is None
    assert looking.neighbours(Wanted(), numbers[0]) == (None, numbers[1])
    assert looking.neighbours(Wanted(), numbers[3]) == (numbers[2], numbers[4])
    assert looking.alike(numbers[4], 100) == [numbers[4], *(n for n in numbers if n != numbers[4])]
    assert looking.waiting().kinds == {ReviewKind.CONFLICT: 7}
    assert looking.waiting().flows == {("two", FLOW): 7}


def test_questions_of_another_reason_are_not_alike(two: TwoSystems, looking: Looking) -> None:
    for tag in ("Green", "Green", "Yellow"):
        two.left.put({"name": tag, "tag": tag})
    two.sync()
    asked = looking.questions(Wanted(kinds=(ReviewKind.UNMAPPED_CODE,)), At()).rows
    assert [one.alike for one in asked] == [2, 2, 1]


def test_questions_found_by_words_come_and_go_with_their_status(
    two: TwoSystems, store: Store, looking: Looking
) -> None:
    ids = clash(two, 5)

    def found(text: str = "+49") -> list[str | None]:
        first = looking.questions(Wanted(text=text), At(rows=2))
        rest = looking.questions(Wanted(text=text), At(after=first.after, rows=9)).rows if first.after else ()
        return [one.review.left_id for one in (*first.rows, *rest)]

    assert found() == ids
    first, second = (one.review for one in looking.questions(Wanted(), At()).rows[:2])
    answer = Decision(take=Take.IGNORE, by="ann", at="2026-11-22T09:30:00+00:00")
    store.decide(first.number, answer, first.fingerprint)
    assert found() == ids[1:]
    assert looking.neighbours(Wanted(text="+49"), second.number) == (None, second.number + 1)
    store.reopen(first.number)
    assert found() == ids
    two.left.edit(ids[2], {"phone": "+7 495"})
    two.sync()
    assert found("+7 495") == [ids[2]]
    assert found("+49 2") == [ids[0], ids[1], *ids[3:]]
    two.left.edit(ids[3], {"phone": "+49 3"})  # both say the same: the cause is gone
    two.sync()
    assert found("+49") == [ids[0], ids[1], ids[2], ids[4]]


def test_waiting_is_counted_up_to_a_limit_by_kind_and_flow(two: TwoSystems, looking: Looking) -> None:
    clash(two, 3)
    with statements(looking, 2):
        waiting = looking.waiting(2)
    assert (waiting.total, waiting.is_more, waiting.flows) == (2, True, {("two", FLOW): 2})
    assert (looking.waiting(4).total, looking.waiting(4).is_more, looking.waiting(None).total) == (3, False, 3)


def test_questions_are_found_by_their_words_kind_and_flow(two: TwoSystems, looking: Looking) -> None:
    ids = clash(two, 3)
    two.left.put({"name": "Straße 5 %_", "tag": "Grün"})
    two.sync()
    assert {one.review.left_id for one in looking.questions(Wanted(text="+49  3"), At()).rows} == set(ids)
    (found,) = looking.questions(Wanted(text="GRÜN"), At()).rows
    assert found.review.kind is ReviewKind.UNMAPPED_CODE
    assert looking.questions(Wanted(text="%"), At()).rows == ()
    assert looking.questions(Wanted(text="49 xyz"), At()).rows == ()
    assert looking.questions(Wanted(flow="other"), At()).rows == ()
    assert len(looking.questions(Wanted(integration="two", flow=FLOW, kinds=(ReviewKind.CONFLICT,)), At()).rows) == 3
    assert looking.questions(Wanted(until="2000"), At()).rows == ()


def test_an_answer_leaves_the_queue_and_heads_the_answered(two: TwoSystems, looking: Looking) -> None:
    clash(two, 3)
    number = looking.questions(Wanted(), At()).rows[1].review.number
    two.state().decide(number, "left")
    assert number not in [one.review.number for one in looking.questions(Wanted(), At()).rows]
    (answered,) = looking.answered(Wanted(), None, 10)
    assert answered.review.number == number
    assert answered.review.decision is not None
    assert answered.review.decision.by == "ann"
    mark = (answered.review.decision.at, number)
    assert looking.answered(Wanted(), mark, 10) == []
    assert looking.answered(Wanted(by="bob"), None, 10) == []
    two.state().undo_decision(number)
    assert looking.answered(Wanted(), None, 10) == []
    asked = looking.question(number)
    assert asked is not None
    assert asked.review.status is ReviewStatus.OPEN


def test_runs_come_newest_first_with_their_positions(two: TwoSystems, looking: Looking) -> None:
    for n in range(3):
        two.left.put({"name": f"Ann {n}"})
        two.sync()
    with statements(looking, 1):
        page = looking.runs_page(RunsWanted(), At(rows=2))
    assert [len(page.rows), page.before] == [2, None]
    rest = looking.runs_page(RunsWanted(), At(after=page.after, rows=2))
    assert len(rest.rows) == 1
    assert rest.after is None
    assert looking.runs_page(RunsWanted(by="bob"), At()).rows == ()
    assert len(looking.runs_page(RunsWanted(status=RunStatus.DONE, kind=RunKind.SYNC), At()).rows) == 3
    (position,) = looking.positions(page.rows[0].run)
    assert (position.total, position.done, position.status) == (1, 1, RunStatus.DONE)
    newest = looking.newest("two", (RunStatus.DONE,))
    assert newest is not None
    assert newest.run == page.rows[0].run
    assert looking.run_by_start(newest.run[:12])


def test_position_of_a_run_that_is_going_is_where_it_stands(two: TwoSystems, looking: Looking) -> None:
    for n in range(20):
        two.left.put({"name": f"Ann {n}"})
    with two.workspace() as workspace:
        workspace._batch = 6
        run = workspace.begin(RunKind.SYNC)
        report_stages = workspace.stages(run, workspace.integration.flows[0], Report(run=run.id))
        next(report_stages)
        with statements(looking, 20):
            (position,) = looking.positions(run.id)
        assert (position.total, position.done) == (20, 0)
        written = next(report_stages) + next(report_stages)
        (position,) = looking.positions(run.id)
        assert (position.total, position.done, position.status) == (20, written, RunStatus.APPLYING)
        assert 0 < written < 20
        assert position.first_at <= position.last_at


def test_journal_is_searched_by_record_run_person_field_and_time(two: TwoSystems, looking: Looking) -> None:
    ann = two.left.put({"name": "Ann", "phone": "1", "city": "Ulm"})
    bob = two.left.put({"name": "Bob", "phone": "2"})
    two.sync()
    two.left.edit(ann, {"city": "Bonn"})
    last = two.run().run
    assert [told.operation.left_id for told in looking.lines(JournalWanted()).lines] == [ann, bob, ann]
    assert [told.operation.action for told in looking.lines(JournalWanted(id=ann)).lines] == [
        Action.UPDATE,
        Action.CREATE,
    ]
    (line,) = looking.lines(JournalWanted(run=last)).lines
    assert (line.by, line.integration, line.operation.after) == ("ann", "two", {"city": "Bonn"})
    assert len(looking.lines(JournalWanted(by="ann")).lines) == 3
    assert looking.lines(JournalWanted(by="bob")).lines == ()
    assert looking.lines(JournalWanted(id=bob, field="city", action=Action.UPDATE)).lines == ()
    assert len(looking.lines(JournalWanted(field="city", action=Action.UPDATE)).lines) == 1
    assert looking.lines(JournalWanted(until="2000-01-01")).lines == ()
    first = looking.lines(JournalWanted(by="ann"), rows=2)
    rest = looking.lines(JournalWanted(by="ann"), after=first.after or "", rows=2)
    numbers = [told.operation.number for part in (first, rest) for told in part.lines]
    assert len(numbers) == 3
    assert numbers == sorted(numbers, reverse=True)


def test_a_search_goes_on_where_it_stopped(two: TwoSystems, looking: Looking, monkeypatch: pytest.MonkeyPatch) -> None:
    import tallystick.server.state.journal as journal

    monkeypatch.setattr(journal, "NARROW_ROWS", 4)
    ids = [two.left.put({"name": f"Ann {n}"}) for n in range(10)]
    two.sync()
    two.left.delete(ids[0])
    two.sync()
    found, after, looks = [], "", 0
    while True:
        part = looking.lines(JournalWanted(action=Action.CREATE), after=after, rows=3)
        found += [told.operation.left_id for told in part.lines]
        looks += 1
        if part.after is None:
            break
        after = part.after
    assert sorted(found, key=str) == sorted(ids, key=str)
    assert looks > 2
    run = looking.newest("two")
    assert run is not None
    (deleted,) = looking.planned(run.run, FLOW, action=Action.DELETE).lines
    assert deleted.operation.state is OperationState.DONE


def test_operations_of_a_run_are_filtered_in_bounded_steps(
    two: TwoSystems, looking: Looking, monkeypatch: pytest.MonkeyPatch
) -> None:
    import tallystick.server.state.journal as journal

    monkeypatch.setattr(journal, "NARROW_ROWS", 4)
    for n in range(10):
        two.left.put({"name": f"Ann {n}"})
    run = two.run().run
    part = looking.planned(run, FLOW, action=Action.UPDATE)
    assert part.lines == ()
    assert part.after is not None
    found, after = [], -1
    while True:
        part = looking.planned(run, FLOW, action=Action.CREATE, side=Side.RIGHT, after=after, rows=3)
        found += [told.operation.seq for told in part.lines]
        if part.after is None:
            break
        after = int(part.after)
    assert found == sorted(found)
    assert len(found) == 10


def test_links_are_found_by_either_id(two: TwoSystems, looking: Looking) -> None:
    ids = [two.left.put({"name": f"Ann {n}"}) for n in range(3)]
    two.sync()
    right = two.partner(Side.LEFT, ids[1])
    with statements(looking, 2):
        (found,) = looking.links_page(LinksWanted(id=right), At()).rows
    assert found.link.left is not None
    assert found.link.left.id == ids[1]
    assert found.scope == two.scope()
    page = looking.links_page(LinksWanted(integration="two", is_active=True), At(rows=2))
    rest = looking.links_page(LinksWanted(integration="two", is_active=True), At(after=page.after, rows=2))
    assert [len(page.rows), len(rest.rows)] == [2, 1]
    assert looking.links_page(LinksWanted(is_active=False), At()).rows == ()
    again = looking.linked(found.link.number)
    assert again == found
    assert [line.linked for line in looking.scopes()] == [3]
