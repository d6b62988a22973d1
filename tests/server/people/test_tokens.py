"""API tokens."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from tallystick.errors import InputRefused, NotAllowed, NotFound, SignInFailed
from tallystick.server.people.actor import actor_of
from tallystick.server.people.domain.tokens import LONGEST, MOST, actor_of_token, create_token, revoke_token
from tallystick.server.people.models import ApiToken, AuditEntry, User


def _soon():
    return timezone.now() + timedelta(days=30)


def test_token_acts_for_its_person_within_its_scopes(actor):
    made = create_token(actor, name="Export", scopes=["people.view_*"], expires_at=_soon())
    found = actor_of_token(made.text, address="192.0.2.7")
    assert found.permissions == {"people.view_user", "people.view_role", "people.view_audit"}
    assert (found.person, found.name, found.via, found.address) == (
        actor.person,
        "Ada Byron (Export)",
        "api",
        "192.0.2.7",
    )


def test_token_is_kept_as_a_digest_and_never_in_the_trail(actor):
    made = create_token(actor, name="Export", scopes=["*"], expires_at=_soon())
    secret = made.text.split("_", 2)[2]
    kept = str(list(ApiToken.objects.values())) + str(list(AuditEntry.objects.values()))
    assert secret not in kept


def test_token_loses_what_its_person_loses(actor):
    made = create_token(actor, name="Export", scopes=["*"], expires_at=_soon())
    User.objects.get(pk=actor.person).groups.clear()
    assert actor_of_token(made.text).permissions == frozenset()
    User.objects.filter(pk=actor.person).update(is_active=False)
    with pytest.raises(SignInFailed):
        actor_of_token(made.text)


@pytest.mark.parametrize("text", ["", "tly", "tly_", "tly_x_y", "abc_0123456789_x", "tly_{mark}_wrong", "\ud800_x_y"])
def test_made_up_token_is_refused_with_one_sentence(actor, text):
    made = create_token(actor, name="Export", scopes=["*"], expires_at=_soon())
    with pytest.raises(SignInFailed, match="unknown or was revoked"):
        actor_of_token(text.replace("{mark}", made.token.mark))


def test_expired_and_revoked_tokens_are_refused(actor):
    made = create_token(actor, name="Export", scopes=["*"], expires_at=_soon())
    ApiToken.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    with pytest.raises(SignInFailed, match="expired"):
        actor_of_token(made.text)
    revoke_token(actor, made.token.pk)
    revoke_token(actor, made.token.pk)
    with pytest.raises(SignInFailed, match="revoked"):
        actor_of_token(made.text)
    assert list(AuditEntry.objects.order_by("id").values_list("action", flat=True)) == [
        "people.create_token",
        "people.revoke_token",
    ]


def test_use_is_noted_but_not_at_every_request(actor, django_assert_num_queries):
    made = create_token(actor, name="Export", scopes=["*"], expires_at=_soon())
    with django_assert_num_queries(3):
        actor_of_token(made.text)
    with django_assert_num_queries(2):
        actor_of_token(made.text)
    assert ApiToken.objects.get().last_used_at is not None


@pytest.mark.parametrize(
    ("fields", "fault"),
    [
        ({"name": " "}, "name"),
        ({"scopes": []}, "scopes"),
        ({"scopes": ["nonsense.*"]}, "scopes"),
        ({"expires_at": None}, "expires_at"),
        ({"expires_at": timezone.now() - timedelta(days=1)}, "expires_at"),
        ({"expires_at": timezone.now() + LONGEST + timedelta(days=2)}, "expires_at"),
    ],
)
def test_wrong_token_is_refused(actor, fields, fault):
    with pytest.raises(InputRefused) as refused:
        create_token(actor, **{"name": "Export", "scopes": ["*"], "expires_at": _soon(), **fields})
    assert list(refused.value.fields) == [fault]


def test_program_makes_no_tokens_and_nobody_has_too_many(actor):
    made = create_token(actor, name="Export", scopes=["*"], expires_at=_soon())
    with pytest.raises(InputRefused, match="Only a person"):
        create_token(actor_of_token(made.text), name="More", scopes=["*"], expires_at=_soon())
    ApiToken.objects.bulk_create(
        ApiToken(user_id=actor.person, name="x", mark=f"m{n}", digest="", expires_at=_soon()) for n in range(MOST - 1)
    )
    with pytest.raises(InputRefused):
        create_token(actor, name="One more", scopes=["*"], expires_at=_soon())


def test_tokens_of_others_are_revoked_only_with_the_permission(actor, person, actor_with):
    ben = actor_of(person("agent"))
    made = create_token(ben, name="Ben's", scopes=["*"], expires_at=_soon())
    with pytest.raises(NotFound):
        revoke_token(actor_with("people.use_tokens"), made.token.pk)
    assert revoke_token(actor, made.token.pk).revoked_at is not None
    with pytest.raises(NotAllowed):
        create_token(actor_with(), name="x", scopes=["*"], expires_at=_soon())
