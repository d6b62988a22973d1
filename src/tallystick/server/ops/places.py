"""A record as people name it on pages and in addresses: its integration, system, type and id."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode

from django.http import QueryDict
from django.utils.translation import gettext as _

from tallystick.errors import InputRefused
from tallystick.model.side import SIDES
from tallystick.server.ops.documents import integration_of
from tallystick.server.state.of_hub import looking


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A record as people name it."""

    integration: str
    system: str
    record: str
    id: str

    @property
    def query(self) -> str:
        return urlencode({"integration": self.integration, "system": self.system, "type": self.record, "id": self.id})


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A record type that flows cover: what the form of "why" offers."""

    integration: str
    system: str
    record: str

    @property
    def value(self) -> str:
        return f"{self.integration}\t{self.system}\t{self.record}"


def kinds() -> list[Kind]:
    found: dict[Kind, None] = {}
    for name in looking().integrations():
        integration = integration_of(looking(), name)
        for flow in integration.flows if integration else ():
            for side in SIDES:
                end = flow.end(side)
                found[Kind(integration=name, system=end.system, record=end.selection.record)] = None
    return list(found)


def place_of(query: QueryDict) -> Place | None:
    kind = query.get("kind", "").split("\t")
    if len(kind) == 3:
        integration, system, record = kind
    else:
        integration, system, record = (query.get(name, "") for name in ("integration", "system", "type"))
    id_ = query.get("id", "").strip() or query.get("id", "")
    return Place(integration=integration, system=system, record=record, id=id_) if system and record and id_ else None


def check_place(place: Place | None) -> Place:
    if place is None:
        raise InputRefused(
            _("Name a record: its system, its type and its id."), hint=_("Choose a type, then type the id.")
        )
    return place
