"""People, roles, tokens and the audit trail; and whoever calls."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Final

from django.contrib.auth.models import Group
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from ninja import Query, Schema
from pydantic import Field as Shape

from tallystick.server.api.calls import Calls, actor_of
from tallystick.server.api.shapes import Cursor, Given, Limit, Listing, Number, Word, listing, moment, number_cursor
from tallystick.server.people import queries
from tallystick.server.people.domain import roles, tokens, users
from tallystick.server.people.domain.links import make_link
from tallystick.server.people.models import ApiToken, AuditEntry, User

calls: Final = Calls("People")
VIEW, CHANGE = "people.view_user", "people.change_user"
ROLES, CHANGE_ROLES = "people.view_role", "people.change_role"
TOKENS, MANAGE_TOKENS, AUDIT = "people.use_tokens", "people.manage_tokens", "people.view_audit"


class Me(Schema):
    person: int | None
    name: str
    via: str
    permissions: list[str]
    language: str
    time_zone: str
    theme: str


class Profile(Given):
    """What is left out stays."""

    name: str | None = Shape(None, max_length=120)
    language: str | None = Shape(None, max_length=10, description="en or ru; empty: as the browser asks.")
    time_zone: str | None = Shape(None, max_length=64, description="Of the IANA database, like Europe/Berlin.")
    theme: str | None = Shape(None, max_length=10, description="system, light or dark.")


class PersonShown(Schema):
    id: int
    email: str
    name: str
    roles: list[str]
    is_active: bool
    is_locked: bool
    has_second_factor: bool | None = Shape(description="null in answers to changes.")
    last_login: datetime | None


class NewPerson(Given):
    """Without a password the person comes in by a one-time link."""

    email: str = Shape(max_length=254)
    name: str = Shape(max_length=120)
    roles: list[str] = Shape(default_factory=list, max_length=100)


class ChangedPerson(Given):
    email: str | None = Shape(None, max_length=254)
    name: str | None = Shape(None, max_length=120)
    roles: list[str] | None = Shape(None, max_length=100)
    is_active: bool | None = None


class RoleShown(Schema):
    id: int
    name: str
    is_builtin: bool
    permissions: list[str]


class NewRole(Given):
    name: str = Shape(max_length=200)
    permissions: list[str] = Shape(max_length=2_000)


class TokenShown(Schema):
    id: int
    name: str
    person: int
    scopes: list[str]
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    revoked_at: datetime | None


class AuditShown(Schema):
    id: int
    at: datetime
    person: int | None
    by: str
    via: str
    action: str
    subject_type: str
    subject_id: str
    subject_name: str
    details: dict[str, Any]


class Link(Schema):
    path: str = Shape(description="Of the page that lets the person choose a password, once.")


@calls.get("/me", out=Me)
def get_me(request: HttpRequest) -> Any:
    """Who calls, and what they may do."""
    return _me(request)


@calls.patch("/me", TOKENS, out=Me)
def change_me(request: HttpRequest, body: Profile) -> Any:
    """Change your name, language, time zone or appearance."""
    actor = actor_of(request)
    now = users.user_of(actor.person or 0)
    users.change_profile(
        actor,
        name=now.name if body.name is None else body.name,
        language=now.language if body.language is None else body.language,
        time_zone=now.time_zone if body.time_zone is None else body.time_zone,
        theme=now.theme if body.theme is None else body.theme,
    )
    return _me(request)


@calls.post("/me/sign-out", TOKENS, out=Me)
def end_my_sessions(request: HttpRequest) -> Any:
    """End all your sessions in browsers; tokens stay."""
    users.end_sessions(actor_of(request))
    return _me(request)


@calls.get("/people", VIEW, out=Listing[PersonShown])
def list_people(
    request: HttpRequest, q: Word = "", role: Word = "", state: Word = "", cursor: Cursor = "", limit: Limit = 50
) -> Any:
    """People who sign in.

    `state`: active, off or locked.
    """
    found = queries.users(actor_of(request), text=q, role=role, state=state)
    return _page(found, cursor, limit, _person)


@calls.post("/people", CHANGE, out=PersonShown, status=201)
def create_person(request: HttpRequest, body: NewPerson, response: HttpResponse) -> Any:
    """Add a person."""
    made = users.create_user(actor_of(request), email=body.email, name=body.name, roles=body.roles)
    response["Location"] = f"{request.path}/{made.user.pk}"
    return _person(made.user)


@calls.get("/people/{person_id}", VIEW, out=PersonShown)
def get_person(request: HttpRequest, person_id: Number) -> Any:
    """One person."""
    found = queries.users(actor_of(request)).filter(pk=person_id).first()
    return _person(found or users.user_of(person_id))


@calls.patch("/people/{person_id}", CHANGE, out=PersonShown)
def change_person(request: HttpRequest, person_id: Number, body: ChangedPerson) -> Any:
    """Change who a person is and what they may do."""
    actor = actor_of(request)
    actor.check(CHANGE)
    before = users.user_of(person_id)
    held = list(before.groups.values_list("name", flat=True))
    changed = users.change_user(
        actor,
        person_id,
        email=before.email if body.email is None else body.email,
        name=before.name if body.name is None else body.name,
        roles=held if body.roles is None else body.roles,
        is_active=before.is_active if body.is_active is None else body.is_active,
    )
    return _person(changed.user)


@calls.post("/people/{person_id}/unlock", CHANGE, out=PersonShown)
def unlock_person(request: HttpRequest, person_id: Number) -> Any:
    """End the lock that wrong passwords left."""
    return _person(users.unlock_user(actor_of(request), person_id).user)


@calls.post("/people/{person_id}/link", CHANGE, out=Link)
def make_person_link(request: HttpRequest, person_id: Number) -> Any:
    """Make a one-time link with which the person chooses a password."""
    return {"path": make_link(actor_of(request), person_id).path}


@calls.post("/people/{person_id}/remove-second-factor", CHANGE, out=PersonShown)
def remove_second_factor(request: HttpRequest, person_id: Number) -> Any:
    """For a person who lost telephone and recovery codes."""
    return _person(users.remove_second_factor(actor_of(request), person_id).user)


@calls.get("/roles", ROLES, out=Listing[RoleShown])
def list_roles(request: HttpRequest) -> Any:
    """Roles and what each may do."""
    actor_of(request).check(ROLES)
    return listing([_role(one) for one in Group.objects.order_by("name")])


@calls.post("/roles", CHANGE_ROLES, out=RoleShown, status=201)
def create_role(request: HttpRequest, body: NewRole) -> Any:
    """Make a role."""
    made = roles.save_role(actor_of(request), role_id=None, name=body.name, permissions=body.permissions)
    return _role(made.role)


@calls.put("/roles/{role_id}", CHANGE_ROLES, out=RoleShown)
def save_role(request: HttpRequest, role_id: Number, body: NewRole) -> Any:
    """Change a role that people made."""
    saved = roles.save_role(actor_of(request), role_id=role_id, name=body.name, permissions=body.permissions)
    return _role(saved.role)


@calls.delete("/roles/{role_id}", CHANGE_ROLES)
def delete_role(request: HttpRequest, role_id: Number) -> Any:
    """Delete a role that people made."""
    roles.delete_role(actor_of(request), role_id)


@calls.get("/tokens", TOKENS, MANAGE_TOKENS, out=Listing[TokenShown])
def list_tokens(request: HttpRequest, cursor: Cursor = "", limit: Limit = 50) -> Any:
    """One's own tokens.

    A token is made in the web alone, by the person whose it is.
    """
    return _page(queries.tokens(actor_of(request)), cursor, limit, _token)


@calls.delete("/tokens/{token_id}", TOKENS, MANAGE_TOKENS)
def revoke_token(request: HttpRequest, token_id: Number) -> Any:
    """Revoke a token."""
    tokens.revoke_token(actor_of(request), token_id)


@calls.get("/audit", AUDIT, out=Listing[AuditShown])
def list_audit(
    request: HttpRequest,
    q: Word = "",
    action: Word = "",
    since: Annotated[datetime | None, Query()] = None,
    until: Annotated[datetime | None, Query()] = None,
    cursor: Cursor = "",
    limit: Limit = 50,
) -> Any:
    """Administrative acts, newest first."""
    found = queries.audit_trail(
        actor_of(request), text=q, action=action, since=moment(since, "since"), until=moment(until, "until")
    )
    return _page(found, cursor, limit, _audit)


def _me(request: HttpRequest) -> dict[str, Any]:
    actor = actor_of(request)
    user = users.user_of(actor.person or 0)
    return {
        "person": actor.person,
        "name": actor.name,
        "via": actor.via,
        "permissions": sorted(actor.permissions),
        "language": user.language,
        "time_zone": user.time_zone,
        "theme": user.theme,
    }


def _page(rows: QuerySet[Any], cursor: str, limit: int, shown: Any) -> dict[str, Any]:
    """Newest first."""
    before = number_cursor(cursor)
    if before is not None:
        rows = rows.filter(pk__lt=before)
    found = list(rows.order_by("-pk")[: limit + 1])
    return listing(map(shown, found[:limit]), found[limit - 1].pk if len(found) > limit else None)


def _person(user: User) -> dict[str, Any]:
    return {
        "id": user.pk,
        "email": user.email,
        "name": user.name,
        "roles": sorted(group.name for group in user.groups.all()),
        "is_active": user.is_active,
        "is_locked": user.is_locked,
        "has_second_factor": getattr(user, "has_second_factor", None),
        "last_login": user.last_login,
    }


def _role(role: Group) -> dict[str, Any]:
    held = role.permissions.select_related("content_type")
    return {
        "id": role.pk,
        "name": role.name,
        "is_builtin": roles.is_builtin(role.name),
        "permissions": sorted(map(roles.full_name, held)),
    }


def _token(one: ApiToken) -> dict[str, Any]:
    return {
        "id": one.pk,
        "name": one.name,
        "person": one.user.pk,
        "scopes": one.scopes,
        "created_at": one.created_at,
        "expires_at": one.expires_at,
        "last_used_at": one.last_used_at,
        "revoked_at": one.revoked_at,
    }


def _audit(one: AuditEntry) -> dict[str, Any]:
    names = ("id", "at", "person", "by", "via", "action", "subject_type", "subject_id", "subject_name", "details")
    return {name: getattr(one, name) for name in names}
