"""What the queue can be narrowed by."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any, Final

from django import forms
from django.http import QueryDict
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tallystick.model.plan import ReviewKind
from tallystick.server.state.queue import Wanted

AGES: Final = {"hour": timedelta(hours=1), "day": timedelta(days=1), "week": timedelta(days=7)}


class SearchInput(forms.TextInput):
    input_type = "search"


class QueueFilter(forms.Form):
    marks_optional = False
    q = forms.CharField(label=_("Words"), required=False, max_length=200, widget=SearchInput)
    flow = forms.ChoiceField(label=_("Flow"), required=False)
    age = forms.ChoiceField(
        label=_("Asked"),
        required=False,
        choices=[
            ("", _("any time")),
            ("hour", _("more than an hour ago")),
            ("day", _("more than a day ago")),
            ("week", _("more than a week ago")),
        ],
    )

    def __init__(self, data: QueryDict, flows: Iterable[tuple[str, str]]) -> None:
        super().__init__(data)
        choices: list[Any] = [(f"{integration}/{flow}", f"{integration} · {flow}") for integration, flow in flows]
        given = data.get("flow", "")
        if given and given not in {value for value, _name in choices}:
            choices.append((given, given.replace("/", " · ")))
        field = self.fields["flow"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101  declared so above
        field.choices = [("", _("all")), *choices]


def wanted_of(query: QueryDict) -> Wanted:
    """What the address asks for; what cannot be read is left out."""
    kinds = tuple(ReviewKind(kind) for kind in query.getlist("kind") if kind in set(ReviewKind))
    integration, _slash, flow = query.get("flow", "").partition("/")
    age = AGES.get(query.get("age", ""))
    like = query.get("like", "")
    return Wanted(
        kinds=kinds,
        integration=integration,
        flow=flow,
        text=query.get("q", "")[:200],
        until=(timezone.now() - age).isoformat() if age else "",
        like=int(like) if like.isdecimal() and len(like) < 18 else None,
    )


def kept(query: QueryDict, *names: str) -> str:
    """The query string without the place in the list and these names."""
    changed = query.copy()
    for name in ("after", "before", *names):
        changed.pop(name, None)
    return changed.urlencode()
