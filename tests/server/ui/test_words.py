"""What is written down in short is read in words: types of fields, ways, facts of acts."""

from __future__ import annotations

import pytest
from django.utils.translation import override

from tallystick.model.value import FieldType
from tallystick.server.ui.words import FACTS, TYPES, WAYS, fact_title, type_title, way_title


def test_every_type_of_field_has_a_word_in_both_languages():
    assert set(TYPES) == set(FieldType)
    with override("ru"):
        assert [type_title(one) for one in (FieldType.TEXT, "integer", "")] == ["текст", "целое число", ""]


@pytest.mark.parametrize(
    ("via", "russian"),
    [
        ("run 01a204b72080ef0418a18ffb16d0259b", "запуск 01a204b72080ef0418a18ffb16d0259b"),
        ("web", "веб"),
        ("Nightly import", "Nightly import"),
    ],
)
def test_way_is_told_in_words_and_names_of_programs_stay(via, russian):
    with override("ru"):
        assert way_title(via) == russian
    with override("en"):
        assert way_title(via) == via


def test_fact_of_an_act_is_told_in_words_and_names_of_settings_stay():
    with override("ru"):
        assert (fact_title("full"), fact_title("max_rows")) == ("полное сравнение", "max_rows")
        assert all(str(word) for word in (*FACTS.values(), *WAYS.values()))
