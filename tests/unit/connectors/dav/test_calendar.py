"""Events and tasks: times in their zones, series, and changing an entry without touching anything else. Row S21."""

import json
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import icalendar
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tallystick.connectors.dav.calendar import Calendars
from tallystick.connectors.dav.text import decode
from tallystick.connectors.dav.zones import known_name
from tallystick.errors import RecordError


def now():
    return datetime(2026, 11, 22, tzinfo=UTC)


EVENTS, TASKS = Calendars("VEVENT", now=now), Calendars("VTODO", now=now)
EVENT_NAMES = [field.name for field in EVENTS.fields]

WEEKLY = """BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//Phone//EN
X-WR-CALNAME:Mine
BEGIN:VEVENT
UID:w1
DTSTAMP:20260101T000000Z
DTSTART;X-OWN=1;TZID=America/New_York:20260223T090000
DTEND;TZID=America/New_York:20260223T100000
RRULE:FREQ=WEEKLY;UNTIL=20260601T130000Z
EXDATE;TZID=America/New_York:20260316T090000
SUMMARY:Weekly
BEGIN:VALARM
ACTION:DISPLAY
TRIGGER:-PT5M
DESCRIPTION:Ring
END:VALARM
END:VEVENT
BEGIN:VEVENT
UID:w1
DTSTAMP:20260101T000000Z
RECURRENCE-ID;TZID=America/New_York:20260309T090000
DTSTART;TZID=America/New_York:20260310T110000
DTEND;TZID=America/New_York:20260310T120000
SUMMARY:Moved
END:VEVENT
END:VCALENDAR
""".replace("\n", "\r\n")


def one(*lines, component="VEVENT"):
    return "\r\n".join(
        [
            "BEGIN:VCALENDAR",
            "VERSION:2.0",
            f"BEGIN:{component}",
            "UID:1",
            *lines,
            f"END:{component}",
            "END:VCALENDAR",
            "",
        ]
    )


def changed(before, after):
    old, new = before.split("\r\n"), after.split("\r\n")
    return [line for line in old if line not in new], [line for line in new if line not in old]


def test_reading_and_writing_nothing_new_gives_the_same_octets_in_every_sample(samples):
    count = 0
    for file in sorted((samples / "ics").glob("*.ics")):
        body = decode(file.read_bytes())
        for vocabulary in (EVENTS, TASKS):
            try:
                if not vocabulary.holds(body):
                    continue
            except RecordError:
                continue
            values = vocabulary.read(body, [field.name for field in vocabulary.fields])
            assert vocabulary.patched(body, values, ()) == body, file.name
            count += 1
    assert count > 25


@given(st.data())
def test_text_written_is_read_and_everything_else_stays(samples, data):
    files = [file for file in sorted((samples / "ics").glob("*.ics")) if b"BEGIN:VEVENT" in file.read_bytes()]
    body = decode(data.draw(st.sampled_from(files)).read_bytes())
    name = data.draw(st.sampled_from(["summary", "description", "location"]))
    value = data.draw(st.text(st.characters(codec="ascii", exclude_categories=["Cc"], include_characters="\n")))
    after = EVENTS.patched(body, {name: value}, ())
    assert EVENTS.read(after, [name]) == {name: value}
    others = [other for other in EVENT_NAMES if other not in (name, "ics")]
    assert EVENTS.read(after, others) == EVENTS.read(body, others)
    assert EVENTS.patched(after, {name: EVENTS.read(body, [name])[name]}, ()).count("\n") <= after.count("\n") + 30


def test_wall_clock_time_of_a_series_is_kept_over_the_change_of_clocks_S21():
    """09:00 in New York is 14:00 UTC in February and 13:00 after 8 March; London changes on the 29th."""
    values = EVENTS.read(
        WEEKLY, ["start_at", "start_local", "start_zone", "excluded_dates", "overrides", "override_count"]
    )
    assert values["start_at"] == "2026-02-23T14:00:00Z"
    assert (values["start_local"], values["start_zone"]) == ("2026-02-23T09:00:00", "America/New_York")
    assert values["excluded_dates"] == '["2026-03-16T13:00:00Z"]'
    assert values["override_count"] == "1"
    assert json.loads(values["overrides"]) == [
        {"instance": "2026-03-09T13:00:00Z", "start": "2026-03-10T15:00:00Z", "status": None, "summary": "Moved"}
    ]


def test_instant_written_to_an_event_in_a_zone_keeps_zone_and_wall_clock_S21():
    after = EVENTS.patched(
        one("DTSTART;X-OWN=1;TZID=America/New_York:20260401T090000"), {"start_at": "2026-12-01T15:00:00Z"}, ()
    )
    assert "DTSTART;X-OWN=1;TZID=America/New_York:20261201T100000\r\n" in after


def test_series_that_moves_takes_cancelled_and_moved_instances_along_S21():
    after = EVENTS.patched(WEEKLY, {"start_at": "2026-02-23T15:30:00Z"}, {"start_at"})
    assert changed(WEEKLY, after)[1] == [
        "DTSTART;X-OWN=1;TZID=America/New_York:20260223T103000",
        "DTEND;TZID=America/New_York:20260223T113000",
        "RRULE:FREQ=WEEKLY;UNTIL=20260601T143000Z",
        "EXDATE;TZID=America/New_York:20260316T103000",
        "RECURRENCE-ID;TZID=America/New_York:20260309T103000",
    ]


def test_summary_of_a_series_changes_one_line_only():
    after = EVENTS.patched(WEEKLY, {"summary": "Weekly, new"}, ())
    assert changed(WEEKLY, after) == (["SUMMARY:Weekly"], ["SUMMARY:Weekly\\, new"])


def test_series_with_changed_instances_does_not_turn_into_whole_days():
    with pytest.raises(RecordError, match="cannot change between whole days and times"):
        EVENTS.patched(WEEKLY, {"is_all_day": "true"}, ())


def test_cancelled_instance_is_added_in_the_zone_of_the_series_and_taken_back():
    added = EVENTS.patched(WEEKLY, {"excluded_dates": '["2026-03-16T13:00:00Z","2026-03-23T13:00:00Z"]'}, ())
    assert changed(WEEKLY, added) == ([], ["EXDATE;TZID=America/New_York:20260323T090000"])
    assert EVENTS.patched(added, {"excluded_dates": '["2026-03-16T13:00:00Z"]'}, ()) == WEEKLY
    assert "EXDATE" not in EVENTS.patched(WEEKLY, {"excluded_dates": None}, ())


def test_all_day_event_stays_on_its_date_and_ends_on_its_last_day_S21():
    body = one("DTSTART;VALUE=DATE:20260501", "DTEND;VALUE=DATE:20260504")
    names = ["start_on", "end_on", "start_at", "end_at", "start_zone", "is_all_day", "is_multi_day", "duration_minutes"]
    assert EVENTS.read(body, names) == {
        "start_on": "2026-05-01",
        "end_on": "2026-05-03",
        "start_at": None,
        "end_at": None,
        "start_zone": None,
        "is_all_day": "true",
        "is_multi_day": "true",
        "duration_minutes": "4320",
    }
    assert changed(body, EVENTS.patched(body, {"end_on": "2026-05-01"}, ()))[1] == ["DTEND;VALUE=DATE:20260502"]


def test_floating_time_has_a_wall_clock_but_no_instant_S21():
    body = one("DTSTART:20260501T090000", "DURATION:PT90M")
    names = ["start_local", "start_at", "start_zone", "end_local", "duration_minutes"]
    assert EVENTS.read(body, names) == {
        "start_local": "2026-05-01T09:00:00",
        "start_at": None,
        "start_zone": None,
        "end_local": "2026-05-01T10:30:00",
        "duration_minutes": "90",
    }
    after = EVENTS.patched(body, {"start_local": "2026-05-02T09:00:00"}, ())
    assert changed(body, after) == (["DTSTART:20260501T090000"], ["DTSTART:20260502T090000"])


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (["DTSTART:20260501T220000Z", "DTEND:20260502T000000Z"], "false"),
        (["DTSTART:20260501T220000Z", "DTEND:20260502T000001Z"], "true"),
        (["DTSTART;VALUE=DATE:20260501"], "false"),
        (["DTSTART;VALUE=DATE:20260501", "DTEND;VALUE=DATE:20260502"], "false"),
        (["DTSTART;TZID=America/New_York:20260501T210000", "DTEND:20260502T013000Z"], "false"),
    ],
)
def test_item_of_several_days_is_told_P16(lines, expected):
    assert EVENTS.read(one(*lines), ["is_multi_day"]) == {"is_multi_day": expected}


def test_all_day_turns_into_a_time_and_back():
    body = one("DTSTART;VALUE=DATE:20260501", "DTEND;VALUE=DATE:20260502")
    timed = EVENTS.patched(
        body,
        {
            "is_all_day": "false",
            "start_on": None,
            "end_on": None,
            "start_at": "2026-05-01T10:00:00Z",
            "end_at": "2026-05-01T11:00:00Z",
        },
        (),
    )
    assert EVENTS.read(timed, ["start_at", "end_at"]) == {
        "start_at": "2026-05-01T10:00:00Z",
        "end_at": "2026-05-01T11:00:00Z",
    }
    back = EVENTS.patched(timed, {"is_all_day": "true"}, ())
    assert EVENTS.read(back, ["start_on", "end_on"]) == {"start_on": "2026-05-01", "end_on": "2026-05-01"}


def test_zone_that_changes_keeps_the_instant_where_that_is_mapped_else_the_wall_clock():
    body = one("DTSTART;TZID=America/New_York:20260501T090000")
    kept = EVENTS.patched(body, {"start_zone": "Europe/London"}, {"start_at", "start_zone"})
    assert "DTSTART;TZID=Europe/London:20260501T140000\r\n" in kept
    moved = EVENTS.patched(body, {"start_zone": "Europe/London"}, {"start_local", "start_zone"})
    assert "DTSTART;TZID=Europe/London:20260501T090000\r\n" in moved
    assert "TZID:Europe/London\r\n" in moved, "the zone is defined in the body"


@given(
    st.integers(631152000, 2082758400),
    st.sampled_from(["America/New_York", "Europe/London", "Pacific/Auckland", "Asia/Kathmandu", "UTC"]),
)
def test_any_instant_comes_back_from_any_zone(moment, zone):
    instant = datetime.fromtimestamp(moment, UTC)
    text = instant.isoformat().replace("+00:00", "Z")
    body = EVENTS.created({"start_at": text, "start_zone": zone, "end_at": text, "summary": "x"}, "1")
    assert EVENTS.read(body, ["start_at", "end_at"]) == {"start_at": text, "end_at": text}
    (event,) = icalendar.Calendar.from_ical(body).walk("VEVENT")
    assert event["DTSTART"].dt.astimezone(UTC) == instant


def test_hour_that_happens_twice_is_told_apart():
    """01:30 on 1 November in New York: the second one is written in UTC."""
    body = one("DTSTART;TZID=America/New_York:20261101T003000")
    first = EVENTS.patched(body, {"start_at": "2026-11-01T05:30:00Z"}, ())
    second = EVENTS.patched(body, {"start_at": "2026-11-01T06:30:00Z"}, ())
    assert "DTSTART;TZID=America/New_York:20261101T013000\r\n" in first
    assert "DTSTART:20261101T063000Z\r\n" in second


@pytest.mark.parametrize(
    ("tzid", "name"),
    [
        ("Eastern Standard Time", "America/New_York"),
        ("/freeassociation.sourceforge.net/Europe/Berlin", "Europe/Berlin"),
        ("GMT", "UTC"),
        ("Made up", None),
        ("../../etc/passwd", None),
    ],
)
def test_zone_is_known_by_any_of_its_names(tzid, name):
    assert known_name(tzid) == name


def test_zone_defined_in_the_body_only_is_used(samples):
    body = decode((samples / "ics" / "ms_tzid.ics").read_bytes())
    assert EVENTS.read(body, ["start_at"]) == {"start_at": "2008-05-30T05:00:00Z"}


def test_zone_nobody_knows_is_a_fault_of_that_record_only():
    with pytest.raises(RecordError, match="time zone"):
        EVENTS.read(one("DTSTART;TZID=Nowhere:20260501T090000"), ["start_at"])


def test_end_before_its_start_is_refused_and_an_unmapped_end_keeps_its_distance():
    body = one("DTSTART:20260501T090000Z", "DTEND:20260501T100000Z")
    with pytest.raises(RecordError, match="end would be before the start"):
        EVENTS.patched(body, {"start_at": "2026-05-02T09:00:00Z"}, {"start_at", "end_at"})
    after = EVENTS.patched(body, {"start_at": "2026-05-02T09:00:00Z"}, {"start_at"})
    assert EVENTS.read(after, ["end_at"]) == {"end_at": "2026-05-02T10:00:00Z"}


def test_start_of_an_event_cannot_be_cleared_but_that_of_a_task_can():
    with pytest.raises(RecordError, match="needs a start"):
        EVENTS.patched(one("DTSTART:20260501T090000Z"), {"start_at": None}, ())
    with pytest.raises(RecordError, match="needs a start"):
        EVENTS.created({"summary": "x"}, "1")
    task = one("DTSTART:20260501T090000Z", component="VTODO")
    assert "DTSTART" not in TASKS.patched(task, {"start_at": None}, ())


def test_new_events_live_in_the_zone_of_the_settings():
    events = Calendars("VEVENT", now=now, zone="Europe/London")
    body = events.created({"start_at": "2026-07-01T08:00:00Z", "recurrence_rule": "FREQ=WEEKLY"}, "1")
    assert "DTSTART;TZID=Europe/London:20260701T090000\r\n" in body
    assert body.count("BEGIN:VTIMEZONE") == 1
    (event,) = icalendar.Calendar.from_ical(body).walk("VEVENT")
    assert event["DTSTART"].dt == datetime(2026, 7, 1, 9, tzinfo=ZoneInfo("Europe/London"))


def test_rule_is_read_in_one_order_and_a_wrong_one_refused():
    body = one("DTSTART:20260501T090000Z", "RRULE:BYDAY=MO;COUNT=3;FREQ=weekly")
    assert EVENTS.read(body, ["recurrence_rule", "is_recurring"]) == {
        "recurrence_rule": "FREQ=WEEKLY;COUNT=3;BYDAY=MO",
        "is_recurring": "true",
    }
    assert EVENTS.patched(body, {"recurrence_rule": "FREQ=WEEKLY;COUNT=3;BYDAY=MO"}, ()) == body
    for wrong in ("FREQ=SOMETIMES", "BYDAY=MO", "x", "FREQ=WEEKLY;UNTIL=never"):
        with pytest.raises(RecordError, match="recurrence_rule"):
            EVENTS.patched(body, {"recurrence_rule": wrong}, ())


def test_attendee_who_stays_keeps_role_and_answer():
    body = one(
        "DTSTART:20260501T090000Z", "ATTENDEE;PARTSTAT=ACCEPTED;CN=A:MAILTO:a@x.example", "ATTENDEE:mailto:b@x.example"
    )
    after = EVENTS.patched(body, {"attendees": '["a@x.example","c@x.example"]'}, ())
    assert changed(body, after) == (["ATTENDEE:mailto:b@x.example"], ["ATTENDEE:mailto:c@x.example"])


def test_task_has_its_own_fields():
    values = {
        "summary": "Call",
        "status": "IN-PROCESS",
        "percent_complete": "40",
        "priority": "1",
        "due_on": "2026-12-01",
        "completed_at": None,
        "is_private": "true",
        "categories": '["PeopleSoft"]',
    }
    body = TASKS.created(values, "t")
    assert TASKS.read(body, list(values)) == values
    done = TASKS.patched(
        body,
        {
            "status": "COMPLETED",
            "completed_at": "2026-11-30T08:00:00Z",
            "due_on": None,
            "due_at": "2026-12-01T10:00:00Z",
        },
        (),
    )
    assert TASKS.read(done, ["status", "completed_at", "due_at", "due_on"]) == {
        "status": "COMPLETED",
        "completed_at": "2026-11-30T08:00:00Z",
        "due_at": "2026-12-01T10:00:00Z",
        "due_on": None,
    }


@pytest.mark.parametrize(
    ("values", "fault"),
    [
        ({"status": "Waiting"}, "The field status takes NEEDS-ACTION, IN-PROCESS, COMPLETED, CANCELLED."),
        ({"percent_complete": "101"}, "The field percent_complete takes a number from 0 to 100."),
        ({"due_at": "2026-12-01"}, "The field due_at needs a moment in UTC such as 2026-11-22T09:30:00Z."),
        ({"due_at": "2026-12-01T00:00:00.5Z"}, "The field due_at holds whole seconds only."),
        ({"due_local": "yesterday"}, "The field due_local needs a moment such as 2026-11-22T09:30:00Z."),
        ({"duration_minutes": "5"}, "The field duration_minutes can only be read."),
    ],
)
def test_what_a_task_cannot_hold_is_refused_in_a_sentence_E7(values, fault):
    with pytest.raises(RecordError) as caught:
        TASKS.patched(one("SUMMARY:x", component="VTODO"), values, ())
    assert caught.value.message == fault


def test_event_among_tasks_is_of_another_kind_and_a_web_page_is_neither():
    assert not TASKS.holds(WEEKLY)
    with pytest.raises(RecordError):
        TASKS.holds("<html></html>")


def test_length_of_a_private_item_is_read_P21():
    body = one(
        "DTSTART;TZID=America/New_York:20260308T010000", "DTEND;TZID=America/New_York:20260308T040000", "CLASS:PRIVATE"
    )
    values = EVENTS.read(body, ["duration_minutes", "is_private"])
    assert values == {"duration_minutes": "120", "is_private": "true"}, "the clocks skip an hour that night"
    assert timedelta(minutes=int(values["duration_minutes"])) == timedelta(hours=2)
