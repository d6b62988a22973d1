"""People at work in the demo: what goes wrong there goes wrong as a whole, so that the guard holds it."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_network

import pytest
from django.conf import settings as django_settings

from tallystick.errors import ScopeBusy
from tallystick.server.demo import beginning
from tallystick.server.demo.address_book import serving
from tallystick.server.demo.life import MISHAP_CARDS, PHONES, mishap
from tallystick.server.designer.workspaces import workspace
from tallystick.server.people.domain.roles import Role
from tallystick.server.records.domain import actions
from tallystick.server.records.models import Person

COLLEAGUES = 40


@pytest.mark.slow
def test_cards_that_a_telephone_deletes_go_between_two_runs_and_the_guard_holds_them(
    person, actor, tmp_path, settings, transactional_db
):
    own = (ip_network("127.0.0.0/8"),)
    settings.CONFIGURATION = replace(django_settings.CONFIGURATION, allowed_networks=own)
    person(Role.ADMINISTRATOR, email=beginning.ADMINISTRATOR)
    for number in range(COLLEAGUES):
        worker = {"first_name": f"Ann {number}", "roles": '["worker"]', "email1": f"p{number}@tallystick.example"}
        actions.create(actor, "person", worker)
    with serving(tmp_path / "book") as book:
        beginning.make_address_book(book, lambda _text: None)
        beginning.make_integrations(book)
        with workspace(PHONES, by="Test") as opened:
            opened.sync()
            (flow,) = opened.chosen(())
            before = len(book.paths())
            with opened.store.exclusive(opened.scope(flow)), pytest.raises(ScopeBusy):
                mishap(book)  # a run is at them
            assert len(book.paths()) == before
            mishap(book)
            assert len(book.paths()) == before - MISHAP_CARDS
            assert opened.sync().status == "held"
    assert Person.objects.filter(gone_at__isnull=True).count() == COLLEAGUES
