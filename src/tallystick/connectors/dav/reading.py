"""Listings and changes. Source: RFC 6578; spec/engine.md E1-E4; design/peers.md."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import unquote, urljoin, urlsplit

from tallystick.connectors.dav.bodies import Bodies
from tallystick.connectors.dav.session import Refused, Session, name_of, version_of
from tallystick.connectors.dav.view import Finding, OtherKind, View, too_large
from tallystick.connectors.dav.xml import Resource, sync_collection
from tallystick.errors import CollectionGone, CursorRefused, PermissionRefused, SystemFault
from tallystick.model.record import Absence, Batch, Cause, End, Record, Unreadable, table_of
from tallystick.ports.system import Known

MEMBER_PROPS = ("d:getetag", "d:resourcetype", "d:getcontenttype", "d:getcontentlength")
MOST_PAGES = 100_000
SMALL_PAGE = 100
"""So few changes are all there are; a server that cuts more off without saying so is asked on from its token."""

UNCHANGED_A_BATCH = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Delta:
    """What a server says happened since a token."""

    versions: dict[str, str | None]  # of what is there
    gone: set[str]
    token: str


class ShelfReader:
    """Reads one record type of one server."""

    def __init__(self, session: Session, view: View, bodies: Bodies, *, batch_records: int) -> None:
        self._session = session
        self._view = view
        self._bodies = bodies
        self._batch_records = batch_records
        self._collection = view.shelf.collection

    # --- listing -----------------------------------------------------------------------------------------------

    def listing(self, known: Known) -> Iterator[Batch]:
        token = self._token()  # before the listing, so that nothing falls between the two
        members, too_big = self._members()
        versions = known.versions()
        unchanged = _unchanged(members, versions)
        yield from self._batches(members, unchanged, too_big, versions, is_listing=True, token=token)

    def _token(self) -> str | None:
        found, _ = self._session.propfind(
            self._collection.url, ("d:sync-token", "d:resourcetype"), depth=0, what=self._collection.what
        )
        return next((token for one in found.resources if (token := one.text("d:sync-token"))), None)

    def _members(self) -> tuple[dict[str, str | None], list[Unreadable]]:
        """id -> version of everything in the collection that may be a record of this kind, and what is too large."""
        what, url = self._collection.what, self._collection.url
        answer, _ = self._session.propfind(url, MEMBER_PROPS, depth=1, what=what)
        members: dict[str, str | None] = {}
        too_big: list[Unreadable] = []
        has_self = False
        for resource in answer.resources:
            if self._is_self(resource):
                has_self = True
                if resource.status == 507:
                    return self._initial().versions, []
                continue
            id = name_of(resource.href)
            if not id or resource.has("d:resourcetype", "d:collection") or not self._may_hold(resource):
                continue
            size = resource.text("d:getcontentlength") or ""
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

    def _initial(self) -> Delta:
        """Everything by way of a sync from the beginning, for servers that cut listings short."""
        return self._delta("")

    def _is_self(self, resource: Resource) -> bool:
        path = unquote(urlsplit(urljoin(self._collection.url, resource.href)).path)
        return path.rstrip("/") == unquote(urlsplit(self._collection.url).path).rstrip("/")

    def _may_hold(self, resource: Resource) -> bool:
        """False where the server says itself that it is another component of a mixed calendar."""
        kind = (resource.text("d:getcontenttype") or "").lower()
        _, is_told, component = kind.partition("component=")
        return not is_told or component.strip('" ;').partition(";")[0] == self._view.shelf.component.lower()

    # --- changes -----------------------------------------------------------------------------------------------

    def changes(self, cursor: str, known: Known) -> Iterator[Batch]:
        path, space, token = cursor.partition(" ")
        if not space or path != urlsplit(self._collection.url).path or not self._collection.has_sync:
            raise CursorRefused(f"The cursor is none of {self._collection.what}.", hint="A full listing follows.")
        delta = self._delta(token)
        versions = known.versions()
        unchanged = [
            id for id, version in delta.versions.items() if version is not None and versions.get(id) == version
        ]
        gone = set(delta.gone)
        if len(unchanged) * 2 >= len(versions) > 0:  # a server that no longer knows a token may tell everything it has
            members, _ = self._members()
            gone |= self._gone(sorted(set(versions) - set(members) - gone))
        absences = [Absence(id=id, cause=Cause.DELETED) for id in sorted(gone - set(delta.versions))]
        if absences:
            yield Batch(records=table_of([], self._view.fields), absences=tuple(absences))
        yield from self._batches(delta.versions, unchanged, [], versions, is_listing=False, token=delta.token)

    def _gone(self, ids: Sequence[str]) -> set[str]:
        """Those of these ids that the server says by name it has no longer."""
        parts = self._bodies.parts(ids, size=self._batch_records, is_exact=False)
        bodies = [body for part in parts for body in part.values()]
        return {body.id for body in bodies if isinstance(body, Absence) and body.cause is Cause.DELETED}

    def _delta(self, token: str) -> Delta:
        """All pages since `token`, whether the server marks a cut (507) or only gives a token to go on from."""
        versions: dict[str, str | None] = {}
        gone: set[str] = set()
        for _ in range(MOST_PAGES):
            answer, is_cut = self._page(token)
            for id, version in answer.versions.items():
                versions[id] = version
                gone.discard(id)
            for id in answer.gone:
                gone.add(id)
                versions.pop(id, None)
            if not is_cut and len(answer.versions) + len(answer.gone) <= SMALL_PAGE:
                return Delta(versions=versions, gone=gone, token=answer.token)
            if answer.token == token:
                if is_cut:
                    raise SystemFault(
                        f"{self._session.http.host} cuts the changes of {self._collection.what} short for ever."
                    )
                return Delta(versions=versions, gone=gone, token=token)
            token = answer.token
        raise SystemFault(f"{self._session.http.host} never ends telling the changes of {self._collection.what}.")

    def _page(self, token: str) -> tuple[Delta, bool]:
        what, url = self._collection.what, self._collection.url
        try:
            answer = self._session.report(url, sync_collection(token), what=what, depth=0)
        except (Refused, PermissionRefused, CollectionGone) as refusal:
            if isinstance(refusal, Refused) and refusal.status in (502, 504):
                raise
            self._token()  # says so when it is the collection that is gone or not permitted
            raise CursorRefused(
                f"{self._session.http.host} no longer knows the cursor of {what}.", hint="A full listing follows."
            ) from refusal
        if answer.sync_token is None:
            raise SystemFault(f"{self._session.http.host} told the changes of {what} without a token to go on from.")
        versions: dict[str, str | None] = {}
        gone: set[str] = set()
        is_cut = False
        for resource in answer.resources:
            if self._is_self(resource):
                is_cut = is_cut or resource.status == 507
                continue
            id = name_of(resource.href)
            if not id:
                continue
            if resource.status in (404, 410):
                gone.add(id)
            else:
                versions[id] = version_of(resource.text("d:getetag"))
        return Delta(versions=versions, gone=gone, token=answer.sync_token), is_cut

    # --- bodies ------------------------------------------------------------------------------------------------

    def _batches(
        self,
        members: Mapping[str, str | None],
        unchanged: Sequence[str],
        too_big: Sequence[Unreadable],
        known: Mapping[str, str],
        *,
        is_listing: bool,
        token: str | None,
    ) -> Iterator[Batch]:
        same = set(unchanged)
        to_read = (id for id in members if id not in same)
        for start in range(0, len(unchanged), UNCHANGED_A_BATCH):
            part = tuple(unchanged[start : start + UNCHANGED_A_BATCH])
            yield Batch(records=table_of([], self._view.fields), unchanged=part)
        parts = self._bodies.parts(to_read, size=self._batch_records, is_exact=self._view.wants_body)
        for bodies in parts:
            findings = [
                self._view.finding(id, body) if not isinstance(body, Absence | Unreadable) else body
                for id, body in bodies.items()
            ]
            yield self._batch(findings, known, is_listing=is_listing)
        cursor = (
            None if token is None or not self._collection.has_sync else f"{urlsplit(self._collection.url).path} {token}"
        )
        yield Batch(
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
            self._token()  # a collection that is gone is no proof that its records were deleted
        return Batch(
            records=table_of([one for one in findings if isinstance(one, Record)], self._view.fields),
            absences=tuple(absences),
            unreadable=tuple(one for one in findings if isinstance(one, Unreadable)),
        )


def _unchanged(members: Mapping[str, str | None], known: Mapping[str, str]) -> list[str]:
    return [id for id, version in members.items() if version is not None and known.get(id) == version]
