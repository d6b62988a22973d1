"""Timers and the jobs of their ticks."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from tallystick.runs.schedule import Job, Timer, job_of, timers
from tests.two_systems import flow, loaded

REF = "{left: tag, right: tag, ref: %s}"


def timers_of(*flows: str) -> list[tuple[tuple[str, ...], float]]:
    return [(timer.flows, timer.period_s) for timer in timers(loaded(*flows).integration)]


def test_flows_without_a_schedule_have_no_timer():
    assert timers_of(flow()) == []


def test_flows_have_timers_of_their_own_E32():
    every = "schedule: every 5 minutes"
    assert timers_of(flow(every, name="a"), flow(every, name="b", record="thing")) == [(("a",), 300.0), (("b",), 300.0)]


def test_flows_that_refer_to_each_other_tick_together_in_their_order_E26():
    every = "schedule: every minute"
    people, assets = (
        flow(every, name="people"),
        flow(every, name="assets", record="asset", fields=("name", REF % "people")),
    )
    (found,) = timers_of(assets, people)
    assert found == (("people", "assets"), 60.0)


def test_flows_that_refer_to_each_other_but_differ_in_period_tick_apart():
    people = flow("schedule: every minute", name="people")
    assets = flow("schedule: every hour", name="assets", record="asset", fields=("name", REF % "people"))
    assert timers_of(people, assets) == [(("people",), 60.0), (("assets",), 3600.0)]


@given(st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1)), st.floats(0.5, 1e7))  # noqa: DTZ001
def test_a_tick_is_at_most_a_period_ago_and_the_same_until_the_next(moment, period_s):
    timer, now = Timer(integration="i", flows=("f",), period_s=period_s), moment.replace(tzinfo=UTC)
    tick = timer.tick_ms(now)
    assert 0 <= now.timestamp() * 1_000 - tick < round(period_s * 1_000) + 1
    assert timer.tick_ms(datetime.fromtimestamp(tick / 1_000, UTC) + timedelta(milliseconds=1)) == tick


def test_every_worker_names_the_job_of_a_tick_and_its_run_alike():
    timer = Timer(integration="i", flows=("f", "g"), period_s=60.0)
    one, other = job_of(timer, 1_800_000_000_000, ("f", "g")), job_of(timer, 1_800_000_000_000, ("f", "g"))
    assert (one, one.run) == (other, other.run)
    assert (len(one.run), int(one.run[:12], 16)) == (32, 1_800_000_000_000)
    assert job_of(timer, 1_800_000_060_000, ("f", "g")).run > one.run
    assert Job.of_shown(one.shown()) == one
    assert one.again("resumed:x").run != one.run
