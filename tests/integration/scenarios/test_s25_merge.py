"""S25: records merged and ids used again, a plan applied line by line, a run undone, links restored."""

import json

import pytest

from tallystick.connectors.memory import MemoryWorld
from tallystick.connectors.memory.table import MemoryTable
from tests.integration.scenarios.office import Office, writes

TYPE = """\
    record_types:
      - name: account
        ids: {ids}
        fields: [{{name: name}}, {{name: city}}, {{name: phone}}, {{name: code}}]
"""
FILE = f"""\
integration: accounts
systems:
  crm:
    connector: memory
    path: crm.json
{TYPE.format(ids="writer")}\
  rmm:
    connector: memory
    path: rmm.json
{TYPE.format(ids="system")}\
flows:
  - flow: accounts
    left: {{system: crm, record: account}}
    right: {{system: rmm, record: account}}
    guards: {{delete: none, shrink: none}}
    fields:
      - {{left: name, right: name}}
      - {{left: city, right: city}}
      - {{left: phone, right: phone}}
      - {{left: code, right: code}}
    match: {{definite: [[code]]}}
"""


class Accounts(Office):
    """The CRM and the RMM keep their worlds in files, so that processes share them."""

    def world(self, system: str) -> MemoryWorld:
        return MemoryWorld.open(system, path=self.folder / f"{system}.json")

    def table(self, system: str) -> MemoryTable:
        return self.world(system).table("account")

    def add(self, numbers: range) -> None:
        crm = self.table("crm")
        with self.world("crm").changing():  # one write of the file
            for number in numbers:
                crm.put(account(number), id=f"C{number}")

    def right_of(self, left: str) -> str:
        found = [link["right"]["id"] for link in self.links() if link["left"] and link["left"]["id"] == left]
        assert len(found) == 1, (left, found)
        return str(found[0])

    def dump(self) -> dict[str, list[str]]:
        return {name: [repr(row) for row in self.table(name).records().items()] for name in ("crm", "rmm")}


def account(number: int) -> dict[str, str | None]:
    return {"name": f"Firm {number}", "city": "Bonn", "phone": f"{number}", "code": f"K{number}"}


@pytest.fixture
def accounts(office: Office) -> Accounts:
    accounts = Accounts(folder=office.folder, capture=office.capture)
    accounts.write(FILE)
    assert accounts("check", accounts.file, "--connect").code == 0
    return accounts


@pytest.fixture
def two(accounts: Accounts) -> Accounts:
    """Two linked accounts, C1 and C2."""
    accounts.add(range(1, 3))
    assert writes(accounts.sync(is_apart=True), "accounts")["right"] == (2, 0, 0)
    return accounts


def test_the_partner_of_a_merged_record_is_kept_and_asked_about_S25(two):
    """Both had a partner: the loser's is neither deleted nor made again, a person is asked."""
    loser = two.right_of("C2")
    two.table("crm").merge("C2", "C1")
    report = two.sync(code=1)
    assert writes(report, "accounts") == {"left": (0, 0, 0), "right": (0, 0, 0)}
    assert sorted(two.table("rmm").records()) == sorted([two.right_of("C1"), loser])
    (review,) = two.reviews()
    assert (review["kind"], review["left"], review["right"]) == ("collision", "C2", loser)
    assert "merged" in review["message"]
    assert "C1" in review["message"]
    two.is_settled()


def test_the_partner_of_a_record_merged_into_an_unlinked_one_follows_it_S25(two):
    partner = two.right_of("C2")
    crm = two.table("crm")
    two.edit("    guards:", "    on: {new_left: ignore}\n    guards:")
    crm.put({"name": "Firm 2 Group", "city": "Ulm", "phone": "22", "code": None}, id="C7")
    crm.merge("C2", "C7")
    two.sync(code=None)
    two.sync(code=None)
    assert two.right_of("C7") == partner
    whole = {"name": "Firm 2 Group", "city": "Ulm", "phone": "22", "code": "K2"}
    assert two.table("rmm").get(partner) == two.table("crm").get("C7") == whole
    assert two.keeps("phone", "2")
    assert len(two.table("rmm").records()) == 2
    two.is_settled()


def test_an_id_used_again_is_another_identity_and_is_asked_about_S25(two):
    loser = two.right_of("C2")
    two.table("crm").merge("C2", "C1")
    two.sync(code=1)
    other = {"name": "Wholly Other", "city": "Rome", "phone": "999", "code": "Z9"}
    two.table("crm").put(other, id="C2")
    held = two.dump()
    two.sync(code=1)
    assert two.dump() == held, "nothing of the unrelated record reached the old partner, or the other way"
    assert [review["kind"] for review in two.reviews()] == ["collision"]
    two.is_settled()
    (review,) = two.reviews()
    said = two("review", "decide", review["id"], "--take", "create", "--file", two.file, "--json")
    assert said.code == 0, (said.out, said.err)
    assert two.table("rmm").get(two.right_of("C2")) == other
    assert two.right_of("C2") != loser
    assert two.table("rmm").get(loser) == account(2)
    two.is_settled()


def test_an_id_used_again_at_once_is_found_out_too_S25(two):
    """Deleted and made anew between two runs: to the hub the record only seems to have changed."""
    partner = two.right_of("C2")
    crm = two.table("crm")
    crm.delete("C2")
    crm.put({"name": "Wholly Other", "city": "Rome", "phone": "999", "code": "Z9"}, id="C2")
    two.sync(code=1)
    assert two.table("rmm").get(partner) == account(2)
    assert [review["kind"] for review in two.reviews()] == ["collision"]
    two.is_settled()


@pytest.fixture
def many(accounts: Accounts) -> Accounts:
    """1,000 linked accounts, of which each has a new phone in the CRM; the plan for them is in plan.json."""
    accounts.add(range(1, 1_001))
    accounts.sync()
    crm = accounts.table("crm")
    with accounts.world("crm").changing():
        for number in range(1, 1_001):
            crm.edit(f"C{number}", {"phone": f"new {number}"})
    return accounts


def test_a_plan_of_1000_lines_applies_997_and_refuses_the_3_that_moved_S25(many):
    said = many("plan", many.file, "--out", "plan.json", "--json")
    assert said.code == 0
    plan = json.loads((many.folder / "plan.json").read_text())
    lines = plan["flows"]["accounts"]["operations"]
    assert len(lines) == 1_000
    partners = {link["left"]["id"]: link["right"]["id"] for link in many.links()}
    many.table("crm").edit("C10", {"phone": "moved on the left"})
    many.table("rmm").edit(partners["C20"], {"phone": "moved on the right"})
    many.table("rmm").delete(partners["C30"])
    said = many("apply", "plan.json", "--json")
    assert said.code == 1, said.err
    report = said.json
    assert writes(report, "accounts") == {"left": (0, 0, 0), "right": (0, 997, 0)}
    assert report["flows"]["accounts"]["refused"] == 3
    assert sorted(one["id"] for one in report["refused"]) == sorted(partners[one] for one in ("C10", "C20", "C30"))
    assert all(one["why"] for one in report["refused"])
    done = {
        (line["side"], line["action"], line["right"]): (line["fields"], line["reason"])
        for line in many.journal("--run", report["run"])
        if line["state"] == "done"
    }
    refused = {one["id"] for one in report["refused"]}
    planned = {
        (line["side"], line["action"], line["id"]): (line["fields"], line["reason"])
        for line in lines
        if line["id"] not in refused
    }
    assert done == planned, "plan and result are equal line by line"
    assert many.table("rmm").get(partners["C20"])["phone"] == "moved on the right"
    said = many("apply", "plan.json", "--json")
    assert (said.code, said.json["error"]["code"]) == (1, "plan_refused")


def test_undo_reverts_only_what_nobody_touched_since_and_lists_the_rest_S25(accounts):
    accounts.add(range(1, 41))
    accounts.sync()
    crm, rmm = accounts.table("crm"), accounts.table("rmm")
    partners = {link["left"]["id"]: link["right"]["id"] for link in accounts.links()}
    for number in range(1, 41):
        crm.edit(f"C{number}", {"phone": f"new {number}", "city": "Ulm"})
    run = accounts.sync()["run"]
    for number in range(1, 6):
        rmm.edit(partners[f"C{number}"], {"phone": f"edited {number}"})  # of two fields only one was touched since
    for number in range(6, 11):
        rmm.edit(partners[f"C{number}"], {"phone": f"edited {number}", "city": "Rome"})
    said = accounts("undo", run, "--file", accounts.file, "--json")
    assert said.code == 1, said.err
    report = said.json
    assert writes(report, "accounts")["right"] == (0, 35, 0)
    left = {one["id"]: one["fields"] for one in report["left"]}
    assert left == {
        **{partners[f"C{number}"]: ["phone"] for number in range(1, 6)},
        **{partners[f"C{number}"]: ["city", "phone"] for number in range(6, 11)},
    }
    assert all(one["why"] == "edited since" for one in report["left"])
    for number in range(1, 41):
        right = rmm.get(partners[f"C{number}"])
        phone = f"edited {number}" if number <= 10 else f"{number}"
        assert (right["phone"], right["city"]) == (phone, "Rome" if 6 <= number <= 10 else "Bonn")
    accounts.sync(code=None)
    for number in range(11, 41):
        assert rmm.get(partners[f"C{number}"])["city"] == "Bonn", "what was undone is not done again"
    accounts.is_settled()


def test_links_restored_from_before_are_made_whole_without_a_duplicate_S25(accounts):
    """20 accounts are in the backup; 5 came later, one was merged and two were deleted since."""
    accounts.add(range(1, 21))
    accounts.sync()
    assert accounts("links", "export", accounts.file, "--out", "links.jsonl").code == 0
    accounts.add(range(21, 26))
    crm = accounts.table("crm")
    crm.delete("C1")
    crm.merge("C2", "C3")
    crm.edit("C4", {"phone": "444"})
    accounts.sync(code=None)
    held = accounts.dump()
    assert accounts("links", "import", accounts.file, "links.jsonl").code == 0
    assert accounts.dump() == held
    said = accounts.apart("links", "rebuild", accounts.file, "--json")
    assert said.code in (0, 1), said.err
    assert accounts.dump() == held, "rebuilding links writes to neither side"
    report = accounts.sync("--full", code=None)
    assert writes(report, "accounts") == {"left": (0, 0, 0), "right": (0, 0, 0)}
    assert accounts.dump() == held
    codes = [row["code"] for row in accounts.table("rmm").records().values()]
    assert sorted(codes) == sorted(set(codes))
    linked = {link["left"]["id"] for link in accounts.links() if link["state"] == "active"}
    assert linked == {f"C{number}" for number in range(3, 26)}
    accounts.is_settled()


def test_a_sync_after_a_restore_makes_no_duplicate_either_S25(accounts):
    accounts.add(range(1, 21))
    accounts.sync()
    assert accounts("links", "export", accounts.file, "--out", "links.jsonl").code == 0
    accounts.add(range(21, 26))
    accounts.sync()
    held = accounts.dump()
    assert accounts("links", "import", accounts.file, "links.jsonl").code == 0
    report = accounts.sync()
    assert writes(report, "accounts") == {"left": (0, 0, 0), "right": (0, 0, 0)}
    assert accounts.dump() == held
    assert len(accounts.links()) == 25
    accounts.is_settled()
