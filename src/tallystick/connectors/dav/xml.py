"""WebDAV bodies: what is asked, and answers read without entities, document types or recovery of broken XML."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

from lxml import etree
from msgspec import Struct

from tallystick.errors import SystemFault

DAV: Final = "DAV:"
CARD: Final = "urn:ietf:params:xml:ns:carddav"
CAL: Final = "urn:ietf:params:xml:ns:caldav"
NAMESPACES: Final = {"d": DAV, "card": CARD, "cal": CAL}

PROLOG_WITH_DTD: Final = re.compile(rb"(?:\xef\xbb\xbf)?(?:\s+|<\?.*?\?>|<!--.*?-->)*+<!DOCTYPE", re.DOTALL)
"""Possessive: looking on for another end of what has ended would be looking through the whole answer."""
BAD_OCTETS: Final = bytes(set(range(32)) - {9, 10, 13})
"""Control characters that some servers let through although XML forbids them."""


@cache
def tag(name: str) -> str:
    """`d:href` -> `{DAV:}href`."""
    prefix, _, local = name.partition(":")
    return f"{{{NAMESPACES[prefix]}}}{local}"


PROPSTAT, PROP, HREF, STATUS = (tag(f"d:{name}") for name in ("propstat", "prop", "href", "status"))


class Resource(Struct, frozen=True, kw_only=True, eq=False):
    """One `response` of a multistatus."""

    href: str
    status: int  # 200 unless the response carries a status of its own
    props: dict[str, etree._Element]  # found ones (propstat 200), by tag

    def text(self, name: str) -> str | None:
        element = self.props.get(tag(name))
        if element is None:
            return None
        return ((element.text or "") if not len(element) else "".join(map(str, element.itertext()))).strip() or None

    def raw(self, name: str) -> str | None:
        """The text as it stands, white space kept."""
        element = self.props.get(tag(name))
        return None if element is None else element.text or ""

    def children(self, name: str, path: str) -> list[etree._Element]:
        element = self.props.get(tag(name))
        return [] if element is None else element.findall(path, NAMESPACES)

    def has(self, name: str, path: str) -> bool:
        element = self.props.get(tag(name))
        return element is not None and len(element) > 0 and bool(self.children(name, path))


@dataclass(frozen=True, slots=True, kw_only=True)
class Multistatus:
    resources: list[Resource]
    sync_token: str | None = None


def propfind(*names: str) -> bytes:
    root = etree.Element(tag("d:propfind"), nsmap=NAMESPACES)
    props = etree.SubElement(root, tag("d:prop"))
    for name in names:
        etree.SubElement(props, tag(name))
    return _bytes(root)


def sync_collection(token: str) -> bytes:
    """What changed since `token`, everything since "": its paths and versions."""
    root = etree.Element(tag("d:sync-collection"), nsmap=NAMESPACES)
    etree.SubElement(root, tag("d:sync-token")).text = token
    etree.SubElement(root, tag("d:sync-level")).text = "1"
    etree.SubElement(etree.SubElement(root, tag("d:prop")), tag("d:getetag"))
    return _bytes(root)


def multiget(report: str, names: Iterable[str], hrefs: Iterable[str]) -> bytes:
    """An addressbook-multiget or calendar-multiget (`report`) for what is at these paths, besides its version."""
    root = etree.Element(tag(report), nsmap=NAMESPACES)
    props = etree.SubElement(root, tag("d:prop"))
    for name in ("d:getetag", "d:getlastmodified", *names):
        etree.SubElement(props, tag(name))
    for href in hrefs:
        etree.SubElement(root, tag("d:href")).text = href
    return _bytes(root)


def query(report: str, names: Iterable[str], component: Sequence[str]) -> bytes:
    """An addressbook-query or calendar-query (`report`) for all there is, or for all that holds this component.

    `names`: what is wanted of each besides its version; `component`: names of components, each within the one before.
    """
    kind = report.partition(":")[0]
    root = etree.Element(tag(report), nsmap=NAMESPACES)
    props = etree.SubElement(root, tag("d:prop"))
    for name in ("d:getetag", "d:getlastmodified", *names):
        etree.SubElement(props, tag(name))
    inner = etree.SubElement(root, tag(f"{kind}:filter"))
    for name in component:
        inner = etree.SubElement(inner, tag(f"{kind}:comp-filter"), name=name)
    return _bytes(root)


def _bytes(root: etree._Element) -> bytes:
    return bytes(etree.tostring(root, xml_declaration=True, encoding="utf-8"))


def parsed(content: bytes, host: str) -> etree._Element:
    """The root of an answer. Raises SystemFault for what is no XML, is cut off, or declares a document type."""
    if b"\x00" in content[:64] or PROLOG_WITH_DTD.match(content):
        raise SystemFault(f"{host} sent XML with a document type or in a strange encoding, which is not read.")
    for attempt in (content, content.translate(None, BAD_OCTETS)):
        parser = etree.XMLParser(
            resolve_entities=False, no_network=True, load_dtd=False, dtd_validation=False, huge_tree=True
        )
        try:
            root = etree.fromstring(attempt, parser)
        except (etree.XMLSyntaxError, ValueError):
            continue
        if root is not None:
            return root
    head = content[:512].lstrip().lower()
    if head.startswith((b"<!doctype html", b"<html")):
        raise SystemFault(f"{host} answered with a web page instead of data.", hint="Check `url` and the sign-in.")
    raise SystemFault(f"{host} sent an answer that is cut off or is not XML.")


def multistatus(content: bytes, host: str) -> Multistatus:
    """Raises SystemFault when the answer is not a whole multistatus."""
    if content[:512].lstrip().lower().startswith((b"<!doctype html", b"<html")):
        raise SystemFault(f"{host} answered with a web page instead of data.", hint="Check `url` and the sign-in.")
    root = parsed(content, host)
    if root.tag != tag("d:multistatus"):
        raise SystemFault(f"{host} did not answer with a list of resources.", hint="Check that `url` speaks WebDAV.")
    token = root.find(tag("d:sync-token"))
    return Multistatus(
        resources=[_resource(element) for element in root.iterfind(tag("d:response"))],
        sync_token=(token.text or "").strip() or None if token is not None else None,
    )


def _resource(element: etree._Element) -> Resource:
    href, status = "", 200
    props: dict[str, etree._Element] = {}
    for child in element:
        name = child.tag
        if name == PROPSTAT:
            props.update(_found(child))
        elif name == HREF:
            href = href or (child.text or "").strip()
        elif name == STATUS:
            status = _status(child)
    return Resource(href=href, status=status, props=props)


def _found(propstat: etree._Element) -> dict[str, etree._Element]:
    """The properties of one propstat, by tag; none where they are not there (any status but 200)."""
    props: dict[str, etree._Element] = {}
    for child in propstat:
        name = child.tag
        if name == PROP:
            for prop in child:
                if isinstance(prop.tag, str):  # no comment
                    props[prop.tag] = prop
        elif name == STATUS and _status(child) != 200:
            return {}
    return props


def _status(element: etree._Element) -> int:
    """The number in "HTTP/1.1 200 OK"; 200 where nothing stands."""
    words = (element.text or "").split()
    return int(words[1]) if len(words) > 1 and words[1].isdigit() else 200


def precondition(content: bytes) -> str:
    """The name of the precondition that a refusal names (RFC 4918 section 16); "" where it names none."""
    if not content.lstrip().startswith(b"<") or PROLOG_WITH_DTD.match(content) or b"\x00" in content[:64]:
        return ""
    try:
        root = etree.fromstring(content, etree.XMLParser(resolve_entities=False, no_network=True))
    except (etree.XMLSyntaxError, ValueError):
        return ""
    if root is None or root.tag != tag("d:error"):
        return ""
    return next((etree.QName(child).localname for child in root if isinstance(child.tag, str)), "")
