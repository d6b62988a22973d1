"""A sound file becomes an Integration with every default of the interface filled in."""

from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from tallystick.model.flow import (
    CodeSet,
    Compare,
    Confirmation,
    Conflict,
    Deleted,
    Direction,
    EditVsDelete,
    Exchange,
    Granularity,
    Guards,
    Limit,
    Match,
    OnDeleted,
    OnNew,
    OnNull,
    OnPossible,
    OnScopeLeft,
    PossibleRule,
    Reactions,
    Rule,
    SystemSettings,
    TooLong,
    WhenDown,
    Window,
)
from tallystick.model.selection import Clause, Filter, Selection, SoftDelete, Test
from tallystick.model.side import Side
from tallystick.model.value import FieldType
from tallystick.spec import load, loads

ROOT = Path(__file__).resolve().parents[3]
HEAD = """
integration: demo
systems: {a: {connector: memory}, b: {connector: memory}}
"""


def flow(keys: str = "", fields: str = "{left: x, right: y}", head: str = HEAD):
    """The only flow of a small file with `keys` added to it and `fields` as its lines."""
    lines = "".join(f"\n      - {line}" for line in fields.splitlines())
    text = f"""{head}
flows:
  - flow: f
    left: {{system: a, record: r}}
    right: {{system: b, record: s}}
    fields:{lines}
{keys}
"""
    return loads(text).integration.flows[0]


def filter_of(where: str):
    """What `where` of the left side means."""
    end = f"left: {{system: a, record: r, where: {where}}}, right: {{system: b, record: s}}"
    text = f"{HEAD}flows: [{{flow: f, {end}, fields: [{{left: x, right: y}}]}}]"
    return loads(text).integration.flows[0].left.selection.where


@pytest.fixture(scope="module")
def assets():
    return load(ROOT / "examples" / "assets.yaml")


def test_load_the_example_gives_names_and_systems_E40(assets):
    integration = assets.integration
    assert (integration.name, integration.title) == ("crm-register", "CRM and asset register")
    assert integration.systems == {
        "crm": SystemSettings(connector="sql", settings={"url": "sqlite:///crm.db"}),
        "register": SystemSettings(connector="sql", settings={"url": "${REGISTER_URL}"}),
    }


def test_load_the_example_sorts_referenced_flows_first_E26(assets):
    assert [flow.name for flow in assets.integration.flows] == ["people", "assets"]
    assert assets.integration.flow("assets").refs == {"people"}


def test_load_the_example_gives_both_selections_E1(assets):
    flow = assets.integration.flow("assets")
    assert flow.left.selection == Selection(
        record="installed_asset",
        fields=(
            "companies",
            "contact_first_name",
            "contact_last_name",
            "cost",
            "manufacturer",
            "name",
            "notes",
            "owner_id",
            "phone",
            "price",
            "serial_no",
            "status",
        ),
        key=("id",),
        changed="updated_at",
        deleted=SoftDelete(column="is_deleted", equals="1"),
        where=Filter(clauses=(Clause(field="kind", test=Test.IS, value="hardware"),)),
    )
    assert flow.right.selection.fields == (
        "amount",
        "contact_name",
        "custodian",
        "descr",
        "maker",
        "notes",
        "org",
        "phone",
        "price",
        "serial_id",
        "source",
        "status_cd",
    )
    assert flow.right.selection.where == Filter(clauses=(Clause(field="asset_type", test=Test.IS, value="010"),))


def test_load_the_example_gives_every_field_map_E6(assets):
    maps = {line.name: line for line in assets.integration.flow("assets").maps}
    assert list(maps) == [
        "serial_no",
        "manufacturer",
        "name",
        "status",
        "contact_first_name+contact_last_name",
        "companies",
        "cost",
        "owner_id",
        "notes",
        "source",
        "phone",
        "price",
    ]
    assert (maps["name"].max, maps["name"].too_long) == ({Side.RIGHT: 30}, TooLong.CUT)
    assert maps["contact_first_name+contact_last_name"].join == " "
    assert maps["companies"].separator == ";"
    assert maps["cost"].types == {Side.LEFT: FieldType.DECIMAL, Side.RIGHT: FieldType.TEXT}
    assert maps["owner_id"].ref == "people"
    assert (maps["notes"].authority, maps["notes"].authority_asks) == (Side.LEFT, False)
    assert (maps["source"].left, maps["source"].right) == ((), ("source",))
    assert maps["source"].constant == {Side.RIGHT: "CRM"}
    assert maps["phone"].null is OnNull.KEEP
    assert maps["price"].exchange is Exchange.SYNCHRONOUS
    assert maps["status"].codes == CodeSet(
        name="asset_status",
        to_right={"In use": ("IN_SERVICE",), "In stock": ("IN_STOCK", "RECEIVED"), "Retired": ("DISPOSED",)},
        to_left={
            "IN_SERVICE": ("In use",),
            "IN_STOCK": ("In stock",),
            "RECEIVED": ("In stock",),
            "DISPOSED": ("Retired",),
        },
    )


def test_load_the_example_gives_match_reactions_conflict_and_guards_E13_E19_E25(assets):
    flow = assets.integration.flow("assets")
    assert flow.match == Match(
        definite=(("serial_no", "manufacturer"),),
        possible=(
            PossibleRule(
                block=("manufacturer",), compare={"name": Compare.TEXT, "serial_no": Compare.CODE}, at_least=0.85
            ),
        ),
        junk={"serial_no": ("To be filled by O.E.M.", "0", "None", "N/A")},
    )
    assert flow.on.deleted == {
        Side.LEFT: Deleted(then=OnDeleted.SET, values={"status_cd": "DISPOSED"}),
        Side.RIGHT: Deleted(then=OnDeleted.SET, values={"status": "Retired"}),
    }
    assert flow.conflict == Conflict(fields={"status": Rule.RIGHT})
    assert flow.guards == Guards(
        delete=Limit(share=0.1), create=Limit(count=1000), change=Limit(share=0.5), shrink=Limit(share=0.2)
    )
    assert (flow.primary, flow.schedule_s) == (Side.RIGHT, 300.0)


def test_load_without_optional_keys_gives_the_defaults_of_the_interface():
    given = flow()
    assert (given.direction, given.primary, given.synchronous) == (Direction.BOTH, Side.LEFT, ())
    assert (given.maps[0].null, given.maps[0].too_long) == (OnNull.CLEAR, TooLong.HOLD)
    assert given.on == Reactions(
        possible=OnPossible.ASK,
        new=dict.fromkeys(Side, OnNew.CREATE),
        deleted=dict.fromkeys(Side, Deleted(then=OnDeleted.DELETE)),
        scope_left=dict.fromkeys(Side, OnScopeLeft.UNLINK),
        edit_vs_delete=EditVsDelete.EDIT,
    )
    assert given.conflict == Conflict(rule=Rule.ASK, granularity=Granularity.FIELD, fields={}, tolerance_s=900.0)
    assert given.guards == Guards(delete=Limit(share=0.1), create=Limit(), change=Limit(), shrink=Limit(share=0.2))
    assert given.match == Match()
    assert (given.schedule_s, given.full_every_s) == (None, 86400.0)
    assert given.left.selection == Selection(record="r", fields=("x",))


def test_load_an_integration_without_flows_lets_systems_be_described():
    assert loads(HEAD).integration.flows == ()


def test_load_codes_several_left_values_share_a_right_one_and_the_first_is_its_default_E8():
    given = (
        flow(
            fields="{left: x, right: y, codes: status}",
            head=HEAD + "code_sets: {status: {Not started: Open, Waiting on someone else: Open, Done: [Closed, Void]}}",
        )
        .maps[0]
        .codes
    )
    assert given.to_left == {
        "Open": ("Not started", "Waiting on someone else"),
        "Closed": ("Done",),
        "Void": ("Done",),
    }
    assert given.to_right == {
        "Not started": ("Open",),
        "Waiting on someone else": ("Open",),
        "Done": ("Closed", "Void"),
    }


@pytest.mark.parametrize("star", ["*", '"*"'])
def test_load_codes_star_is_the_default_on_either_side_E10(star):
    head = HEAD + f"code_sets:\n  status:\n    Open: 1\n    {star}: 9\n    Other: [8, {star}]\n    Odd: {star}"
    given = flow(fields="{left: x, right: y, codes: status}", head=head).maps[0].codes
    assert given.to_right == {"Open": ("1",), "*": ("9",), "Other": ("8",)}
    assert given.to_left == {"1": ("Open",), "8": ("Other",), "*": ("Other", "Odd")}


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ('"010"', "010"),
        ("010", "010"),
        ("5", "5"),
        ("-12", "-12"),
        ('"5.0"', "5.0"),
        ("5.0", "5"),
        ("1.50", "1.5"),
        ("1E5", "1E5"),
        ("0x1F", "0x1F"),
        ("1_000", "1_000"),
        ("12345678901234567890", "12345678901234567890"),
        ("0.12345678901234567890", "0.12345678901234567890"),
        ("true", "true"),
        ("True", "true"),
        ('"True"', "True"),
        ("yes", "yes"),
        ("no", "no"),
        ("null", None),
        ("~", None),
        ('"null"', "null"),
        ("2026-11-22", "2026-11-22"),
        ("2026-11-22 09:30", "2026-11-22T09:30:00"),
        ("2026-11-22T09:30:00.500+02:00", "2026-11-22T07:30:00.5Z"),
        ('"2026-11-22 09:30"', "2026-11-22 09:30"),
        ("2026-13-45 09:30", "2026-13-45 09:30"),
        ('"Cafe\\u0301"', "Caf\u00e9"),
    ],
)
def test_load_a_value_becomes_canonical_text(written, value):
    given = flow(fields=f"{{right: y, constant: {{right: {written}}}}}")
    assert given.maps[0].constant == {Side.RIGHT: value}


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ("{field: k, is: 010}", Clause(field="k", test=Test.IS, value="010")),
        ("{field: k, is: null}", Clause(field="k", test=Test.IS, value=None)),
        ("{field: k, is_not: true}", Clause(field="k", test=Test.IS_NOT, value="true")),
        ("{field: k, in: [1, b, 2026-01-01]}", Clause(field="k", test=Test.IN, value=("1", "b", "2026-01-01"))),
        ("{field: k, contains: 5}", Clause(field="k", test=Test.CONTAINS, value="5")),
        ("{field: k, starts_with: A}", Clause(field="k", test=Test.STARTS_WITH, value="A")),
        ("{field: k, empty: false}", Clause(field="k", test=Test.EMPTY, value=False)),
        ("{field: k, before: 2026-01-01}", Clause(field="k", test=Test.BEFORE, value="2026-01-01")),
        ("{field: k, after: 2026-01-01}", Clause(field="k", test=Test.AFTER, value="2026-01-01")),
    ],
)
def test_load_where_takes_every_test_of_the_interface(where, expected):
    assert filter_of(where) == Filter(clauses=(expected,))


@pytest.mark.parametrize(("word", "is_all"), [("all", True), ("any", False)])
def test_load_where_joins_clauses_by_all_or_any_P33(word, is_all):
    where = f"{{{word}: [{{field: k, is: 1}}, {{field: l, empty: true}}]}}"
    assert filter_of(where) == Filter(
        clauses=(
            Clause(field="k", test=Test.IS, value="1"),
            Clause(field="l", test=Test.EMPTY, value=True),
        ),
        is_all=is_all,
    )


@pytest.mark.parametrize(
    ("written", "limit"),
    [
        ("10%", Limit(share=0.1)),
        ("2.5 %", Limit(share=0.025)),
        ("0", Limit(count=0)),
        ("1000", Limit(count=1000)),
        ("none", Limit()),
    ],
)
def test_load_a_guard_takes_percentage_number_or_none_E25(written, limit):
    assert flow(f"    guards: {{delete: {written}}}").guards == Guards(delete=limit)


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        ("every 5 minutes", 300.0),
        ("every 1 minute", 60.0),
        ("every 2 hours", 7200.0),
        ("every hour", 3600.0),
        ("every day", 86400.0),
        ("every week", 604800.0),
        ("every 30 seconds", 30.0),
    ],
)
def test_load_schedule_and_full_are_seconds(written, seconds):
    given = flow(f"    schedule: {written}\n    full: {written}")
    assert (given.schedule_s, given.full_every_s) == (seconds, seconds)


def test_load_short_and_long_forms():
    given = flow(
        "    conflict: newest\n    on: {left_scope: {left: delete, right: keep}}\n    exchange: synchronous",
        "{left: x, right: y, authority: {side: right, edits: ask}, zone: {left: Europe/London}, default: {right: 0}}",
    )
    assert given.conflict == Conflict(rule=Rule.NEWEST)
    assert given.on.scope_left == {Side.LEFT: OnScopeLeft.DELETE, Side.RIGHT: OnScopeLeft.KEEP}
    line = given.maps[0]
    assert (line.authority, line.authority_asks) == (Side.RIGHT, True)
    assert (line.zones, line.default) == ({Side.LEFT: "Europe/London"}, {Side.RIGHT: "0"})
    assert line.exchange is Exchange.SYNCHRONOUS


def test_load_exchange_of_a_line_over_that_of_the_flow_E36():
    given = flow(
        "    exchange: {synchronous: {timeout: 3 seconds, when_down: register}}",
        "{left: a, right: a}\n"
        "{left: b, right: b, exchange: synchronous}\n"
        "{left: c, right: c, exchange: asynchronous}\n"
        "{left: d, right: d, exchange: {synchronous: {timeout: 1 minute}}}",
    )
    as_flow = Confirmation(timeout_s=3.0, when_down=WhenDown.REGISTER)
    assert {line.name: line.confirmation for line in given.synchronous} == {
        "a": as_flow,
        "b": as_flow,
        "d": Confirmation(timeout_s=60.0, when_down=WhenDown.REFUSE),
    }


def test_load_exchange_is_no_part_of_what_a_line_is_E11_E36():
    plain, synchronous = flow(), flow("    exchange: synchronous")
    assert plain.maps[0].fingerprint == synchronous.maps[0].fingerprint
    assert synchronous.maps[0].confirmation == Confirmation(timeout_s=10.0, when_down=WhenDown.REFUSE)


def test_load_maintenance_of_the_file_and_of_the_flow_E39():
    head = HEAD + '\nmaintenance: [{from: 12:00, to: "13:30"}]'
    given = flow(
        '    maintenance: [{days: [sat, sun], from: "22:00", to: "04:00", zone: Europe/Moscow}]\n', head=head
    ).maintenance
    assert given == (
        Window(start_s=12 * 3600, end_s=13 * 3600 + 1800),
        Window(days=(5, 6), start_s=22 * 3600, end_s=4 * 3600, zone="Europe/Moscow"),
    )


@pytest.mark.parametrize(
    ("at", "is_in"),
    [
        ("2026-11-21T18:59:59Z", False),  # Saturday, 21:59:59 in Moscow
        ("2026-11-21T19:00:00Z", True),
        ("2026-11-22T00:59:59Z", True),  # Sunday, 03:59:59
        ("2026-11-22T01:00:00Z", False),
        ("2026-11-22T19:00:00Z", True),
        ("2026-11-23T00:59:59Z", True),  # Monday, begun on Sunday
        ("2026-11-23T19:00:00Z", False),
        ("2026-11-21T00:30:00Z", False),  # Saturday, 03:30: Friday is no day of it
    ],
)
def test_maintenance_over_midnight_belongs_to_the_day_it_begins_on_E39(at, is_in):
    window = Window(days=(5, 6), start_s=22 * 3600, end_s=4 * 3600, zone="Europe/Moscow")
    assert window.holds(datetime.fromisoformat(at)) is is_in


@pytest.mark.parametrize(("at", "is_in"), [("09:00", True), ("16:59", True), ("17:00", False), ("08:59", False)])
def test_maintenance_within_a_day_goes_by_the_wall_clock_E39(at, is_in):
    window = Window(start_s=9 * 3600, end_s=17 * 3600, zone="Europe/London")
    for day in ("2026-01-15", "2026-07-15"):
        local = datetime.fromisoformat(f"{day}T{at}:00").replace(tzinfo=ZoneInfo("Europe/London"))
        assert window.holds(local.astimezone(UTC)) is is_in
    assert Window(start_s=0, end_s=0).holds(datetime(2026, 1, 1, tzinfo=UTC))


def test_load_cut_without_max_cuts_to_what_the_field_holds_E6():
    (line,) = flow("", "{left: x, right: y, too_long: cut}").maps
    assert (line.too_long, line.max) == (TooLong.CUT, {})


def test_load_conflict_names_the_line_by_any_of_its_left_names_E19():
    given = flow(
        "    conflict: {fields: {last: left, source: right}, tolerance: 2 minutes}",
        '{left: [first, last], right: full, join: " "}\n{right: source, expression: {right: upper(code)}}',
    )
    assert given.conflict.fields == {"first+last": Rule.LEFT, "source": Rule.RIGHT}
    assert given.conflict.tolerance_s == 120.0


def test_load_selection_reads_what_expressions_read_E6():
    given = flow(fields='{right: z, expression: {right: upper(code) & field("Serial No.")}}\n{left: x, right: y}')
    assert given.left.selection.fields == ("Serial No.", "code", "x")
    assert given.right.selection.fields == ("y", "z")
    assert given.maps[0].left == ()


def test_load_settings_are_handed_on_untouched():
    text = """
integration: demo
systems:
  a: {connector: sql, url: "${URL}", port: 5432, ratio: 1.50, since: 2026-11-22 09:30, on: true,
      code: 010, none: ~, list: [1, {x: y}]}
"""
    assert loads(text).integration.systems["a"].settings == {
        "url": "${URL}",
        "port": 5432,
        "ratio": 1.5,
        "since": "2026-11-22 09:30",
        "on": True,
        "code": "010",
        "none": None,
        "list": [1, {"x": "y"}],
    }


def test_load_anchors_and_merge_keys_are_written_out():
    text = f"""{HEAD}
flows:
  - flow: f
    left: &end {{system: a, record: r, key: id}}
    right: {{<<: *end, system: b}}
    fields: &lines [{{left: x, right: y}}]
  - flow: g
    left: *end
    right: {{system: b, record: s}}
    fields: *lines
"""
    first, second = loads(text).integration.flows
    assert (first.right.system, first.right.selection.record, first.right.selection.key) == ("b", "r", ("id",))
    assert second.maps == first.maps


def test_fingerprint_moves_with_meaning_and_not_with_layout():
    text = (ROOT / "examples" / "assets.yaml").read_text(encoding="utf-8")
    same = loads("# a comment\n" + text.replace("direction: both\n", "direction:   'both'   # as ever\n")).integration
    other = loads(text.replace("Retired: DISPOSED", "Retired: [DISPOSED, SCRAPPED]")).integration
    before = loads(text).integration
    assert same.fingerprint == before.fingerprint
    assert other.fingerprint != before.fingerprint
    changed = [
        line.name
        for line, was in zip(other.flow("assets").maps, before.flow("assets").maps, strict=True)
        if line.fingerprint != was.fingerprint
    ]
    assert changed == ["status"]


def test_flows_without_references_keep_the_order_of_the_file():
    def one(name: str, *refs: str) -> str:
        lines = "".join(f", {{left: {ref}_l, right: {ref}_r, ref: {ref}}}" for ref in refs)
        end = f"left: {{system: a, record: {name}}}, right: {{system: b, record: {name}}}"
        return f"  - {{flow: {name}, {end}, fields: [{{left: x, right: y}}{lines}]}}\n"

    text = HEAD + "flows:\n" + one("z") + one("m", "m", "a", "c") + one("b") + one("a", "c") + one("c")
    assert [flow.name for flow in loads(text).integration.flows] == ["z", "c", "a", "m", "b"]
    text = HEAD + "flows:\n" + one("x", "p") + one("p", "q") + one("q", "r") + one("r", "p", "s") + one("s")
    assert [flow.name for flow in loads(text).integration.flows] == ["s", "r", "q", "p", "x"]  # p, q, r: a circle


def test_importing_the_package_brings_neither_pydantic_nor_yaml():
    import subprocess
    import sys

    code = "import sys, tallystick.spec; print(sorted({'pydantic', 'ruamel.yaml', 'rapidfuzz'} & sys.modules.keys()))"
    shown = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert shown.stdout == "[]\n"
