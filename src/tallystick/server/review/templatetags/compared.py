"""Two values side by side: what differs is marked, long stretches that agree are shortened until they are asked for."""

from __future__ import annotations

from typing import Final

import regex
from django import template
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from tallystick.model.plan import Take
from tallystick.model.value import Value
from tallystick.server.review import words
from tallystick.server.ui import differences

register = template.Library()
AROUND: Final = 24
"""Characters, as people see them, that are shown on either side of what differs."""
SHORTEST_CUT: Final = 24
_CLUSTER: Final = regex.compile(r"\X")


@register.filter
def taken(take: str) -> str:
    """An answer that was given, in words."""
    return str(words.TAKEN[Take(take)])


@register.simple_tag
def compared(value: Value, other: Value, side: str = "left", is_equal: bool = False) -> SafeString:
    """`value` with what `other` does not have marked: del on the left, ins on the right. `is_equal`: nothing is."""
    if value is None:
        return format_html('<span class="nothing">{}</span>', _("none"))
    if value == "":
        return format_html('<span class="nothing">{}</span>', _("empty"))
    tag = "del" if side == "left" else "ins"
    is_same = is_equal or other == value
    found = [differences.Part(before=value, after=value)] if is_same else differences.parts(value, other or "")
    last = len(found) - 1
    shown = []
    for place, part in enumerate(found):
        if not part.before:
            continue
        if part.is_equal:
            shown.append(_shortened(part.before, is_first=place == 0, is_last=place == last))
        else:
            shown.append(format_html("<{0}>{1}</{0}>", tag, part.before))
    return format_html('<span class="diff">{}</span>', format_html_join("", "{}", ((one,) for one in shown)))


def _shortened(text: str, *, is_first: bool, is_last: bool) -> SafeString:
    """A stretch that agrees: its ends next to what differs stay, the rest waits to be asked for."""
    clusters = _CLUSTER.findall(text)
    head = AROUND * 2 if is_first and is_last else 0 if is_first else AROUND
    tail = 0 if is_last else AROUND
    if len(clusters) <= head + tail + SHORTEST_CUT:
        return format_html("{}", text)
    middle = "".join(clusters[head : len(clusters) - tail])
    return format_html(
        '{}<span class="cut" aria-hidden="true">…</span><span class="whole">{}</span>{}',
        "".join(clusters[:head]),
        middle,
        "".join(clusters[len(clusters) - tail :]) if tail else "",
    )
