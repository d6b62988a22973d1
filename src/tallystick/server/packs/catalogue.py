"""The packs there are: what each `pack.yaml` says, and the documents beside it. Source: design/house.md, packs/."""

from __future__ import annotations

from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Final

from django.utils.translation import gettext as _
from pydantic import BaseModel, ConfigDict, Field
from ruamel.yaml import YAML

from tallystick.errors import NotFound

ROOM: Final = "tallystick.packs"
FILE: Final = "pack.yaml"
PLACE: Final = "({name})"
"""How a document spells a parameter that is filled in when the pack is installed."""


class Shape(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Operation(Shape):
    """A run by a name that people know. Source: spec/assets.md A3."""

    name: str = Field(pattern=r"^[A-Z][A-Z0-9_]{2,60}$")
    title: str
    document: str
    flow: str
    full: bool
    after: tuple[str, ...] = ()  # operations that have to be done before it


class Found(Shape):
    """A record of the hub that the documents refer to by id: that with this value, made by that name where it lacks."""

    record: str
    field: str
    value: str
    name: str


class Units(Shape):
    """The switch per business unit: which field of which flow the filter of both sides is about. Source: A16."""

    document: str
    flow: str
    field: str


class Register(Shape):
    """The system that may be another one than the delivered one."""

    document: str
    system: str


class Pack(Shape):
    pack: str = Field(pattern=r"^[a-z][a-z_]{1,30}$")
    title: str
    summary: str
    documents: dict[str, str]  # name of the integration -> file beside
    with_another_register: dict[str, str] = {}  # further documents, where the register is not the delivered one
    parameters: dict[str, str] = {}  # name -> what it is
    found: dict[str, Found] = {}  # name of the place in a document -> the record whose id stands there
    units: Units | None = None
    register_: Register | None = Field(None, alias="register")
    operations: tuple[Operation, ...] = ()

    def text(self, document: str) -> str:
        """As it is delivered, comments and all."""
        files = {**self.documents, **self.with_another_register}
        return _folder().joinpath(self.pack).joinpath(files[document]).read_text("utf-8")

    def operation(self, name: str) -> Operation:
        """Raises NotFound."""
        found = next((one for one in self.operations if one.name == name), None)
        if found is None:
            raise NotFound(_("The pack {pack} has no operation {name}.").format(pack=self.pack, name=name))
        return found


@cache
def packs() -> dict[str, Pack]:
    """By name. What is no pack yet has no `pack.yaml`."""
    found: dict[str, Pack] = {}
    for folder in sorted(_folder().iterdir(), key=lambda one: one.name):
        file = folder.joinpath(FILE)
        if folder.is_dir() and file.is_file():
            pack = Pack.model_validate(YAML(typ="safe").load(file.read_text("utf-8")))
            found[pack.pack] = pack
    return found


def pack_of(name: str) -> Pack:
    """Raises NotFound."""
    found = packs().get(name)
    if found is None:
        raise NotFound(
            _("There is no pack {name}.").format(name=name), hint=_("The page of packs lists those there are.")
        )
    return found


def _folder() -> Traversable:
    return resources.files(ROOM)
