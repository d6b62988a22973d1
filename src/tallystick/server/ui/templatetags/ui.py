"""The components of pages, as template tags; known to every template without `load`.

docs/explanation/hub.md lists them with examples.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from django import template
from django.contrib.messages.storage.base import Message
from django.utils.html import conditional_escape, format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

register = template.Library()
ICONS: Final = {"ok": "check_circle", "info": "info", "warn": "warning", "bad": "error", "quiet": ""}


@register.simple_tag
def icon(name: str, label: str = "") -> SafeString:
    """A Material Symbol. Decoration for those who hear the page, unless `label` says what it means."""
    if label:
        return format_html('<span class="icon" role="img" aria-label="{}">{}</span>', label, name)
    return format_html('<span class="icon" aria-hidden="true">{}</span>', name)


@register.simple_tag
def badge(tone: str, text: object, icon_name: str = "") -> SafeString:
    """A state by word and icon. `tone`: ok, info, warn, bad or quiet."""
    name = icon_name or ICONS.get(tone, "")
    return format_html(
        '<span class="badge {}{}">{}{}</span>', tone, "" if name else " bare", icon(name) if name else "", text
    )


@register.simple_block_tag
def page_header(content: str, title: object, note: object = "", crumbs: Sequence[tuple[Any, str]] = ()) -> SafeString:
    """The heading of a page, with its actions inside. `crumbs`: (title, address) of the pages above."""
    trail = format_html_join("", '<li><a href="{}">{}</a></li>', ((url, name) for name, url in crumbs))
    return format_html(
        '<header class="page-header"><div>{}<h1>{}</h1>{}</div>{}</header>',
        format_html('<nav class="crumbs" aria-label="{}"><ol>{}</ol></nav>', _("Where you are"), trail) if crumbs else "",
        title,
        format_html('<p class="note">{}</p>', note) if note else "",
        format_html('<div class="row">{}</div>', mark_safe(content)) if content.strip() else "",  # noqa: S308
    )


@register.simple_block_tag
def card(content: str, title: object = "", note: object = "", css: str = "", id: str = "") -> SafeString:  # noqa: A002
    """A surface. `css="flush"` for a table that reaches its edges."""
    head = ""
    if title or note:
        head = format_html(
            '<div class="card-head"><h2>{}</h2>{}</div>',
            title,
            format_html('<span class="small quiet-text">{}</span>', note) if note else "",
        )
    return format_html(
        '<section class="card {}"{}>{}<div class="card-body">{}</div></section>',
        css,
        format_html(' id="{}"', id) if id else "",
        head,
        mark_safe(content),  # noqa: S308
    )


@register.simple_block_tag
def empty(content: str, title: object, icon: str = "inbox", text: object = "") -> SafeString:
    """Nothing is there: what would be, and the next step inside."""
    return format_html(
        '<div class="empty"><span class="icon" aria-hidden="true">{}</span><h2>{}</h2>{}{}</div>',
        icon,
        title,
        format_html("<p>{}</p>", text) if text else "",
        format_html('<div class="row">{}</div>', mark_safe(content)) if content.strip() else "",  # noqa: S308
    )


@register.filter
def initials(name: str) -> str:
    """Two letters of a person's name."""
    words = [word for word in str(name).replace("@", " ").split() if word]
    return "".join(word[0] for word in [*words[:1], *words[1:][-1:]]).upper()


@register.filter
def undo_url(message: Message) -> str:
    """The address that takes back what a toast tells of; empty when there is none."""
    tags = (message.extra_tags or "").split()
    return next((tag.removeprefix("undo=") for tag in tags if tag.startswith("undo=")), "")


def _html(value: object) -> SafeString:
    return conditional_escape(value)
