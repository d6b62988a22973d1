"""A form for the settings of each connector, made from what the connector itself declares."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tallystick.connectors.declared import Kind, Setting, settings_of
from tallystick.server.connections.models import Connection
from tallystick.server.connections.queries import Kept, settings_kept
from tallystick.spec.write import dumps

FORGET = "forget-"
_AS_LINE = {"autocomplete": "off", "spellcheck": "false"}


class ConnectionForm(forms.Form):
    """Judges nothing itself: what is wrong the action says, field by field, for pages and API alike."""

    name = forms.CharField(
        label=gettext_lazy("Name"),
        max_length=100,
        help_text=gettext_lazy("What integrations call it, such as erp. It stays."),
        widget=forms.TextInput(attrs=_AS_LINE),
    )
    title = forms.CharField(
        label=gettext_lazy("Title"), max_length=200, required=False, help_text=gettext_lazy("What people call it.")
    )

    def __init__(self, connector: str, data: QueryDict | None = None, *, of: Connection | None = None) -> None:
        kept = {one.setting.name: one for one in settings_kept(of)} if of is not None else {}
        initial = {"title": of.title} if of is not None else {}
        super().__init__(data, initial=initial)
        if of is not None:
            del self.fields["name"]
        self.declared = [setting for setting in settings_of(connector) if not setting.is_guard]
        self._advanced: list[str] = []
        self._set = {name for name, one in kept.items() if one.is_kept}
        for setting in self.declared:
            for name, field in _fields(setting, kept.get(setting.name)).items():
                self.fields[name] = field
                if setting.is_advanced:
                    self._advanced.append(name)

    @property
    def usual(self) -> list[forms.BoundField]:
        return [self[name] for name in self.fields if name not in self._advanced]

    @property
    def advanced(self) -> list[forms.BoundField]:
        return [self[name] for name in self._advanced]

    @property
    def shows_advanced(self) -> bool:
        """Something there is wrong or was set."""
        return any(self.errors.get(name) or name in self._set for name in self._advanced)

    def given(self) -> dict[str, Any]:
        """The settings as the action takes them; call `is_valid` first, whatever it says."""
        cleaned: Mapping[str, Any] = self.cleaned_data
        found: dict[str, Any] = {}
        for setting in self.declared:
            value = cleaned.get(setting.name)
            if setting.kind is Kind.SWITCH:
                if bool(value) != bool(setting.default):
                    found[setting.name] = bool(value)
            elif value:
                found[setting.name] = value
        return found

    def forgotten(self) -> frozenset[str]:
        """Secrets that are to go."""
        cleaned: Mapping[str, Any] = self.cleaned_data
        return frozenset(one.name for one in self.declared if cleaned.get(f"{FORGET}{one.name}"))


def _fields(setting: Setting, kept: Kept | None) -> dict[str, forms.Field]:
    value = kept.value if kept is not None else None
    hint = _(setting.hint) if setting.hint else ""
    common: dict[str, Any] = {
        "label": _(setting.label),
        "required": setting.is_required and not setting.is_secret,
        "help_text": _sentence(hint),
    }
    shown = str(setting.default) if setting.default not in (None, "") and setting.kind is not Kind.TABLE else ""
    attrs = {**_AS_LINE, "placeholder": shown} if shown else dict(_AS_LINE)
    match setting.kind:
        case Kind.SWITCH:
            is_on = setting.default if value is None else value
            return {setting.name: forms.BooleanField(**common, initial=bool(is_on))}
        case Kind.CHOICE:
            choices = [("", shown or "—"), *((one, one) for one in setting.choices)]
            return {setting.name: forms.ChoiceField(**common, choices=choices, initial=value or "")}
        case Kind.TABLE:
            text = dumps(value) if isinstance(value, Mapping) else _yaml(value)
            widget = forms.Textarea(attrs={**attrs, "rows": 4, "class": "mono"})
            return {setting.name: forms.CharField(**common, widget=widget, initial=text, strip=False)}
        case Kind.SECRET:
            return _secret(setting, common, is_kept=kept is not None and kept.is_kept)
    if setting.kind in (Kind.WHOLE, Kind.NUMBER):
        attrs["inputmode"] = "decimal"
    field = forms.CharField(
        **common, widget=forms.TextInput(attrs=attrs), initial="" if value is None else value, strip=False
    )
    return {setting.name: field}


def _sentence(hint: str) -> str:
    """A phrase of a document as a sentence of a form; addresses stay as they are."""
    if not hint:
        return ""
    first = hint.partition(" ")[0]
    begun = hint if ":" in first or "`" in first else hint[:1].upper() + hint[1:]
    return begun if begun.endswith((".", "…")) else f"{begun}."


def _secret(setting: Setting, common: dict[str, Any], *, is_kept: bool) -> dict[str, forms.Field]:
    attrs = {"autocomplete": "new-password"}
    if is_kept:
        attrs["placeholder"] = _("Kept; leave blank to keep it")
    widget = forms.PasswordInput(render_value=False, attrs=attrs)
    fields: dict[str, forms.Field] = {setting.name: forms.CharField(**common, widget=widget, strip=False)}
    if is_kept:
        label = _("Forget: {setting}").format(setting=_(setting.label))
        fields[f"{FORGET}{setting.name}"] = forms.BooleanField(label=label, required=False)
    return fields


def _yaml(value: Any) -> str:
    """A list as YAML; nothing for nothing."""
    if not value:
        return ""
    import json

    return json.dumps(value, ensure_ascii=False, indent=2)  # JSON is YAML
