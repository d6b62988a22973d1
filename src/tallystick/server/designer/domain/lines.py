"""Lines of `fields:`, added, taken out and set one at a time: the designer edits the document that everyone reads.

Each act makes a version, in which comments and everything else stay as they were. Source: spec/engine.md E11, E40.
"""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from tallystick.errors import InputRefused, NotFound
from tallystick.model.flow import Flow
from tallystick.model.side import SIDES, Side
from tallystick.server.designer.domain.change import in_flow
from tallystick.server.designer.models import IntegrationVersion
from tallystick.server.people.actor import Actor
from tallystick.spec.names import line_name, names_of
from tallystick.spec.reading import Loaded


def flow_of(loaded: Loaded, name: str) -> Flow:
    """Raises NotFound."""
    found = next((one for one in loaded.integration.flows if one.name == name), None)
    if found is None:
        raise NotFound(
            _("There is no flow {flow} in {name}.").format(flow=name, name=loaded.integration.name),
            hint=_("The page of the integration lists its flows."),
        )
    return found


def side_of(decides: str) -> Side | None:
    """Who decides, as forms and calls say it: `left`, `right`, or `both`, which is no side."""
    return Side(decides) if decides in SIDES else None


def add(
    actor: Actor, name: str, flow: str, *, left: str, right: str, authority: Side | None = None
) -> IntegrationVersion:
    """A line for one field of each side; with `authority` that side decides, and edits on the other are reverted.

    Raises as `save`, NotFound for an unknown flow, InputRefused where a field is missing or mapped already.
    """

    def edit(one: dict[str, Any]) -> str:
        given = {"left": left.strip(), "right": right.strip()}
        if missing := [side for side, field in given.items() if not field]:
            sentence = _("Choose a field of each side.")
            raise InputRefused(sentence, fields=dict.fromkeys(missing, sentence))
        for line in one["fields"]:
            for side, field in given.items():
                if field in names_of(line.get(side)):
                    sentence = _("{field} is kept in agreement already.").format(field=field)
                    raise InputRefused(sentence, fields={side: sentence})
        one["fields"].append(given if authority is None else {**given, "authority": authority.value})
        return _("{left} and {right} are kept in agreement").format(**given)

    return in_flow(actor, name, flow, edit)


def remove(actor: Actor, name: str, flow: str, line: str) -> IntegrationVersion:
    """Takes a line out; the values of both sides stay as they are. `line`: its name, left fields joined by `+`.

    Raises as `save` (a match rule may need the line), NotFound for an unknown flow or line.
    """

    def edit(one: dict[str, Any]) -> str:
        one["fields"].remove(_line(one, line))
        return _("{line} is no longer kept in agreement").format(line=line)

    return in_flow(actor, name, flow, edit)


def decide(actor: Actor, name: str, flow: str, line: str, authority: Side | None) -> IntegrationVersion:
    """Which side decides about a line; None: an edit of either side counts. Raises as `remove`."""

    def edit(one: dict[str, Any]) -> str:
        found = _line(one, line)
        if authority is None:
            found.pop("authority", None)
            return _("{line}: edits of both sides count").format(line=line)
        found["authority"] = authority.value
        if authority is Side.LEFT:
            return _("{line}: the left decides").format(line=line)
        return _("{line}: the right decides").format(line=line)

    return in_flow(actor, name, flow, edit)


def _line(one: dict[str, Any], name: str) -> dict[str, Any]:
    for line in one["fields"]:
        if line_name(names_of(line.get("left")), names_of(line.get("right"))) == name:
            found: dict[str, Any] = line
            return found
    raise NotFound(_("There is no line {line} in {flow}.").format(line=name, flow=one["flow"]))
