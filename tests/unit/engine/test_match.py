"""Who is whom: definite, disputed, possible, new (E12-E14, S1, S2, S9, A19-A23)."""

from __future__ import annotations

import itertools
from concurrent.futures import ThreadPoolExecutor

import duckdb
import pyarrow as pa
import pytest

from tallystick.engine.match import Matched, Pairing, Twins, match, match_keys
from tallystick.engine.workspace import workspace
from tallystick.model.flow import Compare, Match, PossibleRule
from tallystick.model.record import ID
from tallystick.model.side import Side
from tests.unit.engine.matching import Records, pairs, table

LEFT, RIGHT = Side.LEFT, Side.RIGHT
SERIAL = Match(definite=(("serial", "maker"), ("tag",)))
ASSETS = Match(
    definite=(("unit", "asset"), ("product",)),
    possible=(PossibleRule(block=("maker",), compare={"serial": Compare.CODE}, at_least=0.9),),
)


def matched(rules: Match, left: Records, right: Records) -> Matched:
    return match(rules, table(rules, left), table(rules, right))


# --- definite


def test_definite_pair_has_rule_and_both_values_as_evidence_E12() -> None:
    found = matched(SERIAL, {"C3": {"serial": "SN9", "maker": "Dell"}}, {"300": {"serial": " sn9 ", "maker": "DELL"}})
    assert list(found.definite) == [
        Pairing(
            left_id="C3",
            right_id="300",
            rule="serial + maker",
            evidence={
                "serial": {"left": "SN9", "right": " sn9 ", "similarity": 1.0},
                "maker": {"left": "Dell", "right": "DELL", "similarity": 1.0},
            },
        )
    ]
    assert (found.new_left, found.new_right, len(found.disputed), len(found.possible)) == ([], [], 0, 0)


def test_definite_rules_in_tiers_S1_A19_A20() -> None:
    crm = {
        "C1": {"unit": "US001", "asset": "100"},
        "C2": {"product": "IP7"},
        "C3": {"serial": "SN9", "maker": "Dell"},
    }
    register = {
        "100": {"unit": "US001", "asset": "100"},
        "200": {"unit": "US001", "asset": "200", "product": "IP7"},
        "300": {"unit": "US002", "asset": "300", "serial": "SN9", "maker": "Dell"},
        "400": {"unit": "US001", "asset": "400"},
    }
    found = matched(ASSETS, crm, register)
    assert pairs(found.definite) == [("C1", "100"), ("C2", "200")]
    assert pairs(found.possible) == [("C3", "300")]
    assert (found.new_left, found.new_right) == ([], ["400"])


def test_definite_needs_every_field_of_the_rule_E14() -> None:
    found = matched(SERIAL, {"1": {"serial": "SN9"}}, {"2": {"serial": "SN9"}})
    assert (found.new_left, found.new_right) == (["1"], ["2"])


def test_definite_by_two_rules_names_the_first_E12() -> None:
    values = {"serial": "SN9", "maker": "Dell", "tag": "T1"}
    assert [pairing.rule for pairing in matched(SERIAL, {"1": values}, {"2": values}).definite] == ["serial + maker"]


def test_leading_zeros_are_significant_E14() -> None:
    assert pairs(matched(SERIAL, {"1": {"tag": "0042"}}, {"2": {"tag": "42"}}).definite) == []


def test_without_rules_everything_is_new() -> None:
    found = match(Match(), pa.table({ID: ["2", "1"]}), pa.table({ID: ["3"]}))
    assert (found.new_left, found.new_right) == (["1", "2"], ["3"])


@pytest.mark.parametrize(("left", "right"), [({}, {}), ({"1": {"tag": "a"}}, {}), ({}, {"2": {"tag": "a"}})])
def test_empty_tables(left: Records, right: Records) -> None:
    found = matched(SERIAL, left, right)
    assert (found.new_left, found.new_right, list(found.definite)) == (list(left), list(right), [])


# --- disputed


def test_two_rules_that_point_at_different_records_dispute_all_three_S2() -> None:
    found = matched(
        ASSETS,
        {"C1": {"unit": "US001", "asset": "100"}, "C2": {"product": "IP7"}},
        {"100": {"unit": "US001", "asset": "100", "product": "IP7"}},
    )
    assert pairs(found.disputed) == [("C1", "100"), ("C2", "100")]
    assert [pairing.rule for pairing in found.disputed] == ["unit + asset", "product"]
    assert {pairing.why for pairing in found.disputed} == {"one of the two is claimed by another record too"}
    assert (len(found.definite), found.new_left, found.new_right) == (0, [], [])


def test_two_records_that_claim_one_are_both_disputed_S2() -> None:
    crm = {"C5": {"serial": "SN5", "maker": "HP"}}
    register = {"501": {"serial": "SN5", "maker": "HP"}, "502": {"serial": "sn-5", "maker": "hp"}}
    found = matched(SERIAL, crm, register)
    assert pairs(found.disputed) == [("C5", "501"), ("C5", "502")]
    assert found.disputed[0].why == "the same values stand in 1 on the left and 2 on the right"
    assert (len(found.definite), found.new_left, found.new_right) == (0, [], [])


def test_pair_with_a_disputed_end_is_disputed_too_E12() -> None:
    """1 and a have equal tags; a also shares its serial with 2, and 2 with 3: nobody is left out."""
    found = matched(
        SERIAL,
        {"1": {"tag": "T"}, "2": {"serial": "S", "maker": "M"}, "3": {"serial": "S", "maker": "M"}},
        {"a": {"tag": "T", "serial": "S", "maker": "M"}},
    )
    assert pairs(found.disputed) == [("1", "a"), ("2", "a"), ("3", "a")]


def test_value_shared_by_many_is_disputed_with_a_handful_each_E12() -> None:
    many = {f"L{n:04d}": {"tag": "T"} for n in range(1000)}
    found = matched(SERIAL, many, {f"R{n:04d}": {"tag": "T"} for n in range(1000)})
    assert len(found.disputed) == 2 * 10 * 1000 - 10 * 10
    assert {pairing.left_id for pairing in found.disputed} == set(many)
    assert (len(found.definite), found.new_left, found.new_right) == (0, [], [])


def test_record_linked_elsewhere_is_disputed_not_new_E12() -> None:
    linked = {"C9": {"tag": "t-9"}}
    keys = {key.key: key.id for key in match_keys(SERIAL, table(SERIAL, linked), LEFT)}
    right = table(SERIAL, {"900": {"tag": "T9"}, "901": {"tag": "T8"}})
    found = match(SERIAL, table(SERIAL, {}), right, linked={LEFT: keys}, known={LEFT: table(SERIAL, linked)})
    assert list(found.disputed) == [
        Pairing(
            left_id="C9",
            right_id="900",
            rule="tag",
            evidence={"tag": {"left": "t-9", "right": "T9", "similarity": 1.0}},
            why="the record on the left is linked already",
        )
    ]
    assert (found.new_left, found.new_right) == ([], ["901"])


def test_pair_of_which_one_claims_a_linked_record_is_disputed_E12() -> None:
    keys = {key.key: "C9" for key in match_keys(SERIAL, table(SERIAL, {"C9": {"tag": "T9"}}), LEFT)}
    values = {"serial": "S1", "maker": "M", "tag": "T9"}
    found = match(
        SERIAL,
        table(SERIAL, {"C1": {"serial": "S1", "maker": "M"}}),
        table(SERIAL, {"900": values}),
        linked={LEFT: keys},
    )
    assert pairs(found.disputed) == [("C1", "900"), ("C9", "900")]
    assert found.disputed[1].evidence == {"tag": {"left": None, "right": "T9", "similarity": 1.0}}
    assert len(found.definite) == 0


def test_known_records_are_partners_but_never_new() -> None:
    known = {"C1": {"tag": "T1"}, "C2": {"tag": "T2"}}
    found = match(SERIAL, table(SERIAL, {}), table(SERIAL, {"100": {"tag": "t1"}}), known={LEFT: table(SERIAL, known)})
    assert pairs(found.definite) == [("C1", "100")]
    assert (found.new_left, found.new_right) == ([], [])


def test_twins_without_a_counterpart_are_new_and_named_S9() -> None:
    norths = {"1": {"tag": "North"}, "2": {"tag": "NORTH "}, "3": {"tag": "South"}}
    found = matched(SERIAL, norths, {"9": {"tag": "West"}})
    assert found.twins == (Twins(rule="tag", side=LEFT, ids=("1", "2")),)
    assert (found.new_left, found.new_right) == (["1", "2", "3"], ["9"])


# --- junk


WRITTEN = """To be filled by O.E.M.|System Serial Number|Default string|0|00000000|None|N/A|n.a.|unknown|UNKNOWN|-|---|
xxxx|XXXXXXXX|00:00:00:00:00:00|ff-ff-ff-ff-ff-ff||   |Not Specified|TBD|\u200b|\x00"""


@pytest.mark.parametrize("junk", [*WRITTEN.replace("\n", "").split("|"), None])
def test_junk_and_blank_are_never_evidence_S2(junk: str | None) -> None:
    found = matched(SERIAL, {"1": {"tag": junk}}, {"2": {"tag": junk}})
    assert (len(found.definite), len(found.disputed)) == (0, 0)
    assert (found.new_left, found.new_right) == (["1"], ["2"])
    assert match_keys(SERIAL, table(SERIAL, {"1": {"tag": junk}}), LEFT) == []


def test_junk_of_the_flow_is_normalised_like_the_values_E14() -> None:
    rules = Match(definite=(("tag",), ("serial",)), junk={"tag": ("No Tag!",)})
    found = matched(rules, {"1": {"tag": "no-tag"}}, {"2": {"tag": "NO TAG"}})
    assert found.new_left == ["1"]
    assert len(matched(rules, {"1": {"serial": "no tag"}}, {"2": {"serial": "no tag"}}).definite) == 1


def test_pcs_with_placeholder_serials_are_new_S2() -> None:
    serials = ["To be filled by O.E.M."] * 5 + ["", None, "0"]
    pcs = {str(n): {"serial": serial, "maker": "Dell"} for n, serial in enumerate(serials)}
    found = matched(SERIAL, {"C": {"serial": "0", "maker": "Dell"}}, pcs)
    assert found.new_right == sorted(pcs)
    assert found.twins == ()


# --- possible


PEOPLE = Match(
    possible=(
        PossibleRule(block=("city",), compare={"name": Compare.NAME, "phone": Compare.PHONE}, at_least=0.85),
        PossibleRule(block=("phone",), compare={"name": Compare.NAME}, at_least=0.85),
    )
)


def test_possible_scores_within_a_block_and_leaves_null_out_E14() -> None:
    found = matched(
        PEOPLE,
        {"1": {"city": "Oslo", "name": "Mary Smith"}},
        {
            "a": {"city": "OSLO", "name": "Smith, Mary", "phone": "12345678"},
            "b": {"city": "Bergen", "name": "Mary Smith"},
        },
    )
    assert list(found.possible) == [
        Pairing(
            left_id="1",
            right_id="a",
            rule="name ~ phone in city",
            score=1.0,
            evidence={
                "name": {"left": "Mary Smith", "right": "Smith, Mary", "similarity": 1.0},
                "phone": {"left": None, "right": "12345678", "similarity": None},
                "city": {"left": "Oslo", "right": "OSLO", "similarity": 1.0},
            },
        )
    ]
    assert (found.new_left, found.new_right) == ([], ["b"])


def test_possible_needs_at_least_one_compared_value() -> None:
    found = matched(PEOPLE, {"1": {"city": "Oslo"}}, {"a": {"city": "Oslo"}})
    assert (found.new_left, found.new_right) == (["1"], ["a"])


def test_possible_lists_all_candidates_best_first_A22() -> None:
    found = matched(
        PEOPLE,
        {"1": {"city": "Oslo", "name": "Mary Smith"}},
        {"a": {"city": "Oslo", "name": "Mary Smyth"}, "b": {"city": "Oslo", "name": "Mary Smith"}},
    )
    assert pairs(found.possible) == [("1", "b"), ("1", "a")]


def test_possible_pair_of_several_rules_keeps_the_best_score() -> None:
    found = matched(
        PEOPLE,
        {"1": {"city": "Oslo", "name": "Mary Smith", "phone": "0047 22 33 44 55"}},
        {"a": {"city": "Oslo", "name": "Mary Smyth", "phone": "+47 22334455"}},
    )
    assert [pairing.rule for pairing in found.possible] == ["name ~ phone in city"]


def test_definite_and_disputed_records_are_never_possible_too_E12() -> None:
    rules = Match(
        definite=(("tag",),), possible=(PossibleRule(block=("city",), compare={"name": Compare.TEXT}, at_least=0.5),)
    )
    same = {"city": "Oslo", "name": "Mary"}
    found = matched(
        rules,
        {"1": same | {"tag": "T1"}, "2": same | {"tag": "T2"}, "3": same | {"tag": "T3"}},
        {"a": same | {"tag": "T1"}, "b": same | {"tag": "T2"}, "c": same | {"tag": "T2"}},
    )
    assert pairs(found.definite) == [("1", "a")]
    assert pairs(found.disputed) == [("2", "b"), ("2", "c")]
    assert (pairs(found.possible), found.new_left) == ([], ["3"])


def test_oversized_block_is_narrowed_and_reported_E14() -> None:
    rules = Match(possible=(PossibleRule(block=("maker",), compare={"name": Compare.TEXT}, at_least=0.95),))
    words = ["".join(letters) for letters in itertools.product("abcdefgh", repeat=3)][:120]
    left = {f"L{n:03d}": {"maker": "Dell", "name": f"laptop {word}"} for n, word in enumerate(words)}
    right = {f"R{n:03d}": {"maker": "dell", "name": f"{word} laptop"} for n, word in enumerate(words)}
    found = matched(rules, left, right)
    assert [(block.rule, block.value, block.left, block.right) for block in found.blocks] == [
        ("name in maker", "dell", 120, 120)
    ]
    assert found.blocks[0].compared == 120  # those that share the rare word
    assert pairs(found.possible) == [(f"L{n:03d}", f"R{n:03d}") for n in range(120)]


def test_oversized_block_without_any_clue_is_reported_as_not_compared() -> None:
    rules = Match(possible=(PossibleRule(block=("maker",), compare={"name": Compare.TEXT}, at_least=0.95),))
    many = {f"{n:03d}": {"maker": "Dell", "name": "laptop"} for n in range(120)}
    found = matched(rules, many, many)
    assert [(block.left, block.right, block.compared) for block in found.blocks] == [(120, 120, 0)]
    assert (len(found.possible), found.new_left) == (0, sorted(many))


# --- looking at the result


def test_pairings_are_a_sequence_made_on_demand() -> None:
    many = {f"{n:05d}": {"tag": f"T{n:05d}"} for n in range(5000)}
    found = matched(SERIAL, many, many)
    assert len(found.definite) == 5000
    assert pairs(found.definite) == [(id_, id_) for id_ in many]
    assert found.definite[4999] == found.definite[-1] == list(found.definite)[-1]
    assert pairs(found.definite[1:3]) == [("00001", "00001"), ("00002", "00002")]
    assert found.definite.ids(LEFT) == list(many)
    with pytest.raises(IndexError):
        found.definite[5000]


def test_text_of_sql_is_only_text() -> None:
    rules = Match(definite=(("we\"ird 'name",),), possible=())
    values = {"we\"ird 'name": "'; DROP TABLE met; --"}
    assert pairs(matched(rules, {"1": values}, {"2": values}).definite) == [("1", "2")]


def test_threads_match_beside_one_another() -> None:
    many = {f"{n:03d}": {"tag": f"T{n:03d}"} for n in range(100)}
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: pairs(matched(SERIAL, many, many).definite), range(12)))
    assert found == [[(id_, id_) for id_ in many]] * 12


def test_connection_of_the_caller_is_left_as_it_was() -> None:
    with duckdb.connect() as db:
        one = table(SERIAL, {"1": {"tag": "T"}})
        assert pairs(match(SERIAL, one, one, connection=db).definite) == [("1", "1")]
        assert db.execute("SELECT count(*) FROM duckdb_tables()").fetchone() == (0,)
        assert db.execute("SELECT count(*) FROM duckdb_views() WHERE NOT internal").fetchone() == (0,)


def test_long_questions_draw_nothing_on_standard_output() -> None:
    with duckdb.connect() as db, workspace(db) as space:
        assert space.table("SELECT current_setting('enable_progress_bar') AS bar").column("bar").to_pylist() == [False]


# --- keys


def test_keys_of_both_sides_meet_where_the_values_do_E14() -> None:
    left = match_keys(SERIAL, table(SERIAL, {"1": {"serial": "SN-9", "maker": "Dell", "tag": "T"}}), LEFT)
    right = match_keys(SERIAL, table(SERIAL, {"2": {"serial": " sn9", "maker": "DELL"}}), RIGHT)
    assert [key.key for key in right] == [left[0].key]
    assert ({key.side for key in left}, {key.id for key in left}) == ({LEFT}, {"1"})
    assert (len(left), len(right)) == (2, 1)


def test_keys_stay_what_they_are_from_version_to_version() -> None:
    """Stored in every customer's database: when this fails, raise normalise.VERSION and have keys made again."""
    values = {"serial": "SN-9", "maker": "Dell", "tag": "Ünï 7"}
    keys = match_keys(SERIAL, table(SERIAL, {"1": values}), LEFT)
    assert [key.key for key in keys] == [3661848013640861799, 776781116164666525]


def test_keys_tell_rules_and_blocks_apart() -> None:
    rules = Match(
        definite=(("a",), ("b",)), possible=(PossibleRule(block=("a",), compare={"b": Compare.EXACT}, at_least=1),)
    )
    keys = match_keys(rules, table(rules, {"1": {"a": "x1", "b": "x1"}}), LEFT)
    assert len({key.key for key in keys}) == 3
    assert all(0 <= key.key < 2**63 for key in keys)


def test_one_serial_on_five_thousand_records_of_both_sides_compares_none_of_them_A23():
    """A block that large tells nothing: it is named, nobody is asked 25 million times, and the records are new."""
    count = 5_000
    rules = Match(
        possible=(
            PossibleRule(block=("serial",), compare={"serial": Compare.CODE, "maker": Compare.EXACT}, at_least=0.5),
        )
    )
    left, right = (
        pa.table(
            {ID: [f"{name}{number}" for number in range(count)], "serial": ["SN-SAME"] * count, "maker": ["X"] * count}
        )
        for name in ("l", "r")
    )
    found = match(rules, left, right)
    assert (len(found.possible), len(found.new_left), len(found.new_right)) == (0, count, count)
    assert [(block.left, block.right, block.compared) for block in found.blocks] == [(count, count, 0)]
