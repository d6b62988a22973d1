"""Words about people for templates; known to every template without `load`."""

from __future__ import annotations

from django import template

from tallystick.server.people.domain.roles import title_of
from tallystick.server.people.words import action_title

register = template.Library()


@register.filter
def role_title(name: str) -> str:
    """A role as people read it."""
    return title_of(name)


@register.filter
def act_title(action: str) -> str:
    """An audited act in words."""
    return action_title(action)


@register.filter
def named(names: dict[str, str], key: str) -> str:
    """The entry of this key; empty when there is none."""
    return names.get(key, "")
