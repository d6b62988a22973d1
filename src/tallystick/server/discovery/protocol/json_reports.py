"""Reports of GLPI agents: JSON, with the names of the XML protocol in lower case."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from tallystick.server.discovery.protocol.refusal import not_understood
from tallystick.server.discovery.protocol.report import LEFT_OUT, MOST_CHARACTERS, MOST_VALUES, Query, Report, Row
from tallystick.server.discovery.protocol.text import decoded, without_controls

_QUERIES: Final = {
    "inventory": Query.INVENTORY,
    "netinventory": Query.INVENTORY,
    "contact": Query.CONTACT,
    "prolog": Query.CONTACT,
}


def read(document: bytes) -> Report:
    """Raises Refused for what is no such report."""
    text, remark = decoded(document)
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        raise not_understood("The report is not JSON that can be read: it breaks off or is wrong.") from None
    if not isinstance(found, dict):
        raise not_understood("The report is JSON, but no inventory.")
    device = _text(found.get("deviceid")).strip()
    if not device:
        raise not_understood("The report names no device: deviceid is missing.")
    content = found.get("content")
    action = _text(found.get("action")) or ("inventory" if isinstance(content, dict) else "")
    sections: dict[str, list[Row]] = {}
    if isinstance(content, dict):
        sections = _sections(content)
    agent = content.get("versionclient") if isinstance(content, dict) else None
    return Report(
        query=_QUERIES.get(action, Query.OTHER),
        device_id=device[:200],
        kind=(_text(found.get("itemtype")) or "computer").lower(),
        agent=_text(agent) or _text(found.get("name")),
        tag=_text(found.get("tag"))[:100],
        is_partial=found.get("partial") is True,
        sections=sections,
        remarks=(remark,) if remark else (),
    )


def answer(values: Mapping[str, Any]) -> bytes:
    return json.dumps(values).encode("ascii")


def _sections(content: Mapping[str, Any]) -> dict[str, list[Row]]:
    sections: dict[str, list[Row]] = {}
    count = 0
    for name, value in content.items():
        rows = value if isinstance(value, list) else [value]
        kept: list[Row] = []
        for row in rows:
            if not isinstance(row, Mapping):
                continue
            count += len(row)
            if count > MOST_VALUES:
                raise not_understood("The report has more values than any inventory; it was not read.")
            if taken := {str(key).lower(): text for key, inner in row.items() if (text := _text(inner).strip())}:
                kept.append(taken)
        section = without_controls(str(name)).lower()
        if kept and section not in LEFT_OUT:
            sections[section] = kept
    return sections


def _text(value: Any) -> str:
    """A plain value as text; of a list its plain values, one a line."""
    match value:
        case bool():
            return "1" if value else "0"
        case str():
            return without_controls(value)[:MOST_CHARACTERS]
        case int() | float():
            return str(value)[:40]
        case list():
            return "\n".join(text for inner in value[:100] if not isinstance(inner, list) and (text := _text(inner)))
    return ""
