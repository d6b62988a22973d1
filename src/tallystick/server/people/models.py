"""People, their tokens, and the audit trail."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop


class Theme(models.TextChoices):
    SYSTEM = "system", _("As the device")
    LIGHT = "light", _("Light")
    DARK = "dark", _("Dark")


class People(BaseUserManager["User"]):
    def get_by_natural_key(self, username: str | None) -> User:
        return self.get(email__iexact=username)

    @classmethod
    def normalize_email(cls, email: str | None) -> str:
        return (email or "").strip().lower()


class User(AbstractBaseUser, PermissionsMixin):
    """A person who signs in. Roles are the groups of `PermissionsMixin`; is_superuser is never set."""

    email = models.EmailField(_("Email address"), unique=True, max_length=254)
    name = models.CharField(_("Name"), max_length=120)
    language = models.CharField(_("Language"), max_length=8, blank=True, default="")  # empty: as the browser asks
    time_zone = models.CharField(_("Time zone"), max_length=64, default="UTC")
    theme = models.CharField(_("Appearance"), max_length=8, choices=Theme.choices, default=Theme.SYSTEM)
    is_active = models.BooleanField(_("May sign in"), default=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    failed_sign_ins = models.PositiveIntegerField(default=0, editable=False)  # in a row
    locked_until = models.DateTimeField(null=True, editable=False)
    epoch = models.PositiveIntegerField(default=0, editable=False)  # counted up, it ends all sessions

    objects: ClassVar[People] = People()
    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS = ["name"]

    class Meta:
        verbose_name = _("user")
        verbose_name_plural = _("users")
        default_permissions = ("view", "change")
        constraints = [models.UniqueConstraint(Lower("email"), name="user_email_once")]
        ordering = ["name", "id"]

    def __str__(self) -> str:
        return self.name or self.email

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.email = People.normalize_email(self.email)
        super().save(*args, **kwargs)

    def _get_session_auth_hash(self, secret: str | bytes | None = None) -> str:
        salt = "tallystick.server.people.models.User.session"
        return salted_hmac(salt, f"{self.password} {self.epoch}", secret=secret, algorithm="sha256").hexdigest()

    @property
    def is_locked(self) -> bool:
        return self.locked_until is not None and self.locked_until > timezone.now()


class ApiToken(models.Model):
    """A token for programs: `mark` finds it, `digest` (SHA-256 of the whole token) proves it."""

    user = models.ForeignKey(User, models.CASCADE, related_name="tokens")
    name = models.CharField(max_length=120)
    mark = models.CharField(max_length=16, unique=True)
    digest = models.CharField(max_length=64)
    scopes = models.JSONField(default=list)  # patterns of permissions, like "records.*"
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField(null=True)
    last_used_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        default_permissions = ()
        permissions = [
            ("use_tokens", gettext_noop("Use API tokens of one's own")),
            ("manage_tokens", gettext_noop("Revoke anybody's API tokens")),
        ]
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return self.name

    @property
    def is_expired(self) -> bool:
        return self.expires_at is not None and self.expires_at <= timezone.now()


class AuditEntry(models.Model):
    """One administrative act; rows are only ever added."""

    id = models.BigAutoField(primary_key=True)
    at = models.DateTimeField(default=timezone.now, db_index=True)
    person = models.BigIntegerField(null=True)  # the user's id; kept when the user goes
    by = models.CharField(max_length=200)
    via = models.CharField(max_length=60)
    address = models.CharField(max_length=64, blank=True)  # of the network, where the act came by web or API
    action = models.CharField(max_length=80)  # like people.create_user
    subject_type = models.CharField(max_length=40, blank=True)
    subject_id = models.CharField(max_length=64, blank=True)
    subject_name = models.CharField(max_length=200, blank=True)
    details = models.JSONField(default=dict)  # {"field": [before, after]} or facts; never a secret

    class Meta:
        default_permissions = ()
        permissions = [("view_audit", gettext_noop("See the audit trail"))]
        indexes = [
            models.Index(fields=["action", "-id"], name="audit_action"),
            models.Index(fields=["person", "-id"], name="audit_person"),
            models.Index(fields=["subject_type", "subject_id", "-id"], name="audit_subject"),
        ]
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.action} {self.subject_name}".strip()


class Right(models.Model):
    """Carries permissions that belong to no table; has none itself."""

    class Meta:
        managed = False
        default_permissions = ()
        permissions = [("view_role", gettext_noop("See roles")), ("change_role", gettext_noop("Make and change roles"))]
