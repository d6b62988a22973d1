"""A hub in which something of everything is there, so that every page has something to show."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.utils import timezone

from tallystick.connectors.memory import MemoryWorld
from tallystick.connectors.memory.describe import FieldSettings, RecordTypeSettings
from tallystick.model.plan import ReviewKind
from tallystick.server.api.webhooks import endpoints
from tallystick.server.connections.domain import change as connections
from tallystick.server.designer.domain import change as designer
from tallystick.server.ops.opened import state
from tallystick.server.people.actor import Actor, actor_of
from tallystick.server.people.domain import roles, tokens, users
from tallystick.server.people.models import User
from tallystick.server.records.domain import actions
from tallystick.server.review.domain.decide import Answer, decide
from tests.firm import Firm
from tests.queues import connected

DOCUMENT = """\
integration: books
title: {title}
systems:
  crm: {{connection: crm}}
  register: {{connection: register}}
code_sets:
  states: {{Open: O}}
flows:
  - flow: people
    left: {{system: crm, record: contact}}
    right: {{system: register, record: person}}
    fields: [{{left: name, right: name}}, {{left: state, right: state, codes: states}}]
    schedule: every day
"""


def lived_in(folder: Path, administrator: User, *, text: str = "Something") -> Firm:
    """`text` stands wherever people may write what they like."""
    actor = actor_of(administrator)
    firm = Firm(folder)
    firm.conflicts(2)
    firm.crm("update contact set notes = ?, name = ? where id = 1", text, f"Ann {text}")
    firm.sync(by=administrator.name)
    _decided(firm, actor, text)
    firm.lookalikes()
    firm.unmapped(1)
    firm.held()
    MemoryWorld.forget("life")
    world = MemoryWorld.open("life")
    for name, kind in (("crm", "contact"), ("register", "person")):
        fields = (FieldSettings(name="name"), FieldSettings(name="state"))
        world.define(RecordTypeSettings(name=kind, fields=fields))
        title = f"{name} {text}"[:120]
        connections.add(actor, name=name, title=title, connector="memory", settings={"name": "life"})
    document = DOCUMENT.format(title=json.dumps(text))
    designer.create(actor, document, comment=text[:200])
    designer.save(actor, "books", document.replace("every day", "every hour"), comment=text[:200])
    _people(actor, text)
    _records(actor, text)
    connected(actor, title=f"Help desk {text}", queue=text[:200], fault=text[:400])
    endpoints.add(actor, address="https://93.184.215.14/hook", events=["record.changed"], title=text[:200])
    return firm


def _decided(firm: Firm, actor: Actor, text: str) -> None:
    asked = next(one for one in firm.questions() if one.review.kind is ReviewKind.CONFLICT)
    with state(actor.name) as opened:
        decide(actor, opened, asked.review.number, Answer(take="left", note=text))


def _people(actor: Actor, text: str) -> None:
    roles.save_role(actor, role_id=None, name=f"Role {text}"[:120], permissions=["records.view_account"])
    users.create_user(actor, name=f"Eve {text}"[:120], email="eve@example.org", roles=[])
    tokens.create_token(actor, name=text[:120], scopes=["records.*"], expires_at=timezone.now() + timedelta(days=30))


def _records(actor: Actor, text: str) -> None:
    account = actions.create(actor, "account", {"name": f"Acme {text}", "note": text}).id
    person: dict[str, Any] = {"last_name": text[:80], "companies": f'["{account}"]'}
    actions.create(actor, "person", person)
    actions.create(actor, "case", {"subject": text[:200], "description": text, "account": account})
    actions.create(actor, "task", {"subject": text[:200]})
