"""Weights: the evidence of all fields added up, and who is ahead of everybody else (E12, E14, A22, S2)."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from tallystick.engine.evidence import named_evidence
from tallystick.engine.match import Matched, match, match_keys
from tallystick.model.flow import Compare, Level, Match, PossibleRule, Rival, Weighed, Weights
from tallystick.model.side import Side
from tests.unit.engine.matching import Records, pairs, table

CODE = {Level.SAME: 10.0, Level.SWAPPED: 4.0, Level.CLOSE: 5.0, Level.NEAR: 1.0, Level.OTHER: -6.0}
TEXT = {Level.SAME: 3.0, Level.CLOSE: 2.0, Level.NEAR: 1.0, Level.OTHER: -4.0}
WEIGHTS = Weights(
    fields={
        "serial": Weighed(kind=Compare.CODE, weights=CODE, swap="tag"),
        "tag": Weighed(kind=Compare.CODE, weights=CODE, swap="serial"),
        "name": Weighed(kind=Compare.TEXT, weights=TEXT),
    },
    blocks=(("serial",), ("tag",), ("name",)),
    start=-8.0,
    link=4.0,
    ask=-1.0,
    ahead=3.0,
)
RULES = Match(weights=WEIGHTS)


def matched(left: Records, right: Records, rules: Match = RULES) -> Matched:
    return match(rules, table(rules, left), table(rules, right))


def test_pair_of_enough_weight_is_definite_with_the_weight_of_each_field_as_evidence_E14() -> None:
    found = matched(
        {"1": {"serial": "SN-12345", "tag": "AT-100", "name": "Latitude"}},
        {"a": {"serial": "sn12346", "tag": "at100", "name": None}},
    )
    (pair,) = found.definite
    assert (pair.left_id, pair.right_id, pair.rule, pair.score) == ("1", "a", "weights", 0.992248)  # 7 bits
    assert pair.evidence == {
        "serial": {"left": "SN-12345", "right": "sn12346", "similarity": 0.9, "level": "close", "weight": 5.0},
        "tag": {"left": "AT-100", "right": "at100", "similarity": 1.0, "level": "same", "weight": 10.0},
        "name": {"left": "Latitude", "right": None, "similarity": None, "level": "", "weight": 0.0},
    }
    assert (found.new_left, found.new_right) == ([], [])


def test_evidence_is_named_with_its_weight_where_there_is_one() -> None:
    found = matched({"1": {"serial": "SN12345", "tag": "AT-100"}}, {"a": {"serial": "SN12346", "tag": "AT-100"}})
    assert named_evidence(found.definite[0].evidence) == ("serial +5.0", "tag +10.0")
    assert named_evidence({"tag": {"left": "T", "right": "T", "similarity": 1.0}}) == ("tag",)
    assert named_evidence(["tag"]) == ("tag",)
    assert named_evidence(None) == ()


def test_too_little_for_a_link_is_asked_and_too_little_for_that_is_new_A22() -> None:
    found = matched(
        {"1": {"serial": "SN12345"}, "2": {"serial": "SN77777", "tag": "T-12345"}, "3": {"name": "Mac"}},
        {"a": {"serial": "SN12345"}, "b": {"serial": "SN77777", "tag": "T-99999"}, "c": {"name": "Mac"}},
    )
    assert (pairs(found.definite), pairs(found.possible)) == ([], [("1", "a")])  # 2 bits; -4; -5
    assert (found.new_left, found.new_right) == (["2", "3"], ["b", "c"])


def test_nobody_is_definite_who_is_not_ahead_of_all_others_E12() -> None:
    one = {"serial": "SN12345", "tag": "AT-100"}
    twins = matched({"1": one}, {"a": one, "b": one})
    assert (pairs(twins.definite), pairs(twins.possible)) == ([], [("1", "a"), ("1", "b")])
    ahead = matched({"1": one | {"name": "Mac"}}, {"a": one | {"name": "Mac"}, "b": one | {"name": "Dell"}})
    assert (pairs(ahead.definite), ahead.new_right) == ([("1", "a")], ["b"])


def test_who_is_spoken_for_is_nobodys_rival_any_more_E16() -> None:
    """b weighs 2 with 1 and 4 with 2, which is not far enough ahead; but 1 is surely a."""
    left = {"1": {"serial": "SN12345", "tag": "AT-100"}, "2": {"serial": "SN77777", "name": "Mac"}}
    right = {
        "a": {"serial": "SN12345", "tag": "AT-100"},
        "b": {"serial": "SN77777", "tag": "AT-100", "name": "Dell"},
    }
    rules = Match(weights=replace(WEIGHTS, start=-2.0))
    assert pairs(matched(left, right, rules).definite) == [("1", "a"), ("2", "b")]
    alone = matched(left, {"b": right["b"]}, rules)
    assert (pairs(alone.definite), pairs(alone.possible)) == ([], [("1", "b"), ("2", "b")])


def test_values_in_one_anothers_field_are_swapped() -> None:
    found = matched(
        {"1": {"serial": "AT-100", "tag": "SN12345", "name": "Mac"}},
        {"a": {"serial": "SN12345", "tag": "AT-100", "name": "Mac"}},
        Match(weights=replace(WEIGHTS, start=-6.0)),
    )
    (pair,) = found.definite
    assert [pair.evidence[name]["level"] for name in ("serial", "tag", "name")] == ["swapped", "swapped", "same"]


def test_pair_has_to_hold_against_every_rival() -> None:
    """Host name and owner are the same and the serial is another: the machine that took over."""
    rival = Rival(start=4.0, weights={"serial": {Level.OTHER: -6.0}, "name": {Level.SAME: 0.0}})
    strict = Match(weights=replace(WEIGHTS, start=2.0, rivals={"successor": rival}))
    records = {"1": {"serial": "SN12345", "name": "desk-7"}}, {"a": {"serial": "SN99999", "name": "desk-7"}}
    lenient = Match(weights=replace(WEIGHTS, start=2.0))
    assert pairs(matched(*records, lenient).possible) == [("1", "a")]
    found = matched(*records, strict)
    assert (len(found.possible), found.new_left) == (0, ["1"])
    (pair,) = matched(*records, Match(weights=replace(strict.weights, ask=-9.0))).possible
    assert {name: of["weight"] for name, of in pair.evidence.items()} == {"serial": -6.0, "tag": 0.0, "name": 0.0}


@pytest.mark.parametrize("junk", ["To be filled by O.E.M.", "0", "None", "", "00:00:00:00:00:00"])
def test_junk_weighs_nothing_for_or_against_S2_A23(junk: str) -> None:
    rules = Match(weights=replace(WEIGHTS, ask=-100.0, link=1.0))
    found = matched({"1": {"serial": junk, "name": "Mac"}}, {"a": {"serial": junk, "name": "Mac"}}, rules)
    (pair,) = found.possible
    assert pair.evidence["serial"] == {
        "left": junk,
        "right": junk,
        "similarity": None,
        "level": "",
        "weight": 0.0,
    }


def test_serial_on_many_devices_is_no_evidence_although_nobody_called_it_junk_A23() -> None:
    words = ["oak", "elm", "ash", "fir", "yew", "box", "sloe", "plum", "lime", "hazel", "rowan"]
    many = {f"{n:02d}": {"serial": "SYS-1234567", "name": word} for n, word in enumerate(words)}
    found = matched(many, {"a": {"serial": "SYS-1234567", "name": "fir"}})
    assert (len(found.definite), len(found.possible), found.new_right) == (0, 0, ["a"])
    few = dict(list(many.items())[:10])
    assert pairs(matched(few, {"a": {"serial": "SYS-1234567", "name": "fir"}}).definite) == [("03", "a")]


def test_definite_rules_come_first_and_possible_rules_last_E14() -> None:
    rules = Match(
        definite=(("tag",),),
        weights=WEIGHTS,
        possible=(PossibleRule(block=("name",), compare={"serial": Compare.CODE}, at_least=0.9),),
    )
    found = matched(
        {
            "1": {"tag": "T1", "serial": "SN55555", "name": "x"},
            "2": {"serial": "SN66666", "name": "Mac"},
            "3": {"serial": "SN77777", "name": "Dell", "tag": "T3"},
        },
        {
            "a": {"tag": "T1", "name": "other"},
            "b": {"serial": "SN66666", "name": "Mac"},
            "c": {"serial": "SN77778", "name": "Dell", "tag": "T9"},
        },
        rules,
    )
    assert [(pair.left_id, pair.right_id, pair.rule) for pair in found.definite] == [
        ("1", "a", "tag"),
        ("2", "b", "weights"),
    ]
    assert [(pair.left_id, pair.right_id, pair.rule) for pair in found.possible] == [("3", "c", "serial in name")]
    assert next(iter(found.definite)).score is None


def test_wide_blocks_are_passed_over_and_others_reach_the_pair() -> None:
    many = {f"{n:02d}": {"name": "laptop", "tag": f"T{n:05d}"} for n in range(51)}
    found = matched(many, many, Match(weights=replace(WEIGHTS, start=-4.0)))
    assert pairs(found.definite) == [(id_, id_) for id_ in many]  # by tag
    nameless = {id_: {"name": "laptop"} for id_ in many}
    assert matched(nameless, nameless, Match(weights=replace(WEIGHTS, start=0.0))).new_left == sorted(many)


def test_keys_of_blocks_find_the_partners_of_an_increment_E15() -> None:
    left = match_keys(RULES, table(RULES, {"1": {"serial": "SN-9X", "name": "Mac Book"}}), Side.LEFT)
    right = match_keys(RULES, table(RULES, {"a": {"serial": "sn9x", "name": "mac-book"}}), Side.RIGHT)
    assert [key.key for key in left] == [key.key for key in right]
    assert len({key.key for key in left}) == 2


def test_weights_change_no_key_of_another_rule() -> None:
    """Stored keys stay what they are when weights are switched on."""
    plain = Match(definite=(("serial",), ("tag",)))
    values = {"1": {"serial": "SN 9", "tag": "T 1"}}
    before = match_keys(plain, table(plain, values), Side.LEFT)
    both = Match(definite=plain.definite, weights=WEIGHTS)
    after = match_keys(both, table(both, values), Side.LEFT)
    assert after[: len(before)] == before
