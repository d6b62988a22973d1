"""What people do with webhooks: endpoints, their secrets, sending again; and addresses for webhooks that come in."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final
from urllib.parse import urlsplit

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from tallystick.connectors.http.addresses import allowed_addresses, check_url, origin_of
from tallystick.errors import AddressRefused, ConfigurationError, InputRefused, NotFound, PlanRefused, Unreachable
from tallystick.runs.world import TimeIds
from tallystick.server.api.models import Delivery, Endpoint, Event, Inlet
from tallystick.server.api.webhooks import signatures
from tallystick.server.api.webhooks.kinds import TITLES, Kind
from tallystick.server.connections import vault
from tallystick.server.connections.domain.change import connection_of
from tallystick.server.people.actor import Actor
from tallystick.server.people.domain.audit import audit

VIEW: Final = "api.view_webhook"
CHANGE: Final = "api.change_webhook"
BOTH_FOR: Final = timedelta(hours=24)
"""How long the older secret signs too after a new one was made."""
MOST: Final = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class WithSecret:
    """`secret` is shown this once."""

    endpoint: Endpoint
    secret: str


@dataclass(frozen=True, slots=True, kw_only=True)
class InletWithSecret:
    inlet: Inlet
    secret: str


def endpoint_of(actor: Actor, number: int) -> Endpoint:
    """Raises NotAllowed, NotFound."""
    actor.check(VIEW)
    found = Endpoint.objects.filter(pk=number).first()
    if found is None:
        raise NotFound(_("There is no such webhook."), hint=_("The list of webhooks shows those there are."))
    return found


def add(actor: Actor, *, address: str, events: Collection[str], title: str = "") -> WithSecret:
    """Raises NotAllowed, InputRefused."""
    actor.check(CHANGE)
    _check(address, events, title)
    if Endpoint.objects.count() >= MOST:
        raise InputRefused(_("There are {count} webhooks; that is the most there can be.").format(count=MOST))
    secret = signatures.new_secret()
    with transaction.atomic():
        made = Endpoint.objects.create(
            address=address.strip(),
            title=title.strip(),
            events=sorted(set(events)),
            secret=vault.seal(secret),
            created_by=actor.name[:200],
        )
        audit(actor, "api.add_webhook", subject=made, details={"address": _shown(address), "events": made.events})
    return WithSecret(endpoint=made, secret=secret)


def change(
    actor: Actor,
    number: int,
    *,
    address: str | None = None,
    events: Collection[str] | None = None,
    title: str | None = None,
    is_enabled: bool | None = None,
) -> Endpoint:
    """Sets what is given; one that is switched on again is told what happens from then on.

    Raises NotAllowed, NotFound, InputRefused.
    """
    actor.check(CHANGE)
    with transaction.atomic():
        found = _locked(number)
        before = {"address": _shown(found.address), "events": found.events, "is_enabled": found.is_enabled}
        found.address = found.address if address is None else address.strip()
        found.events = found.events if events is None else sorted(set(events))
        found.title = found.title if title is None else title.strip()
        _check(found.address, found.events, found.title)
        if is_enabled is not None and is_enabled is not found.is_enabled:
            found.is_enabled, found.disabled_why, found.failing_since = is_enabled, "", None
        found.save()
        after = {"address": _shown(found.address), "events": found.events, "is_enabled": found.is_enabled}
        changes = {name: [before[name], after[name]] for name in before if before[name] != after[name]}
        audit(actor, "api.change_webhook", subject=found, details=changes)
    return found


def rotate(actor: Actor, number: int) -> WithSecret:
    """A new secret; the one that was signs too for a day. Raises NotAllowed, NotFound."""
    actor.check(CHANGE)
    secret = signatures.new_secret()
    with transaction.atomic():
        found = _locked(number)
        found.older_secret, found.older_until = found.secret, timezone.now() + BOTH_FOR
        found.secret = vault.seal(secret)
        found.save()
        audit(actor, "api.rotate_webhook", subject=found)
    return WithSecret(endpoint=found, secret=secret)


def remove(actor: Actor, number: int) -> None:
    """Removes it with its deliveries. Raises NotAllowed, NotFound."""
    actor.check(CHANGE)
    with transaction.atomic():
        found = _locked(number)
        audit(actor, "api.remove_webhook", subject=found, details={"address": _shown(found.address)})
        found.delete()


def send_test(actor: Actor, number: int) -> Delivery:
    """Sends an event that says nothing. Raises NotAllowed, NotFound, PlanRefused while it is switched off."""
    actor.check(CHANGE)
    found = endpoint_of(actor, number)
    _check_enabled(found)
    with transaction.atomic():
        id_ = new_event_id()
        event = Event.objects.create(id=id_, kind=Kind.TEST, source=id_, at=timezone.now(), data={"by": actor.name})
        return Delivery.objects.create(endpoint=found, event=event, next_at=timezone.now())


def send_again(actor: Actor, delivery: int) -> Delivery:
    """The same event with the same id once more. Raises NotAllowed, NotFound, PlanRefused while it is switched off."""
    actor.check(CHANGE)
    found = delivery_of(actor, delivery)
    _check_enabled(found.endpoint)
    with transaction.atomic():
        audit(actor, "api.send_webhook_again", subject=found.endpoint, details={"event": found.event.pk})
        return Delivery.objects.create(
            endpoint=found.endpoint, event=found.event, next_at=timezone.now(), is_replay=True
        )


def delivery_of(actor: Actor, number: int) -> Delivery:
    """Raises NotAllowed, NotFound."""
    actor.check(VIEW)
    found = Delivery.objects.select_related("endpoint", "event").filter(pk=number).first()
    if found is None:
        raise NotFound(_("There is no such delivery."), hint=_("Deliveries are kept for 30 days."))
    return found


def keys_of(endpoint: Endpoint) -> list[bytes]:
    """Those that sign now, the newest first."""
    sealed = [endpoint.secret]
    if endpoint.older_secret and endpoint.older_until is not None and endpoint.older_until > timezone.now():
        sealed.append(endpoint.older_secret)
    return [signatures.key_of(vault.unseal(one)) for one in sealed]


def new_event_id() -> str:
    return f"msg_{TimeIds().new()}"


# --- webhooks that come in


def inlet_of(actor: Actor, number: int) -> Inlet:
    """Raises NotAllowed, NotFound."""
    actor.check(VIEW)
    found = Inlet.objects.filter(pk=number).first()
    if found is None:
        raise NotFound(_("There is no such address."), hint=_("The page of webhooks shows those there are."))
    return found


def add_inlet(actor: Actor, *, connection: str, records: Collection[str] = (), secret: str = "") -> InletWithSecret:
    """An address at which that system tells of changes. `secret`: the system's own, else one is made.

    Raises NotAllowed, NotFound, InputRefused.
    """
    actor.check(CHANGE)
    connection_of(connection)
    faults: dict[str, str] = {}
    try:
        signatures.key_of(secret or signatures.new_secret())
    except ValueError:
        faults["secret"] = _("A secret is `whsec_` and 24 to 64 bytes in base64.")
    if len(records) > 100 or any(not one or len(one) > 200 for one in records):
        faults["records"] = _("Write the names of at most 100 record types.")
    if faults:
        raise InputRefused(_("The address was not made."), fields=faults)
    secret = secret or signatures.new_secret()
    with transaction.atomic():
        made = Inlet.objects.create(
            mark=secrets.token_urlsafe(24),
            connection=connection,
            records=sorted(set(records)),
            secret=vault.seal(secret),
            created_by=actor.name[:200],
        )
        audit(actor, "api.add_inlet", subject=made, details={"connection": connection})
    return InletWithSecret(inlet=made, secret=secret)


def remove_inlet(actor: Actor, number: int) -> None:
    """Raises NotAllowed, NotFound."""
    actor.check(CHANGE)
    with transaction.atomic():
        found = inlet_of(actor, number)
        audit(actor, "api.remove_inlet", subject=found, details={"connection": found.connection})
        found.delete()


def rotate_secrets(again: Callable[[str], str]) -> int:
    """For `tallystick keys`: puts every text that is encrypted here through `again`; how many."""
    count = 0
    kept: tuple[tuple[Any, tuple[str, ...]], ...] = ((Endpoint, ("secret", "older_secret")), (Inlet, ("secret",)))
    for model, names in kept:
        for row in model.objects.values("pk", *names):
            for name in names:
                if row[name]:
                    same = model.objects.filter(pk=row["pk"], **{name: row[name]})
                    count += same.update(**{name: again(row[name])})
    return count


# --- inside


def _locked(number: int) -> Endpoint:
    found = Endpoint.objects.select_for_update().filter(pk=number).first()
    if found is None:
        raise NotFound(_("There is no such webhook."), hint=_("The list of webhooks shows those there are."))
    return found


def _check_enabled(endpoint: Endpoint) -> None:
    if not endpoint.is_enabled:
        raise PlanRefused(_("This webhook is switched off."), hint=_("Switch it on, then send."))


def _check(address: str, events: Collection[str], title: str) -> None:
    faults: dict[str, str] = {}
    if fault := _address_fault(address.strip()):
        faults["address"] = fault
    known = {kind.value for kind in TITLES}
    if not events or set(events) - known:
        faults["events"] = _("Choose some of {names}.").format(names=", ".join(sorted(known)))
    if len(title) > 200:
        faults["title"] = _("Write at most 200 characters.")
    if faults:
        raise InputRefused(_("The webhook was not saved."), fields=faults)


def _address_fault(address: str) -> str:
    """Why nothing can be sent there; it is looked at again each time something is."""
    if len(address) > 2_000 or any(character.isspace() for character in address):
        return _("Write an address like https://example.org/hook.")
    try:
        check_url(address)
        if urlsplit(address).username or urlsplit(address).password:
            return _("Leave user name and password out: deliveries are signed.")
        _scheme, host, port = origin_of(address)
        allowed_addresses(host, port, allow_private=settings.CONFIGURATION.allowed_networks)
    except (AddressRefused, Unreachable, ConfigurationError) as error:
        return str(error)
    except ValueError:
        return _("Write an address like https://example.org/hook.")
    return ""


def _shown(address: str) -> str:
    """Without what may be a secret in its query."""
    return address.partition("?")[0]
