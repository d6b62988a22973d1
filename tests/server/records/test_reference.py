"""The reference page says what the record types declare, and the migrations make the tables of the models."""

from __future__ import annotations

import os
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command

from tallystick.server.records.connector import Settings
from tallystick.server.records.entry import HIDDEN
from tallystick.server.records.record_types import RECORD_TYPES
from tallystick.server.records.reference import page

DOCS = Path(__file__).parents[3] / "docs" / "reference"


def test_reference_of_record_types_is_up_to_date():
    if os.environ.get("TALLYSTICK_WRITE_REFERENCE"):
        (DOCS / "records.md").write_text(page(), encoding="utf-8")
    assert (DOCS / "records.md").read_text(encoding="utf-8") == page(), "set TALLYSTICK_WRITE_REFERENCE and run again"


def test_every_setting_of_the_connector_is_documented():
    text = (DOCS / "connectors" / "records.md").read_text(encoding="utf-8")
    assert [name for name in Settings.model_fields if f"| `{name}` |" not in text] == []


@pytest.mark.django_db
def test_migrations_make_the_tables_of_the_models():
    call_command("makemigrations", "records", check=True, dry_run=True, stdout=StringIO())


@pytest.mark.parametrize("kind", RECORD_TYPES, ids=lambda kind: kind.name)
def test_form_has_every_field_once_and_lists_name_fields_there_are(kind):
    named = [name for _title, names in kind.sections for name in names]
    assert sorted(named) == sorted(kind.written)
    used = {kind.title_field, *kind.shown, *kind.searched, *kind.filters, *kind.sorts}
    assert used <= set(kind.fields)
    assert kind.title_field in kind.shown
    assert not set(HIDDEN) & set(kind.fields)


def test_numbers_of_types_are_told_apart():
    prefixes = [kind.prefix for kind in RECORD_TYPES]
    assert len(set(prefixes)) == len(prefixes)
