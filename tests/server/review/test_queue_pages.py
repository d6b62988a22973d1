"""The queue's pages and answers through Django's client, over questions that real runs asked."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tallystick.errors import AlreadyDecided, ConfigurationError, NotAllowed, StaleDecision
from tallystick.model.plan import ReviewKind, ReviewStatus
from tallystick.server.ops.opened import state
from tallystick.server.review.domain.decide import Answer, decide, take_back
from tallystick.server.state.of_hub import looking
from tests.firm import Firm

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def firm(tmp_path: Path, transactional_db: None) -> Firm:
    return Firm(tmp_path)


def number_of(firm: Firm, kind: ReviewKind) -> int:
    return firm.questions(kinds=(kind,))[0].review.number


def post(client, number: int, *, htmx: bool = False, **form: str):
    asked = looking().question(number)
    data = {"seen": asked.review.fingerprint, "query": "", **form}
    headers = {"HX-Request": "true", "HX-Target": "question"} if htmx else {}
    return client.post(f"/review/{number}/answer/", data, headers=headers)


def test_empty_queue_says_so(client_of):
    assert "Nothing waits for you" in client_of("agent").get("/review/").content.decode()


def test_menu_counts_what_waits_up_to_a_limit(firm, client_of):
    """Every page shows the number: it must not cost what a million questions cost."""
    firm.conflicts(4)
    client = client_of("agent")
    assert '<span class="count">4</span>' in client.get("/").content.decode()
    assert [looking().waiting_count(most) for most in (3, 4, 100)] == [3, 4, 4]


def test_queue_shows_each_kind_with_both_records(firm, client_of):
    firm.conflicts(3)
    firm.lookalikes()
    firm.unmapped()
    client = client_of("agent")
    page = client.get("/review/").content.decode()
    for words in ("Conflict", "Possible match", "Unmapped code"):
        assert words in page
    assert "3 alike" in page
    shown = client.get(f"/review/{number_of(firm, ReviewKind.CONFLICT)}/").content.decode()
    assert "crm · contact" in shown
    assert "<del>" in shown
    shown = client.get(f"/review/{number_of(firm, ReviewKind.UNMAPPED_CODE)}/").content.decode()
    assert "Waiting" in shown
    for asked in firm.questions(kinds=(ReviewKind.POSSIBLE, ReviewKind.DISPUTED)):
        shown = client.get(f"/review/{asked.review.number}/").content.decode()
        assert "Who it could be" in shown


def test_queue_is_narrowed_by_kind_words_and_flow(firm, client_of):
    firm.conflicts(2)
    firm.unmapped(1)
    client = client_of("agent")
    assert client.get("/review/?kind=conflict").content.decode().count('data-number="') == 2
    assert client.get("/review/?q=otto+801").content.decode().count('data-number="') in (0, 1)
    assert client.get("/review/?q=%2B49+30").content.decode().count('data-number="') == 2
    assert client.get("/review/?flow=firm/none").content.decode().count('data-number="') == 0
    assert client.get("/review/?kind=nonsense&after=x&age=never&like=y").status_code == 200


def test_narrowing_by_kind_stays_when_words_are_typed(firm, client_of):
    firm.conflicts(2)
    firm.unmapped(1)
    client = client_of("agent")
    assert '<input type="hidden" name="kind" value="conflict">' in client.get("/review/?kind=conflict").content.decode()
    number = firm.questions(kinds=(ReviewKind.CONFLICT,))[0].review.number
    assert client.get(f"/review/?like={number}").content.decode().count('data-number="') == 2


def test_answer_is_carried_out_at_once_and_the_next_question_comes(firm, client_of):
    firm.conflicts(2)
    first, second = (asked.review.number for asked in firm.questions())
    client = client_of("agent", name="Ada Byron")
    answer = post(client, first, htmx=True, take="left", note="the form is yellow")
    assert answer.status_code == 200
    assert answer["HX-Push-Url"] == f"/review/{second}/"
    assert json.loads(answer["HX-Trigger"])["toast"]["undo"] == f"/review/{first}/undo/"
    assert firm.register("select tel from person where number = 1") == [("+49 228 991",)]
    asked = looking().question(first)
    assert asked.review.decision.by == "Ada Byron"
    assert asked.review.decision.note == "the form is yellow"
    page = client.get(f"/review/{first}/").content.decode()
    assert "Decided by Ada Byron" in page
    assert "Ada Byron" in client.get("/review/answered/").content.decode()


def test_each_field_may_be_answered_by_itself(firm, client_of):
    firm.conflicts(1)
    number = number_of(firm, ReviewKind.CONFLICT)
    form = {"take": "marked", "field:phone": "left", "field:notes": "right"}
    assert post(client_of("agent"), number, **form).status_code == 302
    assert firm.crm("select phone, notes from contact") == [("+49 228 991", "Call after ten, ask for the green form")]
    assert firm.register("select tel, remarks from person") == firm.crm("select phone, notes from contact")


def test_equal_questions_are_answered_in_one_go(firm, client_of):
    firm.conflicts(7)
    firm.unmapped(1)
    number = firm.questions()[3].review.number
    answer = post(client_of("agent"), number, htmx=True, take="right", all="yes")
    assert "7 questions answered" in json.loads(answer["HX-Trigger"])["toast"]["text"]
    assert [asked.review.kind for asked in firm.questions()] == [ReviewKind.UNMAPPED_CODE]
    assert firm.crm("select count(*) from contact where phone like '+49 30 77%'") == [(7,)]


def test_stale_answer_is_refused_and_the_question_shown_as_it_is_now_S3(firm, client_of):
    firm.conflicts(1)
    number = number_of(firm, ReviewKind.CONFLICT)
    firm.crm("update contact set phone = 'moved on'")
    answer = post(client_of("agent"), number, htmx=True, take="left")
    text = answer.content.decode()
    assert "out of date" in text
    assert "moved on" in text
    assert firm.register("select tel from person") == [("+49 30 771",)]
    assert [asked.review.number for asked in firm.questions()] == [number]


def test_answer_to_what_was_refreshed_since_it_was_seen_is_stale_S3(firm, client_of):
    firm.conflicts(1)
    number = number_of(firm, ReviewKind.CONFLICT)
    seen = looking().question(number).review.fingerprint
    firm.crm("update contact set phone = 'moved on'")
    firm.sync()
    answer = post(client_of("agent"), number, htmx=True, take="left", seen=seen)
    assert "out of date" in answer.content.decode()
    assert looking().question(number).review.status is ReviewStatus.OPEN


def test_second_answer_names_who_was_first_S3(firm, client_of):
    firm.conflicts(1)
    number = number_of(firm, ReviewKind.CONFLICT)
    post(client_of("agent", name="Ada Byron"), number, take="left")
    answer = post(client_of("agent", name="Bob"), number, htmx=True, take="right")
    assert "already decided" in answer.content.decode()
    assert "Ada Byron" in answer.content.decode()


def test_question_clears_by_itself_when_its_cause_is_gone(firm, client_of):
    firm.conflicts(1)
    number = number_of(firm, ReviewKind.CONFLICT)
    firm.crm("update contact set phone = '+49 30 771', notes = 'Call after ten, ask for the green form'")
    firm.sync()
    assert firm.questions() == []
    assert "its cause is gone" in client_of("agent").get(f"/review/{number}/").content.decode()


def test_answer_that_wrote_nothing_is_taken_back_and_waits_again_E17(firm, client_of):
    firm.conflicts(1)
    number = number_of(firm, ReviewKind.CONFLICT)
    client = client_of("agent")
    post(client, number, take="ignore")
    assert firm.questions() == []
    assert client.post(f"/review/{number}/undo/").status_code == 302
    assert [asked.review.number for asked in firm.questions()] == [number]
    post(client, number, take="left")
    assert firm.register("select tel from person") == [("+49 228 991",)]


def test_answer_that_wrote_is_taken_back_with_its_values_and_asked_again_E17(firm, client_of, actor):
    firm.conflicts(1)
    number = number_of(firm, ReviewKind.CONFLICT)
    before = firm.questions()[0].review
    with state(actor.name) as opened:
        decide(actor, opened, number, Answer(take="left"))
        assert firm.register("select tel from person") == [("+49 228 991",)]
        done = take_back(actor, opened, number)
    assert done.run
    assert done.reopened == (number,)
    assert firm.register("select tel from person") == [("+49 30 771",)]
    (again,) = firm.questions()
    assert (again.review.number, dict(again.review.fields)) == (number, dict(before.fields))
    firm.sync(is_full=True)
    assert [one.review.number for one in firm.questions()] == [number]
    assert firm.register("select tel from person") == [("+49 30 771",)]
    post(client_of("agent"), number, take="right")
    assert firm.crm("select phone from contact") == [("+49 30 771",)]
    assert firm.questions() == []


def test_code_that_was_overruled_is_asked_about_again_with_the_same_base_E17(firm, actor):
    firm.contacts(1)
    firm.sync()
    firm.crm("update contact set state = 'Closed'")
    firm.register("update person set state_cd = 'X'")
    firm.sync()
    (asked,) = [one for one in firm.questions() if one.review.kind is ReviewKind.CONFLICT]
    with state(actor.name) as opened:
        decide(actor, opened, asked.review.number, Answer(take="left"))
        assert firm.register("select state_cd from person") == [("C",)]
        assert take_back(actor, opened, asked.review.number).reopened == (asked.review.number,)
    assert firm.register("select state_cd from person") == [("X",)]
    again = next(one for one in firm.questions() if one.review.kind is ReviewKind.CONFLICT)
    assert dict(again.review.fields) == dict(asked.review.fields)


def test_answer_taken_back_clears_the_question_when_a_side_was_edited_since(firm, actor):
    firm.conflicts(1)
    number = number_of(firm, ReviewKind.CONFLICT)
    with state(actor.name) as opened:
        decide(actor, opened, number, Answer(take="left"))
        firm.register("update person set tel = 'edited since', remarks = 'edited too'")
        done = take_back(actor, opened, number)
    assert [one["why"] for one in done.left] == ["edited since"]
    assert firm.register("select tel, remarks from person") == [("edited since", "edited too")]
    firm.sync()
    assert firm.register("select tel from person") == [("edited since",)]  # nobody is overruled


@pytest.mark.parametrize("take", ["link", "create"])
def test_lookalikes_answered_are_asked_about_again_when_taken_back_E17(firm, client_of, actor, take):
    firm.lookalikes()
    before = {"crm": firm.crm("select * from contact"), "register": firm.register("select * from person")}
    asked = next(one for one in firm.questions(kinds=(ReviewKind.POSSIBLE,)) if one.review.left_id)
    number = asked.review.number
    partner = asked.review.evidence["candidates"][0]["right"] if take == "link" else None
    with state(actor.name) as opened:
        decide(actor, opened, number, Answer(take=take, partner=partner))
        assert number not in [one.review.number for one in firm.questions()]
        assert take_back(actor, opened, number).reopened == (number,)
    assert {"crm": firm.crm("select * from contact"), "register": firm.register("select * from person")} == before
    page = client_of("agent").get(f"/review/{number}/").content.decode()
    assert asked.review.evidence["candidates"][0]["right"] in page
    firm.sync(is_full=True)
    assert number in [one.review.number for one in firm.questions()]
    assert {"crm": firm.crm("select * from contact"), "register": firm.register("select * from person")} == before
    with state(actor.name) as opened:
        decide(actor, opened, number, Answer(take=take, partner=partner))
    assert number not in [one.review.number for one in firm.questions()]


def test_lookalikes_are_linked_or_told_apart(firm, client_of):
    firm.lookalikes()
    client = client_of("agent")
    by_left = {asked.review.left_id: asked.review for asked in firm.questions()}
    post(client, by_left["901"].number, take="link")
    assert firm.register("select tel from person where number = 901") == [("0221 1",)]
    several = by_left["902"]
    refused = post(client, several.number, htmx=True, take="link")
    assert "Say which candidate" in refused.content.decode()
    post(client, several.number, take="link", partner="902")
    assert firm.register("select full_name from person where number = 902") == [("Jon Smith",)]
    post(client, by_left["903"].number, take="create")
    assert firm.register("select count(*) from person where full_name = 'Ewa Nowak'") == [(1,)]


def test_held_run_is_approved_only_by_whoever_may(firm, client_of):
    firm.held()
    number = number_of(firm, ReviewKind.HELD)
    refused = post(client_of("agent"), number, htmx=True, take="approve")
    assert "not allowed" in refused.content.decode()
    assert firm.register("select count(*) from person") == [(8,)]
    post(client_of("integration manager"), number, take="approve")
    assert firm.register("select count(*) from person") == [(2,)]


def test_unknown_answers_fields_and_questions_are_refused_in_words(firm, actor, actor_with, client_of):
    firm.conflicts(1)
    number = number_of(firm, ReviewKind.CONFLICT)
    with state(actor.name) as opened:
        with pytest.raises(ConfigurationError, match="does not take"):
            decide(actor, opened, number, Answer(take="create"))
        with pytest.raises(ConfigurationError, match="not about the field"):
            decide(actor, opened, number, Answer(take="left", fields={"shoe_size": "left"}))
        with pytest.raises(NotAllowed):
            decide(actor_with("review.view_question"), opened, number, Answer(take="left"))
        with pytest.raises(StaleDecision):
            decide(actor, opened, number, Answer(take="left", seen="0" * 32))
        decide(actor, opened, number, Answer(take="left"))
        with pytest.raises(AlreadyDecided):
            decide(actor, opened, number, Answer(take="right"))
    assert client_of("agent").get("/review/999999/").status_code == 404


def test_pages_are_for_those_who_may_see_them(firm, client_of):
    firm.conflicts(1)
    number = number_of(firm, ReviewKind.CONFLICT)
    assert client_of("technician").get("/review/").status_code == 403
    reader = client_of("read-only")
    page = reader.get("/review/").content.decode()
    assert 'name="take"' not in page
    assert "but not answer it" in page
    assert post(reader, number, take="left").status_code == 403
    assert reader.post(f"/review/{number}/undo/").status_code == 403


def test_markup_in_values_stays_text(firm, client_of):
    firm.contacts(1)
    firm.sync()
    firm.crm("update contact set phone = '<script>alert(1)</script>'")
    firm.register("update person set tel = '\"><img src=x onerror=alert(2)>'")
    firm.sync()
    page = client_of("agent").get(f"/review/{number_of(firm, ReviewKind.CONFLICT)}/").content.decode()
    assert "<script>alert" not in page
    assert "<img" not in page


def test_queue_page_takes_a_fixed_number_of_statements(firm, client_of, django_assert_max_num_queries):
    firm.conflicts(12)
    client = client_of("agent")
    client.get("/review/")
    with django_assert_max_num_queries(31):
        client.get("/review/")
