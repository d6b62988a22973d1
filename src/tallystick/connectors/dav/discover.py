"""From the address a person knows to the collections behind it. Source: RFC 6764, 5397, 6352, 4791."""

from __future__ import annotations

import enum
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote, urljoin, urlsplit

from tallystick.connectors.dav.session import Session
from tallystick.connectors.dav.xml import Resource, tag
from tallystick.errors import CollectionGone, ConfigurationError, PermissionRefused, SystemFault


class Kind(enum.Enum):
    ADDRESS_BOOK = "address book"
    CALENDAR = "calendar"


@dataclass(frozen=True, slots=True, kw_only=True)
class Collection:
    url: str  # ends in a slash
    name: str  # last segment of its path
    title: str
    kind: Kind
    components: frozenset[str]  # VCARD, or what the calendar holds
    has_sync: bool
    can_create: bool
    can_update: bool
    can_delete: bool

    @property
    def what(self) -> str:
        return f'{self.kind.value} "{self.title}"'


PROPS: Final = (
    "d:resourcetype",
    "d:displayname",
    "d:supported-report-set",  # not d:sync-token: some servers look through the whole collection to make one
    "d:current-user-privilege-set",
    "cal:supported-calendar-component-set",
)
ENTRY_PROPS: Final = (*PROPS, "d:current-user-principal", "card:addressbook-home-set", "cal:calendar-home-set")
HOMES: Final = ("card:addressbook-home-set", "cal:calendar-home-set")
WELL_KNOWN: Final = ("/.well-known/carddav", "/.well-known/caldav")
BOTH: Final = frozenset({"VEVENT", "VTODO"})


def discover(session: Session, urls: tuple[str, ...]) -> tuple[Collection, ...]:
    """Every address book and calendar, sorted by address. Raises ConfigurationError when there is none."""
    found: dict[str, Collection] = {}
    fault: SystemFault | ConfigurationError | None = None
    for entry in _entries(urls):
        try:
            for collection in _behind(session, entry):
                found.setdefault(collection.url, collection)
        except (CollectionGone, SystemFault, PermissionRefused) as error:
            fault = fault or error
        if found and entry == urls[-1]:
            break
    if not found:
        if fault is not None and not isinstance(fault, CollectionGone):
            raise fault
        raise ConfigurationError(
            f"There is no address book and no calendar at {session.http.host}.",
            hint="Check `url` and the user; the address of a collection itself works too.",
        )
    return tuple(sorted(found.values(), key=lambda collection: collection.url))


def _entries(urls: tuple[str, ...]) -> Iterator[str]:
    """Where to look, in order: the addresses themselves, then the well-known ones of their hosts."""
    yield from urls
    for path in WELL_KNOWN:
        for url in urls:
            if urlsplit(url).path.rstrip("/") != path:
                yield urljoin(url, path)


def entry_urls(text: str) -> tuple[str, ...]:
    """Addresses to begin at: the one given, or those that the DNS names for a bare domain or a mail address."""
    if "://" in text:
        return (text,)
    from tallystick.connectors.dav.lookup import service_urls  # the DNS is asked for a bare domain only

    return tuple(service_urls(text.rpartition("@")[2]))


def _behind(session: Session, url: str) -> Iterator[Collection]:
    answer, url = session.propfind(url, ENTRY_PROPS, depth=0, what="address")
    entry = next(iter(answer.resources), None)
    if entry is None:
        raise SystemFault(f"{session.http.host} answered with nothing at all.")
    own = _collection(session, entry, url)
    if own is not None:
        yield own
        return
    homes = _homes(entry, url)
    principal = entry.children("d:current-user-principal", "d:href")
    if not homes and principal and principal[0].text:
        address = urljoin(url, principal[0].text.strip())
        answer, address = session.propfind(address, HOMES, depth=0, what="user's principal")
        homes = [home for one in answer.resources for home in _homes(one, address)]
    for home in homes or [url]:
        answer, home = session.propfind(home, PROPS, depth=1, what="collection of collections")
        for resource in answer.resources:
            collection = _collection(session, resource, home)
            if collection is not None:
                yield collection


def _homes(resource: Resource, url: str) -> list[str]:
    hrefs = [href.text for name in HOMES for href in resource.children(name, "d:href")]
    return list(dict.fromkeys(urljoin(url, href.strip()) for href in hrefs if href))


def _collection(session: Session, resource: Resource, base: str) -> Collection | None:
    """None for what is neither an address book nor a calendar (a plain folder, an inbox, a subscription)."""
    is_book = resource.has("d:resourcetype", "card:addressbook")
    is_calendar = resource.has("d:resourcetype", "cal:calendar")
    if not (is_book or is_calendar) or not resource.href:
        return None
    url = urljoin(base, resource.href)
    url = url if url.endswith("/") else url + "/"
    name = unquote(urlsplit(url).path.rstrip("/").rpartition("/")[2])
    comps = resource.children("cal:supported-calendar-component-set", "cal:comp")
    named = {comp.get("name", "").upper() for comp in comps}

    rights = {str(right.tag) for right in resource.children("d:current-user-privilege-set", "d:privilege/*")}
    return Collection(
        url=url,
        name=name,
        title=resource.text("d:displayname") or name,
        kind=Kind.ADDRESS_BOOK if is_book else Kind.CALENDAR,
        components=frozenset({"VCARD"}) if is_book else frozenset(named & BOTH) if named else BOTH,
        has_sync=_has_sync(session, resource, url),
        can_create=_may(rights, "d:bind"),
        can_update=_may(rights, "d:write-content"),
        can_delete=_may(rights, "d:unbind"),
    )


def _has_sync(session: Session, resource: Resource, url: str) -> bool:
    """Whether changes can be asked for; a server that does not list its reports is asked for a token instead."""
    if resource.has("d:supported-report-set", "d:supported-report"):
        return resource.has("d:supported-report-set", "d:supported-report/d:report/d:sync-collection")
    try:
        answer, _ = session.propfind(url, ("d:sync-token", "d:resourcetype"), depth=0, what="collection")
    except (CollectionGone, PermissionRefused, SystemFault):
        return False  # every record is listed then; whoever reads the collection meets the fault itself
    return any(one.text("d:sync-token") for one in answer.resources)


def _may(rights: set[str], right: str) -> bool:
    return not rights or bool(rights & {tag("d:all"), tag("d:write"), tag(right)})
