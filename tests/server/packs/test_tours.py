"""Guided tours: each step with its pages and how far the hub is, for those who may open one of its pages."""

from __future__ import annotations

import pytest

from tallystick.server.packs import tours
from tallystick.server.packs.catalogue import pack_of
from tallystick.server.packs.domain.installing import install
from tallystick.server.packs.domain.units import switch
from tallystick.server.packs.tours import Place, Standing, Step, Tour
from tallystick.server.people.domain.roles import Role
from tallystick.server.records.domain import actions
from tests.hub import signed_in

pytestmark = pytest.mark.django_db


def assets_tour(actor):
    return {str(one.step.title): one for one in tours.shown(tours.tour_of(actor, "assets"), actor)}


def test_tour_tells_how_far_this_hub_is(actor):
    before = assets_tour(actor)
    assert {one.standing.is_done for one in before.values() if one.standing} == {False}
    assert next(iter(before.values())).is_next
    assert before["The pack is set up in order"].standing.note == "The pack is not installed yet."
    assert before["Doubtful matches reach a person"].places == ()
    pack = pack_of("assets")
    install(actor, pack, values={"company": actions.create(actor, "account", {"name": "Own"}).id})
    switch(actor, pack.units, "US001", is_on=True)
    product = actions.create(actor, "product", {"name": "P-GEN"}).id
    actions.create(actor, "product_mapping", {"product": product})
    actions.create(actor, "register_asset", {"name": "one", "business_unit": "US001"})
    after = assets_tour(actor)
    assert after["Every asset gets a product"].standing == Standing(is_done=True, note="1 row.")
    assert "Copy what assets refer to" in str(after["The pack is set up in order"].standing.note)
    assert str(after["Serial numbers are held unique"].standing.note).endswith("assets in use without one: 1.")
    assert after["Doubtful matches reach a person"].places[0].address == "/packs/assets/reconciliation/"
    assert sum(one.is_next for one in after.values()) == 1


def test_tour_is_a_page_with_links_to_live_pages_in_both_languages(person):
    for language, words in (("en", "Guided tours"), ("ru", "Экскурсии")):
        client = signed_in(person(Role.ADMINISTRATOR, email=f"{language}@example.org", language=language))
        page = client.get("/packs/assets/tour/").content.decode()
        assert words in page
        assert all(f'href="{address}"' in page for address in ("/records/device/", "/register/serials/", "/discovery/"))
        assert "/packs/assets/tour/" in client.get("/packs/tours/").content.decode()


def test_tour_shows_each_person_the_pages_they_may_open(person, actor_with):
    client = signed_in(person(Role.AGENT))
    page = client.get("/packs/assets/tour/").content.decode()
    assert '/records/device/"' in page
    assert 'href="/discovery/"' not in page
    nobody = signed_in(person(""))
    assert nobody.get("/packs/assets/tour/").status_code == 403
    assert "No tour for you" in nobody.get("/packs/tours/").content.decode()
    few = actor_with("discovery.view_device")
    told = [one.standing is not None for one in tours.shown(tours.tour_of(few, "assets"), few)]
    assert told == [True] + [False] * (len(told) - 1)


def test_unknown_tour_is_not_found(client_of):
    answer = client_of("administrator").get("/packs/nothing/tour/")
    assert answer.status_code == 404
    assert "There is no tour nothing." in answer.content.decode()


def test_place_whose_page_this_hub_does_not_have_is_left_out(actor):
    places = (
        Place(title="there", url="packs:tours", permissions=("designer.view_integration",)),
        Place(title="gone", url="nothing:here", permissions=("designer.view_integration",)),
        Place(title="later", url="packs:tours", permissions=("designer.view_integration",), is_there=lambda: False),
    )
    tour = Tour(name="x", title="x", summary="x", steps=(Step(title="x", text="x", see="x", places=places),))
    (step,) = tours.shown(tour, actor)
    assert [place.title for place in step.places] == ["there"]
    assert step.standing is None
