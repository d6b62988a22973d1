"""Lines with codes, references, joined fields and several values in one field (E6, E8, E10, E26, S20, S23)."""

from __future__ import annotations

import pytest

from tallystick.engine.translate import Trouble
from tallystick.errors import ConfigurationError
from tallystick.model.flow import TooLong
from tallystick.model.side import Side
from tallystick.model.value import FieldType, Reference
from tests.unit.engine.translating import LEFT, RIGHT, Links, code_set, field_map, line, translator

STATUS = code_set(
    {"In use": ("IN_SERVICE",), "In stock": ("IN_STOCK", "RECEIVED"), "Retired": ("DISPOSED",)},
    {"IN_SERVICE": ("In use",), "IN_STOCK": ("In stock",), "RECEIVED": ("In stock",), "DISPOSED": ("Retired",)},
)
# the CRM on the left knows Open only, the PIM on the right tells two kinds of it apart
TASK = code_set(
    {"Open": ("Not started", "Waiting on someone else"), "In Progress": ("In progress",), "Declined": ("Deferred",)},
    {
        "Not started": ("Open",),
        "Waiting on someone else": ("Open",),
        "In progress": ("In Progress",),
        "Deferred": ("Declined",),
    },
)


# --- codes


def test_code_default_is_the_first_and_all_fit_E10() -> None:
    status = line(codes=STATUS)
    assert status.towards(RIGHT, {"a": "In stock"}).values == {"b": "IN_STOCK"}
    assert status.towards(LEFT, {"b": "RECEIVED"}).values == {"a": "In stock"}
    assert status.agrees({"a": "In stock"}, {"b": "RECEIVED"})
    assert not status.agrees({"a": "In stock"}, {"b": "DISPOSED"})


def test_code_two_to_one_is_kept_while_it_still_fits_S20() -> None:
    task = line(codes=TASK)
    assert task.agrees({"a": "Open"}, {"b": "Waiting on someone else"})
    assert task.towards(RIGHT, {"a": "In Progress"}).values == {"b": "In progress"}
    assert not task.agrees({"a": "Open"}, {"b": "In progress"})  # a true change back gives the declared default
    assert task.towards(RIGHT, {"a": "Open"}).values == {"b": "Not started"}
    assert task.towards(RIGHT, {"a": "Declined"}).values == {"b": "Deferred"}
    assert task.towards(LEFT, {"b": "Deferred"}).values == {"a": "Declined"}


def test_code_is_never_poorer_so_that_a_change_flows_S20() -> None:
    assert not line(codes=TASK).is_poorer(LEFT, {"b": "Waiting on someone else"})


def test_code_unmapped_holds_the_field_with_a_sentence_E10() -> None:
    state = line("state", "region", codes=STATUS).towards(RIGHT, {"state": "Karnataka"})
    assert (state.trouble, state.message) == (
        Trouble.UNMAPPED_CODE,
        "state on the left is 'Karnataka', which the code set codes does not map to region on the right: "
        "add it to the code set.",
    )


def test_code_unmapped_holds_that_field_only_S20() -> None:
    record = translator(field_map("state", "region", codes=STATUS), field_map("a", "b")).record(
        RIGHT, {"state": "Karnataka", "a": "1"}
    )
    assert (record.values, list(record.held), record.reject) == ({"b": "1"}, ["state"], None)


def test_code_null_passes_as_null_E9() -> None:
    assert line(codes=STATUS).towards(RIGHT, {"a": None}).values == {"b": None}


def test_code_star_stands_for_every_value_not_named() -> None:
    codes = code_set({"A": ("1",), "*": ("9",)}, {"1": ("A",), "9": ("*",)})
    kind = line(codes=codes)
    assert kind.towards(RIGHT, {"a": "Z"}).values == {"b": "9"}
    assert kind.towards(LEFT, {"b": "9"}).trouble is Trouble.UNMAPPED_CODE  # * is never a value
    assert kind.agrees({"a": "Z"}, {"b": "9"})


def test_code_of_each_value_in_a_list() -> None:
    kinds = line(codes=STATUS, separator=";", types={LEFT: FieldType.LIST})
    assert kinds.towards(RIGHT, {"a": '["In use","In stock"]'}).values == {"b": "IN_SERVICE;IN_STOCK"}
    assert kinds.towards(LEFT, {"b": "RECEIVED; DISPOSED"}).values == {"a": '["In stock","Retired"]'}
    assert kinds.agrees({"a": '["In use","In stock"]'}, {"b": "IN_SERVICE; RECEIVED"})
    assert kinds.towards(LEFT, {"b": "RECEIVED;NEW"}).trouble is Trouble.UNMAPPED_CODE


# --- references


PEOPLE = Links(
    {
        ("people", LEFT, "7"): "E7",
        ("people", RIGHT, "E7"): "7",
        ("people", LEFT, "8"): Reference(flow="people", side=LEFT, id="8"),
        ("places", LEFT, "US|1"): "1|US",
    }
)


def test_reference_is_the_partner_of_the_other_flow_E26() -> None:
    owner = line("owner_id", "custodian", ref="people", links=PEOPLE)
    assert owner.towards(RIGHT, {"owner_id": "7"}).values == {"custodian": "E7"}
    assert owner.towards(LEFT, {"custodian": "E7"}).values == {"owner_id": "7"}
    assert owner.agrees({"owner_id": "7"}, {"custodian": "E7"})
    assert not owner.agrees({"owner_id": "7"}, {"custodian": "E8"})
    assert owner.towards(RIGHT, {"owner_id": None}).values == {"custodian": None}


def test_reference_to_a_record_about_to_be_created_stays_open_E26() -> None:
    owner = line("owner_id", "custodian", ref="people", links=PEOPLE)
    assert owner.towards(RIGHT, {"owner_id": "8"}).values == {"custodian": Reference(flow="people", side=LEFT, id="8")}


def test_reference_that_is_missing_is_named_and_waited_for_S1() -> None:
    record = translator(field_map("owner_id", "custodian", ref="people"), links=PEOPLE).record(
        LEFT, {"custodian": "E99"}
    )
    assert record.waits_for == ("people", RIGHT, "E99")
    assert record.waits["owner_id"].message == (
        "custodian on the right names 'E99', which the flow people has not linked to a record on the left yet."
    )


def test_reference_of_several_fields_is_one_id() -> None:
    place = line(("country", "site"), ("site_no", "land"), ref="places", links=PEOPLE)
    assert place.towards(RIGHT, {"country": "US", "site": "1"}).values == {"site_no": "1", "land": "US"}
    assert place.towards(RIGHT, {"country": "US", "site": None}).values == {"site_no": None, "land": None}
    assert place.towards(RIGHT, {"country": "US", "site": "2"}).waits_for == ("places", LEFT, "US|2")


def test_references_in_a_list_wait_for_the_one_that_is_missing() -> None:
    members = line(ref="people", separator=",", links=PEOPLE)
    assert members.towards(RIGHT, {"a": "7, 7"}).values == {"b": "E7,E7"}
    assert members.towards(RIGHT, {"a": "7,9"}).waits_for == ("people", LEFT, "9")
    assert members.towards(RIGHT, {"a": "7,8"}).waits_for == ("people", LEFT, "8")


# --- join and split


@pytest.mark.parametrize(
    ("first", "last", "full", "is_lossy"),
    [
        ("Mary", "Smith", "Mary Smith", False),
        ("Mary Ann", "Smith", "Mary Ann Smith", False),
        ("Mary", "van Dyke", "Mary van Dyke", True),
        ("Mary", None, "Mary", False),
        (None, "Smith", "Smith", True),
        ("", "", "", False),
        (None, None, None, False),
    ],
)
def test_join_skips_null_parts_and_says_what_it_loses_E8(
    first: str | None, last: str | None, full: str | None, is_lossy: bool
) -> None:
    joined = line(("first", "last"), "full", join=" ").towards(RIGHT, {"first": first, "last": last})
    assert (joined.values, joined.is_lossy) == ({"full": full}, is_lossy)


@pytest.mark.parametrize(
    ("full", "first", "last"),
    [
        ("Mary Ann Smith", "Mary Ann", "Smith"),
        ("  Mary   Smith ", "Mary", "Smith"),
        ("Cher", "Cher", None),
        ("", "", None),
        (None, None, None),
    ],
)
def test_split_gives_the_last_word_to_the_last_field_E6(full: str | None, first: str | None, last: str | None) -> None:
    split = line(("first", "last"), "full", join=" ").towards(LEFT, {"full": full})
    assert split.values == {"first": first, "last": last}


def test_join_agrees_where_only_spaces_differ() -> None:
    name = line(("first", "last"), "full", join=" ")
    assert name.agrees({"first": "Mary", "last": "van Dyke"}, {"full": "Mary  van Dyke"})
    assert name.agrees({"first": "Mary", "last": ""}, {"full": "Mary"})
    assert not name.agrees({"first": "Mary", "last": "Smith"}, {"full": "Mary"})


def test_join_cuts_and_holds_like_any_text() -> None:
    short = {"max": {RIGHT: 6}}
    values = {"first": "Mary", "last": "Smith"}
    assert line(("first", "last"), "full", join=" ", **short).towards(RIGHT, values).trouble is Trouble.TOO_LONG
    cut = line(("first", "last"), "full", join=" ", too_long=TooLong.CUT, **short).towards(RIGHT, values)
    assert (cut.values, cut.is_lossy) == ({"full": "Mary S"}, True)


def test_fields_one_to_one_without_join_translate_pairwise() -> None:
    both = line(("a", "b"), ("c", "d"))
    assert both.towards(RIGHT, {"a": "1", "b": "2"}).values == {"c": "1", "d": "2"}
    with pytest.raises(ConfigurationError, match="2 on the left and 1 on the right"):
        line(("a", "b"), "c")


# --- several values in one field


def test_separator_list_and_text_S23() -> None:
    companies = line("companies", "org", separator=";", types={LEFT: FieldType.LIST})
    assert companies.towards(LEFT, {"org": "A; B;;"}).values == {"companies": '["A","B"]'}
    assert companies.towards(RIGHT, {"companies": '["A","B"]'}).values == {"org": "A;B"}
    assert companies.agrees({"companies": '["A","B"]'}, {"org": "A; B;"})
    assert not companies.agrees({"companies": '["A","B"]'}, {"org": "A"})


def test_separator_null_and_empty_E9() -> None:
    companies = line("companies", "org", separator=";", types={LEFT: FieldType.LIST})
    assert companies.towards(LEFT, {"org": None}).values == {"companies": None}
    assert companies.towards(LEFT, {"org": ""}).values == {"companies": "[]"}
    assert companies.towards(RIGHT, {"companies": "[]"}).values == {"org": ""}


def test_separator_inside_a_value_is_lossy_E8() -> None:
    companies = line("companies", "org", separator=";", types={LEFT: FieldType.LIST})
    joined = companies.towards(RIGHT, {"companies": '["A;B","C"]'})
    assert (joined.values, joined.is_lossy) == ({"org": "A;B;C"}, True)


def test_separator_two_texts_pass_as_they_are_and_agree_on_the_parts() -> None:
    companies = line("companies", "org", separator=";")
    assert companies.towards(RIGHT, {"companies": "A; B"}).values == {"org": "A; B"}
    assert companies.agrees({"companies": "A; B"}, {"org": "A;B"})


def test_separator_cut_keeps_whole_values() -> None:
    companies = line(
        "companies", "org", separator=";", types={LEFT: FieldType.LIST}, max={RIGHT: 8}, too_long=TooLong.CUT
    )
    cut = companies.towards(RIGHT, {"companies": '["Acme","Bolt","C"]'})
    assert (cut.values, cut.is_lossy) == ({"org": "Acme"}, True)


def test_list_field_that_holds_no_list_rejects_E7() -> None:
    broken = line(separator=";", types={LEFT: FieldType.LIST}).towards(RIGHT, {"a": "{"})
    assert (broken.trouble, broken.message) == (Trouble.UNFIT, "a on the left is '{', which is not a list of texts.")


@pytest.mark.parametrize("side", list(Side))
def test_line_without_fields_on_a_side_does_not_flow_there(side: Side) -> None:
    assert not line("a", ()).can_flow(side)
