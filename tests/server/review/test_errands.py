"""Answers that take longer than a page: many at once, or while a run goes on over the same records."""

from __future__ import annotations

import time
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from tallystick.errors import AlreadyDecided
from tallystick.model.flow import Scope
from tallystick.server.ops import errands
from tallystick.server.ops.models import Errand
from tallystick.server.review import actions
from tallystick.server.review.domain.decide import Answer
from tallystick.server.state.of_hub import store
from tests.firm import Firm

pytestmark = pytest.mark.django_db(transaction=True)
SCOPE = Scope(integration="firm", flow="people")


@pytest.fixture
def firm(tmp_path: Path, transactional_db: None) -> Firm:
    return Firm(tmp_path)


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(errands, "WAIT_S", 0.3)
    monkeypatch.setattr(errands, "BUSY_TRIES_S", 0.1)


def finished(number: int) -> Errand:
    for _ in range(300):
        found = Errand.objects.get(pk=number)
        if found.is_finished:
            return found
        time.sleep(0.1)
    raise AssertionError("The errand never came to its end.")


def test_answer_waits_for_the_run_that_goes_on_and_is_then_carried_out(firm, actor, client_of, quick):
    firm.conflicts(2)
    first, second = (asked.review.number for asked in firm.questions())
    client = client_of("agent")
    with store().exclusive(SCOPE):
        errand = actions.answer(actor, first, Answer(take="left"))
        for _ in range(100):
            errand.refresh_from_db()
            if errand.is_blocked:
                break
            time.sleep(0.05)
        assert errand.is_blocked
        assert "waits for a run" in client.get(f"/review/errands/{errand.pk}/").content.decode()
        assert "being answered" in client.get("/review/").content.decode()
        page = client.get(f"/review/{first}/").content.decode()
        assert 'name="take"' not in page
        with pytest.raises(AlreadyDecided, match=actor.name):
            actions.answer(actor, first, Answer(take="right"))
    done = finished(errand.pk)
    assert (done.status, done.is_blocked, done.code) == (Errand.Status.DONE, False, "")
    assert firm.register("select tel from person where number = 1") == [("+49 228 991",)]
    assert [asked.review.number for asked in firm.questions()] == [second]


def test_answers_that_wait_for_a_run_keep_no_other_from_being_carried_out(tmp_path, transactional_db, actor, quick):
    busy, free = Firm(tmp_path / "busy", "busy"), Firm(tmp_path / "free", "free")
    busy.conflicts(2 * errands.AT_ONCE)
    free.conflicts(1)
    (other,) = (asked.review.number for asked in free.questions(integration="free"))
    waiting = [asked.review.number for asked in busy.questions(integration="busy")]
    with store().exclusive(Scope(integration="busy", flow="people")):
        begun = [actions.answer(actor, number, Answer(take="left")).pk for number in waiting]
        assert finished(actions.answer(actor, other, Answer(take="left")).pk).status == Errand.Status.DONE
        assert not any(Errand.objects.get(pk=number).is_finished for number in begun)
    assert {finished(number).status for number in begun} == {Errand.Status.DONE}


def test_many_answers_tell_how_far_they_are_and_what_could_not_be_answered(firm, actor, client_of):
    firm.conflicts(60)
    numbers = [asked.review.number for asked in firm.questions()]
    firm.crm("update contact set phone = 'moved on' where id in (7, 58)")
    errand = actions.answer(actor, numbers[0], Answer(take="right"), is_all=True)
    done = finished(errand.pk)
    assert (done.total, done.done, done.refused_count) == (60, 60, 2)
    assert all("out of date" in one["message"] for one in done.refused)
    assert len(firm.questions()) == 2
    assert firm.crm("select count(*) from contact where phone like '+49 30 77%'") == [(58,)]
    text = client_of("agent").get(f"/review/errands/{errand.pk}/").content.decode()
    assert "60 questions are done" in text
    assert f"/runs/{done.run}/" in text


def test_errand_of_a_process_that_died_is_told_to_have_failed(firm, actor, client_of):
    long_ago = timezone.now() - timedelta(minutes=5)
    dead = Errand.objects.create(
        kind="decide", subject="question 1", by="Ada", asked_at=long_ago, beat_at=long_ago, status=Errand.Status.GOING
    )
    assert errands.going(["question 1"]) == {}
    text = client_of("agent").get(f"/review/errands/{dead.pk}/").content.decode()
    assert "The hub was stopped before this was finished." in text
