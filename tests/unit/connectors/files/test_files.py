"""What people do to files, and what the connector does with it. Rows E1, E7, E9, E24, E29, E31."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tallystick import errors
from tallystick.connectors.files import Settings, connect
from tallystick.connectors.files.store import FileStore
from tallystick.model.record import Cause, records_of
from tallystick.model.selection import Selection
from tallystick.model.value import FieldType
from tallystick.model.write import Action, Result, Write
from tallystick.ports.system import System
from tallystick.testing.clock import FixedClock, SequentialIds
from tallystick.testing.contract import VersionsKnown
from tallystick.testing.contract.subject import Reading, read

ASSETS = Selection(record="asset", fields=("name", "qty"), key=("id",))


def opened(path: Path, **settings: Any) -> System:
    return connect(Settings(path=path.name, **settings), folder=path.parent, clock=FixedClock(), ids=SequentialIds())


def listed(system: System, selection: Selection = ASSETS) -> Reading:
    return read(system.listing(selection, VersionsKnown()))


def update(id_: str, **values: str | None) -> Write:
    return Write(key=f"u{id_}", action=Action.UPDATE, id=id_, values=values)


@pytest.fixture
def asset(tmp_path: Path) -> Path:
    path = tmp_path / "asset.csv"
    path.write_bytes(
        b'\xef\xbb\xbfid,name,qty,extra\r\n1,"Pump, big",2,=1+1\r\n2, plain ,,""\r\n3,"two\nlines",4,  kept  '
    )
    return path


def test_csv_update_leaves_all_other_bytes_as_they_are(asset):
    before = asset.read_bytes()
    (outcome,) = opened(asset).write(ASSETS, [update("2", name="new")])
    assert outcome.result is Result.DONE
    assert asset.read_bytes() == before.replace(b'2, plain ,,""\r\n', b'2,new,,""\r\n')


def test_csv_create_ends_the_last_line_first_and_keeps_its_line_ends(asset):
    before = asset.read_bytes()
    create = Write(key="c", action=Action.CREATE, id="9", values={"name": 'say "hi"', "qty": None})
    (outcome,) = opened(asset).write(ASSETS, [create])
    assert (outcome.result, outcome.id) == (Result.DONE, "9")
    assert asset.read_bytes() == before + b'\r\n9,"say ""hi""",,\r\n'


def test_csv_null_and_empty_are_told_apart_E9(asset):
    record = records_of(opened(asset).fetch(ASSETS, ["2"], is_whole=True).records)[0]
    assert dict(record.values) == {"id": "2", "name": " plain ", "qty": None, "extra": ""}


def test_csv_formula_is_data(asset):
    selection = Selection(record="asset", fields=("extra",), key=("id",))
    assert listed(opened(asset), selection).records["1"].values == {"extra": "=1+1"}


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"4,short\r\n", "Line 6 has 2 columns, the header has 4."),
        (b'4,"open,1,x\r\n', "Line 6 has a quote that is not closed or stands inside a cell."),
        (b"4,\xff,1,x\r\n", "Line 6 holds bytes that are not UTF-8 text."),
    ],
)
def test_csv_bad_line_is_named_and_the_listing_is_not_complete_E1_E7(asset, line, reason):
    """The line may be any record: none that is missing may count as deleted."""
    asset.write_bytes(asset.read_bytes() + b"\r\n" + line + b"5,last,1,\r\n")
    system = opened(asset)
    reading = listed(system)
    assert [bad.reason for bad in reading.unreadable] == [reason]
    assert sorted(reading.records) == ["1", "2", "3", "5"]
    assert reading.end is not None
    assert not reading.end.is_complete
    assert system.fetch(ASSETS, ["4"]).absences[0].cause is Cause.UNKNOWN


def test_value_that_does_not_fit_its_type_makes_its_record_unreadable_alone_E7(asset):
    asset.write_bytes(asset.read_bytes() + b"\n4,x,many,\n")
    reading = listed(opened(asset, types={"qty": FieldType.INTEGER}))
    assert [(bad.id, bad.reason) for bad in reading.unreadable] == [
        ("4", "Line 6: the field 'qty' holds text that is not an integer.")
    ]
    assert reading.records["3"].values["qty"] == "4"
    assert reading.end is not None
    assert reading.end.is_complete


def test_two_lines_of_one_key_stop_the_listing_and_name_both(asset):
    asset.write_bytes(asset.read_bytes() + b"\n1,again,1,\n")
    with pytest.raises(errors.KeyNotUnique, match=r"Lines 2 and 6 of 'asset\.csv' have the same key"):
        listed(opened(asset))


def test_two_lines_of_one_key_are_not_written(asset):
    asset.write_bytes(asset.read_bytes() + b"\n1,again,1,\n")
    before = asset.read_bytes()
    (outcome,) = opened(asset).write(ASSETS, [update("1", name="new")])
    assert outcome.result is Result.REFUSED
    assert asset.read_bytes() == before


def test_missing_file_is_a_collection_gone_E1(asset):
    asset.unlink()
    with pytest.raises(errors.CollectionGone, match=r"There is no file 'asset\.csv'"):
        listed(opened(asset))


def test_missing_file_in_a_folder_is_a_collection_gone_E1(tmp_path):
    with pytest.raises(errors.CollectionGone):
        listed(opened(tmp_path))


def test_missing_file_that_may_be_made_is_empty_and_made_by_the_first_write(asset):
    asset.unlink()
    system = opened(asset, create=True)
    assert listed(system).records == {}
    create = Write(key="c", action=Action.CREATE, id="1", values={"name": "Ünit", "qty": "2"})
    assert system.write(ASSETS, [create])[0].result is Result.DONE
    assert asset.read_bytes() == "id,name,qty\n1,Ünit,2\n".encode()


def test_header_alone_is_a_complete_listing_of_nothing_E1(asset):
    asset.write_bytes(b"id,name,qty\n")
    reading = listed(opened(asset))
    assert reading.records == {}
    assert reading.end is not None
    assert reading.end.is_complete


def test_file_that_lost_even_its_header_is_refused_E1(asset):
    asset.write_bytes(b"")
    with pytest.raises(errors.SystemFault, match="is empty"):
        listed(opened(asset))


def test_file_changed_while_it_is_read_is_not_complete_E1(asset):
    batches = opened(asset, batch_rows=1).listing(ASSETS, VersionsKnown())
    first = next(batches)
    asset.write_bytes(b"id,name,qty,extra\n1,x,1,\n")
    end = read([first, *batches]).end
    assert end is not None
    assert (end.is_complete, end.reason) == (False, "The file 'asset.csv' changed while it was read.")


def test_write_goes_into_the_file_as_somebody_else_just_left_it_E31(asset, monkeypatch):
    """Another program saves between our look and our rename: the look is taken again."""
    replace, saved = FileStore.replace, []

    def save_first(self, parts, before):
        if not saved:
            saved.append(asset.write_bytes(asset.read_bytes() + b"\n8,saved,1,\n"))
        return replace(self, parts, before)

    monkeypatch.setattr(FileStore, "replace", save_first)
    assert opened(asset).write(ASSETS, [update("1", name="ours")])[0].result is Result.DONE
    records = listed(opened(asset)).records
    assert {id_: records[id_].values["name"] for id_ in ("1", "8")} == {"1": "ours", "8": "saved"}


def test_full_disk_leaves_the_file_as_it_was_E29(asset, monkeypatch):
    before = asset.read_bytes()

    def fail(_handle):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", fail)
    (outcome,) = opened(asset).write(ASSETS, [update("1", name="new")])
    assert (outcome.result, outcome.message) == (
        Result.RETRY,
        "The disk of 'asset.csv' is full. Make room, then run again.",
    )
    assert asset.read_bytes() == before
    assert [path.name for path in asset.parent.iterdir() if path.suffix == ".part"] == []


def test_json_lines_keep_the_spelling_of_what_is_not_written(tmp_path):
    path = tmp_path / "asset.jsonl"
    lines = [
        b'{"id": 1,   "name": "a", "price": 1.50, "tags": ["x"]}\n',
        b"\n",
        b'{"name":"b","id":2,"price":100000000000000000000.10,"more":{"z":1,"a":[1,2.0]}}\n',
        b'{"id": 3, "name": null}',
    ]
    path.write_bytes(b"".join(lines))
    selection = Selection(record="asset", fields=("more", "name", "price"), key=("id",))
    system = opened(path)
    reading = listed(system, selection)
    assert {id_: dict(record.values) for id_, record in reading.records.items()} == {
        "1": {"name": "a", "price": "1.5"},
        "2": {"name": "b", "price": "100000000000000000000.1", "more": '{"a":[1,2.0],"z":1}'},
        "3": {"name": None},
    }
    assert system.write(selection, [update("2", name="ü")])[0].result is Result.DONE
    kept = b'{"name": "\xc3\xbc", "id": 2, "price": 100000000000000000000.10, "more": {"a":[1,2.0],"z":1}}\n'
    assert path.read_bytes() == lines[0] + lines[1] + kept + lines[3]


def test_json_line_cut_in_the_middle_is_not_complete_E1(tmp_path):
    path = tmp_path / "asset.jsonl"
    path.write_bytes(b'{"id": "1", "name": "a", "qty": 1}\n{"id": "2", "na')
    reading = listed(opened(path))
    assert list(reading.records) == ["1"]
    assert reading.end is not None
    assert not reading.end.is_complete


def test_other_encodings_are_read_and_written_back(tmp_path):
    path = tmp_path / "asset.csv"
    path.write_bytes("id;name;qty\n1;Zoë;2\n".encode("cp1252"))
    system = opened(path, encoding="cp1252", delimiter=";")
    assert listed(system).records["1"].values == {"name": "Zoë", "qty": "2"}
    assert system.write(ASSETS, [update("1", name="Müller")])[0].result is Result.DONE
    assert path.read_bytes() == "id;name;qty\n1;Müller;2\n".encode("cp1252")


def test_character_that_the_encoding_has_not_is_refused_alone_E7(tmp_path):
    path = tmp_path / "asset.csv"
    path.write_bytes(b"id,name,qty\n1,a,2\n2,b,3\n")
    outcomes = opened(path, encoding="cp1252").write(ASSETS, [update("1", name="泵"), update("2", name="ß")])
    assert [outcome.result for outcome in outcomes] == [Result.REFUSED, Result.DONE]
    assert path.read_bytes() == "id,name,qty\n1,a,2\n2,ß,3\n".encode("cp1252")


def test_sample_of_a_real_product_is_read_whole(samples):
    """A CSV export as an asset management product ships it."""
    path = samples / "snipeit" / "assets-sample.csv"
    system = connect(Settings(path=path), folder=path.parent, clock=FixedClock(), ids=SequentialIds())
    kind = system.describe().record_type("assets-sample")
    assert kind is not None
    key = next(field.name for field in kind.fields if "tag" in field.name.lower())
    reading = listed(system, Selection(record=kind.name, fields=tuple(f.name for f in kind.fields), key=(key,)))
    assert reading.unreadable == ()
    assert len(reading.records) == path.read_text(encoding="utf-8").strip().count("\n")
