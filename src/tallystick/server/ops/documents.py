"""The integration a run was of, read from its text, so that pages can name systems and pair fields."""

from __future__ import annotations

from functools import lru_cache

from tallystick.errors import TallystickError
from tallystick.model.flow import Flow, Integration
from tallystick.server.state.looking import Looking
from tallystick.spec.reading import loads


def integration_of(looking: Looking, name: str) -> Integration | None:
    """As its newest run had it; None when it never ran or the text can no longer be read."""
    fingerprint = looking.newest_fingerprint(name)
    return _integration(looking, name, fingerprint) if fingerprint else None


def flow_of(looking: Looking, integration: str, flow: str) -> Flow | None:
    found = integration_of(looking, integration)
    return next((one for one in found.flows if one.name == flow), None) if found else None


@lru_cache(maxsize=64)
def _integration(looking: Looking, name: str, fingerprint: str) -> Integration | None:
    text = looking.newest_document(name)
    try:
        return loads(text).integration
    except TallystickError:
        return None
