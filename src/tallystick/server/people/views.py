"""Pages about users: list, one of them, roles, the audit trail."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from tallystick.errors import InputRefused
from tallystick.server.people import queries
from tallystick.server.people.actor import needs, request_actor
from tallystick.server.people.domain import roles, users
from tallystick.server.people.domain.links import OneTimeLink, make_link
from tallystick.server.people.forms import AuditFilters, RoleForm, UserFilters, UserForm
from tallystick.server.people.models import User
from tallystick.server.people.words import action_title
from tallystick.server.ui.forms import add_faults
from tallystick.server.ui.paging import page_of
from tallystick.server.ui.toasts import toast
from tallystick.server.ui.words import fact_title

# --- users


@needs("people.view_user")
@require_safe
def user_list(request: HttpRequest) -> HttpResponse:
    form = UserFilters(request.GET)
    asked = form.cleaned_data if form.is_valid() else {}
    found = queries.users(
        request_actor(request), text=asked.get("q", ""), role=asked.get("role", ""), state=asked.get("state", "")
    )
    page = page_of(found, request.GET, order=("name", "id"))
    return render(request, "people/users.html", {"page": page, "form": form, "is_asked": any(asked.values())})


@needs("people.change_user")
@require_http_methods(["GET", "POST"])
def user_new(request: HttpRequest) -> HttpResponse:
    form = UserForm(request.POST or None, is_new=True)
    if request.method == "POST" and form.is_valid():
        try:
            made = users.create_user(request_actor(request), **form.cleaned_data)
        except InputRefused as error:
            add_faults(form, error)
        else:
            toast(request, _("{name} was added. Give them a one-time link to sign in.").format(name=made.user))
            return redirect("people:user", made.user.pk)
    return render(request, "people/user_new.html", {"form": form})


@needs("people.view_user")
@never_cache
@require_http_methods(["GET", "POST"])
def user(request: HttpRequest, user_id: int) -> HttpResponse:
    actor = request_actor(request)
    one = users.user_of(user_id)
    held = list(one.groups.values_list("name", flat=True))
    initial = {"name": one.name, "email": one.email, "roles": held, "is_active": one.is_active}
    form = UserForm(request.POST or None, is_new=False, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            changed = users.change_user(actor, user_id, **form.cleaned_data)
        except InputRefused as error:
            add_faults(form, error)
        else:
            if changed.changes:
                toast(request, _("{name} was changed.").format(name=changed.user))
            return redirect("people:user", user_id)
    return _user_page(request, one, form)


@needs("people.change_user")
@never_cache
@require_POST
def user_link(request: HttpRequest, user_id: int) -> HttpResponse:
    link = make_link(request_actor(request), user_id)
    one = link.user
    held = list(one.groups.values_list("name", flat=True))
    initial = {"name": one.name, "email": one.email, "roles": held, "is_active": one.is_active}
    return _user_page(request, one, UserForm(is_new=False, initial=initial), link)


@needs("people.change_user")
@require_POST
def user_unlock(request: HttpRequest, user_id: int) -> HttpResponse:
    changed = users.unlock_user(request_actor(request), user_id)
    toast(request, _("{name} may try again.").format(name=changed.user))
    return redirect("people:user", user_id)


@needs("people.change_user")
@require_POST
def user_second_factor(request: HttpRequest, user_id: int) -> HttpResponse:
    changed = users.remove_second_factor(request_actor(request), user_id)
    toast(request, _("{name} now signs in by password alone.").format(name=changed.user))
    return redirect("people:user", user_id)


def _user_page(request: HttpRequest, one: User, form: UserForm, link: OneTimeLink | None = None) -> HttpResponse:
    actor = request_actor(request)
    shown = queries.users(actor).get(pk=one.pk)
    trail = queries.audit_trail(actor) if actor.may("people.view_audit") else None
    acts = trail.filter(subject_type="people.user", subject_id=str(one.pk))[:10] if trail is not None else []
    address = request.build_absolute_uri(link.path) if link is not None else ""
    crumbs = [(_("Users"), reverse("people:users"))]
    context = {"one": shown, "form": form, "acts": acts, "link": address, "crumbs": crumbs}
    return render(request, "people/user.html", context)


# --- roles


@needs("people.view_role")
@require_safe
def role_list(request: HttpRequest) -> HttpResponse:
    rows = [(role, roles.title_of(role.name), roles.is_builtin(role.name)) for role in queries.roles()]
    rows.sort(key=lambda row: (not row[2], row[0].pk if row[2] else 0, row[1].casefold()))
    return render(request, "people/roles.html", {"rows": rows})


@needs("people.view_role")
@require_http_methods(["GET", "POST"])
def role(request: HttpRequest, role_id: int | None = None) -> HttpResponse:
    """One role, or with no id a new one."""
    actor = request_actor(request)
    kept = roles.role_of(role_id) if role_id is not None else None
    is_builtin = kept is not None and roles.is_builtin(kept.name)
    held = [roles.full_name(one) for one in kept.permissions.select_related("content_type")] if kept else []
    form = RoleForm(request.POST or None, initial={"name": kept.name if kept else "", "permissions": held})
    if request.method == "POST" and form.is_valid():
        try:
            saved = roles.save_role(actor, role_id=role_id, **form.cleaned_data)
        except InputRefused as error:
            add_faults(form, error)
        else:
            toast(request, _("The role {role} was saved.").format(role=saved.role.name))
            return redirect("people:roles")
    offered = roles.offered()
    verbs = {"view": _("See"), "add": _("Add"), "change": _("Change"), "delete": _("Delete")}
    context = {
        "kept": kept,
        "title": roles.title_of(kept.name) if kept else _("New role"),
        "is_builtin": is_builtin,
        "is_open": actor.may("people.change_role") and not is_builtin,
        "form": form,
        "offered": offered,
        "verbs": verbs,
        "chosen": set(request.POST.getlist("permissions")) if request.method == "POST" else set(held),
        "crumbs": [(_("Roles"), reverse("people:roles"))],
    }
    return render(request, "people/role.html", context)


@needs("people.change_role")
@require_POST
def role_delete(request: HttpRequest, role_id: int) -> HttpResponse:
    gone = roles.delete_role(request_actor(request), role_id)
    toast(request, _("The role {role} was deleted.").format(role=gone.role.name))
    return redirect("people:roles")


# --- the audit trail


@needs("people.view_audit")
@require_safe
def audit_trail(request: HttpRequest) -> HttpResponse:
    form = AuditFilters(queries.actions_in_trail(), request.GET)
    asked = form.cleaned_data if form.is_valid() else {}
    bounds = form.bounds() if form.is_valid() else {}
    found = queries.audit_trail(
        request_actor(request), text=asked.get("q", ""), action=asked.get("action", ""), **bounds
    )
    page = page_of(found, request.GET, order=("-id",))
    rows = [(entry, action_title(entry.action), _details(entry.details)) for entry in page.rows]
    return render(request, "people/audit.html", {"page": page, "rows": rows, "form": form})


def _details(details: dict[str, object]) -> list[tuple[str, object, object, bool]]:
    """(name, before or value, after, whether it is a change) of what an entry holds."""
    found: list[tuple[str, object, object, bool]] = []
    for name, value in details.items():
        if isinstance(value, list) and len(value) == 2 and name not in ("roles", "scopes", "added", "removed"):
            found.append((fact_title(name), _plain(value[0]), _plain(value[1]), True))
        elif value not in ("", [], None):
            found.append((fact_title(name), _plain(value), "", False))
    return found


def _plain(value: object) -> object:
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    return ", ".join(str(one) for one in value) if isinstance(value, list) else value
