"""Reserve and write. Source: spec/engine.md E27, E28, E31, ports/system.py."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from tallystick.model.value import Value
from tallystick.model.write import Action, Result, Write
from tallystick.testing.contract.declared import Declared, needs
from tallystick.testing.contract.subject import Subject

MANY = 25


class WriteContract(Declared):
    def test_write_of_nothing_has_no_outcomes(self, subject: Subject) -> None:
        assert list(subject.system.write(subject.selection, [])) == []
        assert list(subject.system.reserve(subject.selection, [])) == []

    def test_ids_are_reserved_or_left_to_the_system_as_declared_E28(self, subject: Subject) -> None:
        samples = [subject.sample(number) for number in range(3)]
        ids = list(subject.system.reserve(subject.selection, samples))
        if self.capabilities.reserve:
            assert None not in ids
            assert len(set(ids)) == len(ids)
        else:
            assert ids == [None, None, None]
        assert subject.listed().records == {}, "to reserve writes nothing"

    @needs("create")
    def test_create_makes_the_record_with_the_reserved_id_E28(self, subject: Subject) -> None:
        (write,) = subject.creations(subject.sample(0))
        (outcome,) = subject.write(write)
        assert outcome.result is Result.DONE
        assert outcome.id == (write.id if write.id is not None else outcome.id)
        assert outcome.id is not None
        record = subject.listed().records[outcome.id]
        assert {name: record.values.get(name) for name in write.values} == dict(write.values)
        assert outcome.version in (None, record.version)
        told = {name: value for name, value in (outcome.stored or {}).items() if name in subject.selection.fields}
        assert {name: record.values.get(name) for name in told} == told

    @needs("create")
    def test_creates_of_one_call_all_arrive_in_order_of_outcomes(self, subject: Subject) -> None:
        samples = [subject.sample(number) for number in range(MANY)]
        ids = subject.created(*samples)
        assert len(set(ids)) == MANY
        records = subject.listed().records
        assert [records[id_].values[subject.text] for id_ in ids] == [sample[subject.text] for sample in samples]

    @needs("create", "reserve")
    def test_create_with_an_id_that_is_taken_says_so_and_changes_nothing(self, subject: Subject) -> None:
        (id_,) = subject.created(subject.sample(0))
        values = {**subject.sample(0), subject.text: "a second one"}
        (outcome,) = subject.write(Write(key="again", action=Action.CREATE, id=id_, values=values))
        assert outcome.result is Result.EXISTS
        assert subject.listed().records[id_].values[subject.text] == subject.sample(0)[subject.text]

    @needs("create", "idempotency")
    def test_repeated_create_with_the_same_key_is_answered_not_doubled_E28(self, subject: Subject) -> None:
        (write,) = subject.creations(subject.sample(0))
        first, again = subject.write(write)[0], subject.write(write)[0]
        assert (again.result, again.id) == (Result.DONE, first.id)
        assert list(subject.listed().records) == [first.id]

    @needs("create", "reserve")
    def test_repeated_create_with_the_reserved_id_is_not_doubled_E28(self, subject: Subject) -> None:
        (write,) = subject.creations(subject.sample(0))
        subject.write(write)
        (again,) = subject.write(write)
        assert again.result in (Result.EXISTS, Result.DONE)
        assert list(subject.listed().records) == [write.id]

    @needs("update")
    def test_update_sets_what_it_names_and_tells_the_version(self, subject: Subject) -> None:
        (id_,) = subject.seed(1)
        outcome = subject.update(id_, {subject.text: "new"})
        assert outcome.result is Result.DONE
        record = subject.record(id_)
        assert record.values[subject.text] == "new"
        assert outcome.version in (None, record.version)
        assert (outcome.stored or {}).get(subject.text, "new") == "new"

    @needs("update", "versions")
    def test_update_with_the_current_version_is_done_E31(self, subject: Subject) -> None:
        (id_,) = subject.seed(1)
        version = subject.record(id_).version
        assert version is not None
        outcome = subject.update(id_, {subject.text: "new"}, version=version)
        assert outcome.result is Result.DONE
        assert subject.record(id_).values[subject.text] == "new"

    @needs("update", "versions")
    def test_update_with_a_version_that_moved_writes_nothing_E31(self, subject: Subject) -> None:
        (id_,) = subject.seed(1)
        version = subject.record(id_).version
        subject.outside.update(id_, {subject.text: "changed outside"})
        outcome = subject.update(id_, {subject.text: "new"}, version=version)
        assert outcome.result is Result.MOVED
        assert subject.record(id_).values[subject.text] == "changed outside"

    @needs("update", "versions")
    def test_version_told_by_a_write_is_good_for_the_next_E31(self, subject: Subject) -> None:
        (id_,) = subject.seed(1)
        version = subject.update(id_, {subject.text: "one"}).version or subject.record(id_).version
        assert version is not None
        assert subject.update(id_, {subject.text: "two"}, version=version).result is Result.DONE
        assert subject.record(id_).values[subject.text] == "two"

    @needs("update")
    @pytest.mark.parametrize("before", ["held", "", None], ids=["text", "empty", "null"])
    def test_update_that_expects_what_is_there_is_done_E31(self, subject: Subject, before: Value) -> None:
        id_ = subject.outside.create({**subject.sample(0), subject.text: before})
        expected = {name: subject.record(id_).values[name] for name in (subject.text,)}
        outcome = subject.update(id_, {subject.text: "new"}, expected=expected)
        assert outcome.result is Result.DONE
        assert subject.record(id_).values[subject.text] == "new"

    @needs("update")
    def test_update_that_expects_all_fields_as_they_were_read_is_done_E31(self, subject: Subject) -> None:
        (id_,) = subject.seed(1)
        outcome = subject.update(id_, {subject.text: "new"}, expected=dict(subject.record(id_).values))
        assert outcome.result is Result.DONE

    @needs("update")
    @pytest.mark.parametrize("now", ["changed outside", "", None], ids=["text", "empty", "null"])
    def test_update_that_expects_something_else_writes_nothing_E31(self, subject: Subject, now: Value) -> None:
        (id_,) = subject.seed(1)
        expected = {subject.text: subject.record(id_).values[subject.text]}
        subject.outside.update(id_, {subject.text: now})
        outcome = subject.update(id_, {subject.text: "new"}, expected=expected)
        assert outcome.result is Result.MOVED
        assert subject.record(id_).values[subject.text] == now

    @needs("update")
    def test_update_that_expects_null_where_a_value_is_writes_nothing_E31(self, subject: Subject) -> None:
        (id_,) = subject.seed(1)
        outcome = subject.update(id_, {subject.text: "new"}, expected={subject.text: None})
        assert outcome.result is Result.MOVED
        assert subject.record(id_).values[subject.text] == subject.sample(0)[subject.text]

    @needs("update")
    def test_update_of_an_absent_record_says_so_and_makes_none(self, subject: Subject) -> None:
        kept, deleted = subject.seed(2)
        subject.outside.delete(deleted)
        assert subject.update(deleted, {subject.text: "new"}).result is Result.ABSENT
        assert list(subject.listed().records) == [kept]

    @needs("delete")
    def test_delete_takes_the_record_away_and_no_other(self, subject: Subject) -> None:
        kept, deleted = subject.seed(2)
        assert subject.remove(deleted).result is Result.DONE
        assert list(subject.listed().records) == [kept]

    @needs("delete")
    def test_delete_of_an_absent_record_is_done(self, subject: Subject) -> None:
        kept, deleted = subject.seed(2)
        subject.outside.delete(deleted)
        assert subject.remove(deleted).result is Result.DONE
        assert list(subject.listed().records) == [kept]

    @needs("delete", "versions")
    def test_delete_with_a_version_that_moved_deletes_nothing_E31(self, subject: Subject) -> None:
        (id_,) = subject.seed(1)
        version = subject.record(id_).version
        subject.outside.update(id_, {subject.text: "changed outside"})
        assert subject.remove(id_, version=version).result is Result.MOVED
        assert list(subject.listed().records) == [id_]

    @needs("delete")
    def test_delete_that_expects_something_else_deletes_nothing_E31(self, subject: Subject) -> None:
        (id_,) = subject.seed(1)
        expected = {subject.text: subject.record(id_).values[subject.text]}
        subject.outside.update(id_, {subject.text: "changed outside"})
        assert subject.remove(id_, expected=expected).result is Result.MOVED
        assert list(subject.listed().records) == [id_]

    @needs("delete")
    def test_delete_that_expects_what_is_there_is_done(self, subject: Subject) -> None:
        (id_,) = subject.seed(1)
        assert subject.remove(id_, expected={subject.text: subject.sample(0)[subject.text]}).result is Result.DONE
        assert subject.listed().records == {}

    @needs("update")
    def test_unknown_field_of_a_write_is_refused_alone_E7(self, subject: Subject) -> None:
        first, second = subject.seed(2)
        writes = [
            Write(key="bad", action=Action.UPDATE, id=first, values={"zz no such field": "x", subject.text: "new"}),
            Write(key="good", action=Action.UPDATE, id=second, values={subject.text: "new"}),
        ]
        assert [outcome.result for outcome in subject.write(*writes)] == [Result.REFUSED, Result.DONE]
        records = subject.listed().records
        assert records[first].values[subject.text] == subject.sample(0)[subject.text]
        assert records[second].values[subject.text] == "new"

    @needs("create", "update", "delete")
    def test_one_call_takes_all_kinds_of_writes_in_any_order(self, subject: Subject) -> None:
        updated, deleted, moved = subject.seed(3)
        (creation,) = subject.creations(subject.sample(3))
        outcomes = subject.write(
            Write(key="1", action=Action.DELETE, id=deleted),
            creation,
            Write(
                key="3", action=Action.UPDATE, id=moved, values={subject.text: "x"}, expected={subject.text: "not this"}
            ),
            Write(key="4", action=Action.UPDATE, id=updated, values={subject.text: "new"}),
        )
        assert [outcome.result for outcome in outcomes] == [Result.DONE, Result.DONE, Result.MOVED, Result.DONE]
        texts = {record.values[subject.text] for record in subject.listed().records.values()}
        assert texts == {"new", subject.sample(2)[subject.text], subject.sample(3)[subject.text]}

    @needs("create", "delete")
    def test_deleted_record_can_be_made_again_as_it_was_E33(self, subject: Subject) -> None:
        (id_,) = subject.seed(1)
        whole = dict(subject.fetched(id_, is_whole=True).records[id_].values)
        assert subject.remove(id_).result is Result.DONE
        settable = {field.name for field in subject.record_type.fields if field.is_writable}
        values = {name: value for name, value in whole.items() if name in settable}
        new_id = id_ if self.capabilities.reserve else None
        (outcome,) = subject.write(Write(key="restore", action=Action.CREATE, id=new_id, values=values))
        assert outcome.result is Result.DONE, outcome.message
        assert outcome.id is not None
        assert outcome.id == (new_id or outcome.id)
        again = subject.fetched(outcome.id, is_whole=True).records[outcome.id].values
        assert {name: again.get(name) for name in values} == values

    @pytest.mark.parametrize("action", [Action.CREATE, Action.UPDATE, Action.DELETE], ids=str)
    def test_action_is_done_or_refused_as_declared(self, subject: Subject, action: Action) -> None:
        (id_,) = subject.seed(1)
        (write,) = subject.creations(subject.sample(1))
        if action is not Action.CREATE:
            write = replace(write, action=action, id=id_)
            write = replace(write, values={subject.text: "new"} if action is Action.UPDATE else {})
        (outcome,) = subject.write(write)
        if getattr(self.capabilities, action.value):
            assert outcome.result is Result.DONE
        else:
            assert outcome.result is Result.REFUSED
            assert outcome.message
            assert list(subject.listed().records) == [id_]
            assert subject.record(id_).values[subject.text] == subject.sample(0)[subject.text]
