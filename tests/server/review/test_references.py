"""A question shows names where systems keep ids, and one linked record as one. Row E26; scenario S2."""

from __future__ import annotations

import pytest

from tallystick.model.flow import Scope
from tallystick.model.link import Link, LinkEnd, Standing, Unlinked
from tallystick.model.plan import Parked
from tallystick.model.side import Side
from tallystick.ports.store import Commit
from tallystick.server.review.references import Names
from tallystick.server.review.shown import Row
from tallystick.spec.reading import loads
from tallystick.testing.store import MemoryStore

TEXT = """\
integration: firm
systems:
  crm: {connector: memory, name: crm of references}
  register: {connector: memory, name: register of references}
flows:
  - flow: makers
    left: {system: crm, record: maker}
    right: {system: register, record: maker}
    fields: [{left: name, right: title}]
  - flow: assets
    left: {system: crm, record: asset}
    right: {system: register, record: asset}
    fields:
      - {left: serial, right: serial}
      - {left: maker, right: maker_id, ref: makers}
"""
FLOW = next(one for one in loads(TEXT).integration.flows if one.name == "assets")
MAKERS = Scope(integration="firm", flow="makers")


@pytest.fixture
def store() -> MemoryStore:
    made = MemoryStore()

    def end(id_: str, **base: str) -> LinkEnd:
        return LinkEnd(id=id_, base=base, fingerprint=1)

    links = [
        Link(number=0, left=end("7", name="Dell"), right=end("m-1", title="DELL Inc.")),
        Link(number=0, left=end("8", name="HP"), right=end("m-2", title="HP")),
        Link(number=0, left=end("9", name="HP"), right=end("m-3", title="HP")),
        Link(number=0, left=end("10"), right=end("m-4", title="Lenovo")),
    ]
    alone = Unlinked(side=Side.LEFT, id="12", fingerprint=1, values={"name": "Acer"}, standing=Standing.IGNORED)
    made.commit(MAKERS, Commit(operations=(), links=links, parked=Parked(keep=(alone,))))
    return made


def named(store: MemoryStore, row: Row) -> Row:
    scope = Scope(integration="firm", flow="assets")
    (found,) = Names(FLOW, scope, store, [row]).named([row])
    return found


@pytest.mark.parametrize(
    ("left", "right", "shown", "is_equal"),
    [
        ("7", "m-1", ("Dell", "Dell"), True),
        ("7", "m-2", ("Dell", "HP"), False),
        ("8", "m-3", ("HP · 8", "HP · m-3"), False),  # two of one name are two
        ("10", None, ("Lenovo", None), False),
        ("11", "m-1", ("11", "Dell"), False),
        ("12", "m-1", ("Acer", "Dell"), False),
        (None, None, (None, None), True),
    ],
)
def test_reference_is_shown_by_name_and_equal_where_both_name_one_record_E26_S2(store, left, right, shown, is_equal):
    row = named(store, Row(name="maker", base=None, left=left, right=right))
    assert ((row.left, row.right), row.is_equal) == (shown, is_equal)


def test_side_that_names_another_record_than_both_did_is_the_changed_one_E26(store):
    assert named(store, Row(name="maker", base="7", left="7", right="m-2")).changed == ("right",)
    assert named(store, Row(name="maker", base="7", left="8", right="m-1")).changed == ("left",)
    assert named(store, Row(name="maker", base="12", left="12", right="m-1")).changed == ("right",)
    assert named(store, Row(name="maker", base="8", left="8", right="m-3")).changed == ("right",)  # two of one name
    assert named(store, Row(name="maker", base="9", left="8", right="m-3")).changed == ("left",)


def test_other_fields_stay_as_they_are(store):
    row = Row(name="serial", base="7", left="7", right="m-1")
    assert named(store, row) == row
