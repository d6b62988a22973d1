"""Template tags: what they show, and that no value can leave its place."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django import forms
from django.contrib.messages.storage.base import Message
from django.template import engines
from django.test import RequestFactory
from django.utils import timezone, translation

from tallystick.server.ui.paging import Page
from tallystick.server.ui.templatetags.ui import undo_url

EVIL = "<script>alert('x')</script>\"'"


def shown(template: str, **context: object) -> str:
    return engines["django"].from_string(template).render(context, RequestFactory().get("/?sort=-name&after=abc&q=x"))


@pytest.mark.parametrize(
    "template",
    [
        "{% badge 'ok' evil %}",
        "{% icon 'x' evil %}",
        "{% page_header title=evil note=evil crumbs=crumbs %}{{ evil }}{% endpage_header %}",
        "{% card title=evil note=evil %}{{ evil }}{% endcard %}",
        "{% notice %}{{ evil }}{% endnotice %}",
        "{% empty title=evil text=evil %}{{ evil }}{% endempty %}",
        "{% stat evil evil evil evil %}",
        "{% table caption=evil %}{% endtable %}",
        "{% column evil evil evil %}",
        "{% fact evil evil %}",
        "{% event title=evil who=evil %}{{ evil }}{% endevent %}",
        "{% progress 1 2 evil evil %}",
        "{% diff evil 'a' %}{% diff 'a' evil %}",
        "{% diff_side evil 'a' %}{% diff_side evil 'a' 'right' %}",
        "{% diff_lines evil 'a' %}",
        "{{ evil|moment }}{{ evil|ago }}{{ evil|amount }}{{ evil|initials }}",
        "{% filters form %}",
    ],
)
def test_markup_in_values_is_text(template):
    form = forms.Form({"f": EVIL})
    form.fields["f"] = forms.CharField(label=EVIL, help_text="")
    text = shown(template, evil=EVIL, crumbs=[(EVIL, "/")], form=form)
    assert "<script" not in text
    assert "alert('x')" not in text.replace("&#x27;", "'").replace("&lt;script&gt;alert('x')", "")


def test_times_are_shown_in_the_zone_of_the_reader():
    at = datetime(2026, 11, 22, 23, 30, tzinfo=UTC)
    with timezone.override(ZoneInfo("Asia/Tokyo")):
        assert ">23 Nov 2026, 08:30<" in shown("{{ at|moment }}", at=at)
        assert ">23 Nov 2026, 08:30<" in shown("{{ at|moment }}", at=at.isoformat())
    assert ">22 Nov 2026<" in shown("{{ at|moment }}", at=date(2026, 11, 22))
    assert shown("{{ at|moment }}{{ none|ago }}", at="next week") == "——"


def test_distance_of_a_time_is_worded():
    at = timezone.now() - timedelta(minutes=7, seconds=5)
    assert ">7 minutes ago<" in shown("{{ at|ago }}", at=at)
    with translation.override("ru"):
        assert ">7 минут назад<" in shown("{{ at|ago }}", at=at)


def test_numbers_are_grouped_as_the_language_has_it():
    assert shown("{{ n|amount }}", n=1234567) == "1,234,567"
    with translation.override("ru"):
        assert shown("{{ n|amount }}", n=1234567) == "1\xa0234\xa0567"


def test_column_turns_and_begins_at_the_first_page():
    assert shown("{% column 'name' 'Name' '-name' %}") == (
        '<th scope="col" class="" aria-sort="descending"><a href="?sort=name&amp;q=x">Name'
        '<span class="icon" aria-hidden="true">arrow_downward</span></a></th>'
    )
    assert "?sort=-name&amp;q=x" in shown("{% column 'name' 'Name' 'name' %}")


@pytest.mark.parametrize(
    ("count", "is_more", "said"), [(0, False, "0 entries"), (1, False, "1 entry"), (1000, True, "1,000+ entries")]
)
def test_pager_says_how_many(count, is_more, said):
    page = Page(rows=[], count=count, is_more=is_more, next="after=x&q=y", previous="")
    text = shown("{% pager page %}", page=page)
    assert said in text
    assert 'href="?after=x&amp;q=y"' in text
    assert "Previous" not in text


def test_fact_without_a_value_says_so():
    assert shown("{% fact 'VAT' '' %}{% fact 'Assets' 0 %}") == (
        '<dt>VAT</dt><dd class=""><span class="nothing">—</span></dd><dt>Assets</dt><dd class="">0</dd>'
    )


def test_progress_without_a_total_goes_on():
    assert "<progress aria-label" in shown("{% progress 3 label='Planning' %}")
    assert 'value="10" max="10"' in shown("{% progress 12 10 'Done' %}")


def test_field_with_a_fault_is_tied_to_its_words():
    class One(forms.Form):
        email = forms.EmailField(label="Email", help_text="Of work.")

    text = shown("{{ form }}", form=One({"email": "x"}))
    assert 'aria-describedby="id_email_helptext id_email_error"' in text.replace("  ", " ")
    assert 'aria-invalid="true"' in text
    assert 'id="id_email_error"' in text


def test_undo_of_a_toast_is_found():
    assert undo_url(Message(25, "Done", extra_tags="undo=/a/1/undo/")) == "/a/1/undo/"
    assert undo_url(Message(25, "Done")) == ""
