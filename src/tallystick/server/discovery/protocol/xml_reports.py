"""Reports of OCS and FusionInventory agents: XML, read without a tree, entities or document types."""

from __future__ import annotations

from typing import Any, Final

from lxml import etree

from tallystick.server.discovery.protocol.refusal import not_understood
from tallystick.server.discovery.protocol.report import LEFT_OUT, MOST_CHARACTERS, MOST_VALUES, Query, Report
from tallystick.server.discovery.protocol.text import cleaned, decoded

DEEPEST: Final = 12
_QUERIES: Final = {"PROLOG": Query.PROLOG, "INVENTORY": Query.INVENTORY}


def read(document: bytes) -> Report:
    """Raises Refused for what is no such report, has a document type, or is deeper or longer than any inventory."""
    text, remark = decoded(document)
    begun = text.lstrip("\ufeff\x00 \t\r\n")
    if begun and not begun.startswith("<"):
        raise not_understood("The report is neither XML nor JSON; it may be packed, but not by zlib or gzip.")
    reading = _Reading()
    target: Any = reading
    parser = etree.XMLParser(target=target, encoding="utf-8", resolve_entities=False, no_network=True, load_dtd=False)
    try:
        parser.feed(cleaned(text).encode("utf-8"))
        parser.close()
    except etree.XMLSyntaxError as error:
        line = error.lineno or 0
        raise not_understood(
            f"The report is not XML that can be read: it breaks off or is wrong at line {line}."
        ) from None
    query = reading.heads.get("query", "").upper()
    device = reading.heads.get("deviceid", "").strip()
    if not device:
        raise not_understood("The report names no device: DEVICEID is missing.")
    return Report(
        query=_QUERIES.get(query, Query.OTHER),
        device_id=device[:200],
        kind=reading.heads.get("itemtype", "computer").lower(),
        agent=reading.heads.get("versionclient", ""),
        tag=_tag(reading),
        sections=reading.sections,
        remarks=(remark,) if remark else (),
    )


def answer(values: dict[str, str]) -> bytes:
    """A REPLY."""
    root = etree.Element("REPLY")
    for name, value in values.items():
        etree.SubElement(root, name).text = value
    return etree.tostring(root, encoding="utf-8", xml_declaration=True)


def _tag(reading: _Reading) -> str:
    """What the administrator labelled the agent with."""
    for row in reading.sections.get("accountinfo", ()):
        if row.get("keyname", "").upper() == "TAG":
            return row.get("keyvalue", "")[:100]
    return reading.heads.get("tag", "")[:100]


class _Reading:
    """A parser's target: REQUEST > head, REQUEST > CONTENT > SECTION > name; what is deeper belongs to its name."""

    def __init__(self) -> None:
        self.heads: dict[str, str] = {}
        self.sections: dict[str, list[dict[str, str]]] = {}
        self._path: list[str] = []
        self._row: dict[str, str] = {}
        self._text: list[str] = []
        self._length = 0
        self._values = 0

    def doctype(self, name: str, public: str | None, system: str | None) -> None:
        raise not_understood("The report has a document type, which no inventory needs; it was not read.")

    def start(self, name: str, attributes: Any) -> None:
        name = name.lower()
        if not self._path and name != "request":
            raise not_understood("The report is XML, but no inventory: it has no REQUEST.")
        self._path.append(name)
        self._text, self._length = [], 0
        self._values += 1
        if len(self._path) > DEEPEST or self._values > MOST_VALUES:
            raise not_understood("The report has more levels or values than any inventory; it was not read.")
        if len(self._path) == 3 and self._is_content:
            self._row = {}

    def data(self, text: str) -> None:
        if self._length < MOST_CHARACTERS:
            self._text.append(text[: MOST_CHARACTERS - self._length])
            self._length += len(text)

    def end(self, name: str) -> None:
        text = "".join(self._text).strip()
        self._text, self._length = [], 0
        depth = len(self._path)
        if depth == 2 and text:
            self.heads.setdefault(self._path[1], text)
        elif depth == 3 and self._is_content:
            self._end_section(text)
        elif depth >= 4 and self._is_content and text:
            self._row.setdefault(self._path[3], text)
        self._path.pop()

    def _end_section(self, text: str) -> None:
        section = self._path[2]
        if text and not self._row:
            self.heads.setdefault(section, text)
        elif self._row and section not in LEFT_OUT:
            self.sections.setdefault(section, []).append(self._row)

    @property
    def _is_content(self) -> bool:
        return self._path[1:2] == ["content"]

    def comment(self, text: str) -> None:
        """Comments say nothing."""

    def pi(self, target: str, data: str | None = None) -> None:
        """Nor do instructions."""

    def close(self) -> None:
        """Called after faults too: what was read is judged by who reads."""
