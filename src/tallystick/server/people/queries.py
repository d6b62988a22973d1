"""What pages about people show."""

from __future__ import annotations

from datetime import datetime

from allauth.mfa.models import Authenticator
from django.contrib.auth.models import Group
from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from tallystick.server.people.actor import Actor
from tallystick.server.people.models import ApiToken, AuditEntry, User


def users(actor: Actor, *, text: str = "", role: str = "", state: str = "") -> QuerySet[User]:
    """People with their roles and `has_second_factor`. `state`: active, off or locked."""
    actor.check("people.view_user")
    second = Authenticator.objects.filter(user=OuterRef("pk"), type=Authenticator.Type.TOTP)
    found = User.objects.annotate(has_second_factor=Exists(second)).prefetch_related("groups")
    for word in text.split():
        found = found.filter(Q(name__icontains=word) | Q(email__icontains=word))
    if role:
        found = found.filter(groups__name=role)
    match state:
        case "active":
            found = found.filter(is_active=True)
        case "off":
            found = found.filter(is_active=False)
        case "locked":
            found = found.filter(locked_until__gt=timezone.now())
    return found


def roles() -> QuerySet[Group]:
    """Roles with `people`, how many have them, and `rights`, how many permissions they hold."""
    return Group.objects.annotate(
        people=Count("user", distinct=True), rights=Count("permissions", distinct=True)
    ).order_by("name")


def tokens(actor: Actor) -> QuerySet[ApiToken]:
    """The actor's own, the newest first."""
    return ApiToken.objects.filter(user=actor.person).order_by("-created_at")


def tokens_of_others(actor: Actor) -> QuerySet[ApiToken]:
    """Those in use. Raises NotAllowed."""
    actor.check("people.manage_tokens")
    in_use = ApiToken.objects.filter(revoked_at=None).exclude(user=actor.person).exclude(expires_at__lt=timezone.now())
    return in_use.select_related("user").order_by("user__name", "-created_at")


def audit_trail(
    actor: Actor, *, text: str = "", action: str = "", since: datetime | None = None, until: datetime | None = None
) -> QuerySet[AuditEntry]:
    """Administrative acts. `text` is sought in names of people and subjects."""
    actor.check("people.view_audit")
    found = AuditEntry.objects.all()
    for word in text.split():
        found = found.filter(Q(by__icontains=word) | Q(subject_name__icontains=word))
    if action:
        found = found.filter(action=action)
    if since is not None:
        found = found.filter(at__gte=since)
    if until is not None:
        found = found.filter(at__lt=until)
    return found


def actions_in_trail() -> list[str]:
    """The kinds of acts there are, by skipping from one to the next along the index."""
    found: list[str] = []
    while True:
        after = AuditEntry.objects.order_by("action")
        if found:
            after = after.filter(action__gt=found[-1])
        name = after.values_list("action", flat=True).first()
        if name is None or len(found) == 200:
            return found
        found.append(name)
