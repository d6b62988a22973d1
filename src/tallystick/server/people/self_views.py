"""Pages where people see to themselves: the first start, one-time links, profile, API tokens."""

from __future__ import annotations

from django.contrib.auth import login, logout, update_session_auth_hash
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from tallystick.errors import InputRefused
from tallystick.server.people import queries
from tallystick.server.people.actor import for_everyone, needs, request_actor
from tallystick.server.people.domain import tokens
from tallystick.server.people.domain.first import check_first
from tallystick.server.people.domain.links import enter_by_link, person_of_link
from tallystick.server.people.domain.users import change_profile, create_first, end_sessions, user_of
from tallystick.server.people.forms import FirstForm, PasswordForm, ProfileForm, TokenForm
from tallystick.server.people.words import permission_words
from tallystick.server.ui.forms import add_faults
from tallystick.server.ui.toasts import toast

BACKEND = "tallystick.server.people.backend.Backend"


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
            login(request, user, backend=BACKEND)
            return redirect("home")
    return render(request, "people/first.html", {"form": form})


@login_not_required
@never_cache
@sensitive_post_parameters()
def enter(request: HttpRequest, code: str, token: str) -> HttpResponse:
    """A one-time link: choose a password. Whoever has a second factor still needs it, so they sign in after."""
    user = person_of_link(code, token)
    form = PasswordForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            enter_by_link(code, token, **form.cleaned_data, address=request.META.get("REMOTE_ADDR") or "")
        except InputRefused as error:
            add_faults(form, error)
        else:
            logout(request)
            toast(request, _("Your password is set. Sign in with it."))
            return redirect("account_login")
    return render(request, "people/enter.html", {"form": form, "person": user})


@for_everyone
@require_http_methods(["GET", "POST"])
def profile(request: HttpRequest) -> HttpResponse:
    actor = request_actor(request)
    user = user_of(actor.person or 0)
    form = ProfileForm(request.POST) if request.method == "POST" else ProfileForm.of(user)
    if request.method == "POST" and form.is_valid():
        try:
            change_profile(actor, **form.cleaned_data)
        except InputRefused as error:
            add_faults(form, error)
        else:
            toast(request, _("Your profile was saved."))
            return redirect("people:profile")
    return render(request, "people/profile.html", {"form": form, "one": user, "roles": user.groups.all()})


@for_everyone
@require_POST
def sign_out_elsewhere(request: HttpRequest) -> HttpResponse:
    """Ends every other session of this person."""
    update_session_auth_hash(request, end_sessions(request_actor(request)))
    toast(request, _("You are signed out everywhere else."))
    return redirect("people:profile")


@needs("people.use_tokens", "people.manage_tokens")
@never_cache
@require_http_methods(["GET", "POST"])
def token_list(request: HttpRequest) -> HttpResponse:
    actor = request_actor(request)
    form = TokenForm(actor, request.POST) if request.method == "POST" else TokenForm(actor)
    made: tokens.TokenMade | None = None
    if request.method == "POST" and form.is_valid():
        asked = form.cleaned_data
        try:
            made = tokens.create_token(actor, name=asked["name"], scopes=asked["scopes"], expires_at=form.expires_at())
        except InputRefused as error:
            add_faults(form, error)
        else:
            form = TokenForm(actor)
    context = {
        "form": form,
        "made": made,
        "mine": [(one, _scopes(one.scopes)) for one in queries.tokens(actor)[:100]],
        "others": [(one, _scopes(one.scopes)) for one in queries.tokens_of_others(actor)[:200]]
        if actor.may("people.manage_tokens")
        else [],
        "crumbs": [(_("My profile"), reverse("people:profile"))],
    }
    return render(request, "people/tokens.html", context)


@needs("people.use_tokens", "people.manage_tokens")
@require_POST
def token_revoke(request: HttpRequest, token_id: int) -> HttpResponse:
    token = tokens.revoke_token(request_actor(request), token_id)
    toast(request, _("The token {name} was revoked.").format(name=token.name))
    return redirect("people:tokens")


def _scopes(scopes: list[str]) -> str:
    return ", ".join(permission_words(one) for one in scopes)
