"""The form of a record: one field per writable field of its type, and between its texts and canonical values."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from django import forms
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from tallystick.model.value import FieldType, Value
from tallystick.server.records import hub_users
from tallystick.server.records.codes import Codes
from tallystick.server.records.record_types import Field, RecordType
from tallystick.server.records.titles import Titles
from tallystick.server.records.values import list_of, listed, stamp

_LOCAL: Final = "%Y-%m-%dT%H:%M"


class ReferenceInput(forms.TextInput):
    """Searches records while one types (static/records/references.js); without scripts it takes ids and numbers."""

    template_name = "records/reference_input.html"

    def __init__(self, field: Field, titles: Titles) -> None:
        self._set(str(field.refers_to), titles, is_many=field.type is FieldType.LIST)

    def _set(self, target: str, titles: Titles, *, is_many: bool) -> None:
        super().__init__({"autocomplete": "off"})
        self._target, self._titles, self._is_many = target, titles, is_many

    @classmethod
    def to(cls, target: str, titles: Titles) -> ReferenceInput:
        """To one record of this type, whatever it is for."""
        made = cls.__new__(cls)
        made._set(target, titles, is_many=False)
        return made

    def get_context(self, name: str, value: Any, attrs: Any) -> dict[str, Any]:
        context = super().get_context(name, value, attrs)
        ids = [part.strip() for part in str(value or "").split(",") if part.strip()]
        target = self._target
        self._titles.look_up(target, [id_ for id_ in ids if len(id_) == 32])
        context["widget"] |= {
            "chosen": [(id_, self._titles.name(target, id_).title if len(id_) == 32 else id_) for id_ in ids],
            "is_many": self._is_many,
            "choices_url": reverse("records:choices", args=[target]),
        }
        return context


class RecordForm(forms.Form):
    """`initial` are canonical values; `values()` gives those that the person changed.

    Most fields may stay empty, so those that may not are marked.
    """

    marks_optional = False

    def __init__(
        self,
        kind: RecordType,
        titles: Titles,
        data: Any = None,
        *,
        current: Mapping[str, Value] | None = None,
    ) -> None:
        self.kind = kind
        self._current = dict(current or {})
        texts = {
            name: to_text(kind.fields[name], value) for name, value in self._current.items() if name in kind.written
        }
        super().__init__(data, initial=texts, prefix=None)
        for name in kind.written:
            self.fields[name] = _form_field(kind.fields[name], titles, self._current.get(name))

    def sections(self) -> list[tuple[Any, list[forms.BoundField]]]:
        """The fields people may write; the hub fills the others in itself."""
        found = [(title, [self[name] for name in names if name in self.fields]) for title, names in self.kind.sections]
        return [(title, fields) for title, fields in found if fields]

    def values(self) -> dict[str, Value]:
        """Canonical values of the fields that differ from what the form began with; the form is bound."""
        found: dict[str, Value] = {}
        for name in self.kind.written:
            field = self.kind.fields[name]
            text = _sent(self, name, field)
            if text is None or _same(text, self.initial.get(name)):
                continue
            found[name] = of_text(field, text)
        return found


def _sent(form: RecordForm, name: str, field: Field) -> Any:
    """What came for the field; None where nothing did. An unticked box sends nothing and means no."""
    data: Any = form.data
    if field.type is FieldType.BOOLEAN:
        return name in data
    if field.type is FieldType.LIST and field.codes is not None:
        return data.getlist(name) if hasattr(data, "getlist") else list(data.get(name, ()))
    sent = data.get(name)
    if field.refers_to is not None and hasattr(data, "getlist"):
        sent = ",".join(part for part in data.getlist(name) if part.strip()) if name in data else None
    return None if sent is None else str(sent).replace("\r\n", "\n")


def _same(sent: Any, initial: Any) -> bool:
    if isinstance(sent, str):
        return sent == str(initial or "").replace("\r\n", "\n")
    return bool(sent == (initial or type(sent)()))


def to_text(field: Field, value: Value) -> Any:
    """A canonical value as its form field holds it."""
    if value is None:
        return [] if field.type is FieldType.LIST and field.codes is not None else ""
    match field.type:
        case FieldType.BOOLEAN:
            return value == "true"
        case FieldType.DATETIME:
            moment = timezone.localtime(datetime.fromisoformat(value))
            has_seconds = moment.second or moment.microsecond
            return moment.strftime(_LOCAL + ":%S" if has_seconds else _LOCAL)
        case FieldType.LIST if field.codes is not None:
            return list(listed(value))
        case FieldType.LIST if field.refers_to is not None:
            return ",".join(listed(value))
        case FieldType.LIST:
            return "\n".join(listed(value))
        case FieldType.JSON:
            return json.dumps(json.loads(value), ensure_ascii=False, indent=2)
    return value


def of_text(field: Field, sent: Any) -> Value:
    """A canonical value, or what will be refused as one, of what a form field sent."""
    if isinstance(sent, bool):
        return "true" if sent else "false"
    if isinstance(sent, list):
        return list_of(sent) if sent else None
    if not sent:
        return None
    match field.type:
        case FieldType.DATETIME:
            return _moment(sent)
        case FieldType.LIST:
            parts = sent.split(",") if field.refers_to is not None else sent.split("\n")
            return list_of([part.strip() for part in parts if part.strip()]) if sent.strip() else None
        case FieldType.TEXT:
            return str(sent)
    return str(sent).strip() or None


def _moment(sent: str) -> str:
    """A time in the reader's zone as an instant; as it is where it is none."""
    try:
        moment = datetime.fromisoformat(sent.strip())
    except ValueError:
        return sent
    return stamp(timezone.make_aware(moment) if timezone.is_naive(moment) else moment)


def _form_field(field: Field, titles: Titles, current: Value) -> forms.Field:
    has_to_be = field.is_required and field.codes is None
    common: dict[str, Any] = {"label": field.title, "required": False, "help_text": field.help}
    if has_to_be:
        common["help_text"] = _("Has to be filled in.")
    if field.refers_to is not None:
        return forms.CharField(widget=ReferenceInput(field, titles), **common)
    if hub_users.names_user(field) and (users := hub_users.choices(titles.actor, current)) is not None:
        return forms.ChoiceField(choices=users, **common | {"help_text": _("Who signs in as this person.")})
    if field.codes is not None:
        choices = _choices(field.codes, current)
        if field.type is FieldType.LIST:
            return forms.MultipleChoiceField(choices=choices, widget=forms.CheckboxSelectMultiple, **common)
        blank = [] if field.is_required else [("", "—")]
        return forms.ChoiceField(choices=[*blank, *choices], **common)
    match field.type:
        case FieldType.BOOLEAN:
            return forms.BooleanField(**common)
        case FieldType.DATE:
            return forms.CharField(widget=forms.TextInput({"type": "date"}), **common)
        case FieldType.DATETIME:
            return forms.CharField(widget=forms.TextInput({"type": "datetime-local", "step": "1"}), **common)
        case FieldType.INTEGER | FieldType.DECIMAL:
            return forms.CharField(widget=forms.TextInput({"inputmode": "decimal"}), **common)
        case FieldType.LIST:
            common["help_text"] = common["help_text"] or _("One on each line.")
            return forms.CharField(widget=forms.Textarea({"rows": 2}), strip=False, **common)
    if field.is_long:
        return forms.CharField(widget=forms.Textarea({"rows": 4}), strip=False, **common)
    return forms.CharField(
        widget=forms.TextInput({"maxlength": field.limit} if field.limit else {}),
        strip=False,
        **common,
    )


def _choices(codes: Codes, current: Value) -> list[tuple[str, Any]]:
    """Codes to choose from, and those the record has although they are given to no other any more."""
    choices = list(codes.given.items())
    known = {code for code, _title in choices}
    has = (listed(current) if current.startswith("[") else (current,)) if current else ()
    choices += [(code, _("{title} (retired)").format(title=codes.title(code))) for code in has if code not in known]
    return choices


class FilterForm(forms.Form):
    """The search of a list, and what it can be narrowed by without looking anything up."""

    def __init__(self, kind: RecordType, data: Any) -> None:
        super().__init__(data)
        search = forms.TextInput({"type": "search", "data-key": "/"})
        self.fields["q"] = forms.CharField(label=_("Search"), required=False, widget=_search(search))
        for name in kind.filters:
            field = kind.fields[name]
            if field.codes is not None:
                choices = [("", _("Any")), *field.codes.titles.items()]
            elif field.type is FieldType.BOOLEAN:
                choices = [("", _("Any")), ("true", _("Yes")), ("false", _("No"))]
            else:
                continue
            self.fields[name] = forms.ChoiceField(label=field.title, required=False, choices=choices)


def _search(widget: forms.TextInput) -> forms.TextInput:
    widget.input_type = "search"
    return widget
