"""Choices of a list are those of its elements. Row E24."""

from __future__ import annotations

import pytest

from tallystick.engine.check import Checker
from tallystick.model.schema import Capabilities, Field, RecordType
from tallystick.model.value import FieldType

PERSON = RecordType(
    name="person",
    title="People",
    key=("id",),
    capabilities=Capabilities(),
    fields=(
        Field(name="roles", type=FieldType.LIST, choices=("contact", "worker")),
        Field(name="status", type=FieldType.TEXT, choices=("active",)),
    ),
)


@pytest.mark.parametrize("value", [None, "[]", '["worker"]', '["worker","contact"]'])
def test_list_of_choices_is_taken_E24(value):
    assert Checker(PERSON).update({"roles": value}) is None


@pytest.mark.parametrize("value", ['["boss"]', '["worker","boss"]', "worker", "7"])
def test_list_with_anything_else_is_refused_E24(value):
    assert "does not take" in str(Checker(PERSON).update({"roles": value}))


def test_single_choice_is_compared_whole_E24():
    assert Checker(PERSON).update({"status": "active"}) is None
    assert Checker(PERSON).update({"status": '["active"]'}) is not None
