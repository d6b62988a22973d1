"""Weights learned without the truth: from the records alone, always the same (E14)."""

from __future__ import annotations

import pyarrow as pa
import pytest

from tallystick.engine.kinds import guessed
from tallystick.engine.match import match
from tallystick.engine.train import Trained, train
from tallystick.errors import InputRefused
from tallystick.model.flow import Compare, Level, Match
from tallystick.model.record import ID
from tallystick.model.side import Side
from tests.bench.registers import Registers, registers

KINDS = {
    **dict.fromkeys(("serial", "tag", "mac", "host"), Compare.CODE),
    **dict.fromkeys(("maker", "model", "site"), Compare.TEXT),
    "owner": Compare.NAME,
}


@pytest.fixture(scope="module")
def both() -> Registers:
    return registers(1_500, 7)


@pytest.fixture(scope="module")
def trained(both: Registers) -> Trained:
    return train(Match(), both.left, both.right, KINDS)


def test_learned_weights_link_what_is_one_and_leave_what_is_not_E14(both: Registers, trained: Trained) -> None:
    matched = match(Match(weights=trained.weights, junk=trained.junk), both.left, both.right)
    linked = list(zip(matched.definite.ids(Side.LEFT), matched.definite.ids(Side.RIGHT), strict=True))
    right = sum(both.partner.get(left) == id_ for left, id_ in linked)
    assert right >= 0.995 * len(linked)
    assert right >= 0.97 * len(both.partner)
    assert 0.9 * len(both.partner) <= trained.pairs <= 1.05 * len(both.partner)


def test_equal_identifiers_speak_for_a_pair_and_different_ones_against_E14(trained: Trained) -> None:
    fields = trained.weights.fields
    for name in ("serial", "tag", "mac", "host"):
        weights = fields[name].weights
        assert weights[Level.SAME] > 10 > weights[Level.CLOSE] > 0 > weights[Level.OTHER]
        assert (name,) in trained.weights.blocks
    assert fields["serial"].weights[Level.SAME] > fields["site"].weights[Level.SAME]
    assert set(trained.weights.rivals) == {"neighbour", "successor"}


def test_serials_on_many_records_are_proposed_as_junk_A23() -> None:
    one, other = registers(400, 3), "SYS-1234567890"
    serials = one.right.column("serial").to_pylist()
    right = one.right.set_column(1, "serial", pa.array([other] * 15 + serials[15:], pa.string()))
    found = train(Match(), one.left, right, KINDS)
    assert other in found.junk["serial"]
    again = train(Match(junk={"serial": (other,)}), one.left, right, KINDS)
    assert other not in again.junk.get("serial", ())


def test_the_same_records_in_any_order_give_the_same_weights_E14() -> None:
    some = registers(300, 5)
    mixed = pa.array(range(299, -1, -1))
    one = train(Match(), some.left, some.right, KINDS)
    assert train(Match(), some.left.take(mixed), some.right.take(mixed), KINDS) == one


def test_fields_that_say_nothing_are_left_out() -> None:
    some = registers(200, 5)
    nothing = pa.array([None] * 200, pa.string())
    left, right = (side.append_column("colour", nothing) for side in (some.left, some.right))
    assert "colour" not in train(Match(), left, right, {**KINDS, "colour": Compare.TEXT}).weights.fields


def test_too_little_to_learn_from_is_refused_in_a_sentence() -> None:
    few = registers(20, 5)
    with pytest.raises(InputRefused, match="There are 20 records on the left, too few to learn weights from"):
        train(Match(), few.left, few.right, KINDS)
    some = registers(200, 5)
    with pytest.raises(InputRefused, match="Fewer than two of these fields have values on both sides"):
        train(Match(), some.left, some.right, {"serial": Compare.CODE})
    same = pa.table({ID: [str(n) for n in range(300)], **{name: ["one", "two", "six"] * 100 for name in "ab"}})
    with pytest.raises(InputRefused, match="No combination of these fields picks out few enough pairs"):
        train(Match(), same, same, {"a": Compare.TEXT, "b": Compare.TEXT})


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (["ada@example.org", "b@c.de", None], Compare.EMAIL),
        (["2026-11-22", "2026-11-22T08:00:00"], Compare.DATE),
        (["+49 30 1234567", "030/7654321"], Compare.PHONE),
        (["5CG1234", "AT-100", "88123"], Compare.CODE),
        (["12345678", "87654321"], Compare.CODE),
        (["Latitude 5440", "Ada Lovelace"], Compare.TEXT),
        ([None], Compare.TEXT),
        ([], Compare.TEXT),
    ],
)
def test_how_values_are_compared_is_told_by_their_looks(values: list[str | None], kind: Compare) -> None:
    assert guessed(pa.chunked_array([pa.array(values, pa.string())])) is kind
