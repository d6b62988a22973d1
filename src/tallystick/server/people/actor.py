"""Who acts: a person in the web, a token of the API, a run, the command line. Every action takes one first."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import wraps
from typing import TYPE_CHECKING, Any, Concatenate, Final, ParamSpec, TypeVar, cast

from django.contrib.auth.models import Permission
from django.http import HttpRequest
from django.utils.translation import gettext as _

from tallystick.errors import NotAllowed

if TYPE_CHECKING:
    from tallystick.server.people.models import User

P = ParamSpec("P")
R = TypeVar("R")
WEB: Final = "web"
API: Final = "api"
COMMAND_LINE: Final = "command line"


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """`permissions` are strings like `records.change_account`; `name` is what journals and histories show."""

    person: int | None  # the user's id; None for a run and the command line
    name: str
    permissions: frozenset[str] = field(repr=False)
    via: str  # "web", "api", "run <id>" or "command line"
    address: str = ""  # of the network, where known

    def may(self, permission: str) -> bool:
        return permission in self.permissions

    def may_any(self, *permissions: str) -> bool:
        return not self.permissions.isdisjoint(permissions)

    def check(self, permission: str) -> None:
        """Raises NotAllowed."""
        if permission not in self.permissions:
            raise not_allowed(permission)


NOBODY: Final = Actor(person=None, name="", permissions=frozenset(), via=WEB)


def system_actor(name: str, *, via: str) -> Actor:
    """The product itself, or whoever sits at its command line: everything is allowed."""
    return Actor(person=None, name=name, permissions=all_permissions(), via=via)


def actor_of(user: User, *, via: str = WEB, address: str = "") -> Actor:
    """The actor of a person with all rights of their roles; nobody's rights when they may not sign in."""
    permissions = permissions_of(user) if user.is_active else frozenset()
    return Actor(person=user.pk, name=str(user), permissions=permissions, via=via, address=address)


def permissions_of(user: User) -> frozenset[str]:
    """One query."""
    rows = Permission.objects.filter(group__user=user).order_by().values_list("content_type__app_label", "codename")
    return frozenset(f"{app}.{codename}" for app, codename in rows)


def all_permissions() -> frozenset[str]:
    rows = Permission.objects.order_by().values_list("content_type__app_label", "codename")
    return frozenset(f"{app}.{codename}" for app, codename in rows)


def request_actor(request: HttpRequest) -> Actor:
    """The actor of a request (set by `people.middleware.acting`)."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    return actor


def not_allowed(permission: str) -> NotAllowed:
    return NotAllowed(
        _("You are not allowed to do this."),
        permission=permission,
        hint=_("It takes the permission {permission}; an administrator can give it to one of your roles.").format(
            permission=permission
        ),
    )


def needs(
    *permissions: str,
) -> Callable[[Callable[Concatenate[HttpRequest, P], R]], Callable[Concatenate[HttpRequest, P], R]]:
    """A view for people with one of these permissions. The names stand in `view.needs`, where tests find them."""

    def wrap(view: Callable[Concatenate[HttpRequest, P], R]) -> Callable[Concatenate[HttpRequest, P], R]:
        @wraps(view)
        def checked(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> R:
            if not request_actor(request).may_any(*permissions):
                raise not_allowed(permissions[0])
            return view(request, *args, **kwargs)

        marked: Any = checked
        marked.needs = permissions
        return cast(Callable[Concatenate[HttpRequest, P], R], checked)

    return wrap


def for_everyone(view: Callable[Concatenate[HttpRequest, P], R]) -> Callable[Concatenate[HttpRequest, P], R]:
    """A view for everybody who is signed in, whatever their roles."""
    marked: Any = view
    marked.needs = ()
    return view
