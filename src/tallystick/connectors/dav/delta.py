"""What a server says happened in a collection since a token. Source: RFC 6578."""

from __future__ import annotations

from dataclasses import dataclass

from tallystick.connectors.dav.describe import Shelf
from tallystick.connectors.dav.session import Refused, Session, is_itself, name_of, version_of
from tallystick.connectors.dav.xml import Multistatus, sync_collection
from tallystick.errors import CollectionGone, CursorRefused, PermissionRefused, SystemFault

MOST_PAGES = 100_000
SMALL_PAGE = 100
"""So few changes are all there are; a server that cuts more off without saying so is asked on from its token."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delta:
    versions: dict[str, str | None]  # of what is there
    gone: set[str]
    token: str
    is_cut: bool = False  # as the server says itself

    @property
    def size(self) -> int:
        return len(self.versions) + len(self.gone)


class Deltas:
    """Asks for the deltas of one collection."""

    def __init__(self, session: Session, shelf: Shelf) -> None:
        self._session = session
        self._collection = shelf.collection

    def token(self) -> str | None:
        found, _ = self._session.propfind(
            self._collection.url, ("d:sync-token", "d:resourcetype"), depth=0, what=self._collection.what
        )
        return next((token for one in found.resources if (token := one.text("d:sync-token"))), None)

    def since(self, token: str) -> Delta:
        """All pages since `token`, whether the server marks a cut (507) or only gives a token to go on from.

        What only changed may as well come the next time, from the token of its page: a page that is not marked as
        cut, speaks of nothing gone and does not begin the collection is taken for the last one.
        """
        versions: dict[str, str | None] = {}
        gone: set[str] = set()
        is_beginning = not token
        for _ in range(MOST_PAGES):
            page = self.page(token)
            for id, version in page.versions.items():
                versions[id] = version
                gone.discard(id)
            for id in page.gone:
                gone.add(id)
                versions.pop(id, None)
            is_last = page.size <= SMALL_PAGE or not (is_beginning or page.gone)
            if not page.is_cut and (is_last or page.token == token):
                return Delta(versions=versions, gone=gone, token=page.token)
            if page.token == token:
                raise SystemFault(
                    f"{self._session.http.host} cuts the changes of {self._collection.what} short for ever."
                )
            token = page.token
        raise SystemFault(f"{self._session.http.host} never ends telling the changes of {self._collection.what}.")

    def page(self, token: str) -> Delta:
        """Raises CursorRefused for a token that the server does not know."""
        try:
            answer = self._session.report(
                self._collection.url, sync_collection(token), what=self._collection.what, depth=0
            )
        except (Refused, PermissionRefused, CollectionGone) as refusal:
            if isinstance(refusal, Refused) and refusal.status in (502, 504):
                raise
            self.token()  # says so when it is the collection that is gone or not permitted
            raise CursorRefused(
                f"{self._session.http.host} no longer knows the cursor of {self._collection.what}.",
                hint="A full listing follows.",
            ) from refusal
        return self._delta(answer)

    def _delta(self, answer: Multistatus) -> Delta:
        if answer.sync_token is None:
            raise SystemFault(
                f"{self._session.http.host} told the changes of {self._collection.what} without a token to go on from."
            )
        versions: dict[str, str | None] = {}
        gone: set[str] = set()
        is_cut = False
        for resource in answer.resources:
            if is_itself(self._collection.url, resource.href):
                is_cut = is_cut or resource.status == 507
                continue
            id = name_of(resource.href)
            if not id:
                continue
            if resource.status in (404, 410):
                gone.add(id)
                continue
            versions[id] = version_of(resource.text("d:getetag"))
        return Delta(versions=versions, gone=gone, token=answer.sync_token, is_cut=is_cut)
