"""Changes since a cursor. Source: spec/engine.md E1, E3."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from tallystick.errors import CursorRefused
from tallystick.model.record import Cause, records_of
from tallystick.model.selection import Clause, Filter, Test
from tallystick.testing.contract.declared import Declared, needs
from tallystick.testing.contract.subject import Subject, VersionsKnown, read

LATE_BY_S = 5.0


class ChangesContract(Declared):
    def test_cursor_is_given_or_refused_as_declared_E3(self, subject: Subject) -> None:
        end = subject.listed().end
        assert end is not None
        if self.capabilities.changes:
            assert end.cursor
            assert subject.changed(end.cursor).end is not None
        else:
            assert end.cursor is None
            with pytest.raises(CursorRefused):
                subject.changed("1")

    @needs("changes")
    def test_changes_bring_what_was_created_and_edited_E3(self, subject: Subject) -> None:
        _, edited = subject.seed(2)
        cursor = subject.cursor()
        subject.outside.update(edited, {subject.text: "changed outside"})
        made = subject.outside.create(subject.sample(2))
        reading = subject.changed(cursor)
        assert {edited, made} <= set(reading.records)
        assert reading.records[edited].values[subject.text] == "changed outside"
        sample = subject.sample(2)
        assert {name: reading.records[made].values.get(name) for name in sample} == dict(sample)

    @needs("changes")
    def test_changes_end_with_a_cursor_that_goes_on_E3(self, subject: Subject) -> None:
        cursor = subject.cursor()
        for number in range(3):
            made = subject.outside.create(subject.sample(number))
            reading = subject.changed(cursor)
            assert made in reading.records
            assert reading.end is not None
            assert reading.end.is_complete
            assert reading.end.cursor
            cursor = reading.end.cursor

    @needs("changes")
    def test_changes_read_twice_from_one_cursor_say_the_same_E3(self, subject: Subject) -> None:
        cursor = subject.cursor()
        subject.seed(2)
        first, again = subject.changed(cursor), subject.changed(cursor)
        assert {id: dict(record.values) for id, record in first.records.items()} == {
            id: dict(record.values) for id, record in again.records.items()
        }
        assert first.absences == again.absences

    @needs("changes")
    def test_changes_come_in_bounded_batches_E4(self, subject: Subject) -> None:
        cursor = subject.cursor()
        ids = subject.seed(2 * subject.batch_rows + 1)
        reading = subject.changed(cursor)
        assert set(ids) <= set(reading.records)
        assert max(reading.rows) <= subject.batch_rows

    @needs("changes")
    def test_change_made_during_a_listing_comes_with_its_cursor_E3(self, subject: Subject) -> None:
        ids = subject.seed(2 * subject.batch_rows + 1)
        batches = iter(subject.system.listing(subject.selection, VersionsKnown()))
        first = next(batches)
        early = records_of(first.records)[0].id
        subject.outside.update(early, {subject.text: "changed during the listing"})
        made = subject.outside.create(subject.sample(len(ids)))
        end = read(batches).end
        assert end is not None
        assert end.cursor
        reading = subject.changed(end.cursor)
        assert reading.records[early].values[subject.text] == "changed during the listing"
        assert made in reading.records

    @needs("changes")
    def test_late_commit_with_an_older_stamp_comes_E3_S18(self, subject: Subject) -> None:
        cursor = subject.cursor()
        quick = subject.outside.create(subject.sample(0))
        reading = subject.changed(cursor)
        assert quick in reading.records
        assert reading.end is not None
        assert reading.end.cursor
        late = subject.outside.create_late(subject.sample(1), LATE_BY_S)
        assert late in subject.changed(reading.end.cursor).records

    @needs("changes")
    def test_equal_stamps_over_a_page_boundary_all_come_E3_S18(self, subject: Subject) -> None:
        cursor = subject.cursor()
        count = 2 * subject.batch_rows + 1
        ids = subject.outside.create_together([subject.sample(number) for number in range(count)])
        assert set(ids) <= set(subject.changed(cursor).records)
        assert set(ids) == set(subject.listed().records)

    @needs("changes", "tombstones")
    def test_changes_name_the_deleted_E2(self, subject: Subject) -> None:
        kept, deleted = subject.seed(2)
        cursor = subject.cursor()
        subject.outside.delete(deleted)
        reading = subject.changed(cursor)
        assert reading.absences[deleted].cause is Cause.DELETED
        assert kept not in reading.absences

    @needs("changes")
    def test_changes_never_call_a_present_record_absent_E1(self, subject: Subject) -> None:
        kept, deleted = subject.seed(2)
        cursor = subject.cursor()
        subject.outside.delete(deleted)
        reading = subject.changed(cursor)
        assert kept not in reading.absences
        assert deleted not in reading.records
        if not self.capabilities.tombstones:
            assert reading.absences == {}

    @needs("changes")
    def test_record_that_left_the_filter_says_so_E2(self, subject: Subject) -> None:
        text = subject.sample(0)[subject.text]
        inside, other = subject.seed(2)
        where = Filter(clauses=(Clause(field=subject.text, test=Test.IS, value=text),))
        selection = subject.filtered(where)
        end = subject.listed(selection).end
        assert end is not None
        assert end.cursor
        subject.outside.update(inside, {subject.text: "moved away"})
        reading = subject.changed(end.cursor, selection)
        assert reading.absences[inside].cause is Cause.OUT_OF_FILTER
        assert other not in reading.records

    @needs("changes")
    def test_record_that_came_into_the_filter_comes(self, subject: Subject) -> None:
        (id_,) = subject.seed(1)
        selection = subject.filtered(Filter(clauses=(Clause(field=subject.text, test=Test.IS, value="wanted"),)))
        end = subject.listed(selection).end
        assert end is not None
        assert end.cursor
        subject.outside.update(id_, {subject.text: "wanted"})
        assert list(subject.changed(end.cursor, selection).records) == [id_]

    @needs("changes", "tombstones")
    def test_soft_deleted_record_comes_as_deleted_E2(self, subject: Subject) -> None:
        (id_,) = subject.seed(1)
        soft = subject.soft_delete
        selection = replace(subject.selection, deleted=soft)
        cursor = subject.cursor()
        subject.outside.update(id_, {soft.column: soft.equals})
        assert subject.changed(cursor, selection).absences[id_].cause is Cause.DELETED

    @needs("changes")
    def test_known_versions_are_not_read_again_by_changes(self, subject: Subject) -> None:
        cursor = subject.cursor()
        ids = subject.seed(2)
        known = {id: record.version for id, record in subject.listed().records.items() if record.version}
        reading = read(subject.system.changes(subject.selection, cursor, VersionsKnown(known)))
        assert sorted([*reading.records, *reading.unchanged]) == sorted(ids)

    @needs("changes")
    def test_cursor_that_is_none_is_refused(self, subject: Subject) -> None:
        assert subject.cursor()
        with pytest.raises(CursorRefused):
            subject.changed("this is no cursor of yours")
