"""Running what a pack offers, by its name. Source: spec/assets.md A3."""

from __future__ import annotations

from tallystick.server.designer.domain.standing import Asked, run_now
from tallystick.server.packs.catalogue import Pack
from tallystick.server.people.actor import Actor


def run(actor: Actor, pack: Pack, name: str) -> Asked:
    """Asks the workers for it. Raises NotFound, and as `run_now`."""
    operation = pack.operation(name)
    return run_now(actor, operation.document, [operation.flow], is_full=operation.full)
