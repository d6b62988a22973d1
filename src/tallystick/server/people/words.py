"""Permissions and audited acts in words. Apps add the words of their acts with `name_actions`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from django.apps import apps
from django.contrib.auth.models import Permission
from django.utils.functional import Promise
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

Text = str | Promise

VERBS: Final[Mapping[str, Text]] = {
    "view": gettext_lazy("See: {things}"),
    "add": gettext_lazy("Add: {things}"),
    "change": gettext_lazy("Change: {things}"),
    "delete": gettext_lazy("Delete: {things}"),
}
_actions: Final[dict[str, Text]] = {
    "people.create_user": gettext_lazy("Person added"),
    "people.change_user": gettext_lazy("Person changed"),
    "people.unlock_user": gettext_lazy("Person unlocked"),
    "people.make_link": gettext_lazy("One-time link made"),
    "people.enter_by_link": gettext_lazy("Password set by one-time link"),
    "people.change_password": gettext_lazy("Password changed"),
    "people.remove_second_factor": gettext_lazy("Second factor removed"),
    "people.add_second_factor": gettext_lazy("Second factor set up"),
    "people.new_recovery_codes": gettext_lazy("New recovery codes made"),
    "people.join_by_service": gettext_lazy("Person came by the sign-in service"),
    "people.save_role": gettext_lazy("Role saved"),
    "people.delete_role": gettext_lazy("Role deleted"),
    "people.create_token": gettext_lazy("API token made"),
    "people.revoke_token": gettext_lazy("API token revoked"),
    "people.lock_user": gettext_lazy("Locked after wrong passwords"),
}


def name_actions(names: Mapping[str, Text]) -> None:
    """Called by an app in `AppConfig.ready`."""
    _actions.update(names)


def action_title(action: str) -> str:
    return str(_actions.get(action, action))


def thing_of(permission: Permission) -> str | None:
    """What a permission to see, add, change or delete is about; None for permissions of other kinds."""
    verb, _line, name = permission.codename.partition("_")
    model = permission.content_type.model_class()
    if model is None or verb not in VERBS or name.replace("_", "") != model._meta.model_name:
        return None
    return capfirst(str(model._meta.verbose_name_plural))


def permission_title(permission: Permission) -> str:
    """What a permission allows, in the reader's language."""
    thing = thing_of(permission)
    if thing is None:
        return _(permission.name)
    return str(VERBS[permission.codename.partition("_")[0]]).format(things=thing)


def permission_words(pattern: str) -> str:
    """A scope of a token, in words."""
    app, _dot, rest = pattern.partition(".")
    if pattern == "*":
        return _("everything")
    if pattern == "*.view_*":
        return _("see everything")
    try:
        title = str(apps.get_app_config(app).verbose_name)
    except LookupError:
        return pattern
    return _("everything in {app}").format(app=title) if rest == "*" else pattern
