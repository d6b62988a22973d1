"""Values as pages show them: escaped, with the title of a code, the name of a record, the reader's time."""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Final

from django.utils import formats
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from tallystick.model.value import FieldType, Value
from tallystick.server.records import hub_users
from tallystick.server.records.record_types import Field, RecordType
from tallystick.server.records.titles import Named, Titles
from tallystick.server.records.values import listed
from tallystick.server.ui.templatetags.ui import badge, moment

NOTHING: Final = "—"
Shown = SafeString | str


def value(field: Field, value: Value, titles: Titles, *, most: int = 0) -> Shown:
    """The value for people; `most` characters of long texts, 0 for all."""
    if value is None or value in ("", "[]"):
        return NOTHING
    if hub_users.names_user(field):
        return hub_users.name_of(value)
    if field.refers_to is not None:
        ids = listed(value) if field.type is FieldType.LIST else (value,)
        return format_html_join(", ", "{}", ((reference(titles.name(field.refers_to, id_)),) for id_ in ids))
    match field.type:
        case FieldType.BOOLEAN:
            return _("Yes") if value == "true" else _("No")
        case FieldType.DATE | FieldType.DATETIME:
            return moment(value)
        case FieldType.INTEGER | FieldType.DECIMAL:
            return formats.number_format(Decimal(value), use_l10n=True, force_grouping=True)
        case FieldType.LIST if field.codes is not None:
            return ", ".join(str(field.codes.title(code)) for code in listed(value))
        case FieldType.LIST:
            return _cut(", ".join(listed(value)), most)
        case FieldType.JSON:
            return _cut(json.dumps(json.loads(value), ensure_ascii=False, indent=2), most)
    if field.codes is not None:
        tone = field.codes.tone(value)
        return badge(tone, field.codes.title(value)) if field.codes.tones else str(field.codes.title(value))
    return _cut(value, most)


def plain(field: Field, value: Value, titles: Titles) -> str:
    """The value as bare text, for differences."""
    if value is None:
        return ""
    if hub_users.names_user(field):
        return hub_users.name_of(value)
    if field.refers_to is not None:
        ids = listed(value) if field.type is FieldType.LIST else (value,)
        return ", ".join(titles.name(field.refers_to, id_).title for id_ in ids)
    if field.codes is not None:
        codes = listed(value) if field.type is FieldType.LIST else (value,)
        return ", ".join(str(field.codes.title(code)) for code in codes)
    match field.type:
        case FieldType.BOOLEAN:
            return _("Yes") if value == "true" else _("No")
        case FieldType.LIST:
            return ", ".join(listed(value))
    return value


def reference(named: Named) -> Shown:
    if not named.url:
        return format_html('<span class="quiet-text">{}</span>', named.title)
    if named.is_gone:
        return format_html('<a href="{}"><s>{}</s></a> {}', named.url, named.title, badge("quiet", _("Deleted")))
    return format_html('<a href="{}">{}</a>', named.url, named.title)


def title_of(kind: RecordType, number: int, values: Mapping[str, Value]) -> str:
    """What a record is called at the top of its page."""
    title = values.get(kind.title_field)
    return title if title and title.strip() else kind.called(number)


def _cut(text: str, most: int) -> str:
    return f"{text[:most]}…" if most and len(text) > most else text
