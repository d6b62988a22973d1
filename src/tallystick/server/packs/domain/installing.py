"""Installing a pack: its documents become integrations, with what only this hub knows filled in.

The integrations are not enabled, and no business unit is switched on. Source: spec/assets.md A16, A25.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from tallystick.errors import InputRefused
from tallystick.server.designer.domain.transfer import import_file
from tallystick.server.designer.models import Integration
from tallystick.server.packs.catalogue import PLACE, Found, Pack
from tallystick.server.people.actor import Actor
from tallystick.server.people.domain.audit import audit
from tallystick.server.records import queries
from tallystick.server.records.domain import actions
from tallystick.server.records.record_types import record_type
from tallystick.spec.reading import loads
from tallystick.spec.write import rewrite

ADD = "designer.add_integration"


@dataclass(frozen=True, slots=True, kw_only=True)
class Installed:
    integrations: tuple[str, ...]
    made: tuple[str, ...]  # connections that were added


def install(actor: Actor, pack: Pack, *, values: Mapping[str, str], register_url: str = "") -> Installed:
    """`values`: a value for each parameter; `register_url`: an SQL register in place of the hub's own.

    Raises NotAllowed, and InputRefused where a value lacks or the pack is there already; then nothing was kept.
    """
    actor.check(ADD)
    documents = (*pack.documents, *(pack.with_another_register if register_url else ()))
    if there := sorted(set(Integration.objects.values_list("name", flat=True)) & set(documents)):
        raise InputRefused(
            _("The pack is installed already: there is an integration {name}.").format(name=there[0]),
            hint=_("Delete the integration first; its links are kept."),
        )
    faults = {name: _("This is needed.") for name in pack.parameters if not values.get(name)}
    if "company" in pack.parameters and "company" not in faults:
        kind = record_type("account")
        if not queries.live(kind, actor).filter(pk=values["company"]).exists():
            faults["company"] = _("There is no such account.")
    if faults:
        raise InputRefused(_("The pack was not installed."), fields=faults)
    made: list[str] = []
    with transaction.atomic():
        places = {name: values[name] for name in pack.parameters}
        places |= {name: _id_of(actor, found) for name, found in pack.found.items()}
        for name in documents:
            text = _filled(pack, name, places, register_url)
            comment = _("Installed from the pack {pack}").format(pack=pack.title)
            made += import_file(actor, text, comment=comment).made
        audit(actor, "packs.install", subject_type="pack", subject_id=pack.pack, subject_name=pack.title)
    return Installed(integrations=documents, made=tuple(made))


def _id_of(actor: Actor, found: Found) -> str:
    """The record that the documents refer to. Raises NotAllowed where it lacks and may not be made."""
    kind = record_type(found.record)
    rows: Any = kind.model
    live = rows.objects.filter(gone_at__isnull=True)
    there = live.filter(**{found.field: found.value}).order_by("number").first()
    if there is not None:
        return str(there.pk)
    is_taken = live.filter(name__iexact=found.name).exists()
    name = f"{found.name} ({found.value})" if is_taken else found.name
    return actions.create(actor, found.record, {"name": name, found.field: found.value}).id


def _filled(pack: Pack, document: str, values: Mapping[str, str], register_url: str) -> str:
    text = pack.text(document)
    named = {PLACE.format(name=name): value for name, value in values.items()}
    data: Any = _replaced(loads(text, "the pack").data, named)
    if register_url and pack.register_ is not None and pack.register_.system in data["systems"]:
        data["systems"][pack.register_.system] = {"connector": "sql", "url": register_url}
    return rewrite(text, data)


def _replaced(data: Any, values: Mapping[str, str]) -> Any:
    match data:
        case str():
            return values.get(data, data)
        case Mapping():
            return {values.get(key, key): _replaced(inner, values) for key, inner in data.items()}
        case list() | tuple():
            return [_replaced(inner, values) for inner in data]
    return data
