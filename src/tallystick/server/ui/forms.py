"""How Django's forms look here."""

from __future__ import annotations

from django.forms import BaseForm
from django.forms.renderers import TemplatesSetting

from tallystick.errors import InputRefused


class Renderer(TemplatesSetting):
    """Forms render from `ui/form.html`, each field from `ui/field.html`."""

    form_template_name = "ui/form.html"
    field_template_name = "ui/field.html"


def add_faults(form: BaseForm, error: InputRefused) -> None:
    """What an action refused, at the fields it names; what belongs to no field of the form stands above them."""
    for name, fault in error.fields.items():
        form.add_error(name if name in form.fields else None, fault)
    if not error.fields:
        form.add_error(None, str(error))
