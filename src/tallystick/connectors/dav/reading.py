"""Listings and changes. Source: RFC 6578; spec/engine.md E1-E4; design/peers.md."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Final
from urllib.parse import urlsplit

from tallystick.connectors.dav.bodies import Bodies, Body
from tallystick.connectors.dav.delta import Deltas
from tallystick.connectors.dav.discover import Kind
from tallystick.connectors.dav.session import Session, Stored, is_itself, name_of, version_of
from tallystick.connectors.dav.view import Finding, OtherKind, View, too_large
from tallystick.connectors.dav.xml import Resource
from tallystick.errors import CursorRefused, SystemFault
from tallystick.model.record import Absence, Batch, Cause, End, Record, Unreadable, table_of
from tallystick.ports.system import Known

MEMBER_PROPS: Final = ("d:getetag", "d:resourcetype")
KIND: Final = "d:getcontenttype"
"""Which component it is, in a calendar that holds several."""
SIZE: Final = "d:getcontentlength"
"""What is too large is not asked for. Some servers read every record for it, so it is only asked of a first listing."""
UNCHANGED_A_BATCH = 10_000


class ShelfReader:
    """Reads one record type of one server."""

    def __init__(self, session: Session, view: View, bodies: Bodies, *, batch_records: int) -> None:
        self._session = session
        self._view = view
        self._bodies = bodies
        self._batch_records = batch_records
        self._collection = view.shelf.collection
        self._deltas = Deltas(session, view.shelf)

    # --- listing -----------------------------------------------------------------------------------------------

    def listing(self, known: Known) -> Iterator[Batch]:
        versions = known.versions()
        token = self._deltas.token()  # before anything is read, so that nothing falls between the two
        answer = self._bodies.ask_all() if not versions and not self._view.wants_body else None
        listed = self._bodies.meanwhile(lambda: self._members(is_first=not versions and answer is None))
        came = self._bodies.came(answer) if answer is not None else {}
        yield from self._batches(self._in_parts(came), versions, is_listing=True)
        members, too_big = listed.result()  # more than came, where the server cut its answer short
        rest = {id: version for id, version in members.items() if id not in came}
        unchanged = _unchanged(rest, versions)
        yield from self._changed(rest, unchanged, versions, is_listing=True)
        yield self._end(token, too_big)

    def _members(self, *, is_first: bool) -> tuple[dict[str, str | None], list[Unreadable]]:
        """id -> version of everything in the collection that may be a record of this kind, and what is too large.

        `is_first`: most of it is going to be read.
        """
        what, url = self._collection.what, self._collection.url
        names = (
            *MEMBER_PROPS,
            *((KIND,) if self._collection.kind is Kind.CALENDAR else ()),
            *((SIZE,) if is_first else ()),
        )
        answer, _ = self._session.propfind(url, names, depth=1, what=what)
        members: dict[str, str | None] = {}
        too_big: list[Unreadable] = []
        has_self = False
        for resource in answer.resources:
            if is_itself(url, resource.href):
                has_self = True
                if resource.status == 507:  # cut short; a sync from the beginning comes in pages
                    return self._deltas.since("").versions, []
                continue
            id = name_of(resource.href)
            if not id or resource.has("d:resourcetype", "d:collection") or not self._may_hold(resource):
                continue
            size = resource.text(SIZE) or ""
            if size.isdigit() and int(size) > self._view.max_record_bytes:
                too_big.append(too_large(id, int(size), self._view.max_record_bytes))
                continue
            members[id] = version_of(resource.text("d:getetag"))
        if not has_self and not members:
            raise SystemFault(
                f"{self._session.http.host} listed nothing for {what}, not even the collection itself.",
                hint="Nothing is taken for deleted; the next run tries again.",
            )
        return members, too_big

    def _may_hold(self, resource: Resource) -> bool:
        """False where the server says itself that it is another component of a mixed calendar."""
        kind = (resource.text(KIND) or "").lower()
        _, is_told, component = kind.partition("component=")
        return not is_told or component.strip('" ;').partition(";")[0] == self._view.shelf.component.lower()

    # --- changes -----------------------------------------------------------------------------------------------

    def changes(self, cursor: str, known: Known) -> Iterator[Batch]:
        path, space, token = cursor.partition(" ")
        if not space or path != urlsplit(self._collection.url).path or not self._collection.has_sync:
            raise CursorRefused(f"The cursor is none of {self._collection.what}.", hint="A full listing follows.")
        delta = self._deltas.since(token)
        versions = known.versions()
        unchanged = [
            id for id, version in delta.versions.items() if version is not None and versions.get(id) == version
        ]
        gone = set(delta.gone)
        if len(unchanged) * 2 >= len(versions) > 0:  # a server that no longer knows a token may tell everything it has
            members, _ = self._members(is_first=False)
            gone |= self._gone(sorted(set(versions) - set(members) - gone))
        absences = [Absence(id=id, cause=Cause.DELETED) for id in sorted(gone - set(delta.versions))]
        if absences:
            yield Batch(records=table_of([], self._view.fields), absences=tuple(absences))
        yield from self._changed(delta.versions, unchanged, versions, is_listing=False)
        yield self._end(delta.token)

    def _gone(self, ids: Sequence[str]) -> set[str]:
        """Those of these ids that the server says by name it has no longer."""
        parts = self._bodies.parts(ids, size=self._batch_records, is_exact=False)
        bodies = [body for part in parts for body in part.values()]
        return {body.id for body in bodies if isinstance(body, Absence) and body.cause is Cause.DELETED}

    # --- bodies ------------------------------------------------------------------------------------------------

    def _changed(
        self, members: Mapping[str, str | None], unchanged: Sequence[str], known: Mapping[str, str], *, is_listing: bool
    ) -> Iterator[Batch]:
        """The records of `members`, those unchanged by their ids alone."""
        same = set(unchanged)
        for start in range(0, len(unchanged), UNCHANGED_A_BATCH):
            part = tuple(unchanged[start : start + UNCHANGED_A_BATCH])
            yield Batch(records=table_of([], self._view.fields), unchanged=part)
        ids = (id for id in members if id not in same)
        parts = self._bodies.parts(ids, size=self._batch_records, is_exact=self._view.wants_body)
        yield from self._batches(parts, known, is_listing=is_listing)

    def _batches(
        self, parts: Iterable[Mapping[str, Body]], known: Mapping[str, str], *, is_listing: bool
    ) -> Iterator[Batch]:
        for bodies in parts:
            findings = [
                self._view.finding(id, body) if not isinstance(body, Absence | Unreadable) else body
                for id, body in bodies.items()
            ]
            yield self._batch(findings, known, is_listing=is_listing)

    def _in_parts(self, came: Mapping[str, Stored]) -> Iterator[Mapping[str, Body]]:
        ids = iter(came)
        while part := list(islice(ids, self._batch_records)):
            yield {id: came[id] for id in part}

    def _end(self, token: str | None, too_big: Sequence[Unreadable] = ()) -> Batch:
        has_cursor = token is not None and self._collection.has_sync
        cursor = f"{urlsplit(self._collection.url).path} {token}" if has_cursor else None
        return Batch(
            records=table_of([], self._view.fields),
            unreadable=tuple(too_big),
            end=End(is_complete=True, cursor=cursor),
        )

    def _batch(self, findings: Sequence[Finding], known: Mapping[str, str], *, is_listing: bool) -> Batch:
        """A full listing leaves out what does not pass the filter; changes say so of it."""
        records = [one for one in findings if isinstance(one, Record)]
        absences = [one for one in findings if isinstance(one, Absence)]
        absences += [
            Absence(id=one.id, cause=Cause.OUT_OF_FILTER)
            for one in findings
            if isinstance(one, OtherKind) and one.id in known
        ]
        kept = [one for one in absences if not is_listing or one.cause is Cause.FORBIDDEN]
        return Batch(
            records=table_of(records, self._view.fields),
            absences=tuple(kept),
            unreadable=tuple(one for one in findings if isinstance(one, Unreadable)),
        )

    # --- probe -------------------------------------------------------------------------------------------------

    def fetch(self, ids: Sequence[str], *, part: int) -> Batch:
        findings: list[Finding] = []
        for bodies in self._bodies.parts(dict.fromkeys(ids), size=part, is_exact=self._view.wants_body):
            for id, body in bodies.items():
                findings.append(body if isinstance(body, Absence | Unreadable) else self._view.finding(id, body))
        absences = [one for one in findings if isinstance(one, Absence)]
        absences += [Absence(id=one.id, cause=Cause.OUT_OF_FILTER) for one in findings if isinstance(one, OtherKind)]
        if any(absence.cause is Cause.DELETED for absence in absences):
            self._deltas.token()  # a collection that is gone is no proof that its records were deleted
        return Batch(
            records=table_of([one for one in findings if isinstance(one, Record)], self._view.fields),
            absences=tuple(absences),
            unreadable=tuple(one for one in findings if isinstance(one, Unreadable)),
        )


def _unchanged(members: Mapping[str, str | None], known: Mapping[str, str]) -> list[str]:
    return [id for id, version in members.items() if version is not None and known.get(id) == version]
