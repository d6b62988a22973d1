"""The components of pages, as template tags; known to every template without `load`.

docs/explanation/hub.md lists them with examples.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, Final

from django import template
from django.contrib.humanize.templatetags.humanize import naturaltime
from django.contrib.messages.storage.base import Message
from django.forms import BaseForm
from django.template import Context
from django.utils import formats, timezone
from django.utils.dateparse import parse_date, parse_datetime
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from tallystick.server.ui import differences, sayings, words
from tallystick.server.ui.paging import COUNTED, Page

register = template.Library()
ICONS: Final = {"ok": "check_circle", "info": "info", "warn": "warning", "bad": "error", "quiet": ""}
NOTHING: Final = "—"


def _inner(content: str) -> SafeString:
    """What stands between the tags of a block: rendered, hence escaped already."""
    return mark_safe(content)  # noqa: S308


# --- words and signs


@register.filter
def said(text: object) -> str:
    """A sentence of the engine in the reader's language: `{{ operation.reason|said }}`."""
    return sayings.said(str(text)) if text else ""


@register.filter
def type_title(type_: str) -> str:
    """The type of a field in words."""
    return words.type_title(type_)


@register.filter
def way_title(via: str) -> str:
    """By which way somebody came."""
    return words.way_title(via)


@register.simple_tag
def icon(name: str, label: object = "") -> SafeString:
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


@register.filter
def initials(name: object) -> str:
    """Two letters of a person's name."""
    words = [word for word in str(name).replace("@", " ").split() if word]
    return "".join(word[0] for word in [*words[:1], *words[1:][-1:]]).upper()


@register.filter
def amount(number: object) -> str:
    """A number with its thousands apart, as the reader's language has it."""
    return formats.number_format(number, force_grouping=True) if isinstance(number, (int, float)) else str(number)


@register.filter
def counted(number: int, is_more: bool | None = None) -> str:
    """What was counted no further than COUNTED: "1,000+" where there may be more, or where `is_more` says so."""
    return amount(number) + ("+" if (number >= COUNTED if is_more is None else is_more) else "")


@register.filter
def moment(value: object) -> SafeString | str:
    """A time or day in the reader's zone, exact: 22 Nov 2026, 14:05. Takes datetimes, dates and ISO 8601."""
    when = _when(value)
    if when is None:
        return NOTHING
    if not isinstance(when, datetime):
        return format_html('<time datetime="{}">{}</time>', when.isoformat(), formats.date_format(when))
    local = timezone.localtime(when) if timezone.is_aware(when) else when
    shown = formats.date_format(local, "DATETIME_FORMAT")
    return format_html('<time class="nowrap" datetime="{}">{}</time>', local.isoformat(), shown)


@register.filter
def ago(value: object) -> SafeString | str:
    """A time as its distance from now, the exact time as its title."""
    when = _when(value)
    if not isinstance(when, datetime):
        return moment(value)
    local = timezone.localtime(when) if timezone.is_aware(when) else when
    title = formats.date_format(local, "DATETIME_FORMAT")
    shown = str(naturaltime(when)).replace("\xa0", " ")
    return format_html('<time class="nowrap" datetime="{}" title="{}">{}</time>', local.isoformat(), title, shown)


def _when(value: object) -> datetime | date | None:
    if isinstance(value, (datetime, date)):
        return value
    try:
        return (parse_datetime(value) or parse_date(value)) if isinstance(value, str) else None
    except ValueError:
        return None


# --- surfaces


@register.simple_block_tag
def page_header(content: str, title: object, note: object = "", crumbs: Sequence[tuple[Any, str]] = ()) -> SafeString:
    """The heading of a page, with its actions inside. `crumbs`: (title, address) of the pages above."""
    trail = format_html_join("", '<li><a href="{}">{}</a></li>', ((url, name) for name, url in crumbs))
    return format_html(
        '<header class="page-header"><div>{}<h1>{}</h1>{}</div>{}</header>',
        format_html('<nav class="crumbs" aria-label="{}"><ol>{}</ol></nav>', _("Where you are"), trail)
        if crumbs
        else "",
        title,
        format_html('<p class="note">{}</p>', note) if note else "",
        format_html('<div class="row">{}</div>', _inner(content)) if content.strip() else "",
    )


@register.simple_block_tag
def card(content: str, title: object = "", note: object = "", css: str = "", ident: str = "") -> SafeString:
    """A surface. `css="flush"` for a table that reaches its edges; `ident` is its id."""
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
        format_html(' id="{}"', ident) if ident else "",
        head,
        _inner(content),
    )


@register.simple_block_tag
def notice(content: str, tone: str = "info") -> SafeString:
    """A sentence that stays on the page: info, ok, warn or bad."""
    return format_html(
        '<div class="notice {}" role="note">{}<div>{}</div></div>', tone, icon(ICONS[tone]), _inner(content)
    )


@register.simple_block_tag
def empty(content: str, title: object, icon_name: str = "inbox", text: object = "") -> SafeString:
    """Nothing is there: what would be, and the next step inside."""
    return format_html(
        '<div class="empty">{}<h2>{}</h2>{}{}</div>',
        icon(icon_name),
        title,
        format_html("<p>{}</p>", text) if text else "",
        format_html('<div class="row">{}</div>', _inner(content)) if content.strip() else "",
    )


@register.simple_tag
def stat(name: object, value: object, note: object = "", url: str = "") -> SafeString:
    """A number that means something, with its name; a link with `url`."""
    inner = format_html(
        '<span class="name">{}</span><span class="value">{}</span>{}',
        name,
        amount(value),
        format_html('<span class="note">{}</span>', note) if note else "",
    )
    if url:
        return format_html('<a class="card stat" href="{}">{}</a>', url, inner)
    return format_html('<div class="card stat">{}</div>', inner)


# --- lists


@register.simple_block_tag
def table(content: str, caption: object = "", css: str = "folds") -> SafeString:
    """A table around `<thead>` and `<tbody data-rows>`; its rows become cards on narrow screens (`data-label`)."""
    title = format_html('<caption class="unseen">{}</caption>', caption) if caption else ""
    return format_html(
        '<div class="table-wrap"><table class="table {}">{}{}</table></div>', css, title, _inner(content)
    )


@register.simple_tag(takes_context=True)
def column(context: Context, name: str, title: object, sort: str = "", css: str = "") -> SafeString:
    """The heading of a column that sorts: `?sort=name`, `?sort=-name`. `sort` is what the list is sorted by now."""
    query = context["request"].GET.copy()
    for edge in ("after", "before"):
        query.pop(edge, None)
    is_up, is_down = sort == name, sort == f"-{name}"
    query["sort"] = f"-{name}" if is_up else name
    way = "ascending" if is_up else "descending" if is_down else ""
    return format_html(
        '<th scope="col" class="{}"{}><a href="?{}">{}{}</a></th>',
        css,
        format_html(' aria-sort="{}"', way) if way else "",
        query.urlencode(),
        title,
        icon("arrow_upward" if is_up else "arrow_downward") if way else "",
    )


@register.simple_tag
def pager(page: Page[Any]) -> SafeString:
    """How many there are, and the way to the pages beside this one (keys [ and ])."""
    shown = formats.number_format(page.count, force_grouping=True) + ("+" if page.is_more else "")
    count = ngettext("{shown} entry", "{shown} entries", page.count).format(shown=shown)
    links = format_html_join(
        "",
        '<a class="button small" href="?{}" data-key="{}">{}</a>',
        (
            (query, key, title)
            for query, key, title in ((page.previous, "[", _("Previous")), (page.next, "]", _("Next")))
            if query
        ),
    )
    return format_html(
        '<nav class="pager" aria-label="{}"><span>{}</span><span class="row">{}</span></nav>', _("Pages"), count, links
    )


@register.simple_tag(takes_context=True)
def filters(context: Context, form: BaseForm) -> SafeString:
    """A form of filters, sent as soon as one is changed; with a way to clear them."""
    form.marks_optional = False  # type: ignore[attr-defined]
    sort = context["request"].GET.get("sort", "")
    is_set = any(form[name].data for name in form.fields)
    return format_html(
        '<form class="filters" method="get" data-auto role="search">{}{}'
        '<button class="button" type="submit">{}</button>{}</form>',
        form,
        format_html('<input type="hidden" name="sort" value="{}">', sort) if sort else "",
        _("Search"),
        format_html('<a class="button quiet" href="?">{}</a>', _("Clear")) if is_set else "",
    )


# --- values


@register.simple_tag
def fact(name: object, value: object = None, css: str = "") -> SafeString:
    """A name with its value, in `<dl class="facts">`."""
    shown = format_html('<span class="nothing">{}</span>', NOTHING) if value is None or value == "" else value
    return format_html('<dt>{}</dt><dd class="{}">{}</dd>', name, css, shown)


@register.simple_block_tag
def event(content: str, title: object, when: object = None, who: object = "", icon_name: str = "edit") -> SafeString:
    """Something that happened, in `<ol class="timeline">`."""
    at = ago(when) if when else ""
    by = format_html("{}{}{}", who, " · " if who and at else "", at)
    return format_html(
        '<li><span class="mark">{}</span><div class="strong">{}</div><div class="when">{}</div>{}</li>',
        icon(icon_name),
        title,
        by,
        _inner(content),
    )


@register.simple_tag
def progress(done: int, total: int | None = None, label: object = "", note: object = "") -> SafeString:
    """How far something is; without `total` that it goes on."""
    limits = format_html(' value="{}" max="{}"', min(done, total), total) if total else ""
    share = f"{min(done / total, 1):.0%}" if total else ""
    return format_html(
        '<div class="progress"><div class="row spread"><span>{}</span><span class="number">{}</span></div>'
        '<progress{} aria-label="{}"></progress>{}</div>',
        label,
        share,
        limits,
        label or _("Progress"),
        format_html('<span class="quiet-text">{}</span>', note) if note else "",
    )


@register.simple_tag
def diff(before: object, after: object) -> SafeString:
    """Both texts in one, what went struck out and what came marked."""
    found = (
        part.before if part.is_equal else format_html("{}{}", _marked("del", part.before), _marked("ins", part.after))
        for part in differences.parts(_text(before), _text(after))
    )
    return format_html('<span class="diff">{}</span>', format_html_join("", "{}", ((part,) for part in found)))


@register.simple_tag
def diff_side(text: object, other: object, side: str = "left") -> SafeString:
    """One of two texts side by side, with what the other does not have marked: del on the left, ins on the right."""
    tag = "del" if side == "left" else "ins"
    found = (
        part.before if part.is_equal else _marked(tag, part.before)
        for part in differences.parts(_text(text), _text(other))
    )
    shown = format_html_join("", "{}", ((part,) for part in found))
    return format_html('<span class="diff">{}</span>', shown or NOTHING)


@register.simple_tag
def diff_lines(before: object, after: object) -> SafeString:
    """The lines of two documents that differ."""
    signs = {"added": "+", "removed": "-", "same": "", "place": ""}
    found = format_html_join(
        "",
        '<div class="{}"><span>{}</span><span>{}</span></div>',
        (
            (line.kind.value, signs[line.kind.value], line.text)
            for line in differences.lines(_text(before), _text(after))
        ),
    )
    return format_html('<div class="diff-lines">{}</div>', found or _("No difference."))


def _marked(tag: str, text: str) -> SafeString | str:
    return format_html(f"<{tag}>{{}}</{tag}>", text) if text else ""


def _text(value: object) -> str:
    return "" if value is None else str(value)


@register.filter
def undo_url(message: Message) -> str:
    """The address that takes back what a toast tells of; empty when there is none."""
    tags = (message.extra_tags or "").split()
    return next((tag.removeprefix("undo=") for tag in tags if tag.startswith("undo=")), "")
