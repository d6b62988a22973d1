"""The review queue in a browser: how it looks, and that it can be worked by keyboard alone."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tallystick.model.plan import ReviewKind
from tests.firm import Firm


@pytest.fixture
def firm(tmp_path, live_server):
    return Firm(tmp_path)


def test_queue_looks_right(firm, check_looks):
    firm.conflicts(5)
    firm.lookalikes()
    firm.unmapped()
    firm.held()
    check_looks("/review/", "review-queue")


def test_each_kind_of_question_looks_right(firm, open_page, check_page, person):
    firm.conflicts(2)
    firm.lookalikes()
    firm.unmapped(1)
    firm.held()
    user = person("integration manager")
    page = open_page("/review/", user=user)
    narrow = open_page("/review/", user=user, is_narrow=True)
    seen = {}
    for asked in firm.questions():
        seen[asked.review.kind, len(asked.review.evidence.get("candidates", ()))] = asked.review.number
    for (kind, _many), number in seen.items():
        page.goto(f"/review/{number}/")
        check_page(page, f"review-{kind.value}-{number}")
    number = firm.questions(kinds=(ReviewKind.CONFLICT,))[0].review.number
    narrow.goto(f"/review/{number}/")
    check_page(narrow, "review-conflict-narrow")
    dark = open_page(f"/review/{number}/", user=user, theme="dark")
    check_page(dark, "review-conflict-dark")


def test_empty_queue_and_answers_look_right(firm, check_looks):
    check_looks("/review/", "review-empty")
    check_looks("/review/answered/", "review-answered-empty")


def test_queue_is_worked_by_keyboard_alone(firm, open_page, check_page):
    firm.conflicts(4)
    page = open_page("/review/", role="agent")
    numbers = [asked.review.number for asked in firm.questions()]
    question = page.locator("[data-question]")
    expect(question).to_have_attribute("data-question", str(numbers[0]))
    page.keyboard.press("j")
    expect(question).to_have_attribute("data-question", str(numbers[1]))
    page.keyboard.press("j")
    expect(question).to_have_attribute("data-question", str(numbers[2]))
    page.keyboard.press("k")
    expect(question).to_have_attribute("data-question", str(numbers[1]))
    assert page.url.endswith(f"/review/{numbers[1]}/")
    page.keyboard.press("l")  # left wins
    expect(question).to_have_attribute("data-question", str(numbers[2]))
    expect(page.get_by_text("Answered.")).to_be_visible()
    expect(page.locator(f'#queue-list [data-number="{numbers[1]}"]')).to_have_count(0)
    assert firm.register("select tel from person where number = 2") == [("+49 228 992",)]
    page.keyboard.press("1")  # each field by itself: left, left, then the other side of the first
    page.keyboard.press("2")
    page.keyboard.press("2")
    page.keyboard.press("f")
    expect(question).to_have_attribute("data-question", str(numbers[3]))
    told = firm.crm("select phone, notes from contact where id = 3")
    assert told == [("+49 30 773", "Call before ten, ask for the yellow form")]
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_contain_text("Take crm")
    check_page(page, "review-keys")
    page.keyboard.press("Escape")
    page.keyboard.press("*")
    page.keyboard.press("r")
    expect(page.get_by_text("Nothing is left here")).to_be_visible()
    assert firm.questions() == []


def test_answer_is_taken_back_from_the_toast_and_by_key(firm, open_page, check_page):
    firm.conflicts(2)
    first = firm.questions()[0].review.number
    page = open_page(f"/review/{first}/", role="agent")
    page.keyboard.press("i")
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("the question waits again")).to_be_visible()
    page.keyboard.press("i")
    expect(page.locator("[data-question]")).not_to_have_attribute("data-question", str(first))
    page.goto("/review/answered/")
    check_page(page, "review-answered")
    page.goto(f"/review/{first}/")
    check_page(page, "review-decided")
    page.keyboard.press("u")
    page.get_by_role("button", name="Take it back").click()
    expect(page.get_by_text("the question waits again")).to_be_visible()


def test_lookalikes_are_linked_taken_back_and_created_by_keyboard_alone(firm, open_page):
    firm.lookalikes()
    number = firm.questions(kinds=(ReviewKind.POSSIBLE,))[0].review.number
    page = open_page(f"/review/{number}/", role="agent")
    question = page.locator("[data-question]")
    people = firm.register("select count(*) from person")
    page.keyboard.press("1")  # the first candidate, where there are several
    page.keyboard.press("m")
    expect(question).not_to_have_attribute("data-question", str(number))
    assert number not in [one.review.number for one in firm.questions()]
    page.goto(f"/review/{number}/")
    page.keyboard.press("u")
    expect(page.get_by_role("button", name="Take it back")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_text("the question waits again")).to_be_visible()
    expect(question).to_have_attribute("data-question", str(number))
    page.keyboard.press("c")
    expect(question).not_to_have_attribute("data-question", str(number))
    assert firm.register("select count(*) from person") > people


def test_stale_question_is_shown_as_it_is_now(firm, open_page, check_page):
    firm.conflicts(1)
    page = open_page("/review/", role="agent")
    firm.crm("update contact set phone = 'moved on'")
    page.keyboard.press("l")
    expect(page.get_by_role("alert")).to_contain_text("out of date")
    expect(page.get_by_role("cell", name="moved on")).to_be_visible()
    check_page(page, "review-stale")


def test_whole_values_are_shown_on_demand(firm, open_page):
    firm.conflicts(1)
    long = "Long agreed beginning of the remarks that goes on and on and on until it comes to its end: "
    firm.crm("update contact set notes = ?", long + "left")
    firm.register("update person set remarks = ?", long + "right")
    firm.sync()
    page = open_page("/review/", role="agent")
    hidden = page.get_by_text("Long agreed beginning").first
    expect(hidden).not_to_be_visible()
    page.keyboard.press("w")
    expect(hidden).to_be_visible()
