"""Running what a pack offers, by its name, in the order that its set-up has. Source: spec/assets.md A3, A25."""

from __future__ import annotations

from django.utils.translation import gettext as _

from tallystick.errors import ConfigurationError
from tallystick.server.designer.domain import standing
from tallystick.server.designer.domain.standing import Asked, run_now
from tallystick.server.packs import queries
from tallystick.server.packs.catalogue import Operation, Pack
from tallystick.server.packs.domain.units import switched_on
from tallystick.server.people.actor import Actor


def run(actor: Actor, pack: Pack, name: str) -> Asked:
    """Asks the workers for it. Raises NotFound, ConfigurationError before its turn in the set-up, and as `run_now`."""
    operation = pack.operation(name)
    actor.check("designer.run_integration")
    check_turn(pack, operation)
    return run_now(actor, operation.document, [operation.flow], is_full=operation.full)


def enable(actor: Actor, pack: Pack) -> None:
    """Lets changes flow by themselves. Raises ConfigurationError before every operation had its turn."""
    actor.check("designer.pause_integration")
    for operation in pack.operations:
        check_turn(pack, operation)
    for document in pack.documents:
        standing.enable(actor, document)


def check_turn(pack: Pack, operation: Operation) -> None:
    """Raises ConfigurationError where something of the set-up comes first. Source: spec/assets.md A25."""
    units = pack.units
    if units is not None and (units.document, units.flow) == (operation.document, operation.flow):
        if not switched_on(units):
            raise _first(operation, _("switch a business unit on"))
        if not queries.has_default_mapping():
            raise _first(operation, _("add a product mapping with a product and nothing else, the default row"))
    for name in operation.after:
        if not queries.went(queries.last_run(pack.operation(name))):
            raise _first(operation, _("run {operation}").format(operation=name))


def _first(operation: Operation, what: str) -> ConfigurationError:
    return ConfigurationError(
        _("{operation} has to wait: first {what}.").format(operation=operation.name, what=what),
        hint=_("The page of the pack shows the steps in their order."),
    )
