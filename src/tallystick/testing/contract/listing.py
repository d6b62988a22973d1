"""Describing and listing. Source: spec/engine.md E1, E4, E9, ports/system.py."""

from __future__ import annotations

import unicodedata

import pyarrow as pa
import pytest
from msgspec.structs import replace

from tallystick.errors import TallystickError, UnknownField, UnknownRecordType
from tallystick.model.record import Cause
from tallystick.model.selection import id_of
from tallystick.model.value import FieldType
from tallystick.testing.contract.cases import is_canonical
from tallystick.testing.contract.declared import Declared, needs
from tallystick.testing.contract.subject import Subject, VersionsKnown, columns, read


class ListingContract(Declared):
    def test_description_declares_what_the_connector_can(self, subject: Subject) -> None:
        assert subject.record_type.capabilities == self.capabilities

    def test_description_names_fields_and_key(self, subject: Subject) -> None:
        names = [field.name for field in subject.record_type.fields]
        assert len(set(names)) == len(names)
        assert set(subject.selection.fields) <= set(names)
        assert set(subject.record_type.key) <= set(names)
        assert subject.system.describe().connector

    def test_description_has_the_types_of_fields_that_the_suite_tries(self, subject: Subject) -> None:
        assert {field.type for field in subject.writable if not field.choices} == self.field_types
        assert subject.field_of(FieldType.TEXT).name == subject.text

    def test_listing_of_nothing_is_complete_E1(self, subject: Subject) -> None:
        reading = subject.listed()
        assert reading.end is not None
        assert reading.end.is_complete
        assert (reading.records, reading.absences, reading.unchanged) == ({}, {}, ())

    def test_listing_brings_every_record_once_in_bounded_batches_E4(self, subject: Subject) -> None:
        ids = subject.seed(2 * subject.batch_rows + 1)
        reading = subject.listed()
        assert sorted(reading.records) == sorted(ids)
        assert reading.end is not None
        assert reading.end.is_complete
        assert max(reading.rows) <= subject.batch_rows
        assert (reading.absences, reading.unreadable) == ({}, ())

    @pytest.mark.parametrize("count", [-1, 0, 1])
    def test_listing_is_whole_where_the_last_batch_is_just_full(self, subject: Subject, count: int) -> None:
        ids = subject.seed(subject.batch_rows + count)
        assert sorted(subject.listed().records) == sorted(ids)

    def test_batches_have_the_marks_and_the_selected_fields_as_text(self, subject: Subject) -> None:
        subject.seed(1)
        for batch in subject.system.listing(subject.selection, VersionsKnown()):
            assert batch.records.column_names == columns(subject.selection.fields)
            assert set(batch.records.schema.types) == {pa.string()}

    def test_listing_of_fewer_fields_brings_only_these(self, subject: Subject) -> None:
        (id_,) = subject.seed(1)
        selection = replace(subject.selection, fields=(subject.text,))
        reading = subject.listed(selection)
        assert dict(reading.records[id_].values) == {subject.text: subject.sample(0)[subject.text]}

    def test_records_come_with_the_values_they_have(self, subject: Subject) -> None:
        ids = subject.seed(3)
        records = subject.listed().records
        for number, id_ in enumerate(ids):
            sample = subject.sample(number)
            assert {name: records[id_].values.get(name) for name in sample} == dict(sample)

    def test_every_value_is_canonical_text(self, subject: Subject) -> None:
        subject.seed(3)
        for record in subject.listed().records.values():
            for name, value in record.values.items():
                field = subject.record_type.field(name)
                assert field is not None
                assert is_canonical(value, field.type), f"{name} ({field.type}) came as {value!r}"
            assert is_canonical(record.changed_at, FieldType.DATETIME), f"stamp came as {record.changed_at!r}"

    def test_id_is_made_of_the_key_fields(self, subject: Subject) -> None:
        key = subject.selection.key or subject.record_type.key
        ids = subject.seed(3)
        selection = replace(subject.selection, fields=tuple(sorted({*subject.selection.fields, *key})))
        records = subject.listed(selection).records
        assert sorted(records) == sorted(ids)
        if key:
            made = {id_of(tuple(str(record.values[name]) for name in key)) for record in records.values()}
            assert made == set(ids)

    def test_text_of_another_user_comes_composed(self, subject: Subject) -> None:
        decomposed = unicodedata.normalize("NFD", "Zoë Ångström")
        id_ = subject.outside.create({**subject.sample(0), subject.text: decomposed})
        assert subject.listed().records[id_].values[subject.text] == "Zoë Ångström"

    def test_listing_shows_what_another_user_did(self, subject: Subject) -> None:
        kept, changed, deleted = subject.seed(3)
        subject.listed()
        subject.outside.update(changed, {subject.text: "changed outside"})
        subject.outside.delete(deleted)
        made = subject.outside.create(subject.sample(3))
        records = subject.listed().records
        assert sorted(records) == sorted([kept, changed, made])
        assert records[changed].values[subject.text] == "changed outside"

    def test_version_moves_with_a_change_and_only_with_one(self, subject: Subject) -> None:
        same, changed = subject.seed(2)
        before = subject.listed().records
        subject.outside.update(changed, {subject.text: "changed outside"})
        after = subject.listed().records
        if self.capabilities.versions:
            assert None not in [before[same].version, before[changed].version]
            assert after[same].version == before[same].version
            assert after[changed].version != before[changed].version
        else:
            assert {record.version for record in (*before.values(), *after.values())} == {None}

    def test_fetch_and_listing_name_the_same_version(self, subject: Subject) -> None:
        ids = subject.seed(2)
        listed, fetched = subject.listed().records, subject.fetched(*ids).records
        assert {id_: listed[id_].version for id_ in ids} == {id_: fetched[id_].version for id_ in ids}

    def test_known_records_are_unchanged_or_read_again_but_never_left_out(self, subject: Subject) -> None:
        ids = subject.seed(subject.batch_rows + 1)
        known = {id_: record.version for id_, record in subject.listed().records.items() if record.version}
        subject.outside.update(ids[0], {subject.text: "changed outside"})
        reading = subject.listed(known=known)
        assert sorted([*reading.records, *reading.unchanged]) == sorted(ids)
        assert reading.records[ids[0]].values[subject.text] == "changed outside"
        assert reading.absences == {}

    def test_unknown_record_type_is_refused_E30(self, subject: Subject) -> None:
        selection = replace(subject.selection, record="no such record type")
        _refuses(subject, selection, UnknownRecordType)

    def test_unknown_field_is_refused_E30(self, subject: Subject) -> None:
        selection = replace(subject.selection, fields=(*subject.selection.fields, "zz no such field"))
        _refuses(subject, selection, UnknownField)

    def test_soft_deleted_record_counts_as_deleted_E2(self, subject: Subject) -> None:
        kept, deleted = subject.seed(2)
        soft = subject.soft_delete
        selection = replace(subject.selection, deleted=soft)
        assert sorted(subject.listed(selection).records) == sorted([kept, deleted])
        subject.outside.update(deleted, {soft.column: soft.equals})
        assert list(subject.listed(selection).records) == [kept]
        absence = subject.fetched(deleted, selection=selection).absences[deleted]
        assert absence.cause is (Cause.DELETED if self.capabilities.causes else Cause.UNKNOWN)

    @needs("delete")
    def test_our_delete_of_a_soft_type_keeps_the_record_and_sets_its_column(self, subject: Subject) -> None:
        kept, deleted = subject.seed(2)
        soft = subject.soft_delete
        selection = replace(subject.selection, deleted=soft)
        assert subject.remove(deleted, selection).result == "done"
        assert list(subject.listed(selection).records) == [kept]
        assert subject.listed().records[deleted].values[soft.column] == soft.equals


def _refuses(subject: Subject, selection: object, error: type[TallystickError]) -> None:
    for call in (
        lambda: read(subject.system.listing(selection, VersionsKnown())),  # type: ignore[arg-type]
        lambda: subject.system.fetch(selection, ["1"]),  # type: ignore[arg-type]
    ):
        with pytest.raises(error) as caught:
            call()
        assert str(caught.value).rstrip().endswith("."), "an error is worded as a sentence"
