"""Forms about webhooks. They read; what is right is judged by the actions."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from tallystick.server.api.webhooks.kinds import TITLES
from tallystick.server.connections.models import Connection


class WebhookForm(forms.Form):
    address = forms.CharField(
        label=_("Address"),
        max_length=2000,
        help_text=_("Where events are sent, like https://example.org/hook."),
        widget=forms.TextInput({"inputmode": "url", "autocomplete": "off"}),
    )
    title = forms.CharField(label=_("Title"), required=False, max_length=200)
    events = forms.MultipleChoiceField(
        label=_("Events"),
        widget=forms.CheckboxSelectMultiple,
        choices=[(kind.value, title) for kind, title in TITLES.items()],
    )


class InletForm(forms.Form):
    connection = forms.ChoiceField(label=_("System"))
    records = forms.CharField(
        label=_("Record types"),
        required=False,
        max_length=2000,
        help_text=_("Those it tells of, separated by commas; empty: any."),
    )
    secret = forms.CharField(
        label=_("Its secret"),
        required=False,
        max_length=200,
        help_text=_("If the system has one of its own (whsec_…); else one is made."),
        widget=forms.PasswordInput({"autocomplete": "off"}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        rows = Connection.objects.order_by("name")
        field = self.fields["connection"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101  declared so above
        field.choices = [(row.name, str(row)) for row in rows]
