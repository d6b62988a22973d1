"""A transaction is registered only when the other system confirmed it. Rows E27-E29, E36, F8, F9; scenario S24."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from http import HTTPStatus
from typing import Any

import pytest
from msgspec.structs import replace

from tallystick.connectors.memory import IdsFrom, Versions
from tallystick.connectors.memory.describe import FieldSettings
from tallystick.engine.proposal import Ending
from tallystick.errors import ConfigurationError, Unreachable
from tallystick.model.flow import Confirmation, WhenDown
from tallystick.model.plan import OperationState, RunKind, RunStatus
from tallystick.model.selection import Selection
from tallystick.model.side import SIDES, Side
from tallystick.model.value import Value
from tallystick.model.write import Outcome, Write
from tallystick.runs.registering import Registered
from tallystick.runs.report import Report
from tallystick.testing.faults import ALWAYS, Call, CallFails, FaultySystem, Hangs, LostAnswer, WriteFails
from tallystick.testing.faults.fault import Fault, Layer
from tests.two_systems import FLOW, TwoSystems, flow, killed, person, points

LEFT, RIGHT = SIDES
QUOTE = ("name", "{left: phone, right: phone, exchange: synchronous}", "city", "tag")
ANN = {"name": "Ann", "phone": "1", "city": "X", "tag": "t"}
NEW = {"name": "Bob", "phone": "2", "city": "Y", "tag": "u"}


def linked(*more: str, fields: Sequence[str] = QUOTE, **settings: Any) -> TwoSystems:
    two = TwoSystems(flow(*more, fields=fields), left=[person(**settings)], right=[person(**settings)])
    two.left.put(ANN, id="a" if settings.get("ids") is not IdsFrom.SYSTEM else None)
    two.sync()
    return two


def only(two: TwoSystems) -> str:
    return next(iter(two.left.records()))


def register(
    two: TwoSystems, values: Mapping[str, Value], id_: str | None = "a", place: str = "crm", name: str = FLOW
) -> Registered:
    with two.workspace() as workspace:
        return workspace.register(name, place, id_, values)


def faulty(two: TwoSystems, *faults: Fault, side: Side = RIGHT) -> None:
    two.wrap = lambda of, system: FaultySystem(system, faults if of is side else (), two.clock)


def well(two: TwoSystems) -> None:
    two.wrap = lambda side, system: system


def confirmed_how(two: TwoSystems, **how: Any) -> None:
    """Gives every synchronous line of the file this confirmation."""
    integration = two.loaded.integration
    flows = tuple(
        replace(one, maps=tuple(replace(line, confirmation=Confirmation(**how)) for line in one.maps))
        for one in integration.flows
    )
    two.loaded = dataclasses.replace(two.loaded, integration=replace(integration, flows=flows))


# --- confirmed


@pytest.mark.parametrize("place", ["crm", "register"])
def test_confirmed_change_is_on_both_sides_and_leaves_nothing_to_do_E36_F8(place: str) -> None:
    two = linked()
    here = LEFT if place == "crm" else RIGHT
    id_ = "a" if here is LEFT else two.partner(LEFT, "a")
    done = register(two, {"phone": "2"}, id_, place)
    assert (done.ending, done.answer.is_registered) == (Ending.CONFIRMED, True)
    assert [record["phone"] for side in SIDES for record in two.values(side)] == ["2", "2"]
    order = [(o.side, o.state) for o in reversed(two.journal(run=done.run))]
    assert order == [(here.other, OperationState.DONE), (here, OperationState.DONE)]
    (run,) = [one for one in two.store.runs() if one.kind is RunKind.REGISTER]
    assert (run.status, run.result["transaction"]["status"]) == (RunStatus.DONE, "confirmed")
    before = two.writes()
    assert two.sync().notes == []
    two.sync(is_full=True)
    assert two.writes() == before


@pytest.mark.parametrize("world", [{}, {"ids": IdsFrom.SYSTEM}, {"versions": Versions.NONE}])
def test_confirmed_record_is_new_on_both_sides_and_linked_E36_F8(world: dict[str, Any]) -> None:
    two = linked("match: {definite: [[name]]}", **world)
    done = register(two, NEW, None)
    assert (done.ending, done.answer.is_registered) == (Ending.CONFIRMED, True)
    mine, theirs = done.answer.ids[LEFT], done.answer.ids[RIGHT]
    assert mine is not None
    assert theirs is not None
    assert (two.left.get(mine), two.right.get(theirs)) == (NEW, NEW)
    assert two.partner(LEFT, mine) == theirs
    before = two.writes()
    two.sync()
    two.sync(is_full=True)
    assert two.writes() == before
    again = register(two, NEW, None)
    assert (again.ending, two.writes()) == (Ending.REFUSED, before)
    assert again.message == f"register has this record already: {theirs}."


def test_what_the_other_system_makes_of_a_value_is_registered_E22_E36() -> None:
    two = linked()

    class Capitals(Layer):
        def write(self, selection: Selection, writes: Sequence[Write]) -> Sequence[Outcome]:
            return self.inner.write(
                selection,
                [replace(one, values={n: (v or "").upper() for n, v in one.values.items()}) for one in writes],
            )

    two.wrap = lambda side, system: Capitals(system) if side is RIGHT else system
    assert register(two, {"phone": "ab"}).ending is Ending.CONFIRMED
    assert (two.left.get("a") or {})["phone"] == "AB"
    before = two.writes()
    two.sync(is_full=True)
    assert two.writes() == before


def test_asynchronous_fields_of_a_transaction_are_delivered_afterwards_E36_F9() -> None:
    two = linked()
    assert register(two, {"phone": "2", "city": "Z"}).ending is Ending.CONFIRMED
    assert two.left.get("a") == {**ANN, "phone": "2", "city": "Z"}
    assert two.right_of("a") == {**ANN, "phone": "2"}
    two.sync()
    assert two.right_of("a") == {**ANN, "phone": "2", "city": "Z"}
    before = two.writes()
    two.sync(is_full=True)
    assert two.writes() == before


@pytest.mark.parametrize("id_", ["a", None])
def test_transaction_without_synchronous_fields_is_registered_at_once_also_when_the_other_is_down_F9(
    id_: str | None,
) -> None:
    two = linked(fields=("name", "phone", "city", "tag"))
    faulty(two, CallFails(times=ALWAYS), Hangs(duration_s=99, times=ALWAYS, on=frozenset(Call)))
    done = register(two, NEW, id_)
    assert (done.ending, done.answer.is_registered) == (Ending.REGISTERED, True)
    assert NEW in two.values(LEFT)
    assert NEW not in two.values(RIGHT)
    well(two)
    two.sync()
    assert two.values(LEFT) == two.values(RIGHT)


def test_value_the_other_system_has_already_is_confirmed_without_a_write_to_it_E36() -> None:
    two = linked(fields=("name", "{left: phone, right: phone, max: {right: 3}, too_long: cut, exchange: synchronous}"))
    assert register(two, {"phone": "12345"}).ending is Ending.CONFIRMED
    assert (two.right_of("a") or {})["phone"] == "123"
    before = len(two.worlds[RIGHT].accepted())
    assert register(two, {"phone": "12399"}).ending is Ending.CONFIRMED
    assert len(two.worlds[RIGHT].accepted()) == before
    assert (two.left.get("a") or {})["phone"] == "12399"
    two.settle()
    assert (two.left.get("a") or {})["phone"] == "12399"


def test_values_are_taken_as_their_fields_spell_them_E36() -> None:
    number = FieldSettings(name="phone", type="decimal")
    kind = person(fields=("name", number, "city", "tag"))
    two = TwoSystems(flow(fields=QUOTE), left=[kind], right=[kind])
    two.left.put(ANN, id="a")
    two.sync()
    assert register(two, {"phone": "12.50"}).ending is Ending.CONFIRMED
    assert (two.right_of("a") or {})["phone"] == "12.5"
    refused = register(two, {"phone": "cheap"})
    assert refused.message == "phone is 'cheap', which is not a number (written like 12.5)."
    with pytest.raises(ConfigurationError, match="person has no field 'fone'"):
        register(two, {"fone": "1", "phone": "2"})
    assert (two.left.get("a") or {})["phone"] == "12.5"


# --- refused


def untouched(two: TwoSystems, act: Callable[[], Registered]) -> Registered:
    before, writes = (two.left.records(), two.right.records()), two.writes()
    done = act()
    assert (two.left.records(), two.right.records()) == before
    assert two.writes() == writes
    assert not done.answer.is_registered
    return done


@pytest.mark.parametrize("id_", ["a", None])
def test_what_the_other_system_refuses_is_registered_nowhere_E36_F8_S24(id_: str | None) -> None:
    two = linked()
    faulty(two, WriteFails(status=HTTPStatus.FORBIDDEN))
    done = untouched(two, lambda: register(two, {**NEW, "city": "X"}, id_))
    assert (done.ending, done.message) == (Ending.REFUSED, "The system answered 403.")
    assert two.reviews() == []
    well(two)
    before = two.writes()
    two.sync(is_full=True)
    assert (two.writes(), two.reviews()) == (before, [])


@pytest.mark.parametrize("side", SIDES)
def test_what_a_system_would_refuse_is_not_even_asked_E24_E36(side: Side) -> None:
    two = linked()
    short = FieldSettings(name="phone", max_length=3)
    two.worlds[side].define(person(fields=("name", short, "city", "tag")))
    done = untouched(two, lambda: register(two, {"phone": "12345"}))
    assert done.ending is Ending.REFUSED
    assert "holds 3" in done.message


def test_record_changed_there_since_it_was_agreed_on_is_refused_E31_E36() -> None:
    two = linked()
    two.right.edit(two.partner(LEFT, "a"), {"city": "Z"})
    done = untouched(two, lambda: register(two, {"phone": "2"}))
    assert done.ending is Ending.REFUSED
    there = two.partner(LEFT, "a")
    assert done.message == (
        f"city of {there} was changed in register since the two last agreed: run a sync, and look at it again."
    )
    two.sync()
    assert register(two, {"phone": "2"}).ending is Ending.CONFIRMED


def test_record_changed_there_in_the_last_moment_is_refused_E31_E36() -> None:
    two = linked()

    class Late(Layer):
        def write(self, selection: Selection, writes: Sequence[Write]) -> Sequence[Outcome]:
            two.right.edit(two.partner(LEFT, "a"), {"phone": "9"})
            return self.inner.write(selection, writes)

    two.wrap = lambda side, system: Late(system) if side is RIGHT else system
    done = register(two, {"phone": "2"})
    assert (done.ending, done.message) == (
        Ending.REFUSED,
        "The record was changed in register meanwhile; look at it again.",
    )
    assert (two.left.get("a") or {})["phone"] == "1"
    well(two)
    two.sync()
    assert (two.left.get("a") or {})["phone"] == "9"


def test_record_that_is_not_linked_cannot_be_confirmed_E36() -> None:
    two = linked()
    two.left.put(NEW, id="b")
    done = untouched(two, lambda: register(two, {"phone": "3"}, "b"))
    assert done.message == "b has no partner in register that could confirm: run a sync first."
    gone = untouched(two, lambda: register(two, {"city": "3"}, "c"))
    assert gone.message == "There is no person c in crm that the flow is about."


def test_field_that_belongs_to_the_other_system_is_changed_there_E21_E36() -> None:
    two = linked(fields=("name", "{left: phone, right: phone, authority: right, exchange: synchronous}"))
    done = untouched(two, lambda: register(two, {"phone": "3"}))
    assert done.message == "phone belongs to register: change it there."


def test_place_that_is_no_end_of_the_flow_is_a_wrong_call_E36() -> None:
    two = linked()
    with pytest.raises(ConfigurationError, match="has no system 'erp'"):
        register(two, {"phone": "2"}, place="erp")
    with pytest.raises(ConfigurationError, match="There is no flow 'quotes'"):
        register(two, {"phone": "2"}, name="quotes")
    with pytest.raises(ConfigurationError, match="No field is named"):
        register(two, {})


# --- lost, late, down


@pytest.mark.parametrize("id_", ["a", None])
@pytest.mark.parametrize("is_written", [True, False])
def test_lost_answer_is_read_back_at_once_and_never_sent_again_E28_E36(id_: str | None, is_written: bool) -> None:
    two = linked(idempotency=False)
    faulty(two, LostAnswer(is_written=is_written))
    done = register(two, NEW, id_)
    well(two)
    assert done.ending is (Ending.CONFIRMED if is_written else Ending.DOWN)
    assert len(two.values(LEFT)) == len(two.values(RIGHT)) == (2 if is_written and id_ is None else 1)
    before = two.writes()
    two.sync()
    two.sync()
    assert two.values(LEFT) == two.values(RIGHT)
    assert two.writes() == before + (is_written and id_ == "a")  # the fields delivered afterwards


class Stuck(Layer):
    """Writes, or reads, and does not answer before it is let go."""

    def __init__(self, inner: Any, let_go: threading.Event, *, is_written: bool = True) -> None:
        super().__init__(inner)
        self._let_go = let_go
        self._is_written = is_written

    def write(self, selection: Selection, writes: Sequence[Write]) -> Sequence[Outcome]:
        outcomes = self.inner.write(selection, writes) if self._is_written else ()
        self._let_go.wait(30)
        return outcomes


@pytest.fixture
def let_go() -> Iterator[threading.Event]:
    event = threading.Event()
    yield event
    event.set()


@pytest.mark.parametrize("id_", ["a", None])
@pytest.mark.parametrize("is_written", [True, False])
@pytest.mark.parametrize("ids", IdsFrom)
def test_time_out_registers_nothing_and_the_next_run_settles_it_E28_E36_S24(
    id_: str | None, is_written: bool, ids: IdsFrom, let_go: threading.Event
) -> None:
    two = linked(ids=ids)
    confirmed_how(two, timeout_s=0.3)
    two.wrap = lambda side, system: Stuck(system, let_go, is_written=is_written) if side is RIGHT else system
    before = two.left.records()
    done = register(two, {**ANN, "phone": "2"}, id_ and only(two))
    assert (done.ending, done.answer.is_registered) == (Ending.TIMED_OUT, False)
    assert two.left.records() == before
    (sent,) = two.journal(run=done.run)
    assert sent.state is OperationState.SENT
    assert two.store.runs()[0].status is RunStatus.APPLYING
    well(two)
    two.sync()
    assert two.values(LEFT) == two.values(RIGHT)
    assert len(two.values(LEFT)) == 1 + (id_ is None and is_written)
    assert ("2" in {record["phone"] for record in two.values(LEFT)}) is is_written
    run = two.store.run(done.run)
    assert run is not None
    assert run.status is (RunStatus.DONE if is_written else RunStatus.PARTIAL)
    writes = two.writes()
    two.sync(is_full=True)
    assert two.writes() == writes


@pytest.mark.parametrize("id_", ["a", None])
def test_transaction_asked_for_again_after_a_time_out_is_answered_and_not_doubled_E28_E36(
    id_: str | None, let_go: threading.Event
) -> None:
    two = linked()
    confirmed_how(two, timeout_s=0.3)
    two.wrap = lambda side, system: Stuck(system, let_go) if side is RIGHT else system
    assert register(two, NEW, id_).ending is Ending.TIMED_OUT
    assert register(two, NEW, id_).ending is Ending.CONFIRMED  # reading answers, and nothing is written any more
    well(two)
    two.settle()
    assert two.values(LEFT) == two.values(RIGHT)
    assert len(two.values(LEFT)) == 1 + (id_ is None)


DOWN: list[Fault] = [
    CallFails(times=ALWAYS),
    Hangs(duration_s=99, times=ALWAYS, on=frozenset(Call)),
    WriteFails(status=HTTPStatus.SERVICE_UNAVAILABLE, times=ALWAYS),
    WriteFails(status=HTTPStatus.TOO_MANY_REQUESTS, retry_after_s=30.0, times=ALWAYS),
]


@pytest.mark.parametrize("id_", ["a", None])
@pytest.mark.parametrize("fault", DOWN)
def test_other_system_that_is_down_refuses_by_default_E36_S24(fault: Fault, id_: str | None) -> None:
    two = linked()
    faulty(two, fault)
    done = untouched(two, lambda: register(two, NEW, id_))
    assert done.ending is Ending.DOWN
    assert "register" in done.message
    well(two)
    before = two.writes()
    two.sync()
    assert two.writes() == before


@pytest.mark.parametrize("id_", ["a", None])
@pytest.mark.parametrize("fault", DOWN)
def test_other_system_that_is_down_gets_it_later_where_the_file_says_so_E36_S24(fault: Fault, id_: str | None) -> None:
    two = linked()
    confirmed_how(two, when_down=WhenDown.REGISTER)
    faulty(two, fault)
    done = register(two, NEW, id_)
    assert (done.ending, done.answer.is_registered) == (Ending.REGISTERED, True)
    assert NEW in two.values(LEFT)
    assert NEW not in two.values(RIGHT)
    well(two)
    two.sync()
    assert two.values(LEFT) == two.values(RIGHT)
    before = two.writes()
    two.sync(is_full=True)
    assert two.writes() == before


def test_system_where_it_is_to_be_registered_being_down_is_an_error_E36() -> None:
    two = linked()
    faulty(two, Hangs(duration_s=99, times=ALWAYS, on=frozenset(Call)), side=LEFT)
    with pytest.raises(Unreachable):
        register(two, {"phone": "2"})
    assert two.store.runs()[0].status is RunStatus.FAILED


def test_confirmed_and_the_own_system_then_down_is_registered_by_the_next_run_E29_E36() -> None:
    two = linked()
    faulty(two, CallFails(times=ALWAYS), side=LEFT)
    done = register(two, {"phone": "2"})
    assert (done.ending, done.answer.is_registered) == (Ending.CONFIRMED, False)
    assert [record["phone"] for side in SIDES for record in two.values(side)] == ["1", "2"]
    well(two)
    two.sync()
    assert [record["phone"] for side in SIDES for record in two.values(side)] == ["2", "2"]


# --- killed


@pytest.mark.parametrize("world", [{}, {"ids": IdsFrom.SYSTEM, "idempotency": False}, {"versions": Versions.NONE}])
@pytest.mark.parametrize("how", [WhenDown.REFUSE, WhenDown.REGISTER])
@pytest.mark.parametrize("is_new", [True, False])
def test_transaction_killed_at_every_point_shows_nothing_unconfirmed_and_loses_nothing_E29_E36_S17(
    world: dict[str, Any], how: WhenDown, is_new: bool
) -> None:
    def begun() -> TwoSystems:
        two = linked(**world)
        confirmed_how(two, when_down=how)
        return two

    def act(two: TwoSystems) -> Callable[[], Registered]:
        return lambda: register(two, {**ANN, "phone": "2"}, None if is_new else only(two))

    whole = begun()
    total = points(whole, act(whole))
    assert total > 15
    for dies_at in range(1, total + 1):
        two = begun()
        assert killed(two, dies_at, act(two))
        here, there = ({record["phone"] for record in two.values(side)} for side in SIDES)
        assert "2" not in here or "2" in there, f"killed at {dies_at} of {total}"
        was_there = "2" in there
        two.sync()
        assert two.values(LEFT) == two.values(RIGHT), f"killed at {dies_at} of {total}"
        assert ("2" in {record["phone"] for record in two.values(LEFT)}) is was_there
        assert len(two.links()) == len(two.values(LEFT)) == 1 + (is_new and was_there)
        assert all(one.state is not OperationState.SENT for one in two.journal())
        assert two.reviews() == []
        before = two.writes()
        two.sync(is_full=True)
        assert two.writes() == before, f"killed at {dies_at} of {total}"


# --- beside runs


def test_transaction_goes_between_two_batches_of_a_run_E36_E39() -> None:
    two = TwoSystems(flow(fields=QUOTE))
    two.left.put(ANN, id="a")
    two.sync()
    for number in range(40):
        two.left.put({**NEW, "tag": str(number)}, id=f"n{number}")
    with two.workspace() as workspace:
        workspace._batch = 10
        (chosen,) = workspace.chosen([])
        run = workspace.begin(RunKind.SYNC)
        report = Report(run=run.id)
        stages = workspace.stages(run, chosen, report)
        next(stages)  # planned
        next(stages)  # the first batch is written, the scope is held
        assert register(two, {"phone": "2"}).ending is Ending.CONFIRMED
        assert len(two.values(RIGHT)) < 41
        for _ in stages:
            pass
        assert report.errors == {}
    assert two.values(LEFT) == two.values(RIGHT)
    assert len(two.values(RIGHT)) == 41


def test_run_gives_way_to_a_transaction_that_waits_E36_E39() -> None:
    two = linked()
    with two.workspace() as workspace:
        (chosen,) = workspace.chosen([])
        precedence = workspace.precedence(chosen)
        order: list[str] = []
        two.clock.sleep = lambda duration_s: threading.Event().wait(0.002)  # type: ignore[method-assign]
        writing, over = threading.Event(), threading.Event()

        def background() -> None:
            for number in range(3):
                with precedence.behind():
                    order.append(f"batch {number}")
                    writing.set()
                    if number == 0:
                        over.wait(10)

        def waiting() -> None:
            with precedence.first(10.0):
                order.append("transaction")

        threads = [threading.Thread(target=background), threading.Thread(target=waiting)]
        threads[0].start()
        assert writing.wait(10)
        threads[1].start()
        while not precedence._is_somebody_ahead():
            threading.Event().wait(0.002)
        over.set()
        for thread in threads:
            thread.join(10)
    assert order == ["batch 0", "transaction", "batch 1", "batch 2"]


def test_edits_past_the_hub_are_delivered_afterwards_and_the_report_says_so_E36() -> None:
    two = linked()
    two.left.edit("a", {"city": "Z"})
    assert two.sync().notes == []
    two.left.edit("a", {"phone": "2"})
    note = "1 change was made without confirmation first and delivered afterwards: phone."
    assert two.sync().notes == [note]
    assert (two.right_of("a") or {})["phone"] == "2"
    assert two.sync().notes == []
