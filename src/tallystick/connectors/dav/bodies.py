"""Fetching many bodies: all by one query, by multiget in parts, one by one where that does not work."""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from itertools import islice
from typing import Final, NamedTuple, TypeVar
from urllib.parse import urlsplit

from tallystick.connectors.dav.describe import Shelf
from tallystick.connectors.dav.session import Refused, Session, Stored, name_of, url_of, version_of
from tallystick.connectors.dav.text import encode
from tallystick.connectors.dav.view import too_large
from tallystick.connectors.dav.xml import Resource, multiget, multistatus, query
from tallystick.connectors.http.client import Answer
from tallystick.connectors.http.errors import AnswerLost, AnswerTooLarge
from tallystick.errors import CollectionGone, PermissionRefused, SystemFault, TallystickError, Throttled, Unreachable
from tallystick.model.record import Absence, Cause, Unreadable

Body = Stored | Absence | Unreadable
"""A body, or why there is none: deleted, not permitted, too large."""

Asked = TypeVar("Asked")

SIZE: Final = "d:getcontentlength"
DIGESTS: Final = {32: "md5", 40: "sha1", 64: "sha256"}
"""By the number of hexadecimal digits."""
SEVERAL: Final = 4
"""So many bodies are worth one more request that may bring none of them."""

WHOLE_BYTES: Final = 32 * 2**20
"""A collection that is larger with all its bodies is read part by part."""


class Reports(NamedTuple):
    """How bodies of a kind are asked for. Source: RFC 6352 section 8, RFC 4791 section 7."""

    multiget: str
    query: str
    data: str  # the property that holds a body
    component: tuple[str, ...] = ()  # what a query is for


REPORTS: Final = {
    "VCARD": Reports("card:addressbook-multiget", "card:addressbook-query", "card:address-data"),
    **{
        name: Reports("cal:calendar-multiget", "cal:calendar-query", "cal:calendar-data", ("VCALENDAR", name))
        for name in ("VEVENT", "VTODO")
    },
}


def stored_of(resource: Resource, data: str) -> Stored | None:
    """The body that came as the property `data`; None where none came."""
    text = resource.raw(data)
    if text is None:
        return None
    return Stored(
        content=encode(text.replace("\r\n", "\n").replace("\n", "\r\n")),  # XML cannot tell line ends apart
        version=version_of(resource.text("d:getetag")),
        modified=resource.text("d:getlastmodified"),
    )


def exact_of(resource: Resource, data: str) -> Stored | None:
    """The body that came, where its size or its version proves how it is stored."""
    stored, size = stored_of(resource, data), resource.text(SIZE) or ""
    if stored is None or stored.version is None:
        return None
    for content in (stored.content, stored.content.replace(b"\r\n", b"\n")):
        if size == str(len(content)) or is_digest(stored.version, content):
            return replace(stored, content=content)
    return None


def is_digest(version: str, content: bytes) -> bool:
    """Whether a version is a digest of the body, as many servers make it."""
    text = version.strip('"').lower()  # what stands in front of a weak one stays, and is no digest
    name = DIGESTS.get(len(text))
    return name is not None and hashlib.new(name, content, usedforsecurity=False).hexdigest() == text


class Bodies:
    """Fetches bodies of one collection."""

    def __init__(self, session: Session, shelf: Shelf, pool: ThreadPoolExecutor, *, parallel: int) -> None:
        self._session = session
        self._shelf = shelf
        self._pool = pool
        self._parallel = parallel
        self._has_multiget = True

    def ask_all(self) -> Answer | None:
        """Asks for every body of the collection by one query; None where the server cannot do that, or not at a time.

        Many servers look through a collection a few times more slowly for its changes since the beginning. Whether
        these are all, the list says: a server may cut its answer short.
        """
        url, what = self._shelf.collection.url, self._shelf.collection.what
        _, report, data, component = REPORTS[self._shelf.component]
        try:
            return self._session.report_once(url, query(report, (data,), component), what=what, most_bytes=WHOLE_BYTES)
        except (SystemFault, Unreachable, Throttled, PermissionRefused, CollectionGone):
            return None  # what is wrong, the list says

    def came(self, answer: Answer) -> dict[str, Stored]:
        """The bodies that such a query brought with their versions; none in an answer that cannot be read."""
        _, _, data, _ = REPORTS[self._shelf.component]
        try:
            resources = multistatus(answer.body, self._session.http.host).resources
        except SystemFault:
            return {}
        found = {name_of(one.href): stored_of(one, data) for one in resources}
        return {id: one for id, one in found.items() if id and one is not None and one.content and one.version}

    def parts(self, ids: Iterable[str], *, size: int, is_exact: bool) -> Iterator[dict[str, Body]]:
        """The bodies of `ids` in parts of `size`, in order; `is_exact` asks for every octet as it is stored."""
        waiting: deque[Future[dict[str, Body]]] = deque()
        source = iter(ids)
        try:
            while True:
                while len(waiting) < self._parallel and (part := list(islice(source, size))):
                    waiting.append(self._pool.submit(self.exactly if is_exact else self.together, part))
                if not waiting:
                    return
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()

    def meanwhile(self, ask: Callable[[], Asked]) -> Future[Asked]:
        """Asks beside whatever else is under way."""
        return self._pool.submit(ask)

    def together(self, ids: Sequence[str]) -> dict[str, Body]:
        """By one multiget; whatever it leaves out is asked for by itself."""
        if not self._has_multiget:
            return self.one_by_one(ids)
        try:
            found = self._multiget(ids)
        except AnswerTooLarge:
            if len(ids) == 1:
                return {ids[0]: self._unreadable(ids[0])}
            middle = len(ids) // 2
            return {**self.together(ids[:middle]), **self.together(ids[middle:])}
        except Refused as refusal:
            if refusal.status not in (400, 403, 405, 415, 422, 500, 501):
                raise
            self._has_multiget = False
            return self.one_by_one(ids)
        except AnswerLost:
            raise
        except (PermissionRefused, SystemFault):  # one record that spoils the answer for all must not stop the others
            return self.one_by_one(ids)
        missing = [id for id in ids if id not in found]
        return {**found, **self.one_by_one(missing)} if missing else found

    def exactly(self, ids: Sequence[str]) -> dict[str, Body]:
        """Octet for octet as they are stored."""
        proven = self.proven(ids)
        rest = [id for id in ids if id not in proven]
        return {**proven, **self.one_by_one(rest)}

    def proven(self, ids: Sequence[str]) -> dict[str, Stored]:
        """Those of many bodies that one multiget brings octet for octet; none of a few, or where it does not work.

        XML cannot tell line ends apart, but the size does, or a version that is a digest: it is that of the body
        with the one or the other.
        """
        if len(ids) < SEVERAL or not self._session.proves_bodies:
            return {}
        try:
            bodies = self._multiget(ids, is_exact=True)
        except Refused:
            self._session.proves_bodies = False
            return {}
        except TallystickError:
            return {}  # whoever asks one by one meets it
        proven = {id: body for id, body in bodies.items() if isinstance(body, Stored)}
        if not proven:
            self._session.proves_bodies = False
        return proven

    def one_by_one(self, ids: Sequence[str]) -> dict[str, Body]:
        return {id: self._get(id) for id in ids}

    def _get(self, id: str) -> Body:
        url = url_of(self._shelf.collection.url, id)
        try:
            stored = self._session.get(url, what=f"a record of {self._shelf.collection.what}")
        except AnswerTooLarge:
            return self._unreadable(id)
        except PermissionRefused:
            return Absence(id=id, cause=Cause.FORBIDDEN)
        except CollectionGone:
            return Absence(id=id, cause=Cause.DELETED)
        except Refused as refusal:
            if refusal.status > 501:
                raise
            return Unreadable(id=id, reason=refusal.message)
        return stored if stored is not None else Absence(id=id, cause=Cause.DELETED)

    def _unreadable(self, id: str) -> Unreadable:
        limit = self._session.http.max_answer_bytes
        return too_large(id, limit + 1, limit)

    def _multiget(self, ids: Sequence[str], *, is_exact: bool = False) -> dict[str, Body]:
        """`is_exact`: only those bodies of which it is certain how they are stored."""
        report, _, data, _ = REPORTS[self._shelf.component]
        url = self._shelf.collection.url
        names = (data, SIZE) if is_exact else (data,)
        body = multiget(report, names, (urlsplit(url_of(url, id)).path for id in ids))
        answer = self._session.report(url, body, what=self._shelf.collection.what)
        wanted, found = set(ids), dict[str, Body]()
        for resource in answer.resources:
            id = name_of(resource.href)
            if id not in wanted:
                continue
            if resource.status in (404, 410):
                found[id] = Absence(id=id, cause=Cause.DELETED)
            elif (stored := (exact_of if is_exact else stored_of)(resource, data)) is not None:
                found[id] = stored
        if answer.resources and not found and not is_exact:
            raise SystemFault(f"{self._session.http.host} answered for other records than it was asked for.")
        return found
