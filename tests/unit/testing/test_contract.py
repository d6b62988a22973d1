"""The contract suite catches connectors that break it, and holds them to what they declare."""

import pytest

from tallystick.model.schema import Capabilities
from tallystick.model.value import FieldType
from tallystick.testing.contract.cases import BAD, cases_of, is_canonical

pytest_plugins = ["pytester"]

CONNECTOR = """
from msgspec.structs import replace
from http import HTTPStatus
from pathlib import Path

import pytest

from tallystick.connectors.memory import MemoryWorld, Settings, connect
from tallystick.model.schema import Capabilities
from tallystick.model.selection import Selection
from tallystick.model.value import FieldType
from tallystick.testing.clock import FixedClock, SequentialIds
from tallystick.testing.contract import ConnectorContract, Outside, Subject
from tallystick.testing.faults import *

FULL = Capabilities(changes=True, tombstones=True, versions=True, reserve=True, idempotency=True)


class Users(Outside):
    def __init__(self, table):
        self.create, self.update, self.delete = table.put, table.edit, table.delete
        self.archive, self.merge = table.archive, table.merge

    create = update = delete = None


class TestConnector(ConnectorContract):
    capabilities = {capabilities}
    field_types = frozenset({{FieldType.TEXT}})
    cannot = {cannot}

    @pytest.fixture
    def subject(self):
        MemoryWorld.forget("broken")
        fields = [{{"name": "note"}}, {{"name": "place"}}]
        settings = Settings.model_validate(
            {{"name": "broken", "batch_rows": 3, "record_types": [{{"name": "thing", "fields": fields, **{make}}}]}})
        clock = FixedClock()
        inner = connect(settings, folder=Path(), clock=clock, ids=SequentialIds())
        yield Subject(
            system=FaultySystem(inner, {faults}, clock),
            selection=Selection(record="thing", fields=("note", "place")),
            sample=lambda number: {{"note": f"note {{number}}", "place": f"place {{number}}"}},
            outside=Users(MemoryWorld.open("broken").table("thing")),
            batch_rows=3,
            text="note",
        )
"""


@pytest.fixture
def suite(pytester):
    def run(*names, faults="[]", make="{}", capabilities="FULL", cannot="{}"):
        code = CONNECTOR.format(faults=faults, make=make, capabilities=capabilities, cannot=cannot)
        pytester.makepyfile(test_connector=code)
        picked = ["-k", " or ".join(names)] if names else []
        return pytester.runpytest_inprocess("-q", "-p", "no:cacheprovider", "-p", "no:xdist", *picked)

    return run


def failed(result):
    return {report.nodeid.partition("::test_")[2] for report in result.reprec.getfailures()}


def test_sound_connector_passes_the_whole_suite(suite):
    result = suite()
    outcomes = result.parseoutcomes()
    assert set(outcomes) == {"passed"}
    assert outcomes["passed"] > 100


@pytest.mark.parametrize(
    ("fault", "test"),
    [
        ("ShortPage(page=2)", "listing_brings_every_record_once_in_bounded_batches_E4"),
        ("IncompleteListing(page=2)", "listing_brings_every_record_once_in_bounded_batches_E4"),
        ("IncompleteListing(is_noticed=False)", "listing_brings_every_record_once_in_bounded_batches_E4"),
        ("EmptyListing(times=ALWAYS)", "listing_shows_what_another_user_did"),
        ("DuplicateId(times=ALWAYS)", "listing_shows_what_another_user_did"),
        ("DropsField(record='thing', field='place', is_announced=False)", "records_come_with_the_values_they_have"),
        ("LateCommits()", "changes_bring_what_was_created_and_edited_E3"),
        ("Normalises(fields=frozenset({'note'}))", "value_comes_back_as_written[text-plain]"),
        ("Normalises(fields=frozenset({'note'}))", "value_comes_back_as_updated[text-plain]"),
        ("Cuts(fields=frozenset({'note'}), length=100)", "value_comes_back_as_written[text-long]"),
        ("LostAnswer(times=ALWAYS)", "update_sets_what_it_names_and_tells_the_version"),
        ("HalfBatch(times=ALWAYS)", "creates_of_one_call_all_arrive_in_order_of_outcomes"),
        (
            "WriteFails(status=HTTPStatus.BAD_REQUEST, times=ALWAYS)",
            "update_that_expects_something_else_writes_nothing_E31[text]",
        ),
        ("EqualStamps(stamp='yesterday')", "every_value_is_canonical_text"),
    ],
)
def test_broken_connector_fails(suite, fault, test):
    assert test in failed(suite("test_" + test.partition("[")[0], faults=f"[{fault}]"))


@pytest.mark.parametrize(
    ("make", "test"),
    [
        ("{'changes': 'none'}", "cursor_is_given_or_refused_as_declared_E3"),
        ("{'find': False}", "find_that_cannot_never_says_there_is_nothing_E28"),
        ("{'versions': 'none'}", "version_moves_with_a_change_and_only_with_one"),
        ("{'ids': 'system'}", "ids_are_reserved_or_left_to_the_system_as_declared_E28"),
        ("{'causes': False}", "fetch_of_a_deleted_record_says_so_where_it_can_tell_E2"),
        ("{'idempotency': False}", "repeated_create_with_the_same_key_is_answered_not_doubled_E28"),
        ("{'update': False}", "action_is_done_or_refused_as_declared[update]"),
    ],
)
def test_connector_that_can_less_than_it_declares_fails(suite, make, test):
    found = failed(suite("test_" + test.partition("[")[0], "test_description_declares", make=make))
    assert found == {test, "description_declares_what_the_connector_can"}


def test_connector_that_can_more_than_it_declares_fails_strictly(suite):
    result = suite("TestConnector", capabilities="replace(FULL, changes=False, tombstones=False, idempotency=False)")
    assert failed(result) >= {
        "changes_come_in_bounded_batches_E4",
        "changes_name_the_deleted_E2",
        "repeated_create_with_the_same_key_is_answered_not_doubled_E28",
    }


def test_what_is_declared_impossible_is_xfailed_with_its_reason_and_never_skipped(suite):
    result = suite(make="{'changes': 'none'}", capabilities="replace(FULL, changes=False, tombstones=False)")
    outcomes = result.parseoutcomes()
    assert set(outcomes) == {"passed", "xfailed"}
    assert outcomes["xfailed"] == 14


def test_single_exceptions_are_named_with_a_reason_and_strict(suite):
    cuts = "[Cuts(fields=frozenset({'note'}), length=1000)]"
    reason = "'The peer keeps a thousand characters.'"
    names = [
        f"test_value_comes_back_as_{done}[text-{name}]"
        for done in ("written", "updated")
        for name in ("long", "very long")
    ]
    cannot = "{" + ", ".join(f"{name!r}: {reason}" for name in names) + "}"
    assert suite("test_value_comes_back", faults=cuts, cannot=cannot).parseoutcomes().get("failed", 0) == 0
    assert len(failed(suite("test_value_comes_back", cannot=cannot))) == len(names)


@pytest.mark.parametrize("name", ["test_no_such_test", "test_value_comes_back_as_written[text-no such case]"])
def test_exception_for_a_test_that_does_not_exist_fails(suite, name):
    assert failed(suite("test_cannot_names", cannot=f"{{{name!r}: 'x'}}")) == {"cannot_names_tests_that_exist"}


@pytest.mark.parametrize("type_", list(FieldType), ids=str)
def test_cases_are_canonical_and_bad_values_are_not(type_):
    assert [name for name, case in cases_of(type_).items() if not is_canonical(case.value, type_)] == []
    assert type_ is FieldType.JSON or not is_canonical(BAD[type_], type_) or type_ in (FieldType.DATE,)


def test_every_capability_of_a_connector_has_its_reason():
    from tallystick.testing.contract.declared import REASONS

    assert set(REASONS) == set(Capabilities.__struct_fields__) - {"max_writes"}
