"""Making and changing people, and what keeps that from being a way to more rights."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Group

from tallystick.errors import InputRefused, LinkExpired, NotAllowed, NotFound
from tallystick.server.people.actor import actor_of
from tallystick.server.people.domain import users
from tallystick.server.people.domain.first import check_first, welcome_path
from tallystick.server.people.domain.links import enter_by_link, make_link, person_of_link
from tallystick.server.people.domain.roles import Role, save_role
from tallystick.server.people.models import AuditEntry, User

PASSWORD = "notched across, split in two"


def _trail():
    return list(AuditEntry.objects.order_by("id").values_list("action", "by", "subject_name", "details"))


def test_person_is_added_with_roles_and_audited(actor):
    made = users.create_user(actor, email=" Ben@Example.ORG ", name=" Ben Ames ", roles=["agent"]).user
    assert (made.email, made.name, made.has_usable_password()) == ("ben@example.org", "Ben Ames", False)
    assert [group.name for group in made.groups.all()] == ["agent"]
    details = {"email": "ben@example.org", "roles": ["agent"]}
    assert _trail() == [("people.create_user", "Ada Byron", "Ben Ames", details)]


@pytest.mark.parametrize(
    ("fields", "faults"),
    [
        ({"email": "ben"}, ["email"]),
        ({"name": "  "}, ["name"]),
        ({"name": "x" * 121}, ["name"]),
        ({"roles": ["king"]}, ["roles"]),
        ({"password": "short"}, ["password"]),
        ({"password": "password12"}, ["password"]),
        ({"password": "ben@example.org"}, ["password"]),
        ({"email": "", "name": ""}, ["email", "name"]),
    ],
)
def test_person_with_wrong_fields_is_refused_field_by_field(actor, fields, faults):
    given = {"email": "ben@example.org", "name": "Ben Ames", **fields}
    with pytest.raises(InputRefused) as refused:
        users.create_user(actor, **given)
    assert sorted(refused.value.fields) == faults
    assert not User.objects.filter(name__startswith="Ben").exists()


def test_same_address_in_other_letters_is_refused_and_nothing_is_kept(actor, person):
    person("agent", email="ben@example.org")
    with pytest.raises(InputRefused) as refused:
        users.create_user(actor, email="BEN@example.org", name="Another")
    assert list(refused.value.fields) == ["email"]
    assert _trail() == []


def test_without_the_permission_nobody_is_changed(actor_with, person):
    ben = person("agent")
    stranger = actor_with("people.view_user")
    for act in (
        lambda: users.create_user(stranger, email="x@example.org", name="X"),
        lambda: users.change_user(stranger, ben.pk, email=ben.email, name="X", roles=[], is_active=True),
        lambda: users.unlock_user(stranger, ben.pk),
        lambda: users.remove_second_factor(stranger, ben.pk),
        lambda: make_link(stranger, ben.pk),
        lambda: save_role(stranger, role_id=None, name="Mine", permissions=[]),
    ):
        with pytest.raises(NotAllowed):
            act()
    assert _trail() == []


def test_change_is_audited_with_before_and_after(actor, person):
    ben = person("agent", name="Ben", email="ben@example.org")
    changed = users.change_user(
        actor, ben.pk, email="ben@example.org", name="Ben Ames", roles=["agent", "technician"], is_active=False
    )
    assert changed.changes == {
        "name": ("Ben", "Ben Ames"),
        "is_active": (True, False),
        "roles": (["agent"], ["agent", "technician"]),
    }
    assert [row[:3] for row in _trail()] == [("people.change_user", "Ada Byron", "Ben Ames")]
    again = users.change_user(
        actor, ben.pk, email="ben@example.org", name="Ben Ames", roles=["agent", "technician"], is_active=False
    )
    assert again.changes == {}
    assert len(_trail()) == 1


def test_last_administrator_stays(actor):
    ada = User.objects.get(pk=actor.person)
    with pytest.raises(InputRefused) as refused:
        users.change_user(actor, ada.pk, email=ada.email, name=ada.name, roles=["agent"], is_active=True)
    assert list(refused.value.fields) == ["roles"]
    with pytest.raises(InputRefused) as refused:
        users.change_user(actor, ada.pk, email=ada.email, name=ada.name, roles=["administrator"], is_active=False)
    assert list(refused.value.fields) == ["is_active"]
    assert list(ada.groups.values_list("name", flat=True)) == ["administrator"]


@pytest.fixture
def clerk(actor, person):
    """Somebody with an own role that may change people but is no administrator."""
    save_role(actor, role_id=None, name="Clerk", permissions=["people.view_user", "people.change_user"])
    found = person("")
    found.groups.add(Group.objects.get(name="Clerk"))
    AuditEntry.objects.all().delete()
    return actor_of(found)


def test_nobody_gives_more_rights_than_they_have(clerk, person):
    ben = person("")
    for role in ("administrator", "agent"):
        with pytest.raises(InputRefused) as refused:
            users.change_user(clerk, ben.pk, email=ben.email, name=ben.name, roles=[role], is_active=True)
        assert list(refused.value.fields) == ["roles"]
    with pytest.raises(InputRefused):
        users.create_user(clerk, email="x@example.org", name="X", roles=["administrator"])
    me = User.objects.get(pk=clerk.person)
    with pytest.raises(InputRefused):
        users.change_user(clerk, me.pk, email=me.email, name=me.name, roles=["Clerk", "administrator"], is_active=True)


def test_nobody_takes_over_a_person_with_more_rights(clerk, actor):
    ada = User.objects.get(pk=actor.person)
    for act in (
        lambda: users.change_user(clerk, ada.pk, email="evil@example.org", name="A", roles=[], is_active=True),
        lambda: users.remove_second_factor(clerk, ada.pk),
        lambda: make_link(clerk, ada.pk),
    ):
        with pytest.raises(NotAllowed, match="may do more than you"):
            act()
    assert _trail() == []


def test_missing_person_is_told(actor):
    with pytest.raises(NotFound):
        users.unlock_user(actor, 999_999)


def test_link_sets_a_password_once(actor, person):
    ben = person("agent", email="ben@example.org")
    link = make_link(actor, ben.pk)
    _, _, code, token, _ = link.path.split("/")
    with pytest.raises(InputRefused):
        enter_by_link(code, token, password="short")
    enter_by_link(code, token, password=PASSWORD)
    ben.refresh_from_db()
    assert ben.check_password(PASSWORD)
    with pytest.raises(LinkExpired):
        enter_by_link(code, token, password="another password")
    assert [row[:2] for row in _trail()] == [
        ("people.make_link", "Ada Byron"),
        ("people.enter_by_link", str(ben)),
    ]
    assert token not in str(_trail())


@pytest.mark.parametrize(("code", "token"), [("zz", "x-y"), ("!", "x"), ("1", ""), ("z" * 40, "x-y")])
def test_made_up_link_is_refused(db, code, token):
    with pytest.raises(LinkExpired):
        person_of_link(code, token)


def test_link_of_a_person_who_may_not_sign_in_is_refused(actor, person):
    ben = person("agent")
    _, _, code, token, _ = make_link(actor, ben.pk).path.split("/")
    User.objects.filter(pk=ben.pk).update(is_active=False)
    with pytest.raises(LinkExpired):
        person_of_link(code, token)


def test_first_person_becomes_administrator_and_the_link_ends(db):
    token = welcome_path().split("/")[2]
    with pytest.raises(InputRefused):
        users.create_first(token, email="ada@example.org", name="Ada", password="")
    made = users.create_first(token, email="ada@example.org", name="Ada", password=PASSWORD)
    assert [group.name for group in made.groups.all()] == [Role.ADMINISTRATOR]
    assert welcome_path() == ""
    with pytest.raises(LinkExpired):
        users.create_first(token, email="eve@example.org", name="Eve", password=PASSWORD)
    with pytest.raises(LinkExpired):
        check_first("made-up")
    assert User.objects.count() == 1


def test_profile_is_ones_own(actor):
    changed = users.change_profile(actor, name="Ada King", language="ru", time_zone="Asia/Tokyo", theme="dark")
    assert sorted(changed.changes) == ["language", "name", "theme", "time_zone"]
    with pytest.raises(InputRefused):
        users.change_profile(actor, name=" ", language="", time_zone="UTC", theme="light")
