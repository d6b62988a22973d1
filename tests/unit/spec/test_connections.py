"""A system of a hub's file may be a connection by name."""

from __future__ import annotations

import jsonschema
import pytest

from tallystick.errors import DocumentErrors
from tallystick.model.flow import SystemSettings
from tallystick.spec import loads
from tallystick.spec.parse import parse
from tallystick.spec.schema import json_schema

TEXT = """\
integration: x
systems:
  crm: {crm}
  erp: {{connector: memory}}
flows:
  - flow: f
    left: {{system: crm, record: r}}
    right: {{system: erp, record: s}}
    fields: [{{left: a, right: b}}]
"""


def test_connection_is_named_and_the_file_is_kept_as_written_E40():
    text = TEXT.format(crm="{connection: main}")
    loaded = loads(text)
    assert loaded.integration.systems["crm"] == SystemSettings(connector="connection", settings={"connection": "main"})
    assert loaded.data["systems"]["crm"] == {"connection": "main"}
    jsonschema.validate(parse(text, "x").data, json_schema())


@pytest.mark.parametrize(
    ("crm", "key", "message"),
    [
        ("{connection: main, connector: sql}", "systems.crm.connector", "`connector` stands beside `connection`."),
        ("{connection: main, url: x}", "systems.crm.url", "`url` stands beside `connection`."),
        ("{connection: ''}", "systems.crm.connection", "`connection` names no connection."),
        ("{connection: [a]}", "systems.crm.connection", "`connection` names no connection."),
    ],
)
def test_connection_that_is_none_is_refused_with_its_line(crm, key, message):
    with pytest.raises(DocumentErrors) as caught:
        loads(TEXT.format(crm=crm))
    (fault,) = caught.value.faults
    assert (fault.line, fault.key, fault.message) == (3, key, message)
    assert fault.hint


def test_schema_takes_nothing_beside_a_connection():
    data = parse(TEXT.format(crm="{connection: main, url: x}"), "x").data
    assert not jsonschema.Draft202012Validator(json_schema()).is_valid(data)
