"""S16: absence is not deletion. A real CardDAV server behind a proxy that spoils its answers."""

import re
from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.dav_servers import PASSWORD, USER, DavServer
from tests.integration.scenarios.office import Office, writes
from tests.integration.scenarios.proxy import Proxy, Spoil, proxied
from tests.scripted_server import Reply, Request

COUNT = 420
FILE = """\
integration: pim
systems:
  crm: {{connector: sql, url: "sqlite:///crm.db"}}
  jane: {{connector: dav, url: "{url}", username: {user}, password: "${{PIM_PASSWORD}}", collection: jane, attempts: 1}}
  bob: {{connector: dav, url: "{url}", username: {user}, password: "${{PIM_PASSWORD}}", collection: bob, attempts: 1}}
flows:
  - flow: jane
    left: {{system: crm, record: contact, key: id, where: {{field: owner, is: jane}}}}
    right: {{system: jane, record: contacts}}
    fields: &fields
      - {{left: name, right: full_name}}
      - {{left: phone, right: phone_work}}
      - {{left: owner, constant: {{left: jane}}}}
  - flow: bob
    left: {{system: crm, record: contact, key: id, where: {{field: owner, is: bob}}}}
    right: {{system: bob, record: contacts}}
    fields:
      - {{left: name, right: full_name}}
      - {{left: phone, right: phone_work}}
      - {{left: owner, constant: {{left: bob}}}}
"""
CARD = "BEGIN:VCARD\r\nVERSION:3.0\r\nUID:{uid}\r\nFN:{name}\r\nN:{name};;;;\r\nTEL;TYPE=WORK:{phone}\r\nEND:VCARD\r\n"


class Pim(Office):
    """The CRM holds contacts of Jane and Bob, each of whom has an address book."""

    server: DavServer
    proxy: Proxy

    def put(self, owner: str, number: int, phone: str) -> None:
        """Jane or Bob edits a contact."""
        text = CARD.format(uid=f"{owner}-{number}", name=f"{owner} {number}", phone=phone)
        self.server.put(f"{self.server.books}{owner}/{owner}-{number}.vcf", text)

    def delete(self, owner: str, numbers: range) -> None:
        for number in numbers:
            (self.server.folder / f"data/collection-root/{USER}/{owner}/{owner}-{number}.vcf").unlink()

    def phone(self, owner: str, number: int) -> str:
        ((phone,),) = self.sql("crm", "SELECT phone FROM contact WHERE name = ?", f"{owner} {number}")
        return str(phone)

    def count(self, owner: str) -> int:
        ((count,),) = self.sql("crm", "SELECT count(*) FROM contact WHERE owner = ?", owner)
        return int(count)


@pytest.fixture
def pim(office: Office, server: DavServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[Pim]:
    """420 contacts of Jane and 30 of Bob, in agreement; made on the server's disk, as its notes advise."""
    for owner, count in (("jane", COUNT), ("bob", 30)):
        server.request("DELETE", f"{server.books}{owner}/")
        server.make_book(owner)
        folder = server.folder / f"data/collection-root/{USER}/{owner}"
        for number in range(count):
            text = CARD.format(uid=f"{owner}-{number}", name=f"{owner} {number}", phone="1")
            (folder / f"{owner}-{number}.vcf").write_text(text, newline="")
    with proxied(server.url) as proxy:
        pim = Pim(folder=office.folder, capture=office.capture)
        pim.server, pim.proxy = server, proxy
        monkeypatch.setenv("PIM_PASSWORD", PASSWORD)
        pim.write(FILE.format(url=f"{proxy.url}{USER}/", user=USER).replace(" &fields", ""))
        pim.database("crm", "CREATE TABLE contact (id INTEGER PRIMARY KEY, name TEXT, phone TEXT, owner TEXT)")
        report = pim.sync()
        assert writes(report, "jane") == {"left": (COUNT, 0, 0), "right": (0, 0, 0)}
        assert writes(report, "bob")["left"] == (30, 0, 0)
        yield pim


def of_jane(spoil: Spoil) -> Spoil:
    """Spoils only what concerns Jane's address book."""
    return lambda request, reply: spoil(request, reply) if "/jane/" in request.path else reply


def members(reply: Reply, keep: slice) -> Reply:
    """The answer with only some of the cards it lists; the collection itself stays in."""
    text = reply.body.decode()
    found = re.findall(r"<(?:\w+:)?response>.*?</(?:\w+:)?response>", text, re.DOTALL)
    cards = [one for one in found if ".vcf" in one]
    kept = set(cards[keep])
    for one in cards:
        if one not in kept:
            text = text.replace(one, "")
    return replace(reply, body=text.encode())


def is_listing(request: Request) -> bool:
    return (request.method == "PROPFIND" and request.headers.get("Depth") == "1") or b"sync-collection" in request.body


def empty_listing(request: Request, reply: Reply) -> Reply:
    """The listing answers well and holds nothing; each card is still there when it is asked for."""
    return members(reply, slice(0, 0)) if is_listing(request) else reply


def lost_index(request: Request, reply: Reply) -> Reply:
    """The server has lost its index: it lists nothing and finds nothing."""
    if b"multiget" in request.body:
        return replace(
            reply,
            body=re.sub(rb"<(\w+:)?propstat>.*?</(\w+:)?propstat>", b"", reply.body, flags=re.DOTALL).replace(
                b"</href></response>", b"</href><status>HTTP/1.1 404 Not Found</status></response>"
            ),
        )
    return Reply(status=404) if request.method == "GET" else empty_listing(request, reply)


def without_page_2(request: Request, reply: Reply) -> Reply:
    """Of five pages the second is missing, and nothing says so."""
    if not is_listing(request):
        return reply
    first, rest = members(reply, slice(0, 84)), members(reply, slice(168, None))
    only = re.findall(r"<(?:\w+:)?response>.*?</(?:\w+:)?response>", rest.body.decode(), re.DOTALL)
    cards = "".join(one for one in only if ".vcf" in one).encode()
    end = first.body.rindex(b"</")
    return replace(reply, body=first.body[:end] + cards + first.body[end:])


def broken_page_2(request: Request, reply: Reply) -> Reply:
    return replace(reply, breaks_off_after=len(reply.body) // 5) if is_listing(request) else reply


def forbidden(request: Request, reply: Reply) -> Reply:
    return Reply(status=403)


def gone(request: Request, reply: Reply) -> Reply:
    return Reply(status=404)


CAUSES = {
    empty_listing: "the listing came back empty",
    lost_index: "the listing came back empty",
    without_page_2: "",  # each is still there when it is asked for, so nothing is amiss
    broken_page_2: "broke the connection off before its answer was complete",
    forbidden: "does not permit to read address book",
    gone: r"has no address book \"jane\" \(404\)",
}


def test_what_the_server_does_not_show_is_not_deleted_S16(pim):
    for number, (spoil, cause) in enumerate(CAUSES.items()):
        pim.put("jane", number, "edited meanwhile")
        pim.put("bob", number, "edited by Bob")
        pim.proxy.spoil = of_jane(spoil)
        for more in ((), ("--full",)):
            report = pim.sync(*more, code=None)
            assert pim.count("jane") == COUNT, (spoil, report)
        jane = report["flows"]["jane"]
        told = f"{jane.get('error', {}).get('message', '')} {jane.get('held', '')}"
        assert re.search(cause, told), (spoil, told)
        assert pim.phone("bob", number) == "edited by Bob", "another user is not affected"
        pim.proxy.spoil = None
        pim.sync()
        assert pim.phone("jane", number) == "edited meanwhile", (spoil, "the cursor stood still")
        assert pim.reviews() == [], (spoil, "what was pending has cleared by itself")
        assert (pim.count("jane"), pim.count("bob")) == (COUNT, 30)
    assert not any(line["action"] == "delete" for line in pim.journal())
    pim.is_settled()


def test_true_deletions_pass_and_a_book_emptied_on_purpose_waits_once_S16(pim):
    pim.delete("jane", range(3))
    report = pim.sync(is_apart=True)
    assert writes(report, "jane")["left"] == (0, 0, 3)
    assert pim.count("jane") == COUNT - 3
    assert pim.keeps("name", "jane 2")
    pim.delete("jane", range(3, COUNT))
    report = pim.sync(code=1)
    assert report["status"] == "held"
    assert {one["guard"] for one in report["flows"]["jane"]["held"]} >= {"delete"}
    assert report["flows"]["bob"]["status"] == "done"
    assert pim.count("jane") == COUNT - 3
    pim.sync(code=1)
    (review,) = pim.reviews()
    assert (review["kind"], review["flow"]) == ("held", "jane")
    said = pim("review", "decide", review["id"], "--take", "approve", "--file", pim.file, "--json")
    assert said.code == 0, (said.out, said.err)
    assert (pim.count("jane"), pim.count("bob")) == (0, 30)
    for more in ((), ("--full",), ()):
        report = pim.sync(*more)
        assert report["flows"]["jane"]["held"] == [], "once approved it does not alarm again"
    assert pim.reviews() == []
    pim.is_settled()
    pim.put("jane", 900, "back again")
    assert writes(pim.sync(), "jane")["left"] == (1, 0, 0)
