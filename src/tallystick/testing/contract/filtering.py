"""Filters: the system and `Filter.passes` agree on every record. Source: model/selection.py."""

from __future__ import annotations

import pytest

from tallystick.model.record import Record
from tallystick.model.selection import Clause, Filter, Test
from tallystick.model.value import FieldType, Value
from tallystick.testing.contract.declared import Declared
from tallystick.testing.contract.subject import Subject

TEXTS = ("alpha", "Alpha", "alpha beta", "be%ta", "be_ta", "O'Hara", "back\\slash", "Zoë", "泵 🔧", "ALPHA ")


class FilterContract(Declared):
    @pytest.mark.parametrize("test", list(Test), ids=str)
    def test_filter_on_text_agrees_with_its_meaning(self, subject: Subject, test: Test) -> None:
        records = _texts(subject)
        for value in _operands(test, (*TEXTS, "", "a", "%", "_", "\\", "'", "ALPHA")):
            _agrees(subject, records, Filter(clauses=(Clause(field=subject.text, test=test, value=value),)))

    def test_filter_on_null_agrees_with_its_meaning(self, subject: Subject) -> None:
        records = _texts(subject)
        for test in (Test.IS, Test.IS_NOT):
            _agrees(subject, records, Filter(clauses=(Clause(field=subject.text, test=test, value=None),)))

    def test_filter_on_every_type_agrees_with_its_meaning(self, subject: Subject, type_: FieldType) -> None:
        field = subject.field_of(type_)
        ids = subject.seed(3)
        if field.is_nullable and not field.is_required:
            subject.outside.update(ids[0], {field.name: None})
        records = subject.listed().records
        values = [str(subject.sample(number)[field.name]) for number in range(3)]
        tests = [Test.IS, Test.IS_NOT, Test.IN, Test.EMPTY]
        if type_ in (FieldType.TEXT, FieldType.DATE, FieldType.DATETIME, FieldType.LOCAL_DATETIME, FieldType.TIME):
            tests += [Test.BEFORE, Test.AFTER]
        for test in tests:
            for value in _operands(test, values):
                _agrees(subject, records, Filter(clauses=(Clause(field=field.name, test=test, value=value),)))

    @pytest.mark.parametrize("is_all", [True, False], ids=["all", "any"])
    def test_filter_joins_its_clauses(self, subject: Subject, is_all: bool) -> None:
        records = _texts(subject)
        clauses = (
            Clause(field=subject.text, test=Test.CONTAINS, value="a"),
            Clause(field=subject.text, test=Test.IS_NOT, value="alpha"),
            Clause(field=subject.text, test=Test.STARTS_WITH, value="be"),
        )
        for count in (0, 1, 2, 3):
            _agrees(subject, records, Filter(clauses=clauses[:count], is_all=is_all))

    def test_filter_on_a_field_that_is_not_selected_works(self, subject: Subject) -> None:
        from msgspec.structs import replace

        first, *_ = subject.seed(3)
        where = Filter(clauses=(Clause(field=subject.text, test=Test.IS, value=subject.sample(0)[subject.text]),))
        others = tuple(name for name in subject.selection.fields if name != subject.text)
        reading = subject.listed(replace(subject.selection, fields=others, where=where))
        assert list(reading.records) == [first]
        assert subject.text not in reading.records[first].values


def _texts(subject: Subject) -> dict[str, Record]:
    for number, text in enumerate((*TEXTS, "", None)):
        subject.outside.create({**subject.sample(number), subject.text: text})
    return subject.listed().records


def _operands(test: Test, values: tuple[str, ...] | list[str]) -> list[Value | tuple[Value, ...] | bool]:
    match test:
        case Test.EMPTY:
            return [True, False]
        case Test.IN:
            return [(), tuple(values[:1]), tuple(values[:3]), tuple(values), (*values[:2], None), (None,)]
        case Test.CONTAINS | Test.STARTS_WITH:
            return [value for value in values if value]
        case _:
            return list(values)


def _agrees(subject: Subject, records: dict[str, Record], where: Filter) -> None:
    reading = subject.listed(subject.filtered(where))
    meant = sorted(id for id, record in records.items() if where.passes(record.values))
    assert sorted(reading.records) == meant, f"{where}"
    assert reading.absences == {}, "a full listing names no absences of records that do not pass"
