"""Servers that misbehave, one way at a time: never a deletion, always a sentence. Rows E1, E2, E28, E30, S16."""

import gzip
import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest

from tallystick.connectors.dav import Settings, connect
from tallystick.errors import (
    CollectionGone,
    ConfigurationError,
    CursorRefused,
    PermissionRefused,
    SignInFailed,
    SystemFault,
    TallystickError,
    Throttled,
    Unreachable,
)
from tallystick.model.record import Cause
from tallystick.model.selection import Selection
from tallystick.model.write import Action, Result, Write
from tallystick.testing.clock import FixedClock, SequentialIds
from tallystick.testing.contract.subject import VersionsKnown, read
from tests.scripted_server import Reply, Request, ScriptedServer, scripted

SELECTION = Selection(record="contacts", fields=("first_name", "note"))
BOOK = "/u/book/"
HEAD = '<?xml version="1.0"?><d:multistatus xmlns:d="DAV:" xmlns:card="urn:ietf:params:xml:ns:carddav">'
SELF = (
    f"<d:response><d:href>{BOOK}</d:href><d:propstat><d:prop><d:resourcetype><d:collection/><card:addressbook/>"
    "</d:resourcetype><d:displayname>Book</d:displayname><d:sync-token>t1</d:sync-token></d:prop>"
    "<d:status>HTTP/1.1 200 OK</d:status></d:propstat></d:response>"
)
XML = {"Content-Type": "application/xml"}
FROM_THE_BEGINNING = b"<d:sync-token></d:sync-token>"
QUERY = b"addressbook-query"


def card(name: str, more: str = "") -> str:
    return f"BEGIN:VCARD\r\nVERSION:3.0\r\nUID:{name}\r\nFN:{name}\r\nN:;{name};;;\r\n{more}END:VCARD\r\n"


def member(name: str, version: str = "1", props: str = "") -> str:
    return (
        f'<d:response><d:href>{BOOK}{name}.vcf</d:href><d:propstat><d:prop><d:getetag>"{version}"</d:getetag>{props}'
        "</d:prop><d:status>HTTP/1.1 200 OK</d:status></d:propstat></d:response>"
    )


def gone(name: str) -> str:
    return f"<d:response><d:href>{BOOK}{name}.vcf</d:href><d:status>HTTP/1.1 404 Not Found</d:status></d:response>"


def multistatus(*parts: str, token: str = "") -> Reply:
    tail = f"<d:sync-token>{token}</d:sync-token>" if token else ""
    return Reply(207, (HEAD + "".join(parts) + tail + "</d:multistatus>").encode(), XML)


class Book:
    """A healthy little address book; tests put a fault in front of it."""

    def __init__(self, *names: str) -> None:
        self.cards = {name: card(name) for name in names}
        self.sends_bodies = False  # of all by one query
        self.sends_sizes = False  # of bodies
        self.digest = ""  # of bodies, that their versions are
        self.fault: Callable[[Request], Reply | None] = lambda request: None

    def __call__(self, request: Request) -> Reply:
        reply = self.fault(request)
        if reply is not None:
            return reply
        name = request.path.removeprefix(BOOK).removesuffix(".vcf")
        match request.method:
            case "PROPFIND":
                everything = [member(name) for name in self.cards] if request.headers["Depth"] == "1" else []
                return multistatus(SELF, *everything)
            case "REPORT" if b"multiget" in request.body:
                asked = [name for name in self.cards if f"{BOOK}{name}.vcf".encode() in request.body]
                return multistatus(*(self.with_data(name) for name in asked))
            case "REPORT" if QUERY in request.body:
                return multistatus(*map(self.with_data, self.cards)) if self.sends_bodies else Reply(501)
            case "REPORT" if FROM_THE_BEGINNING in request.body:
                return multistatus(*map(member, self.cards), token="t1")
            case "REPORT":
                return multistatus(*map(member, self.cards), token="t2")
            case "GET" if name in self.cards:
                return Reply(200, self.cards[name].encode(), {"ETag": f'"{self.version(name)}"'})
            case "PUT":
                self.cards[name] = request.body.decode()
                return Reply(201, headers={"ETag": '"2"'})
            case "DELETE":
                del self.cards[name]
                return Reply(204)
        return Reply(404)

    def with_data(self, name: str) -> str:
        text = self.cards[name]
        size = f"<d:getcontentlength>{len(text.encode())}</d:getcontentlength>" if self.sends_sizes else ""
        return member(name, self.version(name), props=f"{size}<card:address-data>{text}</card:address-data>")

    def version(self, name: str) -> str:
        return hashlib.new(self.digest, self.cards[name].encode()).hexdigest() if self.digest else "1"


def on(method: str, reply: Reply, *, words: bytes = b"", depth: str | None = None, times: int = 10**6):
    """A fault that answers requests of this method (and body, and depth) instead of the book."""
    left = [times]

    def fault(request: Request) -> Reply | None:
        is_meant = request.method == method and words in request.body
        if not is_meant or (depth is not None and request.headers.get("Depth") != depth) or left[0] <= 0:
            return None
        left[0] -= 1
        return reply

    return fault


@pytest.fixture
def book():
    return Book("ann", "bob", "cid")


@pytest.fixture
def server(book):
    with scripted(book) as running:
        yield running


@pytest.fixture
def system(server: ScriptedServer):
    opened = open_system(server)
    yield opened
    opened.close()


def open_system(server: ScriptedServer, **settings):
    full = {"url": server.url + BOOK[1:], "attempts": 2, "parallel": 2, **settings}
    return connect(Settings(**full), folder=Path(), clock=FixedClock(), ids=SequentialIds())


def listed(system, known=None, selection=SELECTION):
    return read(system.listing(selection, VersionsKnown(known or {})))


def changed(system, known=None, token="t1"):
    return read(system.changes(SELECTION, f"{BOOK} {token}", VersionsKnown(known or {})))


def test_healthy_book_is_read(system):
    reading = listed(system)
    assert sorted(reading.records) == ["ann.vcf", "bob.vcf", "cid.vcf"]
    assert reading.end.cursor == f"{BOOK} t1", "the token of what was read"


def asked(server, words=b""):
    """How many reports with these words, or listings, the server was asked for."""
    if not words:
        return sum(r.method == "PROPFIND" and r.headers["Depth"] == "1" for r in server.requests)
    return sum(r.method == "REPORT" and words in r.body for r in server.requests)


def test_first_listing_takes_three_requests_however_many_records(system, book, server):
    book.sends_bodies = True
    system.describe()
    before = len(server.requests)
    reading = listed(system)
    assert sorted(reading.records) == ["ann.vcf", "bob.vcf", "cid.vcf"]
    assert reading.records["ann.vcf"].values["first_name"] == "ann"
    assert reading.records["ann.vcf"].version == '"1"'
    assert (reading.end.is_complete, reading.end.cursor) == (True, f"{BOOK} t1")
    first, second, third = server.requests[before:]
    assert (first.method, first.headers["Depth"]) == ("PROPFIND", "0"), "the token, before anything is read"
    assert QUERY in second.body
    assert (third.method, third.headers["Depth"]) == ("PROPFIND", "1"), "the list, which tells what else there is"


def test_body_that_does_not_come_along_is_asked_for(system, book, server):
    unversioned = book.with_data("bob").replace('<d:getetag>"1"</d:getetag>', "")
    parts = book.with_data("ann"), unversioned, member("cid", props="<card:address-data/>")
    book.fault = on("REPORT", multistatus(*parts), words=QUERY)
    assert sorted(listed(system).records) == ["ann.vcf", "bob.vcf", "cid.vcf"]
    assert [asked(server, name) for name in (b"ann.vcf", b"bob.vcf", b"cid.vcf")] == [0, 1, 1]


@pytest.mark.parametrize("reply", [Reply(400), Reply(403), Reply(404), Reply(501), Reply(503), Reply(is_lost=True)])
def test_first_listing_goes_the_long_way_where_the_short_one_is_refused(system, book, server, reply):
    book.fault = on("REPORT", reply, words=QUERY)
    assert sorted(listed(system).records) == ["ann.vcf", "bob.vcf", "cid.vcf"]
    assert (asked(server), asked(server, QUERY)) == (1, 1), "listed, and the short way tried once"


@pytest.mark.parametrize("is_told", [True, False])
def test_first_answer_that_is_cut_short_is_completed_from_the_listing_E1(system, book, server, is_told):
    cut = f"<d:response><d:href>{BOOK}</d:href><d:status>HTTP/1.1 507 Insufficient Storage</d:status></d:response>"
    book.fault = on("REPORT", multistatus(book.with_data("ann"), *[cut] * is_told), words=QUERY)
    reading = listed(system)
    assert sorted(reading.records) == ["ann.vcf", "bob.vcf", "cid.vcf"]
    assert (reading.end.is_complete, reading.end.cursor) == (True, f"{BOOK} t1")
    assert asked(server, b"ann.vcf") == 0


def test_record_that_goes_while_all_are_read_is_told_by_the_next_increment_E2(system, book, server):
    book.sends_bodies = True

    def fault(request):
        if request.method == "PROPFIND" and request.headers["Depth"] == "1":
            book.cards.pop("bob", None)
        return None

    book.fault = fault
    reading = listed(system)
    assert sorted(reading.records) == ["ann.vcf", "bob.vcf", "cid.vcf"]
    assert reading.end.cursor == f"{BOOK} t1", "from before it went"


def test_first_answer_that_is_too_large_is_read_part_by_part(server, book):
    book.sends_bodies = True
    book.cards["bob"] = card("bob", f"NOTE:{'x' * 70_000}\r\n")
    system = open_system(server, max_answer_bytes=2**16, batch_records=1)
    reading = listed(system)
    assert sorted(reading.records) == ["ann.vcf", "cid.vcf"]
    assert [bad.id for bad in reading.unreadable] == ["bob.vcf"]
    assert asked(server) == 1
    system.close()


def test_body_that_is_mapped_whole_is_never_taken_from_a_list_of_bodies(system, book, server):
    book.sends_bodies = True
    selection = Selection(record="contacts", fields=("vcard",))
    assert listed(system, selection=selection).records["ann.vcf"].values["vcard"] == card("ann")
    assert sum(request.method == "GET" for request in server.requests) == 3


SIGN_IN = Reply(302, headers={"Location": "https://login.example.com/?next=1"})
WEB_PAGE = Reply(200, b"<!DOCTYPE html><html><body>Sign in</body></html>", {"Content-Type": "text/html"})
BOMB = (
    b'<?xml version="1.0"?><!DOCTYPE m [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>'
    b'<d:multistatus xmlns:d="DAV:">&b;</d:multistatus>'
)
EXTERNAL = (
    b'<?xml version="1.0"?><!DOCTYPE m [<!ENTITY a SYSTEM "file:///etc/passwd">]>'
    b'<d:multistatus xmlns:d="DAV:">&a;</d:multistatus>'
)


@pytest.mark.parametrize(
    ("reply", "error", "words"),
    [
        (WEB_PAGE, SystemFault, "web page"),
        (Reply(207, WEB_PAGE.body), SystemFault, "web page"),
        (SIGN_IN, SystemFault, "sign-in page"),
        (Reply(200, (HEAD + SELF + "</d:multistatus>").encode()), SystemFault, "200"),
        (Reply(200), SystemFault, "cut off"),
        (multistatus(), SystemFault, "not even the collection itself"),
        (Reply(207, (HEAD + SELF + member("ann")).encode()), SystemFault, "cut off"),
        (Reply(207, BOMB), SystemFault, "document type"),
        (Reply(207, EXTERNAL), SystemFault, "document type"),
        (Reply(207, b"\xff\xfe" + BOMB.decode().encode("utf-16-le")), SystemFault, "strange encoding"),
        (Reply(207, b"<html/>"), SystemFault, "web page"),
        (Reply(207, b"<other/>"), SystemFault, "list of resources"),
        (Reply(404), CollectionGone, 'address book "Book"'),
        (Reply(403), PermissionRefused, "does not permit"),
        (Reply(401), SignInFailed, "refused"),
        (Reply(500), SystemFault, "500"),
        (Reply(502), SystemFault, "502"),
        (Reply(429, headers={"Retry-After": "900"}), Throttled, "slow down"),
        (Reply(207, multistatus(SELF).body, breaks_off_after=50), SystemFault, "broke the connection"),
        (Reply(is_lost=True), SystemFault, "broke the connection"),
        (Reply(207, gzip.compress(b"x" * 100)[:30], {"Content-Encoding": "gzip"}), SystemFault, "cut off"),
        (Reply(207, b"no gzip at all", {"Content-Encoding": "gzip"}), SystemFault, "damaged"),
    ],
)  # fmt: skip
def test_listing_that_fails_says_why_and_is_never_complete_E1_S16(system, book, reply, error, words):
    listed(system)
    book.fault = on("PROPFIND", reply, depth="1")
    with pytest.raises(error) as caught:
        listed(system, known={"ann.vcf": '"1"', "bob.vcf": '"1"'})
    assert words in str(caught.value)
    assert str(caught.value).endswith(".")


def test_fault_in_the_second_part_leaves_the_listing_without_an_end_E1_S16(server, book):
    system = open_system(server, batch_records=1)
    book.fault = on("REPORT", Reply(is_lost=True), words=b"bob.vcf")
    batches = system.listing(SELECTION, VersionsKnown())
    assert next(batches).end is None
    with pytest.raises(SystemFault):
        next(batches)
    system.close()


def test_emptied_book_is_listed_as_empty_for_the_guards_to_judge_S16(system, book):
    book.cards.clear()
    reading = listed(system, known={"ann.vcf": '"1"'})
    assert (reading.records, reading.absences, reading.end.is_complete) == ({}, {}, True)


def test_listing_cut_with_507_is_read_by_pages_instead(system, book):
    cut = f"<d:response><d:href>{BOOK}</d:href><d:status>HTTP/1.1 507 Insufficient Storage</d:status></d:response>"
    pages = {b"<d:sync-token></d:sync-token>": ("ann", "p1"), b">p1<": ("bob", "p2"), b">p2<": ("cid", "p3")}

    def fault(request):
        if request.method == "PROPFIND" and request.headers["Depth"] == "1":
            return multistatus(cut, member("ann"))
        if request.method == "REPORT" and b"sync-collection" in request.body:
            body = request.body.replace(b"<d:sync-token/>", b"<d:sync-token></d:sync-token>")
            for mark, (name, token) in pages.items():
                if mark in body:
                    return multistatus(member(name), cut, token=token)
            return multistatus(token="p3")
        return None

    book.fault = fault
    assert sorted(listed(system).records) == ["ann.vcf", "bob.vcf", "cid.vcf"]


@pytest.mark.parametrize("is_marked", [True, False], ids=["with 507", "without a mark"])
def test_changes_in_pages_are_read_to_their_end_E3(system, book, is_marked):
    cut = f"<d:response><d:href>{BOOK}</d:href><d:status>HTTP/1.1 507 Insufficient Storage</d:status></d:response>"
    mark = [cut] if is_marked else []
    many = [f"m{number}" for number in range(150)]
    book.cards |= {name: card(name) for name in [*many, "back"]}
    pages = {
        b">t1<": ([*map(member, many), gone("old"), gone("back")], "t2"),
        b">t2<": ([*map(member, many), member("bob"), member("back")], "t3"),
    }

    def fault(request):
        if b"sync-collection" not in request.body:
            return None
        for token, (parts, following) in pages.items():
            if token in request.body:
                return multistatus(*parts, *mark, token=following)
        return multistatus(token="t3")

    book.fault = fault
    reading = changed(system)
    assert sorted(reading.records) == sorted(f"{name}.vcf" for name in [*many, "back", "bob"])
    assert {id: absence.cause for id, absence in reading.absences.items()} == {"old.vcf": Cause.DELETED}
    assert reading.end.cursor == f"{BOOK} t3"


def test_changes_cut_without_a_mark_go_on_from_their_token_the_next_time_E3(system, book):
    many = [f"m{number}" for number in range(150)]
    book.cards |= {name: card(name) for name in many}

    def fault(request):
        if b"sync-collection" not in request.body:
            return None
        names = many[:120] if b">t1<" in request.body else many[120:]
        return multistatus(*map(member, names), token="t2" if b">t1<" in request.body else "t3")

    book.fault = fault
    first = changed(system)
    path, _, token = first.end.cursor.partition(" ")
    assert (len(first.records), path, token) == (120, BOOK, "t2")
    assert sorted(changed(system, token=token).records) == sorted(f"{name}.vcf" for name in many[120:])


@pytest.mark.parametrize("status", [400, 403, 409, 410, 412, 500, 507])
def test_token_that_is_refused_asks_for_a_listing_E3(system, book, status):
    book.fault = on("REPORT", Reply(status, b'<d:error xmlns:d="DAV:"><d:valid-sync-token/></d:error>', XML))
    with pytest.raises(CursorRefused):
        changed(system)


def test_refused_token_of_a_collection_that_is_gone_or_forbidden_says_that_instead(system, book):
    listed(system)
    for status, error in ((404, CollectionGone), (403, PermissionRefused), (401, SignInFailed)):
        book.fault = lambda request, status=status: Reply(status)
        with pytest.raises(error):
            changed(system)


def test_unknown_token_answered_with_everything_still_finds_what_was_deleted_E2(system, book):
    """dan was deleted since, but a server that forgot the token tells only what it has."""
    known = {"ann.vcf": '"1"', "bob.vcf": '"1"', "cid.vcf": '"1"', "dan.vcf": '"1"'}
    book.fault = on("REPORT", multistatus(token="t2"), words=b">t2<")
    reading = changed(system, known)
    assert reading.unchanged == ("ann.vcf", "bob.vcf", "cid.vcf")
    assert {id: absence.cause for id, absence in reading.absences.items()} == {"dan.vcf": Cause.DELETED}


def test_members_that_a_listing_forgets_are_not_deleted_while_the_server_has_them_E1(system, book):
    known = {"ann.vcf": '"1"', "bob.vcf": '"1"', "cid.vcf": '"1"'}
    pages = [multistatus(member("ann"), member("bob"), token="t2"), multistatus(token="t2")]

    def fault(request):
        if b"sync-collection" in request.body:
            return pages.pop(0)
        if request.method == "PROPFIND" and request.headers["Depth"] == "1":
            return multistatus(SELF, member("ann"), member("bob"))
        return None

    book.fault = fault
    assert changed(system, known).absences == {}


def test_server_without_multiget_is_read_one_by_one(system, book, server):
    book.fault = on("REPORT", Reply(501), words=b"multiget")
    assert len(listed(system).records) == 3
    assert sum(request.method == "GET" for request in server.requests) == 3


def test_record_that_multiget_leaves_out_is_asked_for_by_itself(system, book):
    book.fault = lambda request: (
        multistatus(book.with_data("ann"), book.with_data("cid")) if b"multiget" in request.body else None
    )
    assert len(listed(system).records) == 3


def test_record_with_forbidden_control_characters_does_not_spoil_the_others_E7(system, book):
    book.cards["bob"] = card("bob", "NOTE:a\x0bb\r\n")
    records = listed(system).records
    assert (records["bob.vcf"].values["note"], len(records)) == ("ab", 3)


def test_record_that_is_no_card_is_unreadable_alone_E7(system, book):
    book.cards["bob"] = "hello"
    reading = listed(system)
    assert sorted(reading.records) == ["ann.vcf", "cid.vcf"]
    assert [(bad.id, bad.reason) for bad in reading.unreadable] == [("bob.vcf", "There is no vCard in it.")]
    assert reading.end.is_complete


@pytest.mark.parametrize("is_announced", [True, False])
def test_record_of_50_mib_is_left_out_with_its_size_and_the_others_come(server, book, is_announced):
    book.cards["bob"] = card("bob", f"NOTE:{'x' * 52_000_000}\r\n")
    if is_announced:
        size = "<d:getcontentlength>52428800</d:getcontentlength>"
        book.fault = on(
            "PROPFIND", multistatus(SELF, member("ann"), member("bob", props=size), member("cid")), depth="1"
        )
    system = open_system(server, max_answer_bytes=20 * 2**20)
    reading = listed(system)
    assert sorted(reading.records) == ["ann.vcf", "cid.vcf"]
    assert [bad.id for bad in reading.unreadable] == ["bob.vcf"]
    assert "MiB" in reading.unreadable[0].reason
    system.close()


def test_sizes_are_asked_of_a_listing_that_is_going_to_read_most_of_it_alone(system, book, server):
    book.fault = on("REPORT", Reply(501), words=FROM_THE_BEGINNING)
    versions = {id: record.version for id, record in listed(system).records.items()}
    assert sorted(listed(system, known=versions).unchanged) == sorted(versions)
    listings = [r for r in server.requests if r.method == "PROPFIND" and r.headers["Depth"] == "1"]
    assert [b"getcontentlength" in listing.body for listing in listings] == [True, False]


def test_web_page_instead_of_a_record_is_no_record_and_no_deletion_E1(system, book):
    listed(system)
    book.fault = lambda request: WEB_PAGE if request.method == "GET" or b"multiget" in request.body else None
    with pytest.raises(SystemFault, match="web page"):
        system.fetch(SELECTION, ["ann.vcf"])


def test_fetch_names_the_cause_and_a_collection_that_is_gone_is_no_deletion_E2(system, book):
    book.fault = lambda request: Reply(403) if request.method == "GET" else None
    del book.cards["bob"]
    book.fault = on("GET", Reply(403))
    reading = read([system.fetch(SELECTION, ["ann.vcf", "bob.vcf"])])
    assert reading.absences["bob.vcf"].cause is Cause.FORBIDDEN
    book.fault = lambda request: None
    assert system.fetch(SELECTION, ["bob.vcf"]).absences[0].cause is Cause.DELETED
    book.fault = lambda request: Reply(404)
    with pytest.raises(CollectionGone):
        system.fetch(SELECTION, ["ann.vcf"])


# --- writes ------------------------------------------------------------------------------------------------------


def create(key="k", **values):
    return Write(key=key, action=Action.CREATE, id="new.vcf", values={"first_name": "Zoë", **values})


def update(*, key="k", id="ann.vcf", **preconditions):
    return Write(key=key, action=Action.UPDATE, id=id, values={"note": "new"}, **preconditions)


def outcome_of(system, write):
    (outcome,) = system.write(SELECTION, [write])
    return outcome


@pytest.mark.parametrize(
    "reply", [Reply(is_lost=True), Reply(500), Reply(502), Reply(504), Reply(201, b"x" * 9, breaks_off_after=1)]
)
@pytest.mark.parametrize("write", [create(), update()], ids=["create", "update"])
def test_lost_answer_of_a_write_is_unknown_and_not_sent_again_E28(system, server, book, reply, write):
    book.fault = on("PUT", reply)
    outcome = outcome_of(system, write)
    assert outcome.result is Result.UNKNOWN
    assert outcome.message.endswith(".")
    assert sum(request.method == "PUT" for request in server.requests) == 1


def test_lost_create_is_recognised_when_it_is_sent_again_with_the_same_id_E28(system, book):
    def stored_but_lost(request):
        if request.method != "PUT":
            return None
        book.cards["new"] = request.body.decode()
        return Reply(is_lost=True)

    book.fault = stored_but_lost
    assert outcome_of(system, create()).result is Result.UNKNOWN
    book.fault = on("PUT", Reply(412))
    outcome = outcome_of(system, create())
    assert (outcome.result, outcome.id, outcome.version) == (Result.DONE, "new.vcf", '"1"')


@pytest.mark.parametrize("status", [429, 503])
def test_write_that_is_put_off_says_for_how_long_E30(system, book, status):
    book.fault = on("PUT", Reply(status, headers={"Retry-After": "7"}))
    outcome = outcome_of(system, create())
    assert (outcome.result, outcome.retry_after_s) == (Result.RETRY, 7.0)


@pytest.mark.parametrize(
    ("status", "reason", "result", "words"),
    [
        (409, b"<card:no-uid-conflict/>", Result.EXISTS, "unique id"),
        (412, b"", Result.EXISTS, "unique id"),
        (403, b"<card:valid-address-data/>", Result.REFUSED, "not taken as a valid contact"),
        (403, b"<card:supported-address-data/>", Result.REFUSED, "vcard_version"),
        (403, b"<card:max-resource-size/>", Result.REFUSED, "too large"),
        (400, b"", Result.REFUSED, "400"),
        (413, b"", Result.REFUSED, "too large"),
        (507, b"", Result.RETRY, "507"),
        (423, b"", Result.RETRY, "locked"),
    ],
)
def test_refused_create_says_why(system, book, status, reason, result, words):
    body = b'<d:error xmlns:d="DAV:" xmlns:card="urn:ietf:params:xml:ns:carddav">' + reason + b"</d:error>"
    book.fault = on("PUT", Reply(status, body if reason else b"", XML))
    outcome = outcome_of(system, create())
    assert outcome.result is result
    assert words in outcome.message


@pytest.mark.parametrize(("status", "error"), [(401, SignInFailed), (403, PermissionRefused), (404, CollectionGone)])
def test_fault_of_every_write_is_raised_and_of_one_is_its_own(system, book, status, error):
    book.fault = on("PUT", Reply(status))
    with pytest.raises(error):
        system.write(SELECTION, [create()])
    book.fault = on("PUT", Reply(status), words=b"FN:Zo")
    one, other = system.write(
        SELECTION, [create(), Write(key="2", action=Action.CREATE, id="n2.vcf", values={"first_name": "Max"})]
    )
    assert one.result in (Result.REFUSED, Result.RETRY)
    assert other.result is Result.DONE


def test_server_that_is_down_is_raised_since_nothing_was_written(book):
    def closing(request):
        reply = book(request)
        return Reply(reply.status, reply.body, {**reply.headers, "Connection": "close"})

    with scripted(closing) as server:
        system = open_system(server)
        listed(system)
    with pytest.raises(Unreachable):
        system.write(SELECTION, [create(), update()])
    system.close()


def test_answer_without_a_version_has_the_version_looked_up_when_it_is_still_ours(system, book):
    def fault(request):
        if request.method != "PUT":
            return None
        book.cards["ann"] = request.body.decode() if "mine" in state else card("ann", "NOTE:theirs\r\n")
        return Reply(204)

    state = {"mine"}
    book.fault = fault
    assert outcome_of(system, update()).version == '"1"'
    state.clear()
    book.cards["ann"] = card("ann")
    outcome = outcome_of(system, update())
    assert (outcome.result, outcome.version) == (Result.DONE, None), (
        "somebody else wrote at once: the version is theirs"
    )


def test_update_that_changes_nothing_is_done_without_a_write_E23(system, server):
    outcome = outcome_of(system, Write(key="k", action=Action.UPDATE, id="ann.vcf", values={"first_name": "ann"}))
    assert (outcome.result, outcome.version) == (Result.DONE, '"1"')
    assert not any(request.method == "PUT" for request in server.requests)


def test_update_is_sent_with_the_version_it_rests_on_and_changes_one_line(system, server, book):
    book.cards["ann"] = before = card(
        "ann", "NOTE:old\r\nX-OWN;B=1;A=2:\\;x\r\nPHOTO;ENCODING=b;TYPE=JPEG:AAAA\r\n BBBB\r\n"
    )
    assert outcome_of(system, update(version='"1"')).result is Result.DONE
    (put,) = [request for request in server.requests if request.method == "PUT"]
    assert put.headers["If-Match"] == '"1"'
    assert put.body.decode() == before.replace("NOTE:old", "NOTE:new")


def test_many_updates_read_what_is_there_in_one_request_and_keep_every_octet(system, server, book):
    book.cards = {name: card(name, "NOTE:old\r\nX-OWN: \tä \r\n") for name in ("ann", "bob", "cid", "dora", "eve")}
    book.cards["bob"] = book.cards["bob"].replace("\r\n", "\n")
    book.cards["eve"] = book.cards["eve"].replace("X-OWN", "X-MINE\nX-OWN", 1)  # both kinds of line end
    book.sends_sizes = True
    before = dict(book.cards)
    assert {one.result for one in updated(system, before)} == {Result.DONE}
    assert {name: text.replace("NOTE:new", "NOTE:old") for name, text in book.cards.items()} == before
    assert {request.headers.get("If-Match") for request in server.requests if request.method == "PUT"} == {'"1"'}
    assert asked(server, b"multiget") == 1
    assert [request.path for request in server.requests if request.method == "GET"] == [f"{BOOK}eve.vcf"]


@pytest.mark.parametrize("digest", ["md5", "sha1", "sha256"])
def test_body_whose_version_is_its_digest_needs_no_size_to_be_known_to_the_octet(system, server, book, digest):
    book.cards = {name: card(name, "NOTE:old\r\nX-OWN: \tä \r\n") for name in ("ann", "bob", "cid", "dora", "eve")}
    book.cards["bob"] = book.cards["bob"].replace("\r\n", "\n")
    book.cards["eve"] = book.cards["eve"].replace("X-OWN", "X-MINE\nX-OWN", 1)  # both kinds of line end
    book.digest = digest
    before, versions = dict(book.cards), {f'"{book.version(name)}"' for name in book.cards}
    assert {one.result for one in updated(system, before)} == {Result.DONE}
    assert {name: text.replace("NOTE:new", "NOTE:old") for name, text in book.cards.items()} == before
    assert {request.headers.get("If-Match") for request in server.requests if request.method == "PUT"} == versions
    assert asked(server, b"multiget") == 1
    assert [request.path for request in server.requests if request.method == "GET"] == [f"{BOOK}eve.vcf"]


@pytest.mark.parametrize(
    ("refusal", "count"),
    [(None, 1), (Reply(501), 1), (Reply(403), 2), (Reply(503), 4)],
    ids=["no proof", "never", "perhaps for one of them", "busy"],
)
def test_many_updates_are_read_one_by_one_where_a_report_does_not_bring_them(system, server, book, refusal, count):
    book.cards = {name: card(name, "NOTE:old\r\n") for name in ("ann", "bob", "cid", "dora")}
    if refusal is not None:
        book.fault = on("REPORT", refusal, words=b"multiget")
    for _ in range(2):
        assert {one.result for one in updated(system, book.cards)} == {Result.DONE}
    assert sum(request.method == "GET" for request in server.requests) == 8
    assert asked(server, b"multiget") == count


def test_update_among_many_of_what_moved_or_is_gone_is_not_sent(system, server, book):
    names = ("ann", "bob", "cid", "dora")
    book.cards, book.sends_sizes = {name: card(name) for name in names}, True
    writes = [update(version='"0"' if name == "bob" else '"1"', id=f"{name}.vcf", key=name) for name in names]
    del book.cards["cid"]
    outcomes = system.write(SELECTION, writes)
    assert [one.result for one in outcomes] == [Result.DONE, Result.MOVED, Result.ABSENT, Result.DONE]
    assert sum(request.method == "PUT" for request in server.requests) == 2


def updated(system, names):
    return system.write(SELECTION, [update(id=f"{name}.vcf", key=name) for name in names])


def test_create_is_sent_so_that_it_never_overwrites(system, server):
    assert outcome_of(system, create()).result is Result.DONE
    (put,) = [request for request in server.requests if request.method == "PUT"]
    assert put.headers["If-None-Match"] == "*"


# --- finding the way -----------------------------------------------------------------------------------------------


def test_well_known_address_is_followed_to_principal_home_and_collection():
    def script(request):
        match request.path:
            case "/.well-known/carddav":
                return Reply(301, headers={"Location": "/dav/"})
            case "/dav/":
                return multistatus(
                    prop("/dav/", "<d:current-user-principal><d:href>/p/ann/</d:href></d:current-user-principal>")
                )
            case "/p/ann/":
                return multistatus(
                    prop("/p/ann/", "<card:addressbook-home-set><d:href>/u/</d:href></card:addressbook-home-set>")
                )
            case "/u/":
                return multistatus(prop("/u/", "<d:resourcetype><d:collection/></d:resourcetype>"), SELF)
        return Reply(404)

    with scripted(script) as server:
        system = connect(Settings(url=server.url), folder=Path(), clock=FixedClock(), ids=SequentialIds())
        assert [(kind.name, kind.title) for kind in system.describe().record_types] == [("contacts", "Book")]
        system.close()


def prop(href, inner):
    status = "<d:status>HTTP/1.1 200 OK</d:status>"
    return f"<d:response><d:href>{href}</d:href><d:propstat><d:prop>{inner}</d:prop>{status}</d:propstat></d:response>"


def test_password_is_not_sent_where_a_redirect_leads():
    with scripted(lambda request: Reply(404)) as thief:
        elsewhere = thief.url.replace("127.0.0.1", "localhost")
        with scripted(lambda request: Reply(301, headers={"Location": elsewhere})) as server:
            system = open_system(server, username="ann", password="s3cret")
            with pytest.raises(TallystickError) as caught:
                system.describe()
            assert "s3cret" not in str(caught.value)
            system.close()
        assert thief.requests == []


def test_server_without_collections_and_one_that_is_no_dav_server_say_so():
    for reply, words in ((Reply(404), "no address book and no calendar"), (WEB_PAGE, "web page"), (Reply(405), "405")):
        with scripted(lambda request, reply=reply: reply) as server:
            system = open_system(server)
            with pytest.raises((ConfigurationError, SystemFault), match=words):
                system.describe()
            system.close()


def test_wrong_password_is_told_with_the_name(book):
    book.fault = lambda request: Reply(401, headers={"WWW-Authenticate": 'Basic realm="x"'})
    with scripted(book) as server:
        system = open_system(server, username="ann", password="s3cret")
        with pytest.raises(SignInFailed) as caught:
            system.describe()
        assert "ann" in str(caught.value)
        assert "s3cret" not in str(caught.value)
        system.close()
