"""Forms about people. They read; what is allowed and right is judged by the actions."""

from __future__ import annotations

import zoneinfo
from datetime import date, datetime, time, timedelta
from typing import Any

from allauth.account.forms import LoginForm
from django import forms
from django.apps import apps as django_apps
from django.conf import settings
from django.contrib.auth.models import Group
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from tallystick.server.people.actor import Actor, all_permissions
from tallystick.server.people.domain.roles import title_of
from tallystick.server.people.domain.tokens import EVERYTHING, READING
from tallystick.server.people.models import Theme, User
from tallystick.server.people.words import action_title, permission_words


class SignInForm(LoginForm):  # type: ignore[misc]
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.marks_optional = False
        self.fields["login"].label = _("Email address")
        self.fields["login"].widget.attrs.update({"autofocus": True, "autocomplete": "username"})
        self.fields["password"].help_text = ""
        self.fields["remember"].label = _("Stay signed in for a week")
        for field in self.fields.values():
            field.widget.attrs.pop("placeholder", None)


class FirstForm(forms.Form):
    """Who the first administrator is."""

    name = forms.CharField(label=_("Your name"), max_length=120, widget=forms.TextInput({"autocomplete": "name"}))
    email = forms.EmailField(
        label=_("Email address"), max_length=254, widget=forms.EmailInput({"autocomplete": "username"})
    )
    password = forms.CharField(
        label=_("Password"),
        help_text=_("At least 10 characters."),
        strip=False,
        widget=forms.PasswordInput({"autocomplete": "new-password"}),
    )


class PasswordForm(forms.Form):
    """The password of somebody who came by a one-time link."""

    password = forms.CharField(
        label=_("New password"),
        help_text=_("At least 10 characters."),
        strip=False,
        widget=forms.PasswordInput({"autocomplete": "new-password", "autofocus": True}),
    )


class UserForm(forms.Form):
    name = forms.CharField(label=_("Name"), max_length=120)
    email = forms.EmailField(label=_("Email address"), max_length=254)
    roles = forms.MultipleChoiceField(label=_("Roles"), required=False, widget=forms.CheckboxSelectMultiple)
    is_active = forms.BooleanField(label=_("May sign in"), required=False, initial=True)

    def __init__(self, *args: Any, is_new: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        names = Group.objects.order_by("pk").values_list("name", flat=True)
        self.fields["roles"].choices = [(name, title_of(name)) for name in names]  # type: ignore[attr-defined]
        if is_new:
            del self.fields["is_active"]


class UserFilters(forms.Form):
    q = forms.CharField(label=_("Name or email address"), required=False, widget=forms.TextInput({"type": "search"}))
    role = forms.ChoiceField(label=_("Role"), required=False)
    state = forms.ChoiceField(
        label=_("State"),
        required=False,
        choices=[("", _("Any")), ("active", _("May sign in")), ("off", _("Off")), ("locked", _("Locked"))],
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        names = Group.objects.order_by("pk").values_list("name", flat=True)
        choices = [("", _("Any")), *((name, title_of(name)) for name in names)]
        self.fields["role"].choices = choices  # type: ignore[attr-defined]


class RoleForm(forms.Form):
    """The permissions are a table of the page's own; here they are only read."""

    name = forms.CharField(label=_("Name"), max_length=120)
    permissions = forms.MultipleChoiceField(required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        names = [(name, name) for name in all_permissions()]
        self.fields["permissions"].choices = names  # type: ignore[attr-defined]


class ProfileForm(forms.Form):
    marks_optional = False
    name = forms.CharField(label=_("Name"), max_length=120, widget=forms.TextInput({"autocomplete": "name"}))
    language = forms.ChoiceField(
        label=_("Language"), required=False, choices=[("", _("As the browser asks")), *settings.LANGUAGES]
    )
    time_zone = forms.ChoiceField(label=_("Time zone"))
    theme = forms.ChoiceField(label=_("Appearance"), choices=Theme.choices)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        zones = sorted(name for name in zoneinfo.available_timezones() if "/" in name and not name.startswith("Etc/"))
        self.fields["time_zone"].choices = [(name, name.replace("_", " ")) for name in ("UTC", *zones)]  # type: ignore[attr-defined]

    @classmethod
    def of(cls, user: User) -> ProfileForm:
        return cls(
            initial={"name": user.name, "language": user.language, "time_zone": user.time_zone, "theme": user.theme}
        )


class TokenForm(forms.Form):
    name = forms.CharField(label=_("What will use it"), max_length=120)
    scopes = forms.MultipleChoiceField(label=_("What it may do"), widget=forms.CheckboxSelectMultiple)
    expires_on = forms.DateField(label=_("Last day"), widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d"))

    def __init__(self, actor: Actor, *args: Any, **kwargs: Any) -> None:
        tomorrow = timezone.localdate() + timedelta(days=1)
        kwargs.setdefault("initial", {"expires_on": tomorrow + timedelta(days=89)})
        super().__init__(*args, **kwargs)
        held = {permission.partition(".")[0] for permission in actor.permissions}
        apps = [config.label for config in django_apps.get_app_configs() if config.label in held]
        self.fields["scopes"].choices = [  # type: ignore[attr-defined]
            (EVERYTHING, _("Everything I may do")),
            (READING, _("See everything I may see, change nothing")),
            *((f"{app}.*", capfirst(permission_words(f"{app}.*"))) for app in apps),
        ]

    def expires_at(self) -> datetime:
        """The end of the last day in the person's zone."""
        day: date = self.cleaned_data["expires_on"]
        return timezone.make_aware(datetime.combine(day + timedelta(days=1), time.min))


class AuditFilters(forms.Form):
    q = forms.CharField(label=_("Person or subject"), required=False, widget=forms.TextInput({"type": "search"}))
    action = forms.ChoiceField(label=_("What"), required=False)
    since = forms.DateField(
        label=_("From"), required=False, widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d")
    )
    until = forms.DateField(label=_("To"), required=False, widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d"))

    def __init__(self, actions: list[str], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [("", _("Anything")), *((name, action_title(name)) for name in actions)]
        self.fields["action"].choices = choices  # type: ignore[attr-defined]

    def bounds(self) -> dict[str, datetime | None]:
        """The first moment and the one after the last, in the person's zone."""
        since, until = (self.cleaned_data.get(name) for name in ("since", "until"))
        end = _midnight(until)
        return {"since": _midnight(since), "until": end + timedelta(days=1) if end else None}


def _midnight(day: date | None) -> datetime | None:
    """None also for days at the ends of what a calendar can say: there is nothing beyond them."""
    return timezone.make_aware(datetime.combine(day, time.min)) if day and 1900 < day.year < 9000 else None
