"""Pages about people."""

from __future__ import annotations

from django.contrib.auth import login
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters

from tallystick.errors import InputRefused
from tallystick.server.people.domain.first import check_first
from tallystick.server.people.domain.users import create_first
from tallystick.server.people.forms import FirstForm
from tallystick.server.ui.forms import add_faults


@login_not_required
@never_cache
@sensitive_post_parameters()
def first(request: HttpRequest, token: str) -> HttpResponse:
    """Makes the first administrator and signs them in."""
    check_first(token)
    form = FirstForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            user = create_first(token, **form.cleaned_data, address=request.META.get("REMOTE_ADDR") or "")
        except InputRefused as error:
            add_faults(form, error)
        else:
            login(request, user, backend="tallystick.server.people.backend.Backend")
            return redirect("home")
    return render(request, "people/first.html", {"form": form})
