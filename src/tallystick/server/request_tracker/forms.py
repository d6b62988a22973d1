"""The form of a queue."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from tallystick.server.connections.models import Connection
from tallystick.server.request_tracker.domain.trackers import Wanted
from tallystick.server.request_tracker.models import Tracker
from tallystick.server.request_tracker.opening import CONNECTOR

FIELDS: Final = {
    "shop": "Shop", "priority": "Work priority", "problem": "Problem", "assets": "Assets",
}  # fmt: skip
STATUSES: Final = {
    "open": "-", "scheduled": "open", "in_progress": "open", "on_hold": "stalled", "completed": "open", "closed": "-",
    "cancelled": "open",
}  # fmt: skip


class QueueForm(forms.Form):
    """`is_new`: with the name of the message partner, which does not change."""

    title = forms.CharField(label=_("Title"), max_length=200, help_text=_("What technicians call this help desk."))
    name = forms.CharField(label=_("Name"), max_length=60, help_text=_("Small letters, digits and dashes."))
    connection = forms.ChoiceField(label=_("Connection"), help_text=_("Of the kind Request Tracker, under Systems."))
    queue = forms.CharField(label=_("Queue"), max_length=200)
    condition = forms.CharField(
        label=_("Condition"),
        max_length=500,
        required=False,
        help_text=_("TicketSQL that a ticket has to meet besides, like 'CF.{Work order}' = 'new'."),
    )
    order_field = forms.CharField(
        label=_("Custom field for the number"),
        max_length=100,
        required=False,
        help_text=_("Of its tickets: the number is written there; who writes new there asks for one more."),
    )
    status_field = forms.CharField(label=_("Custom field for the status"), max_length=100, required=False)
    fields_given = forms.CharField(
        label=_("Custom fields of a request"),
        required=False,
        max_length=1_000,
        widget=forms.Textarea(attrs={"rows": 5, "class": "mono"}),
        help_text=_("problem, shop, priority, business_unit, assets: like shop: Shop, one a line."),
    )
    statuses = forms.CharField(
        label=_("Statuses"),
        required=False,
        max_length=2_000,
        widget=forms.Textarea(attrs={"rows": 7, "class": "mono"}),
        help_text=_(
            "Like completed: open, one a line; a dash leaves the ticket as it is. What is not named is parked."
        ),
    )
    every_s = forms.IntegerField(label=_("Seconds between looks"), min_value=5, max_value=3_600, initial=20)
    hears_replies = forms.BooleanField(
        label=_("Replies go to maintenance too"),
        required=False,
        help_text=_("Else comments alone."),
    )

    def __init__(self, data: Any = None, *, tracker: Tracker | None = None) -> None:
        super().__init__(data, initial=_initial(tracker))
        if tracker is not None:
            del self.fields["name"]
        connection = self.fields["connection"]
        if isinstance(connection, forms.ChoiceField):
            rows = Connection.objects.filter(connector=CONNECTOR).order_by("name")
            connection.choices = [(one.name, str(one)) for one in rows]

    def clean_fields_given(self) -> dict[str, str]:
        return _lines(self.cleaned_data["fields_given"])

    def clean_statuses(self) -> dict[str, str]:
        return _lines(self.cleaned_data["statuses"])

    @property
    def wanted(self) -> Wanted:
        """After `is_valid`."""
        given = dict(self.cleaned_data)
        given.pop("title"), given.pop("name", None)
        return Wanted(fields=given.pop("fields_given"), **given)


def _initial(tracker: Tracker | None) -> dict[str, Any]:
    if tracker is None:
        return {
            "order_field": "Work order",
            "status_field": "Work order status",
            "fields_given": _shown(FIELDS),
            "statuses": _shown(STATUSES),
        }
    names = ("connection", "queue", "condition", "order_field", "status_field", "every_s", "hears_replies")
    shown = {name: getattr(tracker, name) for name in names}
    return {
        **shown,
        "title": tracker.peer.title,
        "fields_given": _shown(tracker.fields),
        "statuses": _shown(tracker.statuses),
    }


def _shown(given: Mapping[str, str]) -> str:
    return "\n".join(f"{name}: {value}" for name, value in given.items())


def _lines(text: str) -> dict[str, str]:
    """`name: value` lines. Raises ValidationError."""
    found: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        name, colon, value = line.partition(":")
        if not colon or not name.strip() or not value.strip():
            raise forms.ValidationError(gettext("Line {number}: write name: value.").format(number=number))
        if name.strip() in found:
            raise forms.ValidationError(
                gettext("Line {number}: {name} stands there twice.").format(number=number, name=name)
            )
        found[name.strip()] = value.strip()
    return found
