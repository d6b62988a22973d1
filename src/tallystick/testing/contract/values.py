"""Values arrive as they were sent, or are refused. Source: model/value.py, spec/engine.md E7, E9."""

from __future__ import annotations

from tallystick.model.schema import Field
from tallystick.model.value import FieldType
from tallystick.model.write import Action, Outcome, Result, Write
from tallystick.testing.contract.cases import BAD, Case
from tallystick.testing.contract.declared import Declared, needs
from tallystick.testing.contract.subject import Subject


class ValueContract(Declared):
    @needs("create")
    def test_value_comes_back_as_written(self, subject: Subject, type_: FieldType, case: Case) -> None:
        field = subject.field_of(type_)
        (write,) = subject.creations({**subject.sample(0), field.name: case.value})
        (outcome,) = subject.write(write)
        if outcome.result is Result.DONE:
            assert outcome.id is not None
            values = subject.listed().records[outcome.id].values
            assert field.name in values, "a value that was written is not missing"
            assert values[field.name] == case.value
            assert subject.record(outcome.id).values[field.name] == case.value
            assert (outcome.stored or {}).get(field.name, case.value) == case.value
        else:
            _is_fair_refusal(outcome, field, case)
            assert subject.listed().records == {}

    @needs("update")
    def test_value_comes_back_as_updated(self, subject: Subject, type_: FieldType, case: Case) -> None:
        field = subject.field_of(type_)
        (id_,) = subject.seed(1)
        outcome = subject.update(id_, {field.name: case.value})
        values = subject.record(id_).values
        if outcome.result is Result.DONE:
            assert field.name in values, "a value that was written is not missing"
            assert values[field.name] == case.value
        else:
            _is_fair_refusal(outcome, field, case)
            assert values[field.name] == subject.sample(0)[field.name]

    @needs("update")
    def test_zero_empty_and_null_stay_apart_E9(self, subject: Subject) -> None:
        wanted = ["0", "", None, " "]
        ids = subject.seed(len(wanted))
        for id_, value in zip(ids, wanted, strict=True):
            assert subject.update(id_, {subject.text: value}).result is Result.DONE
        records = subject.listed().records
        assert [records[id_].values[subject.text] for id_ in ids] == wanted

    @needs("update")
    def test_field_that_is_not_written_keeps_its_value_E9(self, subject: Subject) -> None:
        (id_,) = subject.seed(1)
        before = dict(subject.record(id_).values)
        assert subject.update(id_, {subject.text: "only this"}).result is Result.DONE
        after = subject.record(id_).values
        others = [field.name for field in subject.writable if field.name != subject.text]
        assert {name: after.get(name) for name in others} == {name: before.get(name) for name in others}

    @needs("create")
    def test_created_record_without_a_value_has_null_or_a_default_but_no_text_E9(self, subject: Subject) -> None:
        values = {name: value for name, value in subject.sample(0).items() if name != subject.text}
        (id_,) = subject.created(values)
        assert subject.record(id_).values.get(subject.text) is None

    @needs("update")
    def test_bad_value_is_refused_alone_and_the_others_go_on_E7(self, subject: Subject, type_: FieldType) -> None:
        field = subject.field_of(type_)
        ids = subject.seed(3)
        values = [{subject.text: "first"}, {field.name: BAD[type_]}, {subject.text: "third"}]
        writes = [
            Write(key=f"k{number}", action=Action.UPDATE, id=id_, values=of_one)
            for number, (id_, of_one) in enumerate(zip(ids, values, strict=True))
        ]
        outcomes = subject.write(*writes)
        assert [outcome.result for outcome in outcomes] == [Result.DONE, Result.REFUSED, Result.DONE]
        assert outcomes[1].message
        assert BAD[type_] not in outcomes[1].message, "a message does not hold the value"
        records = subject.listed().records
        assert [records[id_].values[subject.text] for id_ in ids] == ["first", subject.sample(1)[subject.text], "third"]
        assert records[ids[1]].values[field.name] == subject.sample(1)[field.name]

    @needs("create")
    def test_bad_value_of_a_create_leaves_no_record_E7(self, subject: Subject, type_: FieldType) -> None:
        field = subject.field_of(type_)
        good, bad = subject.sample(0), {**subject.sample(1), field.name: BAD[type_]}
        outcomes = subject.write(*subject.creations(bad, good))
        assert [outcome.result for outcome in outcomes] == [Result.REFUSED, Result.DONE]
        assert list(subject.listed().records) == [outcomes[1].id]


def _is_fair_refusal(outcome: Outcome, field: Field, case: Case) -> None:
    assert outcome.result is Result.REFUSED, f"{outcome.result}: {outcome.message}"
    is_too_long = case.value is not None and field.max_length is not None and len(case.value) > field.max_length
    is_null = case.value is None and (field.is_required or not field.is_nullable)
    assert case.may_be_refused or is_too_long or is_null, f"refused a plain value: {outcome.message}"
    assert outcome.message, "a refusal says why"
