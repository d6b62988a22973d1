"""Turns what a connector declares it cannot do into strict xfails."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, TypeVar

import pytest

from tallystick.model.schema import Capabilities
from tallystick.model.value import FieldType
from tallystick.testing.contract.cases import cases_of

Test = TypeVar("Test", bound=Callable[..., None])

REASONS = {
    "changes": "reads no changes since a cursor",
    "tombstones": "changes do not name the deleted",
    "versions": "records carry no version",
    "causes": "cannot tell why a record is not there",
    "reserve": "gives new records their ids itself",
    "idempotency": "does not know a repeated create again",
    "find": "cannot look records up by their values",
    "create": "creates no records",
    "update": "changes no records",
    "delete": "deletes no records",
}


def needs(*capabilities: str) -> Callable[[Test], Test]:
    """The test holds for systems with all of these capabilities; for others it is a strict xfail."""
    assert set(capabilities) <= set(REASONS)

    def decorate(test: Test) -> Test:
        test.needs = capabilities  # type: ignore[attr-defined]
        return test

    return decorate


class Declared:
    """What a connector declares about itself in the class that inherits the suite."""

    capabilities: ClassVar[Capabilities]
    field_types: ClassVar[frozenset[FieldType]]
    cannot: ClassVar[Mapping[str, str]] = {}  # name of a test, with its parameters or for all of them -> reason

    @pytest.fixture(autouse=True)
    def _declared(self, request: pytest.FixtureRequest) -> None:
        reasons = [f"the system {REASONS[name]}" for name in self._lacking(request.function)]
        for name in (request.node.name, request.function.__name__):
            if name in self.cannot:
                reasons.append(self.cannot[name])
        if reasons:
            request.applymarker(pytest.mark.xfail(reason="; ".join(reasons), strict=True))

    def _lacking(self, test: Callable[..., None]) -> list[str]:
        return [name for name in getattr(test, "needs", ()) if not getattr(self.capabilities, name)]

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """One test per type of field, or per value of each type, that the record type has; one where none can pass."""
        types = sorted(self.field_types)
        most = 1 if self._lacking(metafunc.function) else None
        if "case" in metafunc.fixturenames:
            cases = [(type_, name, value) for type_ in types for name, value in cases_of(type_).items()][:most]
            parameters: list[Any] = [(type_, value) for type_, _, value in cases]
            metafunc.parametrize(("type_", "case"), parameters, ids=[f"{type_}-{name}" for type_, name, _ in cases])
        elif "type_" in metafunc.fixturenames:
            metafunc.parametrize("type_", types[:most], ids=str)

    def test_cannot_names_tests_that_exist(self) -> None:
        """A slip in a name of `cannot` would mean nothing; it is an error."""
        cases = {f"{type_}-{name}" for type_ in self.field_types for name in cases_of(type_)}
        for name in self.cannot:
            test, bracket, parameters = name.partition("[")
            assert hasattr(self, test), f"there is no {test}"
            if bracket and "case" in inspect.signature(getattr(self, test)).parameters:
                assert parameters.removesuffix("]") in cases, f"there is no case {parameters}"
