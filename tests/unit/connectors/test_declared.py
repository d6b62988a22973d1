"""What forms, the command line and documents show of a connector's settings comes from the connector itself."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tallystick import connectors
from tallystick.connectors.declared import Kind, secrets_of, settings_of

ROOT = Path(__file__).resolve().parents[3]


def test_settings_are_told_with_kind_label_hint_and_default():
    told = {setting.name: setting for setting in settings_of("sql")}
    assert (told["url"].kind, told["url"].label, told["url"].is_required) == (Kind.TEXT, "Address", True)
    assert (told["password"].kind, told["password"].default) == (Kind.SECRET, None)
    assert (told["touch"].kind, told["touch"].default, told["touch"].is_advanced) == (Kind.SWITCH, True, True)
    assert (told["schema"].kind, told["schema"].default) == (Kind.TEXT, None)  # by the name the file uses
    assert (told["types"].kind, told["allow_private"].is_guard) == (Kind.TABLE, True)
    assert {one.name: one.kind for one in settings_of("files")}["path"] is Kind.FILE
    (version,) = (one for one in settings_of("dav") if one.name == "vcard_version")
    assert (version.kind, version.choices, version.default) == (Kind.CHOICE, ("3.0", "4.0"), "3.0")


def test_required_settings_come_first_and_advanced_ones_last():
    for kind in connectors.BUILT_IN:
        order = [(one.is_advanced, not one.is_required) for one in settings_of(kind)]
        assert order == sorted(order)


def test_secret_settings_are_known():
    assert {kind: secrets_of(kind) for kind in connectors.BUILT_IN} == {
        "memory": frozenset(),
        "sql": {"password"},
        "files": frozenset(),
        "dav": {"password", "token"},
        "request_tracker": {"password", "token"},
    }


@pytest.mark.parametrize("kind", connectors.BUILT_IN)
def test_every_setting_has_a_label_and_a_hint_of_its_own(kind):
    for setting in settings_of(kind):
        assert setting.hint, setting.name
        assert setting.label, setting.name


@pytest.mark.parametrize("kind", ["sql", "files", "dav", "request_tracker"])
def test_page_of_the_connector_names_every_setting(kind):
    page = (ROOT / "docs" / "reference" / "connectors" / f"{kind}.md").read_text(encoding="utf-8")
    table = page.partition("## Settings")[2].partition("\n## ")[0]
    assert {one.name for one in settings_of(kind)} <= set(re.findall(r"`(\w+)`", table))


def test_connector_of_a_room_above_is_known_once_it_is_added(monkeypatch):
    monkeypatch.setattr(connectors, "_added", {})
    connectors.add("second", "tallystick.connectors.memory")
    assert connectors.kinds()[-1] == "second"
    assert [one.name for one in settings_of("second")] == [one.name for one in settings_of("memory")]
