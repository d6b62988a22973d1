"""A state of the first version opens with this one, and what its questions lacked is filled in."""

from __future__ import annotations

from pathlib import Path

from django.db.migrations.executor import MigrationExecutor

from tallystick.model.flow import Scope
from tallystick.model.plan import Decision, Review, ReviewKind, Take
from tallystick.server.state.address import address_of
from tallystick.server.state.database import Database
from tallystick.server.state.looking import Looking
from tallystick.server.state.pages import At
from tallystick.server.state.queue import Wanted
from tallystick.server.state.store import open_store
from tallystick.testing.clock import FixedClock

SCOPE = Scope(integration="i", flow="f")


def test_questions_of_the_first_version_are_grouped_searched_and_dated(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/state.db"
    store = open_store(url, clock=FixedClock())
    reviews = [
        Review(flow="f", kind=ReviewKind.REJECT, left_id=f"L{n}", evidence={"message": f"L{n} is Too Long"}, run="r")
        for n in range(3)
    ]
    store.raise_reviews(SCOPE, reviews)
    asked = store.reviews(SCOPE)
    answer = Decision(take=Take.IGNORE, by="ann", at="2026-11-22T09:30:00+00:00")
    store.decide(asked[0].number, answer, asked[0].fingerprint)
    database = Database(address_of(url))
    MigrationExecutor(database.connection).migrate([("state", "0001_initial")])
    with database.reading() as cursor:
        columns = {
            column.name for column in database.connection.introspection.get_table_description(cursor, "state_review")
        }
    assert "likeness" not in columns
    store.close()
    store = open_store(url, clock=FixedClock())
    looking = Looking(Database(address_of(url)))
    waiting = looking.questions(Wanted(text="too long"), At()).rows
    assert [(one.review.left_id, one.alike) for one in waiting] == [("L1", 2), ("L2", 2)]
    (answered,) = looking.answered(Wanted(by="ann"), None, 10)
    assert answered.review.decision == answer
    store.close()
