"""What somebody meets at first use: wrong folders, wrong names, servers that are down, names in other scripts."""

import pytest

from tests.dav_servers import USER, DavServer, free_port
from tests.integration.scenarios.office import Office, writes

FILE = """\
integration: firm
systems:
  crm: {{connector: sql, url: "sqlite:///crm.db"}}
  pim: {{connector: dav, url: "{url}", username: {user}, password: "${{PIM_PASSWORD}}", attempts: 2}}
flows:
  - flow: people
    left: {{system: crm, record: contact, key: id}}
    right: {{system: pim, record: contacts/first}}
    fields:
      - {{left: name, right: full_name}}
"""


@pytest.fixture
def firm(office: Office, monkeypatch: pytest.MonkeyPatch) -> Office:
    monkeypatch.setenv("PIM_PASSWORD", "wrong")
    office.write(FILE.format(url=f"http://127.0.0.1:{free_port()}/", user=USER))
    office.database("crm", "CREATE TABLE contact (id INTEGER PRIMARY KEY, name TEXT)")
    return office


@pytest.mark.parametrize("words", [("review", "list"), ("runs",), ("journal",), ("undo", "abc")])
def test_the_wrong_folder_is_told_and_no_state_is_made_there(office, words):
    said = office(*words)
    assert (said.code, said.out) == (2, "")
    assert "There is no state in this folder" in said.err
    assert "--file" in said.err
    assert list(office.folder.iterdir()) == []
    said = office(*words, "--file", "nofile.yaml")
    assert (said.code, "There is no file nofile.yaml." in said.err) == (2, True)
    assert list(office.folder.iterdir()) == []


def test_a_server_that_is_down_spoils_no_answer_on_standard_output(firm):
    said = firm.apart("sync", firm.file, "--json")
    assert said.code == 3
    assert said.json["status"] == "failed"
    assert "cannot be reached" in said.json["flows"]["people"]["error"]["message"]
    assert "stamina" not in said.out + said.err


def test_a_wrong_password_is_told_without_the_password(firm, server: DavServer):
    firm.write(FILE.format(url=server.url, user=USER))
    said = firm("sync", firm.file)
    assert said.code == 3
    assert f"refused the user name {USER} and its password" in said.out + said.err
    assert "wrong" not in said.out + said.err


def test_a_record_type_that_no_flow_covers_is_told(firm):
    firm.sync(code=3)
    assert firm("journal", "--record", "crm:contact:1").code == 0
    said = firm("journal", "--record", "crm:contakt:1")
    assert (said.code, "No flow covers contakt of crm." in said.err) == (2, True)
    assert "crm:contact" in said.err


def test_names_in_other_scripts_go_through_and_harm_no_terminal(office):
    names = ["Иван Петров", "山田太郎", "علي حسن", "Zoë \N{WOMAN}\N{ZERO WIDTH JOINER}\N{PERSONAL COMPUTER}"]
    names += ["two\nlines", "\x1b[31mred", "\u202eright to left", "e\u0301"]
    office.write(
        FILE.replace("{{", "{")
        .replace("}}", "}")
        .replace('connector: dav, url: "{url}", username: {user}, password: "${PIM_PASSWORD}", attempts: 2', "@")
        .replace("@", 'connector: sql, url: "sqlite:///pim.db"')
        .replace("contacts/first", "Kontakte")
        .replace("right: full_name", "right: Vor- und Nachname")
    )
    office.database("crm", "CREATE TABLE contact (id INTEGER PRIMARY KEY, name TEXT)")
    office.database("pim", 'CREATE TABLE Kontakte (Nummer INTEGER PRIMARY KEY, "Vor- und Nachname" TEXT)')
    office.many("crm", "INSERT INTO contact (name) VALUES (?)", [(name,) for name in names])
    said = office("plan", office.file)
    assert said.code == 0
    assert "\x1b[31m" not in said.out
    assert "\u202e" not in said.out
    assert "山田太郎" in said.out
    assert writes(office.sync(), "people")["right"] == (len(names), 0, 0)
    held = [name for _, name in office.sql("pim", "SELECT * FROM Kontakte ORDER BY 1")]
    assert held == [*names[:-1], "\u00e9"]
    office.is_settled()
