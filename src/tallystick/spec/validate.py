"""Plain data into an `IntegrationShape`, with every fault of shape at once and in people's words.

What is faulty is taken out and the rest validated again, so that the checks that follow see all that is sound and
one reading of the file finds everything.
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from tallystick.spec.document import IntegrationShape
from tallystick.spec.leaves import said
from tallystick.spec.nearest import did_you_mean
from tallystick.spec.shape import OMITTED, TAGS
from tallystick.spec.source import Fault, Path

_GONE: Any = object()
_STAND_IN = {
    "integration": "x",
    "systems": {"x": {"connector": "x"}},
    "connector": "x",
    "flow": "x",
    "left": {"system": "x", "record": "x"},
    "right": {"system": "x", "record": "x"},
    "system": "x",
    "record": "x",
}
"""Takes the place of a missing key, so that what stands beside it is checked all the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Validated:
    """`shape` is None when too little is sound to say more; a faulty item of a list stands in it as `OMITTED`."""

    shape: IntegrationShape | None
    faults: tuple[Fault, ...]
    mended: Mended


class Mended:
    """What was taken out, or filled in; there is nothing more to say about these places."""

    def __init__(self) -> None:
        self._at: set[Path] = set()
        self._around: set[Path] = set()

    def add(self, path: Path) -> None:
        self._at.add(path)
        self._around.update(path[:length] for length in range(len(path)))

    def is_in(self, path: Path) -> bool:
        """Whether `path` was mended or stands inside of what was."""
        return any(path[:length] in self._at for length in range(1, len(path) + 1))

    def is_around(self, path: Path) -> bool:
        """Whether something inside of `path` was mended."""
        return path in self._around

    def is_sound(self, fault: Fault) -> bool:
        """Whether a contradiction found in the mended shape is one in the file, too."""
        path = fault.path[:4] if fault.path[2:3] == ("fields",) else fault.path  # a line of fields is taken as a whole
        return not self.is_in(path) and not self.is_around(path)


def validate(data: Any) -> Validated:
    """What of `data` is sound, and a fault for all that is not."""
    faults: dict[Path, Fault] = {}
    mended = Mended()
    remaining = deepcopy(data)
    while True:
        try:
            shape = IntegrationShape.model_validate(remaining)
            return Validated(shape=shape, faults=tuple(faults.values()), mended=mended)
        except ValidationError as error:
            details = error.errors(include_url=False)
        for detail in details:
            path = _path(detail)
            is_emptied = detail["type"] == "too_short" and mended.is_around(path)
            if not is_emptied and not mended.is_in(path) and path not in faults:
                faults[path] = _worded(detail, path, data)
        for detail in details:
            path = _mend(remaining, _path(detail), is_missing=detail["type"] == "missing")
            if not path:
                return Validated(shape=None, faults=tuple(faults.values()), mended=mended)
            if detail["type"] != "extra_forbidden":
                mended.add(path)


def _path(detail: ErrorDetails) -> Path:
    return tuple(step for step in detail["loc"] if step not in TAGS and step != "[key]")


def _at(data: Any, path: Path) -> Any:
    for step in path:
        if isinstance(data, Mapping) and isinstance(step, str):
            data = data.get(step, _GONE)
        elif isinstance(data, list) and isinstance(step, int) and step < len(data):
            data = data[step]
        else:
            return _GONE
    return data


def _mend(data: Any, path: Path, *, is_missing: bool) -> Path:
    """Fills in or takes out what is faulty at `path`; the path that was touched, empty when nothing helps."""
    around: Any = _at(data, path[:-1])
    if is_missing and isinstance(around, dict) and path[-1] in _STAND_IN:
        around[path[-1]] = deepcopy(_STAND_IN[str(path[-1])])
        return path
    if is_missing:
        path = path[:-1]
    while path and _at(data, path) in (_GONE, OMITTED):
        path = path[:-1]
    if path:
        around = _at(data, path[:-1])
        if isinstance(around, list):
            around[int(path[-1])] = OMITTED
        else:
            del around[path[-1]]
    return path


def _worded(detail: ErrorDetails, path: Path, data: Any) -> Fault:
    kind, context = detail["type"], detail.get("ctx", {})
    given = detail["input"]
    name = str(path[-1]) if path else ""
    what = f"`{name}`" if path and isinstance(path[-1], str) else "This item"
    match kind:
        case "worded":
            return Fault(path=path, message=str(context["message"]), hint=str(context["hint"]))
        case "missing":
            return _missing(path, name, _at(data, path[:-1]))
        case "extra_forbidden":
            return _unknown(path, name)
        case "model_type" | "model_attributes_type" | "dict_type":
            if not path:
                hint = "Begin with `integration:` and a name."
                return Fault(path=path, message=f"The file holds {said(given)} instead of a mapping.", hint=hint)
            known = ", ".join(_keys(path))
            hint = f"It takes the keys {known}." if known else "Write `key: value`."
            return Fault(path=path, message=f"{what} has to be a mapping, not {said(given)}.", hint=hint)
        case "list_type":
            hint = "Begin each item with `- `, or write [a, b]."
            return Fault(path=path, message=f"{what} has to be a list, not {said(given)}.", hint=hint)
        case "too_short":
            return Fault(path=path, message=f"{what} is empty.", hint="Write at least one entry, or leave it out.")
        case _:
            return Fault(path=path, message=f"{said(given)} does not fit here.", hint="See the reference of the file.")


def _missing(path: Path, name: str, around: Any) -> Fault:
    known = _keys(path[:-1])
    near = [key for key in around if key not in known] if isinstance(around, Mapping) else []
    hint = "" if not near else did_you_mean(name, near).replace("Did you mean", "Is it the key written as")
    return Fault(path=path, message=f"The key `{name}` is missing.", hint=hint or f"Add `{name}: ...`.")


def _unknown(path: Path, name: str) -> Fault:
    known = _keys(path[:-1])
    hint = f"{did_you_mean(name, known)} Known keys: {', '.join(known)}."
    return Fault(path=path, message=f"There is no key `{name}` here.", hint=hint.lstrip())


def _keys(path: Path) -> list[str]:
    """The keys that the mapping at `path` of the file takes; empty where any key goes."""
    kinds: list[Any] = [IntegrationShape]
    for step in path:
        inner: list[Any] = []
        for kind in kinds:
            for shape in _shapes(kind):
                inner += [_field(shape, step)] if isinstance(shape, type) else [get_args(shape)[-1]]
        kinds = [kind for kind in inner if kind is not None]
    return [
        field.alias or name
        for kind in kinds
        for shape in _shapes(kind)
        if isinstance(shape, type) and issubclass(shape, BaseModel)
        for name, field in shape.model_fields.items()
    ]


def _field(shape: type[BaseModel], step: str | int) -> Any:
    for name, field in shape.model_fields.items():
        if (field.alias or name) == step:
            return field.annotation
    return None


def _shapes(kind: Any) -> list[Any]:
    """The models, lists and dicts among the forms of an annotation."""
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return [kind]
    origin = getattr(kind, "__origin__", None)
    if origin in (list, dict):
        return [kind]
    return [shape for form in get_args(kind) for shape in _shapes(form)]
