"""Words of the hub for what is written down in short: types of fields, ways by which somebody came, facts of an act."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import pgettext_lazy

from tallystick.model.value import FieldType

TYPES: Final[Mapping[FieldType, Promise]] = {
    FieldType.TEXT: pgettext_lazy("type of a field", "text"),
    FieldType.INTEGER: pgettext_lazy("type of a field", "integer"),
    FieldType.DECIMAL: pgettext_lazy("type of a field", "decimal"),
    FieldType.BOOLEAN: pgettext_lazy("type of a field", "boolean"),
    FieldType.DATE: pgettext_lazy("type of a field", "date"),
    FieldType.TIME: pgettext_lazy("type of a field", "time"),
    FieldType.DATETIME: pgettext_lazy("type of a field", "moment"),
    FieldType.LOCAL_DATETIME: pgettext_lazy("type of a field", "date and time without a zone"),
    FieldType.BINARY: pgettext_lazy("type of a field", "binary"),
    FieldType.LIST: pgettext_lazy("type of a field", "list"),
    FieldType.JSON: pgettext_lazy("type of a field", "JSON"),
}
WAYS: Final[Mapping[str, Promise]] = {
    "automatic": pgettext_lazy("way", "automatic"),
    "comparison": pgettext_lazy("way", "comparison"),
    "connector": pgettext_lazy("way", "connector"),
    "demo": pgettext_lazy("way", "demo"),
    "discovery": pgettext_lazy("way", "discovery"),
    "email": pgettext_lazy("way", "email"),
    "first start": pgettext_lazy("way", "first start"),
    "inventory": pgettext_lazy("way", "inventory"),
    "link": pgettext_lazy("way", "link"),
    "one-time link": pgettext_lazy("way", "one-time link"),
    "sign-in service": pgettext_lazy("way", "sign-in service"),
    "tour": pgettext_lazy("way", "tour"),
    "web": pgettext_lazy("way", "web"),
    "webhooks": pgettext_lazy("way", "webhooks"),
}
FACTS: Final[Mapping[str, Promise]] = {
    "business_unit": pgettext_lazy("fact", "business unit"),
    "connection": pgettext_lazy("fact", "system"),
    "connector": pgettext_lazy("fact", "connector"),
    "email": pgettext_lazy("fact", "email address"),
    "events": pgettext_lazy("fact", "events"),
    "flow": pgettext_lazy("fact", "flow"),
    "flows": pgettext_lazy("fact", "flows"),
    "full": pgettext_lazy("fact", "full comparison"),
    "integration": pgettext_lazy("fact", "integration"),
    "name": pgettext_lazy("fact", "name"),
    "note": pgettext_lazy("fact", "note"),
    "role": pgettext_lazy("fact", "role"),
    "roles": pgettext_lazy("fact", "roles"),
    "run": pgettext_lazy("fact", "run"),
    "scopes": pgettext_lazy("fact", "scopes"),
    "user": pgettext_lazy("fact", "user"),
    "version": pgettext_lazy("fact", "version"),
    "why": pgettext_lazy("fact", "why"),
}
_RUN: Final = re.compile(r"run ([0-9a-f]+)")


def type_title(type_: FieldType | str) -> str:
    """Empty where the type is not known."""
    return str(TYPES[FieldType(type_)]) if type_ else ""


def way_title(via: str) -> str:
    """How somebody came to change something; the name of a token or a program stays as it is."""
    if (found := _RUN.fullmatch(via)) is not None:
        return _("run {run}").format(run=found[1])
    return str(WAYS.get(via, via))


def fact_title(name: str) -> str:
    """What a value of an audited act is; names of settings and fields stay as they are."""
    return str(FACTS.get(name, name))
