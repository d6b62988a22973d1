"""Every fault does what it says, and nothing else."""

import os
import signal
import subprocess
import sys
from datetime import timedelta
from http import HTTPStatus
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tallystick.connectors.memory import MemoryWorld, Settings, connect
from tallystick.errors import (
    CollectionGone,
    PermissionRefused,
    SignInFailed,
    SystemFault,
    TallystickError,
    Throttled,
    UnknownField,
    Unreachable,
)
from tallystick.model.record import Cause, records_of
from tallystick.model.selection import Selection
from tallystick.model.write import Action, Result, Write
from tallystick.testing.clock import EPOCH, FixedClock, SequentialIds
from tallystick.testing.contract import VersionsKnown
from tallystick.testing.faults import (
    ALWAYS,
    MISLEADING,
    PASSING,
    Call,
    CallFails,
    Cuts,
    DropsField,
    DuplicateId,
    EmptyListing,
    EqualStamps,
    FaultPlan,
    FaultySystem,
    HalfBatch,
    Hangs,
    IncompleteListing,
    KillPoints,
    LateCommits,
    LostAnswer,
    MergesRecords,
    Moment,
    Normalisation,
    Normalises,
    ReadFails,
    ReusesIds,
    ShortPage,
    SkewsClock,
    TruncatesStamps,
    WriteFails,
    fault_plans,
)

SELECTION = Selection(record="asset", fields=("model", "serial"))
NOTHING = VersionsKnown()
IDS = [str(number) for number in range(1, 8)]


class Bench:
    """Seven records with the ids 1 to 7, read three at a time, and a system without and with faults over them."""

    def __init__(self, **make):
        MemoryWorld.forget("faults")
        self.clock = FixedClock()
        record_type = {
            "name": "asset",
            "ids": "system",
            "fields": [{"name": "model"}, {"name": "serial"}],
            **make,
        }
        settings = Settings.model_validate({"name": "faults", "batch_rows": 3, "record_types": [record_type]})
        self.inner = connect(settings, folder=Path(), clock=self.clock, ids=SequentialIds())
        self.world = MemoryWorld.open("faults")
        self.table = self.world.table("asset")
        for number in range(1, 8):
            self.table.put({"model": f"m{number}", "serial": f"s{number}"})

    def with_faults(self, *faults):
        return FaultySystem(self.inner, faults, self.clock)


@pytest.fixture
def bench():
    yield Bench()
    MemoryWorld.forget("faults")


def read(call):
    """Ids and the end, as far as the stream goes; and the error that stops it."""
    ids, end, error = [], None, None
    try:
        for batch in call():
            ids += batch.records.column("#id").to_pylist()
            end = batch.end
    except TallystickError as caught:
        error = caught
    return ids, end, error


def listed(system, selection=SELECTION):
    return read(lambda: system.listing(selection, NOTHING))


def update(id_, serial="new", **more):
    return Write(key=f"u{id_}", action=Action.UPDATE, id=id_, values={"serial": serial}, **more)


def create(serial):
    return Write(key=f"c{serial}", action=Action.CREATE, id=None, values={"serial": serial})


def results(system, *writes):
    return [outcome.result for outcome in system.write(SELECTION, writes)]


def test_no_faults_change_nothing(bench):
    system = bench.with_faults()
    assert listed(system) == listed(bench.inner)
    assert system.describe() == bench.inner.describe()
    assert system.fetch(SELECTION, ["1", "99"]) == bench.inner.fetch(SELECTION, ["1", "99"])
    assert results(system, update("1"), create("x")) == [Result.DONE, Result.DONE]
    assert list(system.reserve(SELECTION, [{}])) == [None]
    assert [record.id for record in system.find(SELECTION, {"serial": "x"})] == ["8"]
    assert system.fired() == 0


# --- reading ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (None, Unreachable),
        (HTTPStatus.UNAUTHORIZED, SignInFailed),
        (HTTPStatus.FORBIDDEN, PermissionRefused),
        (HTTPStatus.NOT_FOUND, CollectionGone),
        (HTTPStatus.TOO_MANY_REQUESTS, Throttled),
        (HTTPStatus.INTERNAL_SERVER_ERROR, SystemFault),
    ],
)
def test_read_fails_with_the_error_of_its_status_E1_S16(bench, status, error):
    ids, end, caught = listed(bench.with_faults(ReadFails(status=status, page=2)))
    assert ids == IDS[:3]
    assert end is None
    assert type(caught) is error


def test_read_fails_on_the_calls_it_names_and_no_others(bench):
    system = bench.with_faults(ReadFails(at=2, times=2))
    assert [type(listed(system)[2]) for _ in range(4)] == [type(None), SystemFault, SystemFault, type(None)]
    assert system.fired(ReadFails) == 2


def test_read_fails_on_the_last_page_where_there_are_fewer(bench):
    ids, end, caught = listed(bench.with_faults(ReadFails(page=9)))
    assert (ids, end, type(caught)) == (IDS[:6], None, SystemFault)


def test_throttled_read_says_how_long_to_wait_E30(bench):
    _, _, caught = listed(bench.with_faults(ReadFails(status=HTTPStatus.TOO_MANY_REQUESTS, retry_after_s=7.0)))
    assert caught.retry_after_s == 7.0


def test_read_fails_only_in_changes_when_told_so(bench):
    system = bench.with_faults(ReadFails(on=frozenset({Call.CHANGES}), times=ALWAYS))
    _, end, caught = listed(system)
    assert caught is None
    assert type(read(lambda: system.changes(SELECTION, end.cursor, NOTHING))[2]) is SystemFault


def test_short_page_ends_without_an_end_E1(bench):
    ids, end, caught = listed(bench.with_faults(ShortPage(page=2)))
    assert (ids, end, caught) == (IDS[:4], None, None)


def test_incomplete_listing_leaves_a_page_out_and_says_so_E1_S16(bench):
    ids, end, _ = listed(bench.with_faults(IncompleteListing(page=2)))
    assert ids == [*IDS[:3], IDS[6]]
    assert (end.is_complete, end.reason) == (False, "Page 2 is missing.")


def test_incomplete_listing_that_nobody_noticed_looks_complete(bench):
    ids, end, _ = listed(bench.with_faults(IncompleteListing(page=9, is_noticed=False)))
    assert (ids, end.is_complete) == (IDS[:6], True)


def test_empty_listing_is_complete_and_keeps_its_cursor_S16(bench):
    whole = listed(bench.inner)[1]
    assert listed(bench.with_faults(EmptyListing())) == ([], whole, None)


def test_duplicate_id_comes_twice_in_one_listing(bench):
    ids, end, _ = listed(bench.with_faults(DuplicateId()))
    assert (ids, end.is_complete) == ([*IDS, "1"], True)


def test_hang_shorter_than_the_time_out_only_takes_time(bench):
    system = bench.with_faults(Hangs(duration_s=20, timeout_s=30))
    assert listed(system)[0] == IDS
    assert bench.clock.now() == EPOCH + timedelta(seconds=20)


@pytest.mark.parametrize("call", list(Call), ids=str)
def test_hang_beyond_the_time_out_is_unreachable_after_it(bench, call):
    system = bench.with_faults(Hangs(duration_s=600, timeout_s=30, on=frozenset({call}), times=ALWAYS))
    calls = {
        Call.DESCRIBE: system.describe,
        Call.LISTING: lambda: list(system.listing(SELECTION, NOTHING)),
        Call.CHANGES: lambda: list(system.changes(SELECTION, "0", NOTHING)),
        Call.FETCH: lambda: system.fetch(SELECTION, ["1"]),
        Call.FIND: lambda: system.find(SELECTION, {"serial": "s1"}),
        Call.RESERVE: lambda: system.reserve(SELECTION, [{}]),
        Call.WRITE: lambda: system.write(SELECTION, [update("1")]),
    }
    with pytest.raises(Unreachable, match=r"did not answer within 30 s"):
        calls[call]()
    assert bench.clock.now() == EPOCH + timedelta(seconds=30)
    assert system.fired(Hangs) == 1
    for other in set(Call) - {call}:
        calls[other]()
    assert bench.world.writes()[Action.UPDATE] == (0 if call is Call.WRITE else 1)


# --- writing ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("is_written", [True, False])
def test_lost_answer_is_unknown_whether_written_or_not_E28_S5(bench, is_written):
    system = bench.with_faults(LostAnswer(at=2, is_written=is_written, after_s=30))
    assert results(system, update("1"), update("2"), update("3")) == [Result.DONE, Result.UNKNOWN, Result.DONE]
    serials = [bench.table.get(id_)["serial"] for id_ in ("1", "2", "3")]
    assert serials == ["new", "new" if is_written else "s2", "new"]
    assert bench.clock.now() == EPOCH + timedelta(seconds=30)


def test_lost_answer_counts_writes_over_calls(bench):
    system = bench.with_faults(LostAnswer(at=3, times=2))
    assert results(system, update("1"), update("2")) == [Result.DONE, Result.DONE]
    assert results(system, update("3")) == [Result.UNKNOWN]
    assert results(system, update("4"), update("5")) == [Result.UNKNOWN, Result.DONE]
    assert system.fired(LostAnswer) == 2


@pytest.mark.parametrize(
    ("status", "write", "result"),
    [
        (HTTPStatus.BAD_REQUEST, update("1"), Result.REFUSED),
        (HTTPStatus.FORBIDDEN, update("1"), Result.REFUSED),
        (HTTPStatus.NOT_FOUND, update("1"), Result.ABSENT),
        (HTTPStatus.CONFLICT, create("x"), Result.EXISTS),
        (HTTPStatus.CONFLICT, update("1"), Result.MOVED),
        (HTTPStatus.PRECONDITION_FAILED, update("1"), Result.MOVED),
        (HTTPStatus.TOO_MANY_REQUESTS, update("1"), Result.RETRY),
        (HTTPStatus.SERVICE_UNAVAILABLE, update("1"), Result.RETRY),
        (HTTPStatus.INTERNAL_SERVER_ERROR, update("1"), Result.UNKNOWN),
    ],
)
def test_write_fails_with_the_result_of_its_status_E30(bench, status, write, result):
    before = bench.table.records()
    system = bench.with_faults(WriteFails(status=status, retry_after_s=5.0))
    (outcome,) = system.write(SELECTION, [write])
    assert (outcome.result, outcome.key, outcome.retry_after_s) == (result, write.key, 5.0)
    assert outcome.message == f"The system answered {status.value}."
    assert bench.table.records() == before
    assert results(system, write) == [Result.DONE]


def test_server_error_may_come_although_it_was_written(bench):
    system = bench.with_faults(WriteFails(status=HTTPStatus.INTERNAL_SERVER_ERROR, is_written=True))
    assert results(system, update("1")) == [Result.UNKNOWN]
    assert bench.table.get("1")["serial"] == "new"


@pytest.mark.parametrize(("status", "error"), [(None, Unreachable), (HTTPStatus.FORBIDDEN, PermissionRefused)])
def test_call_fails_as_a_whole_and_writes_nothing(bench, status, error):
    system = bench.with_faults(CallFails(status=status))
    with pytest.raises(error):
        system.write(SELECTION, [update("1")])
    assert bench.table.get("1")["serial"] == "s1"
    assert results(system, update("1")) == [Result.DONE]


def test_half_batch_writes_the_first_half_and_loses_every_answer_E28(bench):
    system = bench.with_faults(HalfBatch())
    assert results(system, *[update(id_) for id_ in IDS[:5]]) == [Result.UNKNOWN] * 5
    assert [bench.table.get(id_)["serial"] for id_ in IDS[:5]] == ["new", "new", "s3", "s4", "s5"]


def test_kill_points_are_before_and_after_every_write_S17(bench):
    seen = []

    def act(point):
        seen.append((point.moment, point.number, point.write.id, bench.table.get("1")["serial"]))

    system = bench.with_faults(KillPoints(act=act))
    assert results(system, update("1"), update("2")) == [Result.DONE, Result.DONE]
    assert seen == [
        (Moment.BEFORE, 1, "1", "s1"),
        (Moment.AFTER, 1, "1", "new"),
        (Moment.BEFORE, 2, "2", "new"),
        (Moment.AFTER, 2, "2", "new"),
    ]


@pytest.mark.parametrize(("moment", "left"), [("before", ["A1"]), ("after", ["A1", "A2"])])
def test_process_killed_at_a_kill_point_leaves_what_was_written_S17(tmp_path, moment, left):
    code = """
import os, signal, sys
from pathlib import Path
from tallystick.connectors.memory import Settings, connect
from tallystick.model.selection import Selection
from tallystick.model.write import Action, Write
from tallystick.testing.clock import FixedClock, SequentialIds
from tallystick.testing.faults import FaultySystem, KillPoints

def act(point):
    if point.moment == sys.argv[2] and point.number == 2:
        os.kill(os.getpid(), signal.SIGKILL)

settings = Settings.model_validate(
    {"path": "w.json", "record_types": [{"name": "asset", "key": ["tag"], "fields": [{"name": "tag"}]}]})
inner = connect(settings, folder=Path(sys.argv[1]), clock=FixedClock(), ids=SequentialIds())
writes = [Write(key=tag, action=Action.CREATE, id=tag, values={"tag": tag}) for tag in ("A1", "A2", "A3")]
FaultySystem(inner, [KillPoints(act=act)], FixedClock()).write(Selection(record="asset", fields=("tag",)), writes)
"""
    result = subprocess.run([sys.executable, "-c", code, str(tmp_path), moment], check=False, env={**os.environ})
    assert result.returncode == -signal.SIGKILL
    world = MemoryWorld.open("killed", path=tmp_path / "w.json")
    assert list(world.table("asset").records()) == left


# --- values, stamps and fields -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("by", "kept"),
    [(Normalisation.UPPER, " AB12 "), (Normalisation.LOWER, " ab12 "), (Normalisation.STRIP, "Ab12")],
)
@pytest.mark.parametrize("is_told", [True, False])
def test_normalising_system_keeps_text_its_own_way_E22_S4(bench, by, kept, is_told):
    system = bench.with_faults(Normalises(fields=frozenset({"serial"}), by=by, is_told=is_told))
    write = Write(key="k", action=Action.UPDATE, id="1", values={"serial": " Ab12 ", "model": " Ab12 "})
    (outcome,) = system.write(SELECTION, [write])
    assert bench.table.get("1") == {"serial": kept, "model": " Ab12 "}
    assert (outcome.stored or {}).get("serial") == (kept if is_told else None)
    assert system.fired(Normalises) == 1


def test_cutting_system_keeps_the_first_characters_S19(bench):
    system = bench.with_faults(Cuts(fields=frozenset({"serial"}), length=4))
    assert results(system, update("1", "abc🔧def"), update("2", None)) == [Result.DONE, Result.DONE]
    assert (bench.table.get("1")["serial"], bench.table.get("2")["serial"]) == ("abc🔧", None)


def stamps(system):
    return [record.changed_at for batch in system.listing(SELECTION, NOTHING) for record in records_of(batch.records)]


def test_skewed_clock_moves_stamps_by_its_error_S18(bench):
    assert set(stamps(bench.with_faults(SkewsClock(by_s=-180.5)))) == {"2026-11-22T09:26:59.5Z"}
    system = bench.with_faults(SkewsClock(by_s=420))
    assert system.fetch(SELECTION, ["1"]).records.column("#changed").to_pylist() == ["2026-11-22T09:37:00Z"]
    assert [record.changed_at for record in system.find(SELECTION, {"serial": "s1"})] == ["2026-11-22T09:37:00Z"]


def test_equal_stamps_are_all_one_S18(bench):
    bench.clock.move(5)
    bench.table.edit("1", {"serial": "x"})
    assert len(set(stamps(bench.inner))) == 2
    assert stamps(bench.with_faults(EqualStamps(stamp="2026-01-01T00:00:00Z"))) == ["2026-01-01T00:00:00Z"] * 7


@pytest.fixture
def stamped():
    bench = Bench(versions="stamp", changes="stamps")
    bench.clock.move(0.25)
    bench.table.edit("1", {"serial": "x"})
    yield bench
    MemoryWorld.forget("faults")


def test_truncated_stamps_show_whole_seconds_everywhere_S18(stamped):
    system = stamped.with_faults(TruncatesStamps())
    whole = "2026-11-22T09:30:00Z"
    batch = system.fetch(SELECTION, ["1"])
    assert stamped.inner.fetch(SELECTION, ["1"]).records.column("#version").to_pylist() == ["2026-11-22T09:30:00.25Z"]
    assert batch.records.column("#version").to_pylist() == batch.records.column("#changed").to_pylist() == [whole]
    assert [(record.version, record.changed_at) for record in system.find(SELECTION, {"serial": "x"})] == [
        (whole, whole)
    ]
    assert listed(system)[1].cursor == whole
    assert system.write(SELECTION, [update("2")])[0].version == whole


def test_truncated_precondition_cannot_see_a_change_within_the_second(stamped):
    system = stamped.with_faults(TruncatesStamps())
    version = system.fetch(SELECTION, ["1"]).records.column("#version").to_pylist()[0]
    stamped.clock.move(0.25)
    stamped.table.edit("1", {"serial": "within the second"})
    assert results(system, update("1", version=version)) == [Result.DONE]
    stamped.clock.move(1)
    stamped.table.edit("1", {"serial": "a second later"})
    assert results(system, update("1", version=version)) == [Result.MOVED]


def test_dropped_field_is_neither_described_nor_read_nor_written_E11(bench):
    system = bench.with_faults(DropsField(record="asset", field="serial"))
    assert [field.name for field in system.describe().record_types[0].fields] == ["model"]
    for call in (
        lambda: list(system.listing(SELECTION, NOTHING)),
        lambda: list(system.changes(SELECTION, "0", NOTHING)),
        lambda: system.fetch(SELECTION, ["1"]),
        lambda: system.find(SELECTION, {"serial": "s1"}),
    ):
        with pytest.raises(UnknownField):
            call()
    left = Selection(record="asset", fields=("model",))
    assert listed(system, left)[0] == IDS
    assert "serial" not in system.fetch(left, ["1"], is_whole=True).records.column_names
    other = Write(key="m", action=Action.UPDATE, id="2", values={"model": "new"})
    assert results(system, update("1"), other) == [Result.REFUSED, Result.DONE]
    assert bench.table.get("1")["serial"] == "s1"


def test_field_dropped_in_silence_is_missing_and_not_null_E9_E11(bench):
    system = bench.with_faults(DropsField(record="asset", field="serial", is_announced=False))
    assert system.describe() == bench.inner.describe()
    (record,) = records_of(system.fetch(SELECTION, ["1"]).records)
    assert dict(record.values) == {"model": "m1"}


# --- records -----------------------------------------------------------------------------------------------------


def test_late_commit_is_invisible_for_a_time_E3_S18(bench):
    system = bench.with_faults(LateCommits(reads=2))
    late = bench.table.put({"serial": "late"})
    assert listed(system)[0] == IDS
    assert system.fetch(SELECTION, [late]).absences[0].cause is Cause.DELETED
    assert list(system.find(SELECTION, {"serial": "late"})) == []
    assert listed(system)[0] == IDS
    assert listed(system)[0] == [*IDS, late]
    assert [record.id for record in system.find(SELECTION, {"serial": "late"})] == [late]


def test_late_commit_comes_with_an_older_stamp_than_the_cursor_E3(stamped):
    system = stamped.with_faults(LateCommits())
    late = stamped.table.put({"serial": "late"})
    stamped.clock.move(5)
    stamped.table.edit("1", {"serial": "quick"})
    ids, end, _ = listed(system)
    assert late not in ids
    assert end.cursor == "2026-11-22T09:30:05.25Z"
    ids, _, _ = read(lambda: system.changes(SELECTION, end.cursor, NOTHING))
    assert late in ids
    assert stamped.inner.fetch(SELECTION, [late]).records.column("#changed").to_pylist() == ["2026-11-22T09:30:00.25Z"]


def test_late_commits_spare_what_was_there_what_we_wrote_and_what_they_do_not_name(bench):
    system = bench.with_faults(LateCommits(ids=frozenset({"8", "9"})))
    assert results(system, create("ours")) == [Result.DONE]
    bench.table.put({"serial": "late"})
    bench.table.put({"serial": "spared"})
    assert listed(system)[0] == [*IDS, "8", "10"]


def test_late_commits_hit_about_their_share(bench):
    fault = LateCommits(share=0.3)
    hit = {number for number in range(1000) if fault.hits(str(number))}
    assert 200 < len(hit) < 400
    assert hit == {number for number in range(1000) if LateCommits(share=0.3).hits(str(number))}


def test_merged_record_answers_with_its_survivor_E2_S25(bench):
    cursor = listed(bench.inner)[1].cursor
    system = bench.with_faults(MergesRecords(record="asset", pairs=(("2", "5"),)))
    assert listed(system)[0] == ["1", *IDS[2:]]
    merged = ("2", Cause.MERGED, "5")
    (absence,) = system.fetch(SELECTION, ["2", "5"]).absences
    assert (absence.id, absence.cause, absence.merged_into) == merged
    (batch,) = system.changes(SELECTION, cursor, NOTHING)
    assert [(absence.id, absence.cause, absence.merged_into) for absence in batch.absences] == [merged]
    assert list(system.find(SELECTION, {"serial": "s2"})) == []
    delete = Write(key="d", action=Action.DELETE, id="2")
    assert results(system, update("2"), update("5"), delete) == [Result.ABSENT, Result.DONE, Result.DONE]
    assert bench.table.get("2") == {"model": "m2", "serial": "s2"}


def test_id_of_a_deleted_record_is_given_to_the_next_S25(bench):
    system = bench.with_faults(ReusesIds(record="asset"))
    bench.table.delete("3")
    assert "3" not in listed(system)[0]
    bench.table.put({"serial": "unrelated"})
    ids, end, _ = listed(system)
    assert sorted(ids) == IDS
    (record,) = records_of(system.fetch(SELECTION, ["3"]).records)
    assert record.values["serial"] == "unrelated"
    assert [record.id for record in system.find(SELECTION, {"serial": "unrelated"})] == ["3"]
    assert results(system, update("3", "written")) == [Result.DONE]
    assert bench.table.get("8")["serial"] == "written"
    ids, _, _ = read(lambda: system.changes(SELECTION, end.cursor, NOTHING))
    assert ids == ["3"]


def test_reused_id_has_no_tombstone_of_its_first_bearer(bench):
    cursor = listed(bench.inner)[1].cursor
    system = bench.with_faults(ReusesIds(record="asset"))
    bench.table.delete("3")
    listed(system)
    bench.table.put({"serial": "unrelated"})
    (batch,) = system.changes(SELECTION, cursor, NOTHING)
    assert (batch.records.column("#id").to_pylist(), batch.absences) == (["3"], ())
    bench.table.delete("8")
    (batch,) = system.changes(SELECTION, cursor, NOTHING)
    assert batch.records.num_rows == 0
    assert {(absence.id, absence.cause) for absence in batch.absences} == {("3", Cause.DELETED)}


def test_hub_that_deletes_and_creates_gets_the_freed_id(bench):
    system = bench.with_faults(ReusesIds(record="asset", freed=("old",)))
    assert results(system, Write(key="d", action=Action.DELETE, id="1")) == [Result.DONE]
    assert [system.write(SELECTION, [create(name)])[0].id for name in ("a", "b", "c")] == ["old", "1", "10"]


# --- plans -------------------------------------------------------------------------------------------------------


def test_faults_are_values_and_can_be_switched(bench):
    assert LostAnswer(at=2) == LostAnswer(at=2)
    assert len({LostAnswer(at=2), LostAnswer(at=2), HalfBatch()}) == 2
    system = bench.with_faults(EmptyListing(times=ALWAYS))
    assert listed(system)[0] == []
    system.use()
    assert listed(system)[0] == IDS
    assert system.fired() == 0


def test_faults_add_up_the_last_one_nearest_to_the_hub(bench):
    system = bench.with_faults(DuplicateId(), IncompleteListing(page=1))
    ids, end, _ = listed(system)
    assert ids == [*IDS[3:], "1"]
    assert end.is_complete is False
    assert (system.fired(), system.fired(DuplicateId)) == (2, 1)


def test_seeded_plan_is_the_same_every_time():
    plans = [FaultPlan.seeded(seed) for seed in range(200)]
    assert plans == [FaultPlan.seeded(seed) for seed in range(200)]
    assert {len(plan.faults) for plan in plans} == {1, 2, 3, 4}
    assert {type(fault) for plan in plans for fault in plan} == set(PASSING)


@given(st.data())
def test_drawn_plan_never_loses_a_record_for_good_E29(data):
    plan = data.draw(fault_plans(of=[*PASSING, *MISLEADING]))
    bench = Bench()
    system = plan.over(bench.inner, bench.clock)
    for id_ in IDS:
        try:
            (outcome,) = system.write(SELECTION, [update(id_)])
        except Unreachable:
            assert bench.table.get(id_)["serial"] == f"s{id_[-1]}"
            continue
        is_written = bench.table.get(id_)["serial"] == "new"
        assert is_written == (outcome.result is Result.DONE) or outcome.result is Result.UNKNOWN
        listed(system)
    system.use()
    assert listed(system) == listed(bench.inner)
    assert len(bench.table.records()) == len(IDS)


@given(fault_plans(most=3, of=[LostAnswer, HalfBatch]))
def test_drawn_plan_keeps_to_the_kinds_asked_for(plan):
    assert len(plan.faults) <= 3
    assert {type(fault) for fault in plan} <= {LostAnswer, HalfBatch}
