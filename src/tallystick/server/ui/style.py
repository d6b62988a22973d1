"""The style page: every component with invented data, for those who build pages. Served with TALLYSTICK_DEBUG alone."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace
from typing import Final

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone

from tallystick.server.people.actor import for_everyone
from tallystick.server.ui.paging import Page
from tallystick.server.ui.toasts import toast

BEFORE: Final = "integration: crm\nflows:\n  accounts:\n    every: 5 min\n    deletes: hold"
AFTER: Final = "integration: crm\nflows:\n  accounts:\n    every: 1 min\n    deletes: apply"


class Filters(forms.Form):
    q = forms.CharField(label="Find", required=False, widget=forms.TextInput({"type": "search"}))
    state = forms.ChoiceField(label="State", required=False, choices=[("", "Any"), ("ok", "In agreement")])


class Entry(forms.Form):
    name = forms.CharField(label="Name", help_text="As it stands on invoices.")
    city = forms.ChoiceField(label="City", choices=[("turin", "Turin"), ("oslo", "Oslo")])
    email = forms.EmailField(label="Email address", required=False)
    since = forms.DateField(label="Customer since", required=False, widget=forms.DateInput({"type": "date"}))
    notes = forms.CharField(label="Notes", required=False, widget=forms.Textarea({"rows": 3}))
    roles = forms.MultipleChoiceField(
        label="Roles",
        required=False,
        choices=[("a", "Agent"), ("t", "Technician")],
        widget=forms.CheckboxSelectMultiple,
    )
    is_private = forms.BooleanField(label="Private", required=False, help_text="Only you see it.")


@for_everyone
def style(request: HttpRequest) -> HttpResponse:
    if request.method == "POST":
        toast(request, "Saved Northwind Traders.", undo=reverse("style"))
        return redirect("style")
    now = timezone.now()
    states = [("ok", "In agreement"), ("warn", "Waits"), ("bad", "Rejected"), ("quiet", "Not linked")]
    rows = [
        SimpleNamespace(
            name=name, city=city, tone=tone, state=state, assets=assets, at=now - timedelta(minutes=7**number)
        )
        for number, ((name, city, assets), (tone, state)) in enumerate(
            zip(
                [
                    ("Northwind Traders", "Turin", 1204),
                    ("Contoso Retail", "Oslo", 88),
                    ("Fabrikam", "Gdańsk", 3),
                    ("ООО «Вега»", "Казань", 0),
                ],
                states,
                strict=True,
            )
        )
    ]
    page = Page(rows=rows, count=1000, is_more=True, next="after=x", previous="")
    entry = Entry({"name": "", "city": "oslo", "email": "ada@"})
    return render(
        request,
        "ui/style.html",
        {
            "form": Filters(request.GET),
            "entry": entry,
            "page": page,
            "sort": request.GET.get("sort", "name"),
            "before": BEFORE,
            "after": AFTER,
            "now": now,
            "crumbs": [("Start", "/"), ("Building", "/style/")],
        },
    )
