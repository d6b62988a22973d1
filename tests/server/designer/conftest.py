"""Two systems that the hub knows, and an integration of them."""

from __future__ import annotations

import itertools

import pytest
import sqlalchemy as sa

from tallystick.connectors.memory import MemoryWorld
from tallystick.connectors.memory.describe import FieldSettings, RecordTypeSettings
from tallystick.server.connections.domain import change as connections
from tallystick.server.designer import place
from tallystick.server.designer.domain import change

TEXT = """\
integration: firm
title: CRM and register   # for people
systems:
  crm: {connection: left}
  register: {connection: right}
flows:
  - flow: people
    left: {system: crm, record: person}
    right: {system: register, record: person}
    # the two sides spell names alike
    fields:
      - {left: name, right: name}
      - {left: phone, right: phone}
    match: {definite: [[name]]}
    guards: {delete: none}
    schedule: every 30 days
"""
_worlds = itertools.count()
PERSON = RecordTypeSettings(name="person", fields=tuple(FieldSettings(name=name) for name in ("name", "phone")))


@pytest.fixture
def worlds():
    """The records behind the connections `left` and `right`."""
    number = next(_worlds)
    made = {}
    for side in ("left", "right"):
        world = MemoryWorld.open(f"{side} of test {number}")
        world.define(PERSON)
        made[side] = world
    made["names"] = {side: f"{side} of test {number}" for side in ("left", "right")}
    return made


@pytest.fixture
def two(actor, worlds):
    """The connections themselves."""
    for side in ("left", "right"):
        connections.add(actor, name=side, connector="memory", settings={"name": worlds["names"][side]})
    return worlds


@pytest.fixture
def firm(actor, two):
    return change.create(actor, TEXT)


@pytest.fixture
def fresh_jobs(db):
    """No jobs of earlier tests: a tick that was asked for once is not asked for again."""
    jobs = place.jobs()
    tables = [jobs.pauses, jobs.requests, jobs.changes, jobs.workers]
    with jobs.engine.begin() as connection:
        for table in tables:
            connection.execute(sa.delete(table))
        if sa.inspect(connection).has_table("workflow_status", schema=jobs.schema):
            connection.execute(sa.delete(sa.table("workflow_status", schema=jobs.schema)))
