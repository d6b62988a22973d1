"""Fetch and find. Source: spec/engine.md E2, E28, ports/system.py."""

from __future__ import annotations

import pytest

from tallystick.errors import ConfigurationError
from tallystick.model.record import MARKS, Cause
from tallystick.model.selection import Clause, Filter, Test
from tallystick.testing.contract.declared import Declared, needs
from tallystick.testing.contract.subject import Subject, columns

MOST_FOUND = 10


class ProbeContract(Declared):
    many_ids = 1200
    """How many ids one fetch is asked for; more than a statement or an address takes in one go."""

    def test_fetch_brings_records_as_they_are_now(self, subject: Subject) -> None:
        same, changed, _ = subject.seed(3)
        subject.outside.update(changed, {subject.text: "changed outside"})
        reading = subject.fetched(changed, same)
        assert sorted(reading.records) == sorted([changed, same])
        assert reading.records[changed].values[subject.text] == "changed outside"
        sample = subject.sample(0)
        assert {name: reading.records[same].values.get(name) for name in sample} == dict(sample)
        assert (reading.absences, reading.end) == ({}, None)

    def test_fetch_has_the_marks_and_the_selected_fields(self, subject: Subject) -> None:
        (id_,) = subject.seed(1)
        for ids in ([id_], []):
            batch = subject.system.fetch(subject.selection, ids)
            assert batch.records.column_names == columns(subject.selection.fields)
            assert batch.records.num_rows == len(ids)

    def test_fetch_names_every_id_it_was_asked_for_E2(self, subject: Subject) -> None:
        ids = subject.seed(2)
        (pattern,) = ids[:1]
        unknown = [_other_id(pattern, number) for number in range(self.many_ids)]
        reading = subject.fetched(*unknown, *ids)
        assert sorted(reading.records) == sorted(ids)
        assert sorted(reading.absences) == sorted(unknown)
        causes = {absence.cause for absence in reading.absences.values()}
        assert causes == {Cause.DELETED if self.capabilities.causes else Cause.UNKNOWN}

    def test_fetch_of_a_deleted_record_says_so_where_it_can_tell_E2(self, subject: Subject) -> None:
        kept, deleted = subject.seed(2)
        subject.outside.delete(deleted)
        reading = subject.fetched(kept, deleted)
        assert list(reading.records) == [kept]
        assert reading.absences[deleted].cause is (Cause.DELETED if self.capabilities.causes else Cause.UNKNOWN)

    @needs("causes")
    def test_fetch_of_a_merged_record_names_the_survivor_E2(self, subject: Subject) -> None:
        loser, winner = subject.seed(2)
        subject.outside.merge(loser, winner)
        absence = subject.fetched(loser).absences[loser]
        assert (absence.cause, absence.merged_into) == (Cause.MERGED, winner)
        assert list(subject.listed().records) == [winner]

    @needs("causes")
    def test_fetch_of_an_archived_record_says_so_E2(self, subject: Subject) -> None:
        kept, archived = subject.seed(2)
        subject.outside.archive(archived)
        assert subject.fetched(archived).absences[archived].cause is Cause.ARCHIVED
        assert list(subject.listed().records) == [kept]

    def test_fetch_of_a_record_that_fails_the_filter_says_so_E2(self, subject: Subject) -> None:
        inside, outside = subject.seed(2)
        where = Filter(clauses=(Clause(field=subject.text, test=Test.IS, value=subject.sample(0)[subject.text]),))
        reading = subject.fetched(inside, outside, selection=subject.filtered(where))
        assert list(reading.records) == [inside]
        assert reading.absences[outside].cause is Cause.OUT_OF_FILTER

    def test_whole_fetch_brings_every_field_and_knows_no_filter(self, subject: Subject) -> None:
        (id_,) = subject.seed(1)
        where = Filter(clauses=(Clause(field=subject.text, test=Test.IS, value="nobody has this"),))
        batch = subject.system.fetch(subject.filtered(where), [id_], is_whole=True)
        assert batch.absences == ()
        assert sorted(batch.records.column_names) == sorted(
            columns([field.name for field in subject.record_type.fields])
        )
        assert batch.records.column_names[: len(MARKS)] == list(MARKS)

    @needs("find")
    def test_find_brings_records_with_all_of_these_values_E28(self, subject: Subject) -> None:
        first, second, third = subject.seed(3)
        subject.outside.update(third, {subject.text: subject.sample(1)[subject.text]})
        found = subject.system.find(subject.selection, {subject.text: subject.sample(0)[subject.text]})
        assert [record.id for record in found] == [first]
        sample = subject.sample(0)
        assert {name: found[0].values.get(name) for name in sample} == dict(sample)
        found = subject.system.find(subject.selection, {subject.text: subject.sample(1)[subject.text]})
        assert sorted(record.id for record in found) == sorted([second, third])

    @needs("find")
    def test_find_by_all_fields_brings_the_one_record_E28(self, subject: Subject) -> None:
        ids = subject.seed(3)
        for number, id_ in enumerate(ids):
            found = subject.system.find(subject.selection, subject.sample(number))
            assert [record.id for record in found] == [id_]

    @needs("find")
    @pytest.mark.parametrize("text", ["O'Hara %", "Zoë 🔧", "", None], ids=["quotes", "scripts", "empty", "null"])
    def test_find_takes_any_value_E28(self, subject: Subject, text: str | None) -> None:
        subject.seed(2)
        id_ = subject.outside.create({**subject.sample(2), subject.text: text})
        found = subject.system.find(subject.selection, {subject.text: text})
        assert [record.id for record in found] == [id_]

    @needs("find")
    def test_find_of_nothing_brings_nothing_E28(self, subject: Subject) -> None:
        _, deleted = subject.seed(2)
        subject.outside.delete(deleted)
        assert list(subject.system.find(subject.selection, {subject.text: "nobody has this"})) == []
        assert list(subject.system.find(subject.selection, {subject.text: subject.sample(1)[subject.text]})) == []

    @needs("find")
    def test_find_brings_at_most_ten(self, subject: Subject) -> None:
        for number in range(MOST_FOUND + 2):
            subject.outside.create({**subject.sample(number), subject.text: "all alike"})
        assert len(subject.system.find(subject.selection, {subject.text: "all alike"})) == MOST_FOUND

    def test_find_that_cannot_never_says_there_is_nothing_E28(self, subject: Subject) -> None:
        """An empty answer would mean that a lost create was never written, and it would be sent again."""
        (id_,) = subject.seed(1)
        values = {subject.text: subject.sample(0)[subject.text]}
        if self.capabilities.find:
            assert [record.id for record in subject.system.find(subject.selection, values)] == [id_]
        else:
            with pytest.raises(ConfigurationError):
                subject.system.find(subject.selection, values)


def _other_id(pattern: str, number: int) -> str:
    """An id no record has, of the same make: other digits, or the same text with a number."""
    if pattern.isdigit():
        return str(10**9 + number)
    head, slash, tail = pattern.rpartition("/")
    stem, dot, ending = tail.rpartition(".")
    return f"{head}{slash}{stem}{number}gone{dot}{ending}" if dot else f"{head}{slash}{number}gone{tail}"
