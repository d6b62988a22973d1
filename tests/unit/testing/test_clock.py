"""Clock and ids that stand still."""

from datetime import UTC, datetime, timedelta, timezone

from tallystick.testing.clock import EPOCH, FixedClock, SequentialIds


def test_clock_stands_still_until_it_is_moved():
    clock = FixedClock()
    assert (clock.now(), clock.now()) == (EPOCH, EPOCH)
    clock.move(90.5)
    assert clock.now() == EPOCH + timedelta(seconds=90.5)
    clock.move(-3600)
    assert clock.now() == EPOCH + timedelta(seconds=90.5 - 3600)


def test_sleep_takes_no_time_and_moves_the_clock():
    clock = FixedClock()
    clock.sleep(86_400)
    assert clock.now() == EPOCH + timedelta(days=1)


def test_clock_is_always_in_utc():
    east = timezone(timedelta(hours=13))
    clock = FixedClock(datetime(2026, 1, 1, tzinfo=east))
    assert clock.now().tzinfo is UTC
    clock.set(datetime(2027, 1, 1, tzinfo=east))
    assert clock.now() == datetime(2026, 12, 31, 11, tzinfo=UTC)
    assert clock.now().tzinfo is UTC


def test_ids_are_32_characters_and_sort_by_creation():
    ids = SequentialIds()
    made = [ids.new() for _ in range(300)]
    assert made == sorted(made)
    assert len(set(made)) == 300
    assert {len(id_) for id_ in made} == {32}
    assert SequentialIds(last=255).new() == "0" * 29 + "100"
