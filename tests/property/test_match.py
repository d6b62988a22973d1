"""Laws of matching: symmetric, blind to order, one-to-one, complete, blind to junk (E12-E14, E16)."""

from __future__ import annotations

import random
from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from tallystick.engine.match import Matched, match, match_keys
from tallystick.engine.normalise import JUNK
from tallystick.model.flow import Compare, Level, Match, PossibleRule, Rival, Weighed, Weights
from tallystick.model.side import Side
from tests.unit.engine.matching import Records, pairs, table

LEFT, RIGHT = Side.LEFT, Side.RIGHT
FEW = settings(max_examples=settings().max_examples // 5)  # an example is many questions
RULES = Match(
    definite=(("serial", "maker"), ("tag",)),
    possible=(
        PossibleRule(block=("maker",), compare={"name": Compare.TEXT, "serial": Compare.CODE}, at_least=0.6),
        PossibleRule(block=("name",), compare={"tag": Compare.CODE}, at_least=0.8),
    ),
)


CODE = {Level.SAME: 6.0, Level.SWAPPED: 2.0, Level.CLOSE: 3.0, Level.NEAR: 1.0, Level.OTHER: -4.0}
TEXT = {Level.SAME: 2.0, Level.CLOSE: 1.0, Level.NEAR: 0.5, Level.OTHER: -2.0}
WEIGHTS = Weights(
    fields={
        "serial": Weighed(kind=Compare.CODE, weights=CODE, swap="tag"),
        "tag": Weighed(kind=Compare.CODE, weights=CODE, swap="serial"),
        "maker": Weighed(kind=Compare.TEXT, weights=TEXT),
        "name": Weighed(kind=Compare.TEXT, weights=TEXT),
    },
    blocks=(("serial",), ("tag",), ("maker", "name")),
    start=-5.0,
    rivals={"other": Rival(start=0.0, weights={"serial": CODE, "name": TEXT})},
    link=2.0,
    ask=-1.0,
    ahead=1.5,
)
WEIGHED = (Match(weights=WEIGHTS), Match(definite=RULES.definite[:1], possible=RULES.possible, weights=WEIGHTS))


def records(prefix: str) -> st.SearchStrategy[Records]:
    """Few values, so that much meets."""
    values = st.fixed_dictionaries(
        {
            "serial": st.sampled_from([None, "", "0", "SN12345", " sn-12345", "SN12346", "SN777"]),
            "maker": st.sampled_from([None, "Dell", "DELL ", "HP"]),
            "tag": st.sampled_from([None, "n/a", "T1", "t-1", "T2", "T3", "T4"]),
            "name": st.sampled_from([None, "Laptop", "laptop spare", "Mac"]),
        }
    )
    return st.lists(values, max_size=8).map(lambda rows: {f"{prefix}{n}": row for n, row in enumerate(rows)})


def found(left: Records, right: Records, rules: Match = RULES) -> Matched:
    return match(rules, table(rules, left), table(rules, right))


def plain(matched: Matched) -> tuple[object, ...]:
    return (
        list(matched.definite),
        list(matched.disputed),
        list(matched.possible),
        matched.new_left,
        matched.new_right,
        matched.twins,
        matched.blocks,
    )


@FEW
@given(records("L"), records("R"), st.randoms(use_true_random=False))
def test_match_is_blind_to_the_order_of_rows(left: Records, right: Records, order: random.Random) -> None:
    mixed = []
    for side in (left, right):
        ids = list(side)
        order.shuffle(ids)
        mixed.append({id_: side[id_] for id_ in ids})
    assert plain(found(left, right)) == plain(found(*mixed))


@FEW
@given(records("L"), records("R"))
def test_match_is_symmetric(left: Records, right: Records) -> None:
    one, other = found(left, right), found(right, left)
    for there, back in ((one.definite, other.definite), (one.disputed, other.disputed), (one.possible, other.possible)):
        assert sorted(pairs(there)) == sorted((right_id, left_id) for left_id, right_id in pairs(back))
    assert (one.new_left, one.new_right) == (other.new_right, other.new_left)


@FEW
@given(records("L"), records("R"))
def test_every_record_is_in_exactly_one_situation_and_definite_is_one_to_one_E12_E16(
    left: Records, right: Records
) -> None:
    matched = found(left, right)
    for side, ids, new in ((LEFT, left, matched.new_left), (RIGHT, right, matched.new_right)):
        definite = matched.definite.ids(side)
        assert max(Counter(definite).values(), default=1) == 1
        situations = [set(definite), set(matched.disputed.ids(side)), set(matched.possible.ids(side)), set(new)]
        assert sum(len(situation) for situation in situations) == len(ids)
        assert set().union(*situations) == set(ids)


@FEW
@given(records("L"), records("R"))
def test_definite_is_what_the_keys_say_E14(left: Records, right: Records) -> None:
    """The keys by which an increment finds its partners tell of the same pairs as comparing everything."""
    definite = Match(definite=RULES.definite)
    matched = match(definite, table(definite, left), table(definite, right))
    owners: dict[int, list[list[str]]] = {}
    for side, ids in ((0, left), (1, right)):
        for key in match_keys(definite, table(definite, ids), (LEFT, RIGHT)[side]):
            owners.setdefault(key.key, [[], []])[side].append(key.id)
    claims = {(one, other) for lefts, rights in owners.values() for one in lefts for other in rights}
    lefts, rights = Counter(one for one, _ in claims), Counter(other for _, other in claims)
    alone = sorted(pair for pair in claims if lefts[pair[0]] == rights[pair[1]] == 1)
    assert pairs(matched.definite) == alone
    assert sorted(pairs(matched.disputed)) == sorted(claims - set(alone))


@FEW
@given(st.lists(st.sampled_from([*sorted(JUNK), "0000", "XX-XX", "", " ", "\x00"]), min_size=1, max_size=5))
def test_junk_never_links_S2(values: list[str]) -> None:
    rows: Records = {str(n): {"tag": value, "serial": value, "maker": "Dell"} for n, value in enumerate(values)}
    definite = Match(definite=RULES.definite)
    matched = match(definite, table(definite, rows), table(definite, rows))
    assert matched.new_left == matched.new_right == sorted(rows)


@FEW
@given(records("L"), records("R"), st.sampled_from(WEIGHED), st.randoms(use_true_random=False))
def test_weights_keep_the_laws_E12_E14_E16(left: Records, right: Records, rules: Match, order: random.Random) -> None:
    """Symmetric, blind to order, one-to-one, and every record in exactly one situation."""
    one = found(left, right, rules)
    mixed = []
    for side in (left, right):
        ids = list(side)
        order.shuffle(ids)
        mixed.append({id_: side[id_] for id_ in ids})
    assert plain(found(*mixed, rules)) == plain(one)
    back = found(right, left, rules)
    for there, other in ((one.definite, back.definite), (one.disputed, back.disputed), (one.possible, back.possible)):
        assert sorted(pairs(there)) == sorted((right_id, left_id) for left_id, right_id in pairs(other))
    for side, ids, new in ((LEFT, left, one.new_left), (RIGHT, right, one.new_right)):
        definite = one.definite.ids(side)
        assert max(Counter(definite).values(), default=1) == 1
        situations = [set(definite), set(one.disputed.ids(side)), set(one.possible.ids(side)), set(new)]
        assert sum(len(situation) for situation in situations) == len(ids)
        assert set().union(*situations) == set(ids)


@FEW
@given(records("L"), records("R"))
def test_evidence_of_weights_adds_up_to_what_was_decided_E14(left: Records, right: Records) -> None:
    """What is shown is why: the weights of the fields decide, and are those of the file."""
    matched = found(left, right, WEIGHED[0])
    for pairings, least in ((matched.definite, WEIGHTS.link), (matched.possible, WEIGHTS.ask)):
        for pairing in pairings:
            levels = {name: Level(of["level"]) for name, of in pairing.evidence.items() if of["level"]}
            weight, table_ = WEIGHTS.against(levels)
            assert weight >= least
            assert pairing.score == round(1 / (1 + 2**-weight), 6)
            for name, of in pairing.evidence.items():
                assert of["weight"] == (table_.get(name, {}).get(of["level"], 0.0) if of["level"] else 0.0)
