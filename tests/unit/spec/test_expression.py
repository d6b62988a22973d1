"""Expressions compute what they say, refuse what they do not have, and always end (E6)."""

import pytest

from tallystick.errors import RecordError
from tallystick.spec.expression import ExpressionRefused, compile_expression
from tallystick.spec.functions import FUNCTIONS, ExpressionFailed

VALUES = {
    "name": "anna O'NEIL-smith",
    "code": " ab12 ",
    "price": "12.50",
    "count": "3",
    "active": "true",
    "closed": "false",
    "nothing": None,
    "empty": "",
    "day": "2026-02-28",
    "moment": "2026-11-22T09:30:05Z",
    "local": "2026-11-22T09:30:05.25",
    "Serial No.": "SN-9",
    "phone": "+49 (0)30 / 12-34",
}


@pytest.mark.parametrize(
    ("written", "result"),
    [
        ("name", "anna O'NEIL-smith"),
        ("'x'", "x"),
        ("5", "5"),
        ("null", None),
        ("true", "true"),
        ("missing_field", None),
        ('field("Serial No.")', "SN-9"),
        ("upper(name)", "ANNA O'NEIL-SMITH"),
        ("lower(name)", "anna o'neil-smith"),
        ("title(name)", "Anna O'Neil-Smith"),
        ("title('it\\'s ÉCLAIR')", "It's Éclair"),
        ("trim(code)", "ab12"),
        ("upper(trim(code))", "AB12"),
        ("upper(nothing)", None),
        ("upper(empty)", ""),
        ("replace(name, 'n', 'm')", "amma O'NEIL-smith"),
        ("replace(name, '', 'm')", "anna O'NEIL-smith"),
        ("left(name, 4)", "anna"),
        ("left(name, 0)", ""),
        ("right(name, 5)", "smith"),
        ("right(name, 0)", ""),
        ("substring(name, 6)", "O'NEIL-smith"),
        ("substring(name, 6, 2)", "O'"),
        ("split_part('a;b;c', ';', 2)", "b"),
        ("split_part('a;b;c', ';', -1)", "c"),
        ("split_part('a;b;c', ';', 4)", ""),
        ("pad_left(count, 5, '0')", "00003"),
        ("pad_right(count, 3, '.')", "3.."),
        ("digits(phone)", "490301234"),
        ("length(trim(code))", "4"),
        ("contains(name, 'NEIL')", "true"),
        ("starts_with(name, 'NEIL')", "false"),
        ("ends_with(name, 'smith')", "true"),
        ("concat(count, '-', nothing, price)", "3-12.50"),
        ("count & '/' & nothing & 'x'", "3/x"),
        ("join(', ', 'a', nothing, empty, 'b')", "a, b"),
        ("coalesce(nothing, empty, 'z')", "z"),
        ("coalesce(nothing, empty)", None),
        ("null_if(count, 3)", None),
        ("null_if(count, '4')", "3"),
        ("is_empty(nothing) and is_empty(empty) and not is_empty(count)", "true"),
        ("price * count", "37.5"),
        ("price + 1", "13.5"),
        ("price - count", "9.5"),
        ("1 / 4", "0.25"),
        ("7 // 2", "3"),
        ("7 % 4", "3"),
        ("-price", "-12.5"),
        ("0.1 + 0.2", "0.3"),
        ("price * nothing", None),
        ("number(price)", "12.5"),
        ("round(2.345, 2)", "2.35"),
        ("round(price)", "13"),
        ("abs(0 - 5)", "5"),
        ("price > 9", "true"),
        ("'10' < '9'", "true"),
        ("count < 10", "true"),
        ("count == 3", "true"),
        ("count == '3.0'", "false"),
        ("name == nothing", "false"),
        ("nothing == null", "true"),
        ("name != 'x'", "true"),
        ("if_(active, 'yes', 'no')", "yes"),
        ("if_(closed, 'yes', 'no')", "no"),
        ("if_(nothing, 'yes', 'no')", "no"),
        ("'yes' if price > 10 else 'no'", "yes"),
        ("if_(count == 0, 0, 12 / count)", "4"),
        ("if_(true, 'safe', 1 / 0)", "safe"),
        ("active and closed", "false"),
        ("active or closed", "true"),
        ("date(moment)", "2026-11-22"),
        ("time(moment)", "09:30:05"),
        ("time(local)", "09:30:05.25"),
        ("year(day) & '/' & month(day) & '/' & day(day)", "2026/2/28"),
        ("format_date(moment, 'DD.MM.YYYY HH:mm:ss')", "22.11.2026 09:30:05"),
        ("format_date(nothing, 'DD.MM.YYYY')", None),
        ("parse_date('3.4.2026', 'D.M.YYYY') if false else parse_date('03.04.2026', 'DD.MM.YYYY')", "2026-04-03"),
        ("parse_date('2026/04/03 17:05', 'YYYY/MM/DD HH:mm')", "2026-04-03T17:05:00"),
        ("add_days(day, 1)", "2026-03-01"),
        ("add_days(moment, -22)", "2026-10-31T09:30:05Z"),
        ("add_days(local, 1)", "2026-11-23T09:30:05.25"),
    ],
)
def test_expression_gives_canonical_text(written, result):
    assert compile_expression(written).evaluate(VALUES) == result


def test_every_function_is_tried_above():
    (cases,) = (mark.args[1] for mark in test_expression_gives_canonical_text.pytestmark)
    written = " ".join(case[0] for case in cases)
    assert [name for name in FUNCTIONS if f"{name}(" not in written] == []


def test_expression_names_the_fields_it_reads():
    expression = compile_expression('upper(name) & field("Serial No.") & if_(active, null, trim(code)) & "text"')
    assert expression.names == {"active", "code", "name", "Serial No."}


def test_expression_field_may_have_the_name_of_a_function():
    expression = compile_expression('left & left(field("left"), 1) & date')
    assert expression.names == {"left", "date"}
    assert expression.evaluate({"left": "xy", "date": "!"}) == "xyx!"


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("price + name", "`anna O'NEIL-smith` is not a number."),
        ("upper(name) * 2", "is not a number."),
        ("1 / 0", "A number is too large, or a division is by zero."),
        ("1 % 0", "A number is too large, or a division is by zero."),
        (
            "number('1' & replace('          ', ' ', '0000')) * number('1' & replace('          ', ' ', '0000'))",
            "number",
        ),
        ("if_(name, 1, 2)", "is neither true nor false."),
        ("left(name, 1.5)", "`1.5` is not a whole number"),
        ("pad_left(name, 99999999, 'x')", "is not a whole number"),
        ("pad_left(name, 99999, 'x')", "A text is padded with one character, to at most 10000."),
        ("split_part(name, '', 1)", "split_part wants a separator"),
        ("date(name)", "is neither a date nor a moment."),
        ("parse_date('31.02.2026', 'DD.MM.YYYY')", "`31.02.2026` is no date of the calendar."),
        ("parse_date('2026', 'DD.MM.YYYY')", "`2026` is not written as DD.MM.YYYY."),
        ("parse_date('2026', 'YYYY')", "A pattern names each of YYYY, MM and DD once"),
        ("add_days('9999-12-31', 1)", "is no date of the calendar."),
        ("round(price, 99)", "A number is rounded to 0 to 20 places."),
        ("number('1e999999999')", "`1e999999999` is not a number."),
        ("number('NaN')", "`NaN` is not a number."),
    ],
)
def test_expression_without_a_result_is_a_record_error_with_a_sentence_E7(written, message):
    with pytest.raises(ExpressionFailed) as raised:
        compile_expression(written).evaluate(VALUES)
    assert isinstance(raised.value, RecordError)
    assert message in raised.value.message


def test_expression_result_is_bounded():
    grow = compile_expression("replace(a, 'x', replace(a, 'x', 'xxxxxxxxxx'))")
    with pytest.raises(ExpressionFailed, match="The result is longer than 1000000 characters"):
        grow.evaluate({"a": "x" * 10_000})
    with pytest.raises(ExpressionFailed, match="The result is longer than 1000000 characters"):
        compile_expression("a & a").evaluate({"a": "x" * 600_000})


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("", "The expression cannot be read"),
        ("name +", "The expression cannot be read"),
        ("a = 1", "The expression cannot be read"),
        ("import os", "The expression cannot be read"),
        ("a; b", "The expression cannot be read"),
        ("name.upper()", "Expressions have no `.`."),
        ("name.__class__", "Expressions have no `.`."),
        ("(name).__class__.__bases__", "Expressions have no `.`."),
        ("__import__('os')", "There is no function `__import__`."),
        ("eval('1')", "There is no function `eval`."),
        ("uper(name)", "There is no function `uper`."),
        ("2 ** 9999999", "Expressions have no powers."),
        ("name[0]", "Expressions have no [...]."),
        ("[x for x in name]", "The expression uses what expressions do not have."),
        ("lambda: 1", "The expression uses what expressions do not have."),
        ("{1: 2}", "The expression uses what expressions do not have."),
        ("f'{name}'", "The expression uses what expressions do not have."),
        ("(x := 5)", "The expression uses what expressions do not have."),
        ("1 << 99", "The expression uses what expressions do not have."),
        ("a | b", "Expressions have no `|`."),
        ("a is b", "Expressions have no `is`."),
        ("'a' in b", "Expressions have no `in`."),
        ("b'x'", "A literal is a text in quotes"),
        ("1j", "A literal is a text in quotes"),
        ("...", "A literal is a text in quotes"),
        ("1e999", "A number in the expression is too large."),
        ("9" * 50, "A number in the expression is too large."),
        ("'a' + name", "`+` adds numbers."),
        ("upper()", "`upper` does not take 0 values."),
        ("upper(a, b)", "`upper` does not take 2 values."),
        ("upper(*a)", "`upper` takes its values one after the other"),
        ("upper(text=a)", "`upper` takes its values one after the other"),
        ("field(name)", "`field` wants the name of a field in quotes."),
        ("upper(a)(b)", "Only functions are called, by their name."),
        ("x" * 2_001, "The expression is longer than 2000 characters."),
        ("-" * 1_999 + "1", "The expression"),
        ("(" * 900 + "1" + ")" * 900, "The expression"),
        (" & ".join(["a"] * 400), "The expression is too long or too deeply nested."),
        ("\x00", "The expression cannot be read"),
    ],
)
def test_expression_refuses_what_expressions_do_not_have(written, message):
    with pytest.raises(ExpressionRefused) as raised:
        compile_expression(written)
    assert message in raised.value.message
