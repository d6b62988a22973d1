"""Files in and out: the same file for the hub and the command line. Row E40."""

from __future__ import annotations

import pytest

from tallystick.errors import DocumentErrors, InputRefused, NotAllowed
from tallystick.runs.workspace import Workspace
from tallystick.runs.world import EnvironmentSecrets
from tallystick.server.connections import vault
from tallystick.server.connections.models import Connection
from tallystick.server.designer.domain import change, transfer
from tallystick.server.designer.models import Integration
from tallystick.spec import loads
from tallystick.testing.store import MemoryStore

FILE = """\
# kept by hand
integration: books
systems:
  crm: {connector: memory, name: "${WORLD}", allow_private: false}
  phonebook:
    connector: dav
    url: https://dav.example.com/
    username: ann
    password: ${secret:phonebook}   # never written down
flows:
  - flow: people
    left: {system: crm, record: person}
    right: {system: phonebook, record: contacts}
    fields: [{left: name, right: full_name}]
""".replace(", allow_private: false", "")
VALUES = {"WORLD": "w", "secret:phonebook": "hunter2"}


def test_import_asks_for_what_the_file_leaves_open(actor, monkeypatch):
    monkeypatch.setenv("WORLD", "of the process")
    assert [(one.name, one.systems, one.is_secret) for one in transfer.needed(FILE)] == [
        ("WORLD", ("crm",), False),
        ("secret:phonebook", ("phonebook",), True),
    ]
    with pytest.raises(InputRefused) as caught:
        transfer.import_file(actor, FILE, values={"WORLD": "w"})
    assert set(caught.value.fields) == {"secret:phonebook"}
    assert not Connection.objects.exists()


def test_systems_of_a_file_become_connections_and_comments_stay(actor):
    done = transfer.import_file(actor, FILE, values=VALUES)
    assert (done.made, done.used, done.version) == (("crm", "phonebook"), (), 1)
    crm, phonebook = Connection.objects.order_by("name")
    assert (crm.connector, crm.settings) == ("memory", {"name": "w"})
    assert phonebook.settings == {"url": "https://dav.example.com/", "username": "ann"}
    assert vault.opened(phonebook.secrets) == {"password": "hunter2"}
    text = change.integration_of("books").current.text
    assert text.startswith("# kept by hand\nintegration: books\n")
    assert loads(text).data["systems"] == {"crm": {"connection": "crm"}, "phonebook": {"connection": "phonebook"}}
    assert "hunter2" not in text


def test_import_again_is_a_version_and_uses_the_connections_there_are(actor):
    transfer.import_file(actor, FILE, values=VALUES)
    done = transfer.import_file(actor, FILE.replace("books\n", "books\ntitle: Books\n", 1), values=VALUES)
    assert (done.made, done.used, done.version) == ((), ("crm", "phonebook"), 2)
    other = transfer.import_file(actor, FILE.replace("books", "more"), values={**VALUES, "secret:phonebook": "new"})
    assert (other.made, other.used) == (("more-phonebook",), ("crm",))


def test_wrong_settings_in_a_file_leave_nothing_behind(actor):
    with pytest.raises(InputRefused) as caught:
        transfer.import_file(actor, FILE.replace("username: ann", "user: ann"), values=VALUES)
    assert set(caught.value.fields) == {"phonebook.user"}
    with pytest.raises(DocumentErrors):
        transfer.import_file(actor, FILE.replace("flows:", "flow:"), values=VALUES)
    assert not Connection.objects.exists()
    assert not Integration.objects.exists()


def test_import_takes_the_rights_of_what_it_makes(actor_with):
    with pytest.raises(NotAllowed) as caught:
        transfer.import_file(actor_with("designer.add_integration"), FILE, values=VALUES)
    assert caught.value.permission == "connections.add_connection"
    assert not Integration.objects.exists()


def test_export_names_secrets_and_is_read_by_the_command_line(actor):
    transfer.import_file(actor, FILE, values={**VALUES, "WORLD": "costs ${5}"})
    text = transfer.export(actor, "books")
    assert "hunter2" not in text
    assert text.startswith("# kept by hand\n")
    loaded = loads(text)
    assert loaded.data["systems"] == {
        "crm": {"connector": "memory", "name": "costs $${5}"},
        "phonebook": {
            "connector": "dav",
            "url": "https://dav.example.com/",
            "username": "ann",
            "password": "${secret:phonebook.password}",
        },
    }


def test_what_is_exported_round_trips_through_the_command_line_and_back(actor, tmp_path):
    transfer.import_file(actor, FILE, values=VALUES)
    file = tmp_path / "books.yaml"
    file.write_text(transfer.export(actor, "books"), encoding="utf-8")
    environment = {"TALLYSTICK_SECRET_PHONEBOOK_PASSWORD": "hunter2"}
    assert EnvironmentSecrets(environment).secret("phonebook.password") == "hunter2"
    loaded = loads(file.read_text("utf-8"))
    with Workspace(loaded, MemoryStore(), folder=tmp_path, environment=environment) as workspace:
        assert workspace.system("phonebook") is not None
        assert workspace.system("crm").describe().connector == "memory"
    again = transfer.import_file(actor, file.read_text("utf-8"), values={"secret:phonebook.password": "hunter2"})
    assert (again.made, again.used) == ((), ("crm", "phonebook"))
    first, second = change.version_of("books", 1), again.integration.current
    assert loads(first.text).data == loads(second.text).data
