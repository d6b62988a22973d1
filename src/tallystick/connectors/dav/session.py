"""WebDAV verbs over HTTP, each with one clear error for each way it can go wrong."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote, unquote, urljoin, urlsplit

from tallystick.connectors.dav.width import Width
from tallystick.connectors.dav.xml import Multistatus, multistatus, precondition, propfind
from tallystick.connectors.http.addresses import is_same_site, shown
from tallystick.connectors.http.client import Answer, HttpClient
from tallystick.connectors.http.errors import of_status
from tallystick.errors import CollectionGone, SystemFault, TallystickError, Throttled

XML_TYPE = "application/xml; charset=utf-8"
MOST_REDIRECTS = 5
PECULIAR: Final = re.compile("[%?#;\\x00- ]|[^\x00-\x7f]")
"""What makes more of an address than a path whose last segment is a name as it stands."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """A resource as it is stored: its octets and its version."""

    content: bytes
    version: str | None
    modified: str | None = None


class Refused(SystemFault):
    """The server refuses a request for a reason of its own; `status` and `precondition` say which."""

    def __init__(self, message: str, *, status: int, reason: str = "", hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.status = status
        self.reason = reason


class Locked(Throttled):
    """Another request of ours or of somebody else is at work in the collection; certainly nothing was written."""


class Session:
    """`what` names a collection in words, for messages: the address book "Work"."""

    def __init__(self, http: HttpClient, *, user: str, parallel: int) -> None:
        self.http = http
        self._user = user
        self.width = Width(parallel)
        self.proves_bodies = True  # how those in a report are stored, until one comes without proof

    def propfind(self, url: str, names: tuple[str, ...], *, depth: int, what: str) -> tuple[Multistatus, str]:
        """The multistatus and the address it came from, after redirects that stay with the same site."""
        headers = {"Depth": str(depth), "Content-Type": XML_TYPE, "Prefer": "return=minimal"}
        for _ in range(MOST_REDIRECTS):
            answer = self.http.read("PROPFIND", url, headers=headers, body=propfind(*names))
            if answer.status not in (301, 302, 307, 308) or "Location" not in answer.headers:
                break
            target = urljoin(url, answer.headers["Location"])
            if not is_same_site(target, url) or urlsplit(target).scheme not in ("http", "https"):
                raise Refused(
                    f"{self.http.host} sent the request for {what} to {shown(target)}, probably a sign-in page.",
                    status=answer.status,
                    hint="Correct `url`, or the sign-in.",
                )
            url = target
        return self._multistatus(answer, what), url

    def report(self, url: str, body: bytes, *, what: str, depth: int = 1) -> Multistatus:
        headers = {"Depth": str(depth), "Content-Type": XML_TYPE}
        return self._multistatus(self.http.read("REPORT", url, headers=headers, body=body), what)

    def report_once(self, url: str, body: bytes, *, what: str, most_bytes: int) -> Answer:
        """A report that there is another way for: not tried again, and not taken when it is too large."""
        headers = {"Depth": "1", "Content-Type": XML_TYPE}
        answer = self.http.send("REPORT", url, headers=headers, body=body, most_bytes=most_bytes)
        if answer.status != 207:
            raise self.error(answer, what)
        return answer

    def get(self, url: str, *, what: str) -> Stored | None:
        """None when there is no such resource. Octets as they are stored: compression could alter the version."""
        answer = self.http.read("GET", url, headers={"Accept-Encoding": "identity"})
        if answer.status in (404, 410):
            return None
        if answer.status != 200:
            raise self.error(answer, what)
        if answer.headers.get("Content-Type", "").lower().startswith("text/html"):
            raise SystemFault(f"{self.http.host} answered with a web page, not {what}.", hint="Check the sign-in.")
        version = version_of(answer.headers.get("ETag"))
        if version is None:
            found, _ = self.propfind(url, ("d:getetag",), depth=0, what=what)
            version = next((version_of(one.text("d:getetag")) for one in found.resources), None)
        return Stored(content=answer.body, version=version, modified=answer.headers.get("Last-Modified"))

    def put(self, url: str, content: bytes, *, media_type: str, version: str | None, is_new: bool) -> Answer:
        headers = {"Content-Type": media_type}
        if is_new:
            headers["If-None-Match"] = "*"
        elif version is not None:
            headers["If-Match"] = version
        return self.http.send("PUT", url, headers=headers, body=content)

    def delete(self, url: str, *, version: str | None) -> Answer:
        return self.http.send("DELETE", url, headers={"If-Match": version} if version is not None else {})

    def _multistatus(self, answer: Answer, what: str) -> Multistatus:
        if answer.status == 207:
            return multistatus(answer.body, self.http.host)
        if answer.status == 200:
            multistatus(answer.body, self.http.host)  # says what is wrong with it, when anything is
            raise SystemFault(f"{self.http.host} answered 200 for {what} where 207 is due.", hint="Check `url`.")
        raise self.error(answer, what)

    def error(self, answer: Answer, what: str) -> TallystickError:
        host, reason = self.http.host, precondition(answer.body)
        if answer.status in (404, 410):
            return CollectionGone(f"{host} has no {what} ({answer.status}).", hint="Check `url` and `collection`.")
        if answer.status in (401, 429, 503) or (answer.status == 403 and not reason):
            return of_status(answer.status, host=host, what=what, user=self._user, wait_s=answer.wait_s)
        because = f" ({reason})" if reason else ""
        return Refused(f"{host} answered {answer.status} for {what}{because}.", status=answer.status, reason=reason)


def version_of(text: str | None) -> str | None:
    """An entity tag in the one spelling that preconditions take, whether a server quotes it or not."""
    text = (text or "").strip()
    if not text:
        return None
    return text if text.startswith(('"', 'W/"')) else f'"{text}"'


def name_of(href: str) -> str:
    """The last segment of a path, decoded; "" for a collection."""
    if href.startswith("/") and not href.startswith("//") and not PECULIAR.search(href):
        return href.rpartition("/")[2]
    return unquote(urlsplit(href).path.rpartition("/")[2])


def is_itself(collection_url: str, href: str) -> bool:
    """Whether an answer speaks of the collection and not of a member of it."""
    path = urlsplit(collection_url).path.rstrip("/")
    last = href.rstrip("/").rpartition("/")[2]
    if last not in ("", ".", "..") and unquote(last) != unquote(path.rpartition("/")[2]):
        return False
    return unquote(urlsplit(urljoin(collection_url, href)).path).rstrip("/") == unquote(path)


def url_of(collection_url: str, id: str) -> str:
    return collection_url + quote(id, safe="!$&'()*+,;=:@")
