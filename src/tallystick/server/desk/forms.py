"""Forms of the desk."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from tallystick.server.desk import looking
from tallystick.server.desk.codes import STATUSES
from tallystick.server.desk.domain.help_desk import Wanted
from tallystick.server.desk.models import Email
from tallystick.server.messages.forms import SearchInput
from tallystick.server.messages.lists import Entry
from tallystick.server.messages.models import Peer

NONE = ("", "—")


class OrderForm(forms.Form):
    """What is asked of a maintenance system, with its own lists to choose from. `faults`: lists not read now."""

    marks_optional = False
    subject = forms.CharField(label=_("What is to be done"), max_length=254, required=False)
    description = forms.CharField(
        label=_("Description"), widget=forms.Textarea(attrs={"rows": 5}), max_length=32_000, required=False
    )
    problem = forms.CharField(label=_("Problem"), required=False, max_length=40)
    shop = forms.CharField(label=_("Shop"), required=False, max_length=40)
    priority = forms.CharField(label=_("Priority"), required=False, max_length=40)

    def __init__(self, peer: Peer, data: Any = None, *, initial: dict[str, Any] | None = None) -> None:
        super().__init__(data, initial=initial)
        self.peer = peer
        self.faults: list[str] = []
        self.fields["subject"].widget.attrs["required"] = True
        for name, list_ in (("problem", "problems"), ("shop", "shops"), ("priority", "priorities")):
            looked = looking.look(peer, list_)
            if looked.fault:
                self.faults.append(looked.fault)
            if looked.entries:
                chosen = str((data or initial or {}).get(name, "") or "")
                self.fields[name].widget = forms.Select(choices=_choices(looked.entries, chosen))

    @property
    def wanted(self) -> Wanted:
        """What was entered; judged by who sends it and who gets it."""
        data: Any = self.data
        given = {name: str(data.get(name, "")).replace("\0", "") for name in self.fields}
        assets = data.getlist("asset") if hasattr(data, "getlist") else data.get("asset", ())
        return Wanted(assets=tuple(assets), **given)


def _choices(entries: Sequence[Entry], chosen: str) -> list[tuple[str, str]]:
    """A tree is shown in its order, what belongs to something further in; what was chosen stays, whatever it is."""
    below: dict[str, list[Entry]] = {}
    codes = {one["code"] for one in entries}
    for one in entries:
        parent = str(one.get("parent") or "")
        below.setdefault(parent if parent in codes else "", []).append(one)
    found, seen = [NONE], set()

    def put(parent: str, depth: int) -> None:
        for one in below.get(parent, ()):
            if one["code"] not in seen:
                seen.add(one["code"])
                indent = "\u00a0\u00a0\u00a0" * depth
                found.append((one["code"], f"{indent}{one['name']} ({one['code']})"))
                put(one["code"], depth + 1)

    put("", 0)
    if chosen and chosen not in seen:
        found.append((chosen, chosen))
    return found


class EmailFilters(forms.Form):
    marks_optional = False
    q = forms.CharField(label=_("Search"), required=False, widget=SearchInput, max_length=200)
    state = forms.ChoiceField(label=_("State"), required=False, choices=[("", _("All")), *Email.State.choices])


class RelateForm(forms.Form):
    number = forms.CharField(label=_("Number of the work order"), max_length=60)


class TextForm(forms.Form):
    """Something said."""

    text = forms.CharField(label=_("Text"), widget=forms.Textarea(attrs={"rows": 4}), max_length=32_000)

    def __init__(self, data: Any = None, *, label: Any = None) -> None:
        super().__init__(data)
        if label is not None:
            self.fields["text"].label = label


class StatusForm(forms.Form):
    peer = forms.ChoiceField(label=_("Maintenance system"))
    theirs = forms.CharField(label=_("Code of their status"), max_length=40)
    means = forms.ChoiceField(label=_("Means"))

    def __init__(self, peers: Sequence[Peer], data: Any = None, *, initial: dict[str, Any] | None = None) -> None:
        super().__init__(data, initial=initial)
        for name, choices in (
            ("peer", [(one.name, one.title) for one in peers]),
            ("means", list(STATUSES.titles.items())),
        ):
            field = self.fields[name]
            if isinstance(field, forms.ChoiceField):
                field.choices = choices
