"""What the lists of operations can be narrowed by."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from tallystick.model.plan import OperationState, RunKind, RunStatus
from tallystick.model.write import Action
from tallystick.server.ops import words
from tallystick.server.ops.places import Kind
from tallystick.server.ui.sayings import said

ANY = ("", _("all"))


class _Search(forms.TextInput):
    input_type = "search"


class RunsFilter(forms.Form):
    integration = forms.ChoiceField(label=_("Integration"), required=False)
    status = forms.ChoiceField(
        label=_("State"), required=False, choices=[ANY, *((one.value, words.STATUSES[one].title) for one in RunStatus)]
    )
    kind = forms.ChoiceField(
        label=_("Kind"), required=False, choices=[ANY, *((one.value, words.KINDS[one]) for one in RunKind)]
    )
    by = forms.ChoiceField(label=_("By"), required=False)

    def __init__(self, data: QueryDict, integrations: Iterable[str], people: Iterable[str]) -> None:
        super().__init__(data)
        _choose(self, "integration", integrations)
        _choose(self, "by", people)


class JournalFilter(forms.Form):
    id = forms.CharField(label=_("Record id"), required=False, widget=_Search)
    run = forms.CharField(label=_("Run"), required=False, max_length=64)
    by = forms.ChoiceField(label=_("By"), required=False)
    field = forms.CharField(label=_("Field"), required=False, max_length=200)
    integration = forms.ChoiceField(label=_("Integration"), required=False)
    action = forms.ChoiceField(
        label=_("Action"), required=False, choices=[ANY, *((one.value, words.ACTIONS[one].title) for one in Action)]
    )
    state = forms.ChoiceField(
        label=_("Outcome"),
        required=False,
        choices=[
            ANY,
            *(
                (one.value, words.OUTCOMES[one].title)
                for one in OperationState
                if one not in (OperationState.PLANNED, OperationState.DROPPED)
            ),
        ],
    )
    since = forms.DateField(label=_("From"), required=False, widget=forms.DateInput({"type": "date"}))
    until = forms.DateField(label=_("Until"), required=False, widget=forms.DateInput({"type": "date"}))

    def __init__(self, data: QueryDict, integrations: Iterable[str], people: Iterable[str]) -> None:
        super().__init__(data)
        _choose(self, "integration", integrations)
        _choose(self, "by", people)


class LinksFilter(forms.Form):
    id = forms.CharField(label=_("Record id, of either side"), required=False, widget=_Search)
    flow = forms.ChoiceField(label=_("Flow"), required=False)
    state = forms.ChoiceField(
        label=_("State"), required=False, choices=[ANY, ("active", _("active")), ("resting", _("resting"))]
    )

    def __init__(self, data: QueryDict, flows: Iterable[str]) -> None:
        super().__init__(data)
        _choose(self, "flow", flows)


class WhyForm(forms.Form):
    kind = forms.ChoiceField(label=_("Which records"))
    id = forms.CharField(label=_("Id"), max_length=4_000)

    def __init__(self, data: QueryDict | None, kinds: Iterable[Kind], initial: dict[str, Any]) -> None:
        super().__init__(data, initial=initial)
        field = self.fields["kind"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101  declared so above
        field.choices = [(one.value, f"{one.system} · {one.record}  ({one.integration})") for one in kinds]


class LinkForm(forms.Form):
    """Two records to be linked by hand."""

    flow = forms.ChoiceField(label=_("Flow"))
    left = forms.CharField(label=_("Id on the left"), max_length=4_000)
    right = forms.CharField(label=_("Id on the right"), max_length=4_000)
    note = forms.CharField(label=_("Why"), required=False, max_length=2_000)

    def __init__(self, data: QueryDict | None, flows: Iterable[tuple[str, str]], initial: dict[str, Any]) -> None:
        super().__init__(data, initial=initial)
        field = self.fields["flow"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101  declared so above
        field.choices = list(flows)


def _choose(form: forms.Form, name: str, values: Iterable[str]) -> None:
    field = form.fields[name]
    assert isinstance(field, forms.ChoiceField)  # noqa: S101  declared so above
    given = str(form.data.get(name, ""))
    known = dict.fromkeys(values)
    if given:
        known[given] = None
    shown = {"flow": lambda value: value.replace("/", " · "), "by": said}.get(name, str)
    field.choices = [ANY, *((value, shown(value)) for value in known)]
