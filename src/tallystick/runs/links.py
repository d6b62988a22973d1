"""Links as lines of an export file, and back. Source: spec/engine.md E34; spec/interface.md."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tallystick.errors import ConfigurationError
from tallystick.model.link import Link, LinkEnd, LinkState
from tallystick.model.side import SIDES, Side


def line_of(flow: str, link: Link) -> dict[str, Any]:
    return {
        "flow": flow,
        **{side.value: _end_of(link.end(side)) for side in SIDES},
        "state": link.state.value,
        "cause": link.cause,
        "evidence": dict(link.evidence),
    }


def _end_of(end: LinkEnd | None) -> dict[str, Any] | None:
    if end is None:
        return None
    return {"id": end.id, "version": end.version, "fingerprint": end.fingerprint, "base": dict(end.base)}


def link_of(line: Mapping[str, Any]) -> Link:
    """The link of one line. Raises ConfigurationError when it is not a line of an export."""
    try:
        ends = {side: _end(line[side.value]) for side in SIDES}
        return Link(
            number=0,
            left=ends[Side.LEFT],
            right=ends[Side.RIGHT],
            state=LinkState(line.get("state", "active")),
            cause=str(line.get("cause", "")),
            evidence=dict(line.get("evidence", {})),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ConfigurationError(
            f"A line of the file is not a link ({error}).", hint="Use a file written by `tallystick links export`."
        ) from error


def _end(cell: Mapping[str, Any] | None) -> LinkEnd | None:
    if cell is None:
        return None
    return LinkEnd(
        id=str(cell["id"]), fingerprint=int(cell["fingerprint"]), version=cell.get("version"), base=dict(cell["base"])
    )
