"""Taking a run back goes through the guards: it is held, told, and done once a person lets it pass (E23, E33)."""

from __future__ import annotations

import pytest

from tallystick.model.plan import ReviewKind, RunKind, RunStatus
from tallystick.server.ops.opened import state
from tallystick.server.state.of_hub import store
from tests.firm import Firm

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def firm(tmp_path):
    return Firm(tmp_path)


def test_undo_beyond_the_guards_is_held_and_done_when_let_pass_E33(firm, client_of):
    firm.contacts(8)
    report = firm.sync()
    client = client_of("administrator")
    answer = client.post(f"/runs/{report.run}/undo/")
    (undo,) = [run for run in store().runs(limit=10) if run.kind is RunKind.UNDO]
    assert (undo.status, answer["Location"]) == (RunStatus.HELD, f"/runs/{undo.id}/")
    assert firm.register("select count(*) from person") == [(8,)]
    page = client.get(f"/runs/{undo.id}/").content.decode()
    assert "the run would delete 8 records" in page
    assert f'action="/runs/{report.run}/undo/"' in client.get(f"/runs/{report.run}/").content.decode()
    (asked,) = firm.questions(kinds=(ReviewKind.HELD,))
    with state("Ada") as opened:
        opened.decide(asked.review.number, "approve")
    assert firm.register("select count(*) from person") == [(0,)]
    assert firm.crm("select count(*) from contact") == [(8,)]
    firm.sync(is_full=True)
    assert firm.register("select count(*) from person") == [(0,)]  # what is undone stays undone
