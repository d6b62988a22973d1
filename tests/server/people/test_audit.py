"""The audit trail: every act that leaves a row has words, and administrative acts of every app leave one."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.apps import apps

import tallystick
from tallystick.model.plan import ReviewKind
from tallystick.server.people.models import AuditEntry
from tallystick.server.people.words import action_title
from tests.firm import Firm

ROOT = Path(tallystick.__file__).parent
LABELS = "|".join(config.label for config in apps.get_app_configs() if config.name.startswith("tallystick."))
ACT = re.compile(rf"(?:{LABELS})\.[a-z_]+")


def _acts() -> Iterator[str]:
    """What is handed as an act to `audit`, or to a function beside it that takes an `action`."""
    for file in sorted(ROOT.rglob("*.py")):
        text = file.read_text(encoding="utf-8")
        if "audit(" not in text:
            continue
        tree = ast.parse(text)
        passing = {"audit"} | {
            one.name
            for one in ast.walk(tree)
            if isinstance(one, ast.FunctionDef) and "action" in [given.arg for given in one.args.args]
        }
        for call in ast.walk(tree):
            if isinstance(call, ast.Call) and getattr(call.func, "id", "") in passing:
                for given in call.args:
                    if isinstance(given, ast.Constant) and isinstance(given.value, str) and ACT.fullmatch(given.value):
                        yield given.value


def test_every_audited_act_is_told_in_words():
    acts = set(_acts())
    assert len(acts) > 40
    assert sorted(act for act in acts if action_title(act) == act) == []


@pytest.mark.django_db(transaction=True)
def test_letting_a_held_run_pass_is_in_the_trail(tmp_path, client_of):
    firm = Firm(tmp_path)
    firm.held()
    (asked,) = firm.questions(kinds=(ReviewKind.HELD,))
    client = client_of("administrator", name="Ada Byron")
    client.post(f"/review/{asked.review.number}/answer/", {"take": "refuse", "note": "not on a Friday"})
    client.post(f"/review/{asked.review.number}/undo/")
    client.post(f"/review/{asked.review.number}/answer/", {"take": "approve"})
    rows = list(AuditEntry.objects.order_by("pk").values_list("action", "by", "subject_id", "subject_name"))
    expected = ("Ada Byron", asked.review.run, "firm · people")
    assert rows == [("review.refuse_run", *expected), ("review.approve_run", *expected)]
