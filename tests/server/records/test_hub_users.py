"""Which user of the hub a person is: chosen by name on the form, shown by name on the page, kept by id."""

from __future__ import annotations

import re

import pytest

from tallystick.server.records.domain import actions
from tallystick.server.records.models import Person

pytestmark = pytest.mark.django_db


def test_user_is_chosen_by_name_and_shown_by_name(actor, client_of, person):
    theo = person("technician", name="Theo Brandt", email="theo@example.org")
    made = actions.create(actor, "person", {"last_name": "Brandt"})
    client = client_of("administrator")
    page = client.get(f"/records/person/{made.id}/edit/").content.decode()
    assert re.search(rf'<option value="{theo.pk}">\s*Theo Brandt \(theo@example.org\)', page)
    answer = client.post(f"/records/person/{made.id}/edit/", {"last_name": "Brandt", "user": theo.pk, "version": 1})
    assert answer.status_code == 302
    assert Person.objects.get(pk=made.id).user == str(theo.pk)
    assert "Theo Brandt" in client.get(f"/records/person/{made.id}/").content.decode()


def test_user_that_is_gone_keeps_its_id_on_the_form(actor, client_of):
    made = actions.create(actor, "person", {"last_name": "Brandt", "user": "424242"})
    page = client_of("administrator").get(f"/records/person/{made.id}/edit/").content.decode()
    assert re.search(r'<option value="424242" selected>\s*no user of the hub \(424242\)', page)


def test_whoever_may_not_see_users_is_offered_none(actor, client_of, person):
    person("technician", name="Theo Brandt")
    made = actions.create(actor, "person", {"last_name": "Brandt"})
    page = client_of("agent").get(f"/records/person/{made.id}/edit/").content.decode()
    assert "Theo Brandt" not in page
    assert re.search(r'<input type="text" name="user"', page)
