"""Shares in the reader's language."""

from __future__ import annotations

from django import template
from django.utils import formats

register = template.Library()


@register.filter
def share(part: object) -> str:
    """0.9957 as 99.57 %; a dash where it is the share of nothing."""
    if not isinstance(part, int | float):
        return "—"
    return f"{formats.number_format(part * 100, decimal_pos=2)} %"
