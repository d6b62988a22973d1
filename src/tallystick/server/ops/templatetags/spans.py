"""Spans of time and rates in words."""

from __future__ import annotations

from datetime import timedelta

from django import template
from django.utils.formats import number_format
from django.utils.translation import gettext as _

from tallystick.server.ops.dashboard import duration

register = template.Library()


@register.filter
def span(value: object) -> str:
    """A timedelta: 42 s, 5 min, 3 h, 2 days; below two seconds with a tenth."""
    if isinstance(value, timedelta) and timedelta(0) <= value < timedelta(seconds=2):
        return _("{count} s").format(count=number_format(value.total_seconds(), 1))
    return duration(value)


@register.filter
def a_second(value: object) -> str:
    """A rate: operations a second."""
    if not isinstance(value, (int, float)):
        return "—"
    return _("{count} a second").format(count=number_format(value, 0 if value >= 10 else 1, force_grouping=True))
