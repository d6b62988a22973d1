"""How SQLite reads what people look through: by the index that finds it, never by sorting or reading all there is.

Without figures of its own SQLite chooses the same whatever the tables hold.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from django.db import connections
from django.test.utils import CaptureQueriesContext

from tallystick.model.flow import Scope
from tallystick.model.link import Standing
from tallystick.model.plan import ReviewKind, RunStatus
from tallystick.model.side import Side
from tallystick.server.state.address import address_of
from tallystick.server.state.database import Database
from tallystick.server.state.link_list import READ_APART, LinksWanted
from tallystick.server.state.looking import Looking
from tallystick.server.state.pages import At
from tallystick.server.state.store import open_store
from tallystick.testing.clock import FixedClock


@pytest.fixture
def looking(tmp_path: Path) -> Iterator[Looking]:
    """Over three scopes of two integrations."""
    url = f"sqlite:///{tmp_path}/state.db"
    with closing(open_store(url, clock=FixedClock())) as store:
        for integration, flow in (("one", "people"), ("one", "assets"), ("two", "people")):
            scope = Scope(integration=integration, flow=flow)
            store.save_scope(scope, store.scope(scope))
        yield Looking(Database(address_of(url)))


def plan(looking: Looking, ask: Callable[[], object], table: str) -> list[str]:
    """The steps of all statements about this table."""
    connection = connections[looking._database.alias]
    connection.ensure_connection()
    with CaptureQueriesContext(connection) as captured:
        ask()
    steps: list[str] = []
    with connection.cursor() as cursor:
        for one in captured.captured_queries:
            if table in one["sql"]:
                cursor.execute(f"EXPLAIN QUERY PLAN {one['sql'].replace('%', '%%')}")
                steps += [str(row[-1]) for row in cursor.fetchall()]
    assert steps
    return steps


def test_questions_about_a_record_are_found_by_its_id(looking: Looking) -> None:
    steps = plan(looking, lambda: looking.about_record([(1, "left"), (2, "right")], "P1"), "state_review")
    assert [step for step in steps if "USING INDEX review" in step] == [
        "SEARCH r USING INDEX review_left (scope_id=? AND left_id=?)",
        "SEARCH r USING INDEX review_right (scope_id=? AND right_id=?)",
    ]


@pytest.mark.parametrize("at", [At(), At(after=7), At(before=7)])
@pytest.mark.parametrize("wanted", [LinksWanted(), LinksWanted(integration="one"), LinksWanted(integration="two")])
def test_a_page_of_links_reads_the_first_of_each_scope(looking: Looking, wanted: LinksWanted, at: At) -> None:
    steps = plan(looking, lambda: looking.links_page(wanted, at), "state_link ")
    scopes = {"": 3, "one": 2, "two": 1}[wanted.integration]
    found = [step for step in steps if "INDEX link_scope" in step]
    assert len(found) == scopes, steps
    assert sum("ORDER BY" in step for step in steps) <= 1, steps  # of the few that were found
    assert not [step for step in steps if step.startswith("SCAN n")], steps


def test_resting_links_are_found_among_many_active_ones(looking: Looking) -> None:
    steps = plan(looking, lambda: looking.links_page(LinksWanted(is_active=False), At()), "state_link ")
    assert sum("INDEX link_resting" in step for step in steps) == 3, steps


@pytest.mark.parametrize("standing", [Standing.WAITING, Standing.UNKNOWN])
def test_records_that_wait_are_found_among_many_that_are_not_linked(tmp_path: Path, standing: Standing) -> None:
    url = f"sqlite:///{tmp_path}/state.db"
    scope = Scope(integration="one", flow="people")
    with closing(open_store(url, clock=FixedClock())) as store:
        looking = Looking(Database(address_of(url)))
        steps = plan(looking, lambda: list(store.standing(scope, Side.LEFT, standing)), "state_unlinked")
    assert steps == ["SEARCH state_unlinked USING INDEX unlinked_pending (scope_id=? AND number>?)"]


def test_runs_that_are_under_way_are_found_among_all(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/state.db"
    with closing(open_store(url, clock=FixedClock())) as store:
        looking = Looking(Database(address_of(url)))
        steps = plan(looking, lambda: store.runs("one", status=RunStatus.APPLYING), "state_run")
    assert steps == ["SEARCH state_run USING INDEX run_status (status=?)"]


def test_questions_of_a_kind_are_found_among_all(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/state.db"
    scope = Scope(integration="one", flow="people")
    with closing(open_store(url, clock=FixedClock())) as store:
        looking = Looking(Database(address_of(url)))
        steps = plan(looking, lambda: store.reviews(scope, kinds=(ReviewKind.UNKNOWN,)), "state_review")
        counted = plan(looking, lambda: store.count_reviews(scope), "state_review")
    assert steps[0] == "SEARCH state_review USING INDEX review_alike (status=? AND scope_id=? AND kind=?)"
    assert counted == ["SEARCH state_review USING COVERING INDEX review_alike (status=? AND scope_id=?)"]


def test_links_of_very_many_scopes_are_read_in_the_order_of_their_numbers(
    looking: Looking, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tallystick.server.state.link_list.READ_APART", 2)
    assert READ_APART > 2
    steps = plan(looking, lambda: looking.links_page(LinksWanted(), At()), "state_link ")
    assert not [step for step in steps if "ORDER BY" in step], steps
