"""Adding, editing and removing connections. Secrets go in and never come out again."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from tallystick.connectors import kinds
from tallystick.errors import ChangedMeanwhile, InputRefused, NotFound, PlanRefused
from tallystick.server.connections import bounds, vault
from tallystick.server.connections.domain.using import users_of
from tallystick.server.connections.models import Connection, Health
from tallystick.server.connections.settings_given import Given, taken
from tallystick.server.people.actor import Actor
from tallystick.server.people.domain.audit import audit

_PAGES: Final = ("new", "try")
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")


def connection_of(name: str) -> Connection:
    """Raises NotFound."""
    found = Connection.objects.filter(name=name).first()
    if found is None:
        raise NotFound(
            _("There is no connection {name}.").format(name=name), hint=_("The list of systems shows those there are.")
        )
    return found


def add(actor: Actor, *, name: str, connector: str, settings: Mapping[str, Any], title: str = "") -> Connection:
    """A new connection. Raises NotAllowed, InputRefused, AddressRefused."""
    actor.check("connections.add_connection")
    name, title = name.strip(), title.strip()
    faults = _name_faults(name, title)
    if connector not in kinds():
        faults["connector"] = _("There is no connector {connector}.").format(connector=connector)
    given = _judged(connector, settings, faults, kept={})
    connection = Connection(
        name=name,
        title=title,
        connector=connector,
        settings=given.plain,
        secrets=vault.sealed(given.secrets),
        created_by=actor.name,
        changed_by=actor.name,
    )
    with transaction.atomic():
        try:
            with transaction.atomic():
                connection.save(force_insert=True)
        except IntegrityError as error:
            taken_fault = {"name": _("There is a connection of this name already.")}
            raise InputRefused(_("The connection was not added."), fields=taken_fault) from error
        audit(actor, "connections.add_connection", subject=connection, details={"connector": connector})
    return connection


def edit(
    actor: Actor,
    name: str,
    *,
    settings: Mapping[str, Any],
    title: str | None = None,
    version: int | None = None,
    without: frozenset[str] = frozenset(),
) -> Connection:
    """Other settings. A secret that is not given stays; those named in `without` go.

    `version`: the one that was shown, to find out when somebody else was faster. Raises NotAllowed, NotFound,
    InputRefused, AddressRefused, ChangedMeanwhile.
    """
    actor.check("connections.change_connection")
    before = connection_of(name)
    faults = _name_faults(before.name, title or "")
    kept = {key: value for key, value in vault.opened(before.secrets).items() if key not in without}
    given = _judged(before.connector, settings, faults, kept=kept)
    check_secrets_stay(before, given)
    changed: dict[str, Any] = {
        "title": before.title if title is None else title.strip(),
        "settings": given.plain,
        "secrets": vault.sealed(given.secrets),
        "changed_at": timezone.now(),
        "changed_by": actor.name,
        "health": Health.UNKNOWN,
        "health_message": "",
        "health_hint": "",
        "health_code": "",
        "health_since": None,
        "described": None,
        "described_at": None,
    }
    seen = before.version if version is None else version
    with transaction.atomic():
        rows = Connection.objects.filter(pk=before.pk, version=seen)
        if not rows.update(version=seen + 1, **changed):
            now = connection_of(name)
            raise ChangedMeanwhile(
                _("{who} changed this connection since you opened it.").format(who=now.changed_by),
                by=now.changed_by,
                at=now.changed_at.isoformat(),
                hint=_("Look at it as it is now, then make your change again."),
            )
        details = _differences(before, given, changed["title"])
        audit(actor, "connections.change_connection", subject=before, details=details)
    return connection_of(name)


def remove(actor: Actor, name: str) -> None:
    """Raises NotAllowed, NotFound, and PlanRefused naming the integrations that use it."""
    actor.check("connections.delete_connection")
    connection = connection_of(name)
    with transaction.atomic():
        if users := users_of(name):
            raise PlanRefused(
                _("The connection {name} is used by {users}.").format(
                    name=name, users=", ".join(use.title for use in users)
                ),
                hint=_("Name another connection in these integrations, or delete them, then remove this one."),
            )
        audit(actor, "connections.delete_connection", subject=connection)
        connection.delete()


def _name_faults(name: str, title: str) -> dict[str, str]:
    faults: dict[str, str] = {}
    if name in _PAGES:
        faults["name"] = _("A page of the hub has this name; choose another.")
    if not _NAME.fullmatch(name):
        faults["name"] = _("Write letters, digits, `_`, `.` and `-`, at most 100, beginning with a letter or digit.")
    if len(title) > 200:
        faults["title"] = _("Write at most 200 characters.")
    return faults


def _judged(connector: str, settings: Mapping[str, Any], faults: dict[str, str], *, kept: Mapping[str, str]) -> Given:
    """Everything that is wrong at once."""
    try:
        given = taken(connector, settings, kept=kept) if "connector" not in faults else Given(plain={}, secrets={})
    except InputRefused as error:
        raise InputRefused(_("The connection was not saved."), fields={**faults, **error.fields}) from error
    if faults:
        raise InputRefused(_("The connection was not saved."), fields=faults)
    bounds.guarded(connector, given.plain)
    return given


def check_secrets_stay(before: Connection, given: Given) -> None:
    """Raises InputRefused when secrets that were kept would be sent to another address than the one they were for.

    Whoever may edit a connection could read them otherwise.
    """
    if _place(before.settings) == _place(given.plain):
        return
    if missing := sorted(given.secrets.keys() - given.entered):
        sentence = _("Enter it again: it is not sent to another address than the one it was for.")
        raise InputRefused(_("The address is another one."), fields=dict.fromkeys(missing, sentence))


def _place(settings: Mapping[str, Any]) -> str:
    """Scheme, server and parameters of the address, without what follows."""
    url = str(settings.get("url", ""))
    try:
        parts = urlsplit(url)
    except ValueError:
        return url
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}?{parts.query}"


def _differences(before: Connection, given: Given, title: str) -> dict[str, Any]:
    """For the audit trail: what was and what is, of secrets only that they were given."""
    found: dict[str, Any] = {}
    if before.title != title:
        found["title"] = [before.title, title]
    for name in sorted({*before.settings, *given.plain}):
        old, new = before.settings.get(name), given.plain.get(name)
        if old != new:
            found[name] = [old, new]
    secrets = vault.opened(before.secrets)
    changed = sorted(name for name in {*secrets, *given.secrets} if secrets.get(name) != given.secrets.get(name))
    if changed:
        found["secrets"] = changed
    return found
