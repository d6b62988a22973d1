"""Every page that links lead to, of a hub in which something of everything is there."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.utils import timezone

from tallystick.errors import LinkExpired
from tallystick.server.people.domain.links import make_link, person_of_link
from tallystick.server.people.domain.roles import Role
from tests.crawl import pages, whole
from tests.hub import signed_in
from tests.hub_life import lived_in

EVIL = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>{{ 7|add:7 }}{% now %}"
ALIVE = re.compile(r"<script>alert|<img src=x|(?<!\{)\b14\b(?=\{% now)")


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("language", ["en", "ru"])
def test_html_and_script_in_every_text_field_stay_text_on_every_page(tmp_path, person, language):
    admin = person(Role.ADMINISTRATOR, name=f"Ada {EVIL}"[:120], language=language)
    lived_in(tmp_path, admin, text=EVIL)
    found = pages(signed_in(admin))
    assert len(whole(found)) > 60
    assert {address: answer.status_code for address, answer in found.items() if answer.status_code >= 400} == {}
    alive = [address for address, answer in found.items() if ALIVE.search(answer.content.decode())]
    assert alive == []
    shown = [address for address, answer in found.items() if "&lt;script&gt;alert(1)" in answer.content.decode()]
    assert len(shown) > 20


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("role", [*Role, ""])
def test_no_link_of_a_page_leads_whom_it_is_shown_to_a_refusal(tmp_path, person, role):
    lived_in(tmp_path, person(Role.ADMINISTRATOR))
    found = pages(signed_in(person(role)))
    assert {address: answer.status_code for address, answer in found.items() if answer.status_code >= 400} == {}


def test_link_that_is_two_days_old_opens_nothing_more(actor, person, monkeypatch):
    from django.contrib.auth.tokens import default_token_generator

    ben = person("agent")
    path = make_link(actor, ben.pk).path
    _, _, code, token, _ = path.split("/")
    assert person_of_link(code, token) == ben
    later = timezone.now() + timedelta(days=2, seconds=5)
    monkeypatch.setattr(default_token_generator, "_now", lambda: later.replace(tzinfo=None))
    with pytest.raises(LinkExpired):
        person_of_link(code, token)
    answer = signed_in(ben).get(path)
    assert answer.status_code == 410
    assert "This link has been used already or is too old." in answer.content.decode()
