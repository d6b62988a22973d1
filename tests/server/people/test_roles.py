"""Roles of the product and of people."""

from __future__ import annotations

import re
from types import SimpleNamespace

import pytest
from django.apps import apps
from django.contrib.auth.models import Group
from django.utils import translation

from tallystick.errors import InputRefused, NotFound
from tallystick.server.people.actor import actor_of, all_permissions, permissions_of
from tallystick.server.people.domain.roles import Role, delete_role, offered, role_of, save_role, settle_roles, title_of
from tallystick.server.people.models import AuditEntry


def test_product_roles_are_there_and_the_administrator_has_everything(person):
    assert set(Role) <= set(Group.objects.values_list("name", flat=True))
    with_grants = {config.label for config in apps.get_app_configs() if hasattr(config, "grants")}
    everything = {name for name in all_permissions() if name.partition(".")[0] in with_grants}
    assert permissions_of(person("administrator")) == everything


def test_read_only_changes_nothing(person):
    verbs = {name.partition(".")[2].partition("_")[0] for name in permissions_of(person("read-only"))}
    assert verbs <= {"view"}


def test_grants_are_settled_exactly_and_own_roles_left_alone(db):
    own = Group.objects.create(name="Own")
    own.permissions.set([_permission("people.view_user")])
    agent = Group.objects.get(name="agent")
    agent.permissions.add(_permission("people.change_user"))
    settle_roles(apps.get_app_config("people"), using="default")
    assert "people.change_user" not in _names(agent)
    assert "people.use_tokens" in _names(agent)
    assert _names(own) == {"people.view_user"}


def test_app_without_grants_gives_nothing(db):
    before = {group.name: _names(group) for group in Group.objects.all()}
    settle_roles(SimpleNamespace(label="auth", name="django.contrib.auth"), using="default")
    assert {group.name: _names(group) for group in Group.objects.all()} == before


def test_role_is_made_changed_and_deleted_with_a_trail(actor, person):
    role = save_role(actor, role_id=None, name="  Back   office ", permissions=["people.view_user"]).role
    assert role.name == "Back office"
    save_role(actor, role_id=role.pk, name="Back office", permissions=["people.view_role"])
    assert _names(role) == {"people.view_role"}
    ben = person("", email="ben@example.org")
    ben.groups.add(role)
    delete_role(actor, role.pk)
    assert permissions_of(ben) == frozenset()
    trail = list(AuditEntry.objects.order_by("id").values_list("action", "details"))
    assert trail == [
        (
            "people.save_role",
            {"name": ["", "Back office"], "added": ["people.view_user"], "removed": []},
        ),
        (
            "people.save_role",
            {"name": ["Back office", "Back office"], "added": ["people.view_role"], "removed": ["people.view_user"]},
        ),
        ("people.delete_role", {"held_by": ["ben@example.org"]}),
    ]


@pytest.mark.parametrize(
    ("name", "permissions", "fault"),
    [
        ("", [], "name"),
        ("x" * 121, [], "name"),
        ("Administrator", [], "name"),
        ("taken", [], "name"),
        ("New", ["people.be_king"], "permissions"),
        ("New", ["nonsense"], "permissions"),
    ],
)
def test_wrong_role_is_refused(actor, name, permissions, fault):
    Group.objects.create(name="Taken")
    with pytest.raises(InputRefused) as refused:
        save_role(actor, role_id=None, name=name, permissions=permissions)
    assert list(refused.value.fields) == [fault]


def test_role_cannot_hold_what_its_maker_may_not(actor_with):
    maker = actor_with("people.change_role", "people.view_user")
    with pytest.raises(InputRefused, match="not saved") as refused:
        save_role(maker, role_id=None, name="More", permissions=["people.view_user", "people.view_audit"])
    assert "people.view_audit" in refused.value.fields["permissions"]


def test_product_roles_cannot_be_changed_or_deleted(actor):
    agent = Group.objects.get(name="agent")
    for act in (
        lambda: save_role(actor, role_id=agent.pk, name="agent", permissions=[]),
        lambda: delete_role(actor, agent.pk),
    ):
        with pytest.raises(InputRefused, match="role of the product"):
            act()


def test_missing_role_is_told(db):
    with pytest.raises(NotFound):
        role_of(999_999)


def test_offered_permissions_are_all_of_the_hub(db):
    names = {name for one in offered() for _, verbs in one.things for name in verbs.values()}
    names |= {name for one in offered() for name, _ in one.others}
    labels = {config.label for config in apps.get_app_configs() if hasattr(config, "grants")}
    assert names == {name for name in all_permissions() if name.partition(".")[0] in labels}


def test_everything_a_role_may_do_is_told_in_russian_too(db):
    with translation.override("ru"):
        told = [
            text
            for one in offered()
            for text in (one.app, *dict(one.things), *(allows for _name, allows in one.others))
        ]
    names = {"Request Tracker"}
    assert [text for text in told if text not in names and not re.search("[а-яё]", text)] == []


def test_inactive_person_may_do_nothing(person):
    assert actor_of(person("administrator", is_active=False)).permissions == frozenset()


def test_titles_are_worded(db):
    assert [title_of(name) for name in ("integration manager", "Back office")] == ["Integration manager", "Back office"]


def _permission(name):
    from django.contrib.auth.models import Permission

    app, _, codename = name.partition(".")
    return Permission.objects.get(content_type__app_label=app, codename=codename)


def _names(group):
    return {f"{one.content_type.app_label}.{one.codename}" for one in group.permissions.select_related("content_type")}
