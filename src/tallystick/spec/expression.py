"""Expressions: a value computed from the fields of one side, declared as data and checked when saved.

Fields are named as they are (`first_name`), or by `field("Serial No.")`. `&` puts texts together, `+ - * / // %`
reckon with numbers, `== != < <= > >= and or not` and `if_(condition, a, b)` decide. There are no attributes, no
powers, no loops; text, tree and result have a largest size, so an expression always ends. Source: engine.md E6.
"""

from __future__ import annotations

import ast
import warnings
from collections.abc import Callable, Mapping
from decimal import Decimal, DecimalException
from typing import Any, Final

from simpleeval import InvalidExpression, SimpleEval

from tallystick.errors import ConfigurationError
from tallystick.model.value import Value
from tallystick.spec.functions import ARITHMETIC, FUNCTIONS, ExpressionFailed, Term, bounded, number, text, truth
from tallystick.spec.nearest import did_you_mean

MAX_TEXT: Final = 2_000
MAX_NODES: Final = 300
MAX_DEPTH: Final = 40
CONSTANTS: Final[Mapping[str, Term]] = {"true": True, "false": False, "null": None}
OWN: Final = {"field": (1, 1), "if_": (3, 3)}


class ExpressionRefused(ConfigurationError):
    """The text is not an expression, or uses what expressions do not have."""

    code = "expression_refused"


def _reckon(operation: Callable[[Decimal, Decimal], Decimal]) -> Callable[[Term, Term], Term]:
    def apply(left: Term, right: Term) -> Term:
        if left is None or right is None:
            return None
        try:
            return operation(number(left), number(right))
        except DecimalException:
            raise ExpressionFailed("A number is too large, or a division is by zero.") from None

    return apply


def _compare(holds: Callable[[Any, Any], bool]) -> Callable[[Term, Term], Term]:
    """Numbers are compared as numbers when one of the two is a number, else text with text."""

    def apply(left: Term, right: Term) -> Term:
        if left is None or right is None:
            return False
        if isinstance(left, Decimal) or isinstance(right, Decimal):
            return holds(number(left), number(right))
        return holds(text(left), text(right))

    return apply


def _equal(left: Term, right: Term) -> bool:
    if left is None or right is None:
        return left is right
    if isinstance(left, Decimal) or isinstance(right, Decimal):
        try:
            return number(left) == number(right)
        except ExpressionFailed:
            return False
    return text(left) == text(right)


OPERATORS: Final[Mapping[type, Callable[..., Term]]] = {
    ast.Add: _reckon(ARITHMETIC.add),
    ast.Sub: _reckon(ARITHMETIC.subtract),
    ast.Mult: _reckon(ARITHMETIC.multiply),
    ast.Div: _reckon(ARITHMETIC.divide),
    ast.FloorDiv: _reckon(ARITHMETIC.divide_int),
    ast.Mod: _reckon(ARITHMETIC.remainder),
    ast.BitAnd: lambda left, right: bounded(text(left) + text(right)),
    ast.Eq: _equal,
    ast.NotEq: lambda left, right: not _equal(left, right),
    ast.Lt: _compare(lambda left, right: left < right),
    ast.LtE: _compare(lambda left, right: left <= right),
    ast.Gt: _compare(lambda left, right: left > right),
    ast.GtE: _compare(lambda left, right: left >= right),
    ast.Not: lambda term: not truth(term),
    ast.USub: lambda term: None if term is None else -number(term),
    ast.UAdd: lambda term: None if term is None else number(term),
}
_STRUCTURE: Final = (ast.Expression, ast.Load, ast.Name, ast.UnaryOp, ast.BinOp, ast.BoolOp, ast.And, ast.Or)
ALLOWED: Final = (*_STRUCTURE, ast.Compare, ast.IfExp, ast.Call, ast.Constant, *OPERATORS)


class _Evaluator(SimpleEval):  # type: ignore[misc]
    """Decides by `truth`, evaluates only the branch taken, and knows fields by name."""

    def __init__(self, values: Mapping[str, Value]) -> None:
        super().__init__(operators=dict(OPERATORS), functions={}, names={})
        self.values = values

    def _eval_name(self, node: ast.Name) -> Term:
        return CONSTANTS[node.id] if node.id in CONSTANTS else self.values.get(node.id)

    def _eval_constant(self, node: ast.Constant) -> Term:
        value = node.value
        if isinstance(value, int | float) and not isinstance(value, bool):
            return Decimal(repr(value))
        return value if isinstance(value, bool) or value is None else str(value)

    def _eval_boolop(self, node: ast.BoolOp) -> Term:
        results = (truth(self._eval(value)) for value in node.values)
        return all(results) if isinstance(node.op, ast.And) else any(results)

    def _eval_ifexp(self, node: ast.IfExp) -> Term:
        result: Term = self._eval(node.body if truth(self._eval(node.test)) else node.orelse)
        return result

    def _eval_call(self, node: ast.Call) -> Term:
        name = node.func.id  # type: ignore[attr-defined]  # checked when compiled
        if name == "field":
            return self.values.get(node.args[0].value)  # type: ignore[attr-defined]  # checked when compiled
        if name == "if_":
            result: Term = self._eval(node.args[1] if truth(self._eval(node.args[0])) else node.args[2])
            return result
        return FUNCTIONS[name](*(self._eval(argument) for argument in node.args))


class Expression:
    """A checked expression: `text` as written, `names` the fields it reads."""

    def __init__(self, written: str, tree: ast.Expression, names: frozenset[str]) -> None:
        self.text = written
        self.names = names
        self._tree = tree

    def evaluate(self, values: Mapping[str, Value]) -> Value:
        """The result as canonical text, or None. A field that is not in `values` counts as null.

        Raises ExpressionFailed, a RecordError, with a sentence when these values give no result.
        """
        try:
            result: Term = _Evaluator(values).eval(self.text, previously_parsed=self._tree.body)
        except InvalidExpression as error:
            raise ExpressionFailed(f"The expression has no value: {error}.") from None
        return None if result is None else text(result)


def compile_expression(written: str) -> Expression:
    """The expression that `written` spells. Raises ExpressionRefused with a sentence and a hint."""
    if len(written) > MAX_TEXT:
        raise ExpressionRefused(f"The expression is longer than {MAX_TEXT} characters.", hint="Split it.")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # such as "is" with a literal: refused below in our own words
            tree = ast.parse(written.strip(), mode="eval")
    except SyntaxError as error:
        place = f" near character {error.offset}" if error.offset else ""
        message = f"The expression cannot be read{place}."
        raise ExpressionRefused(message, hint="Check brackets, commas and quotes.") from None
    except (ValueError, MemoryError, RecursionError, OverflowError):
        raise ExpressionRefused("The expression cannot be read.", hint="Make it shorter and flatter.") from None
    _check_size(tree)
    called = {id(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    names = {name for node in ast.walk(tree) if id(node) not in called for name in _check_node(node)}
    return Expression(written, tree, frozenset(names))


def _check_size(tree: ast.AST) -> None:
    level, count, depth = [tree], 0, 0
    while level:
        count += len(level)
        depth += 1
        if count > MAX_NODES or depth > MAX_DEPTH:
            raise ExpressionRefused("The expression is too long or too deeply nested.", hint="Split it.")
        level = [child for node in level for child in ast.iter_child_nodes(node)]


def _check_node(node: ast.AST) -> list[str]:
    """The fields that `node` itself reads."""
    if not isinstance(node, ALLOWED):
        raise _refusal(node)
    if isinstance(node, ast.Constant):
        if isinstance(node.value, bytes | complex) or node.value is ...:
            raise ExpressionRefused("A literal is a text in quotes, a number, true, false or null.")
        if isinstance(node.value, int | float) and not abs(node.value) < 10**30:
            raise ExpressionRefused("A number in the expression is too large.")
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        for part in (node.left, node.right):
            if isinstance(part, ast.Constant) and isinstance(part.value, str):
                raise ExpressionRefused("`+` adds numbers.", hint="Put texts together with `&` or concat(...).")
    if isinstance(node, ast.Call):
        return _check_call(node)
    return [node.id] if isinstance(node, ast.Name) and node.id not in CONSTANTS else []


def _check_call(node: ast.Call) -> list[str]:
    if isinstance(node.func, ast.Attribute):
        raise _refusal(node.func)
    if not isinstance(node.func, ast.Name):
        raise ExpressionRefused("Only functions are called, by their name.")
    name = node.func.id
    if name not in FUNCTIONS and name not in OWN:
        hint = did_you_mean(name, {*FUNCTIONS, *OWN}) or f"There are: {', '.join(sorted({*FUNCTIONS, *OWN}))}."
        raise ExpressionRefused(f"There is no function `{name}`.", hint=hint)
    if node.keywords or any(isinstance(argument, ast.Starred) for argument in node.args):
        raise ExpressionRefused(f"`{name}` takes its values one after the other, without names and stars.")
    least, most = OWN[name] if name in OWN else (FUNCTIONS[name].least, FUNCTIONS[name].most)
    if len(node.args) < least or (most is not None and len(node.args) > most):
        use = f"Write {FUNCTIONS[name].use}." if name in FUNCTIONS else "Write if_(condition, then, else)."
        raise ExpressionRefused(f"`{name}` does not take {len(node.args)} values.", hint=use)
    if name == "field":
        given = node.args[0]
        if not isinstance(given, ast.Constant) or not isinstance(given.value, str):
            raise ExpressionRefused("`field` wants the name of a field in quotes.", hint='Write field("Serial No.").')
        return [given.value]
    return []


def _refusal(node: ast.AST) -> ExpressionRefused:
    match node:
        case ast.Attribute():
            return ExpressionRefused("Expressions have no `.`.", hint="Write upper(name), not name.upper().")
        case ast.Pow():
            return ExpressionRefused("Expressions have no powers.")
        case ast.Is() | ast.IsNot():
            return ExpressionRefused("Expressions have no `is`.", hint="Write == or is_empty(...).")
        case ast.In() | ast.NotIn():
            return ExpressionRefused("Expressions have no `in`.", hint="Write contains(text, part).")
        case ast.BitOr():
            return ExpressionRefused("Expressions have no `|`.", hint="Put texts together with `&`.")
        case ast.Subscript():
            return ExpressionRefused("Expressions have no [...].", hint="Write substring(text, start, length).")
        case _:
            return ExpressionRefused("The expression uses what expressions do not have.", hint="See its reference.")
