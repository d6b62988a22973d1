"""The world of the memory connector: shared by name or by file, changed in whole steps."""

import contextlib
import json
import subprocess
import sys
import threading
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest

from tallystick import connectors
from tallystick.connectors.memory import MemoryWorld, Settings, connect
from tallystick.errors import ConfigurationError, CursorRefused, UnknownRecordType
from tallystick.model.record import Cause, records_of
from tallystick.model.selection import Selection
from tallystick.model.write import Action, Result, Write
from tallystick.testing.clock import FixedClock, SequentialIds

ASSET = {
    "name": "asset",
    "key": ["tag"],
    "fields": [{"name": "tag"}, {"name": "owner"}, {"name": "count", "type": "integer"}],
}
SELECTION = Selection(record="asset", fields=("count", "owner", "tag"))


class Nothing:
    def versions(self):
        return {}


def _open(clock=None, **settings):
    made = Settings.model_validate({"name": "unit", "record_types": [ASSET], **settings})
    clock = clock or FixedClock()
    system = connect(made, folder=Path(), clock=clock, ids=SequentialIds())
    path = made.path
    return system, MemoryWorld.open(made.name, path=path)


@pytest.fixture(autouse=True)
def _empty_world():
    MemoryWorld.forget("unit")


def _listed(system, selection=SELECTION):
    batches = list(system.listing(selection, Nothing()))
    return {record.id: dict(record.values) for batch in batches for record in records_of(batch.records)}


def test_two_connections_of_one_name_see_the_same_records():
    first, world = _open()
    second, _ = _open()
    world.table("asset").put({"tag": "A1", "owner": "Zoë"})
    assert _listed(first) == _listed(second) == {"A1": {"tag": "A1", "owner": "Zoë"}}


def test_file_keeps_the_world_for_another_process(tmp_path):
    path = tmp_path / "world.json"
    _, world = _open(path=path)
    world.table("asset").put({"tag": "A1", "owner": "Zoë", "count": "0"})
    code = (
        "import sys; from pathlib import Path; from tallystick.connectors.memory import MemoryWorld\n"
        "table = MemoryWorld.open('other', path=Path(sys.argv[1])).table('asset')\n"
        "table.edit('A1', {'owner': ''}); table.put({'tag': 'A2'})"
    )
    subprocess.run([sys.executable, "-c", code, str(path)], check=True)
    assert world.table("asset").records() == {
        "A1": {"tag": "A1", "owner": "", "count": "0"},
        "A2": {"tag": "A2"},
    }


def test_file_holds_a_whole_step_or_nothing_of_it_E29(tmp_path):
    path = tmp_path / "world.json"
    _, world = _open(path=path)
    world.table("asset").put({"tag": "A1"})
    before = json.loads(path.read_text())
    with contextlib.suppress(RuntimeError), world.changing() as state:
        state.tables["asset"].rows.clear()
        raise RuntimeError
    assert json.loads(path.read_text()) == before
    assert world.table("asset").get("A1") == {"tag": "A1"}
    assert [entry.name for entry in tmp_path.iterdir() if entry.name.startswith(".world")] == []


def test_file_that_holds_something_else_is_refused_and_left_alone(tmp_path):
    path = tmp_path / "world.json"
    path.write_text('{"tables": 3}')
    with pytest.raises(ConfigurationError, match="holds no world of the memory connector"):
        _open(path=path)
    assert path.read_text() == '{"tables": 3}'


def test_file_that_cannot_be_written_is_one_sentence(tmp_path):
    (tmp_path / "blocked").write_text("")
    with pytest.raises(ConfigurationError, match=r"^The file .* cannot be used: .*\. Name a file"):
        _open(path=tmp_path / "blocked" / "world.json")


def test_path_is_relative_to_the_folder_of_the_integration_file(tmp_path):
    settings = {"path": "here.json", "record_types": [ASSET]}
    connectors.connect("memory", settings, folder=tmp_path, clock=FixedClock(), ids=SequentialIds())
    assert (tmp_path / "here.json").is_file()


def test_settings_that_changed_redefine_the_record_type_and_those_that_did_not_leave_it_alone():
    system, world = _open()
    world.table("asset").put({"tag": "A1", "owner": "x"})
    world.table("asset").drop_field("owner")
    _open()
    assert [field.name for field in system.describe().record_types[0].fields] == ["tag", "count"]
    _open(record_types=[{**ASSET, "fields": [*ASSET["fields"], {"name": "room"}]}])
    names = [field.name for field in system.describe().record_types[0].fields]
    assert names == ["tag", "owner", "count", "room"]
    assert world.table("asset").records() == {"A1": {"tag": "A1"}}


def test_only_writes_of_the_hub_are_counted_E23():
    system, world = _open()
    world.table("asset").put({"tag": "A1"})
    writes = [
        Write(key="k1", action=Action.CREATE, id="A2", values={"tag": "A2"}),
        Write(key="k2", action=Action.CREATE, id="A1", values={"tag": "A1"}),
        Write(key="k3", action=Action.UPDATE, id="A1", values={"count": "many"}),
        Write(key="k4", action=Action.DELETE, id="A1"),
    ]
    results = [outcome.result for outcome in system.write(SELECTION, writes)]
    assert results == [Result.DONE, Result.EXISTS, Result.REFUSED, Result.DONE]
    assert world.writes() == Counter({Action.CREATE: 1, Action.DELETE: 1})
    assert [(write.action, write.id) for write in world.accepted()] == [
        (Action.CREATE, "A2"),
        (Action.DELETE, "A1"),
    ]


def test_merged_archived_and_forbidden_records_say_why_they_are_gone_E2():
    system, world = _open()
    table = world.table("asset")
    for tag in ("A1", "A2", "A3", "A4", "A5"):
        table.put({"tag": tag})
    table.merge("A1", "A2")
    table.archive("A3")
    table.forbid("A4")
    table.delete("A5")
    absences = system.fetch(SELECTION, ["A1", "A3", "A4", "A5", "A6"]).absences
    assert [(absence.id, absence.cause, absence.merged_into) for absence in absences] == [
        ("A1", Cause.MERGED, "A2"),
        ("A3", Cause.ARCHIVED, None),
        ("A4", Cause.FORBIDDEN, None),
        ("A5", Cause.DELETED, None),
        ("A6", Cause.DELETED, None),
    ]
    assert list(_listed(system)) == ["A2"]


def test_reused_id_is_another_record_S25():
    system, world = _open()
    table = world.table("asset")
    table.put({"tag": "A1", "owner": "old"})
    before = system.fetch(SELECTION, ["A1"]).records.column("#version").to_pylist()
    table.delete("A1")
    table.put({"tag": "A1", "count": "7"})
    batch = system.fetch(SELECTION, ["A1"])
    assert records_of(batch.records)[0].values == {"tag": "A1", "count": "7"}
    assert batch.records.column("#version").to_pylist() != before


def test_value_that_is_no_canonical_text_makes_its_record_alone_unreadable_E7():
    system, world = _open()
    world.table("asset").put({"tag": "A1", "count": "seven"})
    world.table("asset").put({"tag": "A2", "count": "7"})
    (batch,) = system.listing(SELECTION, Nothing())
    assert [(bad.id, bad.reason) for bad in batch.unreadable] == [("A1", "The field 'count' is not a valid integer.")]
    assert batch.records.column("#id").to_pylist() == ["A2"]


@pytest.mark.parametrize("text", ["nul \0", "half \ud83d"], ids=["NUL", "surrogate"])
def test_text_that_no_table_can_hold_is_refused_and_unreadable_E7(text):
    system, world = _open()
    world.table("asset").put({"tag": "A1", "owner": text})
    assert [bad.id for bad in system.fetch(SELECTION, ["A1"]).unreadable] == ["A1"]
    (outcome,) = system.write(SELECTION, [Write(key="k", action=Action.CREATE, id="A2", values={"owner": text})])
    assert outcome.result is Result.REFUSED


def test_stamps_follow_the_clock_of_the_world_not_of_the_hub_E5():
    hub = FixedClock()
    world = MemoryWorld.open("unit", clock=FixedClock(hub.now() + timedelta(minutes=7)))
    system, _ = _open(clock=hub)
    world.table("asset").put({"tag": "A1"})
    stamps = system.fetch(SELECTION, ["A1"]).records.column("#changed").to_pylist()
    assert stamps == ["2026-11-22T09:37:00Z"]


def test_forgotten_cursor_is_refused():
    system, world = _open()
    (batch,) = system.listing(SELECTION, Nothing())
    world.table("asset").forget_cursors()
    with pytest.raises(CursorRefused):
        list(system.changes(SELECTION, batch.end.cursor, Nothing()))
    (batch,) = system.listing(SELECTION, Nothing())
    assert list(system.changes(SELECTION, batch.end.cursor, Nothing()))[-1].end.is_complete


def test_key_named_by_the_flow_identifies_records_instead_of_the_types_own():
    system, world = _open()
    world.table("asset").put({"tag": "A1", "owner": "Zoë", "count": "1"})
    selection = Selection(record="asset", fields=("count", "owner", "tag"), key=("owner",))
    assert list(_listed(system, selection)) == ["Zoë"]
    write = Write(key="k", action=Action.UPDATE, id="Zoë", values={"count": "2"})
    assert system.write(selection, [write])[0].result is Result.DONE
    assert world.table("asset").get("A1") == {"tag": "A1", "owner": "Zoë", "count": "2"}


def test_many_threads_write_each_record_once():
    system, world = _open()

    def create(start):
        for number in range(50):
            tag = f"A{start}-{number}"
            system.write(SELECTION, [Write(key=tag, action=Action.CREATE, id=tag, values={"tag": tag})])

    threads = [threading.Thread(target=create, args=(start,)) for start in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(_listed(system)) == 200
    assert world.writes() == Counter({Action.CREATE: 200})
    versions = system.fetch(SELECTION, list(_listed(system))).records.column("#version").to_pylist()
    assert len(set(versions)) == 200


def test_unknown_table_is_refused():
    _, world = _open()
    with pytest.raises(UnknownRecordType, match=r"There is no record type 'room'\. There are asset\."):
        world.table("room")


def test_settings_that_contradict_themselves_are_refused():
    with pytest.raises(ValueError, match="a system can give ids only to a key of one field"):
        Settings.model_validate({"record_types": [{**ASSET, "key": ["tag", "owner"], "ids": "system"}]})
