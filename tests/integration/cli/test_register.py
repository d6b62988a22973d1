"""`tallystick register` over two SQLite databases. Rows E36, F8, F9; scenarios S6, S24."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import jsonschema
import pytest

from tests.integration.cli import shapes
from tests.integration.cli.conftest import Firm, Said

END = shapes.closed({"side": {"enum": ["left", "right"]}, "system": shapes.WORD, "id": shapes.NULLABLE})
REGISTERED = shapes.closed(
    {
        "run": shapes.ID,
        "flow": shapes.WORD,
        "status": {"enum": ["confirmed", "registered", "refused", "timed_out", "down"]},
        "registered": {"type": "boolean"},
        "message": shapes.WORD,
        "record": END,
        "partner": END,
    }
)


@pytest.fixture
def synced(firm: Firm) -> Firm:
    """Three contacts in agreement; the phone is confirmed first."""
    firm.edit("{left: phone, right: tel}", "{left: phone, right: tel, exchange: {synchronous: {timeout: 1 second}}}")
    firm.add(3)
    assert firm("sync", firm.file).code == 0
    return firm


def register(firm: Firm, id_: str, *fields: str, place: str = "crm", is_apart: bool = False) -> Said:
    said = (firm.apart if is_apart else firm)("register", firm.file, "people", place, id_, *fields, "--json")
    jsonschema.validate(said.json, REGISTERED)
    return said


def phones(firm: Firm) -> tuple[str, str]:
    (mine,) = firm.crm("SELECT phone FROM contact WHERE id = 1")
    (theirs,) = firm.register("SELECT tel FROM person WHERE mail = 'p1@example.org'")
    return mine[0], theirs[0]


def is_calm(firm: Firm) -> bool:
    """Whether nothing is left to do."""
    report = firm("sync", firm.file, "--full", "--json").json
    return report["status"] == "done" and not any(
        count for writes in report["flows"]["people"]["writes"].values() for count in writes.values()
    )


@pytest.mark.parametrize("place", ["crm", "register", "left"])
def test_confirmed_change_exits_0_and_is_on_both_sides_E36_F8(synced: Firm, place: str) -> None:
    field = "tel" if place == "register" else "phone"
    said = register(synced, "1", f"{field}=117", place=place)
    assert (said.code, said.json["status"], said.json["registered"]) == (0, "confirmed", True)
    assert phones(synced) == ("117", "117")
    assert is_calm(synced)
    why = synced("why", synced.file, "crm", "contact", "1", "--json").json
    assert why["in_sync"]


def test_confirmed_record_exits_0_and_is_linked_E36_F8(synced: Firm) -> None:
    said = register(synced, "new", "name=Ann", "email=ann@example.org", "phone=5")
    assert (said.code, said.json["status"]) == (0, "confirmed")
    mine, theirs = said.json["record"]["id"], said.json["partner"]["id"]
    assert synced.crm("SELECT name, email, phone FROM contact WHERE id = ?", mine) == [("Ann", "ann@example.org", "5")]
    assert synced.register("SELECT full_name, mail, tel FROM person WHERE number = ?", theirs) == [
        ("Ann", "ann@example.org", "5")
    ]
    assert is_calm(synced)


def test_refusal_exits_1_with_the_sentence_of_the_other_system_E36_S6_S24(synced: Firm) -> None:
    synced.register(
        "CREATE TRIGGER credit BEFORE UPDATE ON person WHEN NEW.tel = '666' BEGIN"
        " SELECT RAISE(ABORT, 'the credit limit is used up'); END"
    )
    before = phones(synced)
    said = register(synced, "1", "phone=666")
    assert (said.code, said.json["status"]) == (1, "refused")
    assert "the credit limit is used up" in said.json["message"]
    assert phones(synced) == before
    assert is_calm(synced)
    plain = synced("register", synced.file, "people", "crm", "1", "phone=666")
    assert plain.out.startswith("Refused: ")
    assert synced("review", "list", "--json").json["reviews"] == []


def test_time_out_exits_1_and_the_next_run_settles_it_E28_E36_S24(synced: Firm) -> None:
    synced.edit("{timeout: 1 second}", "{timeout: 5 seconds}")
    before = phones(synced)
    with closing(sqlite3.connect(synced.folder / "register.db")) as connection:
        connection.execute("BEGIN IMMEDIATE")  # others may read, and their writes wait
        said = register(synced, "1", "phone=117", is_apart=True)
    assert (said.code, said.json["status"], said.json["registered"]) == (1, "timed_out", False)
    assert phones(synced) == before
    assert synced("sync", synced.file).code == 0
    assert phones(synced) == before  # it had not arrived there
    assert is_calm(synced)


def test_system_that_is_down_exits_3_or_gets_it_later_E36_S24(synced: Firm) -> None:
    database, aside = synced.folder / "register.db", synced.folder / "aside.db"
    database.rename(aside)
    database.mkdir()  # what cannot be opened as a database
    said = synced("register", synced.file, "people", "crm", "1", "phone=117", "--json")
    assert said.code != 0
    database.rmdir()
    aside.rename(database)
    assert phones(synced)[0] != "117"


def test_locked_register_gets_it_later_where_the_file_says_so_E36_F9_S24(synced: Firm) -> None:
    synced.edit("{timeout: 1 second}", "{timeout: 1 second, when_down: register}")
    with closing(sqlite3.connect(synced.folder / "register.db")) as connection:
        connection.execute("BEGIN EXCLUSIVE")
        said = register(synced, "1", "phone=117", is_apart=True)
        assert (said.code, said.json["status"], said.json["registered"]) == (0, "registered", True)
    assert phones(synced)[0] == "117" != phones(synced)[1]
    assert synced("sync", synced.file).code == 0
    assert phones(synced) == ("117", "117")


def test_locked_register_exits_3_and_registers_nothing_E36_S24(synced: Firm) -> None:
    with closing(sqlite3.connect(synced.folder / "register.db")) as connection:
        connection.execute("BEGIN EXCLUSIVE")
        said = register(synced, "1", "phone=117", is_apart=True)
    assert (said.code, said.json["status"], said.json["registered"]) == (3, "down", False)
    assert phones(synced)[0] != "117"


def test_asynchronous_field_is_registered_at_once_F9(synced: Firm) -> None:
    said = register(synced, "1", "name=Anna")
    assert (said.code, said.json["status"]) == (0, "registered")
    assert synced.crm("SELECT name FROM contact WHERE id = 1") == [("Anna",)]
    assert synced("sync", synced.file).code == 0
    assert synced.register("SELECT full_name FROM person WHERE mail = 'p1@example.org'") == [("Anna",)]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("people", "crm", "1", "phone"), "'phone' is not FIELD=VALUE."),
        (("people", "crm", "1"), "Missing argument"),
        (("people", "erp", "1", "phone=2"), "has no system 'erp'"),
        (("quotes", "crm", "1", "phone=2"), "There is no flow 'quotes'"),
        (("people", "crm", "1", "fone=2"), "has no field 'fone'"),
    ],
)
def test_wrong_call_exits_2_with_a_sentence_E36(synced: Firm, arguments: tuple[str, ...], words: str) -> None:
    said = synced("register", synced.file, *arguments)
    assert said.code == 2
    assert words in said.err


def test_change_that_clears_a_field_is_confirmed_E9_E36(synced: Firm) -> None:
    assert register(synced, "1", "phone=").code == 0
    assert phones(synced) == (None, None)
