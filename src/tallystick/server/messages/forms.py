"""Forms of the message monitor."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from tallystick.server.messages.models import STATES, Direction, Peer, Role
from tallystick.server.messages.words import operation_titles


def _titled(peer: Peer) -> str:
    return str(peer) if peer.is_enabled else gettext("{name} (deleted)").format(name=peer)


class SearchInput(forms.TextInput):
    input_type = "search"


class Filters(forms.Form):
    marks_optional = False
    q = forms.CharField(label=_("Search"), required=False, widget=SearchInput, max_length=200)
    state = forms.ChoiceField(label=_("State"), required=False)
    direction = forms.ChoiceField(label=_("Direction"), required=False)
    operation = forms.ChoiceField(label=_("Operation"), required=False)
    peer = forms.ChoiceField(label=_("Partner"), required=False)
    about = forms.CharField(required=False, widget=forms.HiddenInput, max_length=32)  # a record

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        everything = [("", _("All"))]
        choices: dict[str, list[tuple[str, Any]]] = {
            "state": [(state.value, title) for state, title in STATES.items()],
            "direction": list(Direction.choices),
            "operation": sorted(operation_titles().items()),
            "peer": [(one.name, _titled(one)) for one in Peer.objects.order_by("-is_enabled", "title")],
        }
        for name, offered in choices.items():
            field = self.fields[name]
            if isinstance(field, forms.ChoiceField):
                field.choices = [*everything, *offered]


class PeerForm(forms.Form):
    title = forms.CharField(label=_("Title"), max_length=200)
    name = forms.CharField(label=_("Name"), max_length=60, help_text=_("Small letters, digits and dashes."))
    role = forms.ChoiceField(label=_("It is"), choices=Role.choices)
    address = forms.CharField(
        label=_("Address of its messages"),
        max_length=500,
        help_text=_("Messages are sent to …/transactions below it."),
    )
    secret = forms.CharField(
        label=_("Secret"), required=False, max_length=200, help_text=_("Empty: the hub makes one and shows it once.")
    )
    timeout_s = forms.IntegerField(label=_("Seconds to wait for an answer"), min_value=1, max_value=120, initial=15)
    can_look_up = forms.BooleanField(label=_("It can be asked whether a message arrived"), required=False, initial=True)


class BodyForm(forms.Form):
    """The body of a message, to be corrected before it is sent again."""

    body = forms.CharField(
        label=_("Body"), widget=forms.Textarea(attrs={"rows": 14, "class": "mono"}), max_length=500_000
    )
