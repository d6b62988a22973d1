"""The registry loads a connector when it is used and says in one sentence what is wrong with its settings."""

import subprocess
import sys
from importlib.metadata import EntryPoint, EntryPoints
from pathlib import Path

import pytest

from tallystick import connectors
from tallystick.errors import ConfigurationError, DocumentErrors
from tallystick.testing.clock import FixedClock, SequentialIds


def _connect(kind, settings):
    return connectors.connect(kind, settings, folder=Path(), clock=FixedClock(), ids=SequentialIds())


def test_kinds_start_with_the_built_in_ones():
    assert connectors.kinds()[:4] == ("memory", "sql", "files", "dav")


def test_settings_model_gives_a_json_schema():
    schema = connectors.settings_model("memory").model_json_schema()
    assert set(schema["properties"]) == {"name", "path", "batch_rows", "record_types"}
    assert schema["additionalProperties"] is False


def test_unknown_kind_names_the_known_ones_and_the_near_one_E30():
    with pytest.raises(ConfigurationError) as caught:
        _connect("memroy", {})
    known = ", ".join(connectors.kinds())
    assert str(caught.value) == f"There is no connector 'memroy'. Did you mean 'memory'? Known connectors are {known}."


def test_wrong_settings_are_named_one_by_one_without_their_values():
    settings = {"batch_rows": "hunter2", "pasword": "hunter3"}
    with pytest.raises(DocumentErrors) as caught:
        _connect("memory", settings)
    assert {fault.key for fault in caught.value.faults} == {"settings.batch_rows", "settings.pasword"}
    assert "hunter" not in str(caught.value)


def test_connect_opens_the_connection():
    settings = {"name": "registry test", "record_types": [{"name": "asset", "fields": [{"name": "tag"}]}]}
    description = _connect("memory", settings).describe()
    assert [record_type.name for record_type in description.record_types] == ["asset"]


def test_registry_loads_no_connector_and_no_heavy_library_by_itself():
    code = (
        "import sys, tallystick.connectors as c; c.kinds()\n"
        "heavy = {'pyarrow', 'sqlalchemy', 'httpx', 'pydantic', 'tallystick.connectors.memory'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    result = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert result.stdout == "[]\n"


def test_connector_of_another_package_is_found_by_its_entry_point(monkeypatch):
    entry = EntryPoint(name="elsewhere", value="tallystick.connectors.memory", group=connectors.ENTRY_POINTS)
    monkeypatch.setattr(connectors.importlib.metadata, "entry_points", lambda group: EntryPoints([entry]))
    assert "elsewhere" in connectors.kinds()
    assert _connect("elsewhere", {"name": "entry point test"}).describe().connector == "memory"


def test_connector_that_cannot_be_loaded_says_so(monkeypatch):
    entry = EntryPoint(name="broken", value="no_such_package.connector", group=connectors.ENTRY_POINTS)
    monkeypatch.setattr(connectors.importlib.metadata, "entry_points", lambda group: EntryPoints([entry]))
    with pytest.raises(ConfigurationError, match=r"The connector 'broken' cannot be loaded: No module named"):
        _connect("broken", {})
