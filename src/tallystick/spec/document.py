"""The integration file as it is written: every key with its shape, its default and what it is for.

Here stands what each key may hold by itself; what the keys say about each other is checked in
`tallystick.spec.check`, and `tallystick.spec.build` makes the engine's `Integration` of it. Where a key takes a
short form beside the long one, the two stand as a tagged union. Source: spec/interface.md.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, ClassVar, Final, TypeVar

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, ValidationInfo, WrapValidator, field_validator

from tallystick.model.flow import (
    Direction,
    EditVsDelete,
    Exchange,
    Granularity,
    OnNew,
    OnNull,
    OnPossible,
    OnScopeLeft,
    Rule,
    TooLong,
    WhenDown,
)
from tallystick.model.side import Side
from tallystick.spec import leaves
from tallystick.spec.leaves import Code, Name, Present, Scalar, SideWord, Text

WORD: Final = "\u2192word"
LIST: Final = "\u2192list"
MAPPING: Final = "\u2192mapping"
TAGS: Final = frozenset({WORD, LIST, MAPPING})
"""Which form of a key was written; they occur in Pydantic's locations and in no message."""

OMITTED: Final[Any] = object()
"""Stands in a list for an item that was found faulty, so that the items after it keep their numbers."""

T = TypeVar("T")


def present(items: Sequence[T]) -> Iterator[tuple[int, T]]:
    """Number and item of all items that are not faulty."""
    return ((number, item) for number, item in enumerate(items) if item is not OMITTED)


_SKIP = WrapValidator(lambda value, handler: value if value is OMITTED else handler(value))
_ONE_OR_LIST = Discriminator(lambda value: LIST if isinstance(value, list) else WORD)
_WORD_OR_MAPPING = Discriminator(lambda value: MAPPING if isinstance(value, Mapping | BaseModel) else WORD)

Names = Annotated[
    Annotated[Text, Tag(WORD)] | Annotated[list[Annotated[Text, _SKIP]], Field(min_length=1), Tag(LIST)],
    _ONE_OR_LIST,
]
"""One name or a list of names."""

Values = Annotated[
    Annotated[Present, Tag(WORD)] | Annotated[list[Annotated[Present, _SKIP]], Field(min_length=1), Tag(LIST)],
    _ONE_OR_LIST,
]
"""One value or a list of values."""

CodeValues = Annotated[
    Annotated[Code, Tag(WORD)] | Annotated[list[Annotated[Code, _SKIP]], Field(min_length=1), Tag(LIST)],
    _ONE_OR_LIST,
]
"""One code or a list of codes, the default first."""


class Shape(BaseModel):
    """A mapping of the file: no key but those named, none without a value, nothing converted in silence."""

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)

    takes_null: ClassVar[frozenset[str]] = frozenset()

    @field_validator("*", mode="before")
    @classmethod
    def _has_value(cls, value: Any, info: ValidationInfo) -> Any:
        if value is None and info.field_name not in cls.takes_null:
            leaves.refuse("The key has no value.", "Write one, or leave the key out.")
        return value


class Clause(Shape):
    """One condition on one field, with exactly one test."""

    takes_null = frozenset({"is_", "is_not"})

    field: Text = Field(description="The field of this side that is looked at.")
    is_: leaves.Is = Field(None, alias="is", description="Equals this value; `null` finds null.")
    is_not: leaves.Is = Field(
        None, description="Does not equal this value; a null field passes unless `null` is given."
    )
    in_: Annotated[list[Annotated[leaves.Scalar, _SKIP]], Field(min_length=1)] | None = Field(
        None, alias="in", description="Equals one of these values; `null` among them finds null."
    )
    contains: Present | None = Field(None, description="Holds this text; of a list field: one of its elements.")
    starts_with: Present | None = Field(None, description="Begins with this text, upper and lower case told apart.")
    empty: leaves.Flag | None = Field(None, description="`true` finds null and empty, `false` everything else.")
    before: Present | None = Field(None, description="Comes before this date, moment or text.")
    after: Present | None = Field(None, description="Comes after this date, moment or text.")


class Where(Clause):
    """The filter: one clause, or a list of clauses under `all` or `any`."""

    field: Text | None = Field(None, description="The field of this side that is looked at.")  # type: ignore[assignment]
    all: Annotated[list[Annotated[Clause, _SKIP]], Field(min_length=1)] | None = Field(
        None, description="Clauses that all have to pass."
    )
    any: Annotated[list[Annotated[Clause, _SKIP]], Field(min_length=1)] | None = Field(
        None, description="Clauses of which one has to pass."
    )


class SoftDeleteShape(Shape):
    """How a record is marked as deleted where it is not taken away."""

    column: Text = Field(description="The field that marks a record as deleted.")
    equals: Present = Field(description="The value that marks it.", examples=[1])


class EndShape(Shape):
    """One side of a flow: which records of which system."""

    system: Text = Field(description="One of the names under `systems`.")
    record: Text = Field(description="Table, collection or entity set.", examples=["installed_asset"])
    key: Names | None = Field(None, description="The field or fields that identify a record; else the system's own.")
    changed: Text | None = Field(
        None, description="Column of the last change, for reading only what changed; else everything is listed."
    )
    deleted: SoftDeleteShape | None = Field(None, description="How deleted records are marked, where they are kept.")
    where: Where | None = Field(None, description="Which records take part; else all.")


class AuthorityShape(Shape):
    """Who owns a field, and what becomes of edits on the other side."""

    side: SideWord = Field(description="The side that owns the field.")
    edits: Annotated[
        str, leaves.Leaf(leaves.one_of(("revert", "ask")), {"type": "string", "enum": ["revert", "ask"]})
    ] = Field("revert", description="Edits on the other side are reverted, or asked about.")


class ConfirmationShape(Shape):
    """How the other side confirms."""

    timeout: leaves.DurationText | None = Field(
        None,
        description="How long an answer is waited for.",
        json_schema_extra={"default": "10 seconds"},
    )
    when_down: leaves.WhenDownWord = Field(
        WhenDown.REFUSE,
        description="The other side cannot be reached: refuse the transaction, or register it and deliver it later.",
    )

    @field_validator("timeout")
    @classmethod
    def _leaves_time(cls, timeout: float | None) -> float | None:
        if timeout == 0:
            leaves.refuse("This leaves no time for an answer.", "Write for example `10 seconds`.")
        return timeout


class SynchronousShape(Shape):
    """Registered only when the other side confirmed."""

    synchronous: ConfirmationShape = Field(description="How long it is waited for, and what follows when it is down.")


ExchangeForms = Annotated[
    Annotated[leaves.ExchangeWord, Tag(WORD)] | Annotated[SynchronousShape, Tag(MAPPING)],
    _WORD_OR_MAPPING,
]


class FieldShape(Shape):
    """One line of `fields`: what is kept in agreement with what, and how it is translated."""

    left: Names | None = Field(None, description="The field or fields on the left.")
    right: Names | None = Field(None, description="The field or fields on the right.")
    codes: Text | None = Field(None, description="One of the names under `code_sets`.")
    max: Annotated[dict[SideWord, leaves.Positive], Field(min_length=1)] | None = Field(
        None, description="Longest text a side holds, in characters.", examples=[{"right": 30}]
    )
    too_long: leaves.TooLongWord = Field(
        TooLong.HOLD, description="A longer text is cut (marked and never written back), held, or its record refused."
    )
    join: leaves.Glue | None = Field(None, description="Text that joins several fields of one side into one.")
    separator: leaves.Glue | None = Field(None, description="Text between several values that stand in one field.")
    type: Annotated[dict[SideWord, leaves.TypeWord], Field(min_length=1)] | None = Field(
        None, description="Type of the values, where the system's own does not tell."
    )
    zone: Annotated[dict[SideWord, leaves.Zone], Field(min_length=1)] | None = Field(
        None, description="Time zone of moments that a side writes without one.", examples=[{"left": "Europe/London"}]
    )
    ref: Text | None = Field(None, description="The flow through whose links an id is translated.")
    authority: (
        Annotated[
            Annotated[SideWord, Tag(WORD)] | Annotated[AuthorityShape, Tag(MAPPING)],
            _WORD_OR_MAPPING,
        ]
        | None
    ) = Field(None, description="The side that owns the field; edits on the other are reverted, or asked about.")
    constant: Annotated[dict[SideWord, Scalar], Field(min_length=1)] | None = Field(
        None, description="Always this value on that side.", examples=[{"right": "CRM"}]
    )
    default: Annotated[dict[SideWord, Present], Field(min_length=1)] | None = Field(
        None, description="Written to that side where the other has null."
    )
    expression: Annotated[dict[SideWord, Text], Field(min_length=1)] | None = Field(
        None, description="Computed for that side from fields of the other.", examples=[{"right": "upper(name)"}]
    )
    null: leaves.NullWord = Field(
        OnNull.CLEAR, description="Null clears the other side, or the other side keeps its value."
    )
    exchange: ExchangeForms | None = Field(None, description="How this field is exchanged; else as the flow.")


class PossibleShape(Shape):
    """A rule that gives evidence, not proof."""

    block: Names = Field(description="Fields that have to be equal before two records are compared at all.")
    compare: Annotated[dict[Text, leaves.CompareWord], Field(min_length=1)] = Field(
        description="How alike each of these fields is counted."
    )
    at_least: leaves.Share = Field(0.85, description="Mean likeness from which a pair is possible, 0 to 1.")


class LevelsShape(Shape):
    """How much each way of comparing says, in bits; for a missing value 0."""

    same: leaves.Bits = Field(0.0, description="The values are equal after normalising.")
    swapped: leaves.Bits | None = Field(
        None, description="The value is what the other record holds in the field named by `swap`."
    )
    close: leaves.Bits = Field(0.0, description="A likeness of 0.9 and more: one edit in a code.")
    near: leaves.Bits = Field(0.0, description="A likeness of 0.7 and more.")
    other: leaves.Bits = Field(0.0, description="The values are different.")


class WeighedShape(LevelsShape):
    """A field that is weighed."""

    as_: leaves.CompareWord = Field(alias="as", description="How alike its values are counted.")
    swap: Text | None = Field(None, description="A field that it may be mistaken for.", examples=["asset_tag"])


class RivalShape(Shape):
    """Another explanation of why two records are alike, which a pair has to hold against too."""

    start: leaves.Bits = Field(description="Before any evidence: log2 of the odds of a pair against this explanation.")
    fields: Annotated[dict[Text, LevelsShape], Field(min_length=1)] = Field(
        description="What the fields say against this explanation."
    )


class WeightsShape(Shape):
    """The evidence of all fields added up, in bits; `tallystick match train` writes it."""

    start: leaves.Bits = Field(
        description="Before any evidence: log2 of the odds that two records taken at random are one."
    )
    link: leaves.Bits = Field(description="The weight from which a pair is definite, if it is ahead of all others.")
    ask: leaves.Bits = Field(description="The weight from which a pair is possible.")
    ahead: leaves.Lead = Field(4.0, description="By how much a definite pair has to outweigh every other one.")
    blocks: Annotated[list[Annotated[Names, _SKIP]], Field(min_length=1)] = Field(
        description="Each a field or a list of fields; records are compared that are equal in one of these."
    )
    fields: Annotated[dict[Text, WeighedShape], Field(min_length=1)] = Field(
        description="The fields that are weighed, by left name."
    )
    rivals: dict[Text, RivalShape] = Field(
        default_factory=dict, description="Other explanations that a pair has to hold against, each with a name."
    )


class MatchShape(Shape):
    """Which unlinked records belong together. Fields go by their left names."""

    definite: list[Annotated[Names, _SKIP]] = Field(
        default_factory=list, description="Each a list of fields that identify when all are equal after normalising."
    )
    possible: list[Annotated[PossibleShape, _SKIP]] = Field(
        default_factory=list, description="Rules for pairs that a person should look at."
    )
    weights: WeightsShape | None = Field(None, description="Evidence added up over all fields.")
    junk: dict[Text, Values] = Field(
        default_factory=dict, description="Values that are never evidence, besides those known everywhere."
    )


class SetShape(Shape):
    """Mark the surviving record instead of deleting it."""

    set: Annotated[dict[Text, Scalar], Field(min_length=1)] = Field(
        description="Fields of the surviving record and their values."
    )


class ScopeShape(Shape):
    """The reaction per side."""

    left: leaves.ScopeWord = Field(OnScopeLeft.UNLINK, description="When the record on the left leaves the filter.")
    right: leaves.ScopeWord = Field(OnScopeLeft.UNLINK, description="When the record on the right leaves the filter.")


Deletion = Annotated[
    Annotated[leaves.DeletedWord, Tag(WORD)] | Annotated[SetShape, Tag(MAPPING)],
    _WORD_OR_MAPPING,
]


class ReactionShape(Shape):
    """What is done about what was found."""

    possible: leaves.PossibleWord = Field(OnPossible.ASK, description="A possible match.")
    new_left: leaves.NewWord = Field(
        OnNew.CREATE, description="A record new on the left; `create` makes it on the right."
    )
    new_right: leaves.NewWord = Field(
        OnNew.CREATE, description="A record new on the right; `create` makes it on the left."
    )
    deleted_left: Deletion | None = Field(
        None,
        description="A record deleted on the left: delete, ask or keep the one on the right, or set fields of it.",
        json_schema_extra={"default": "delete"},
    )
    deleted_right: Deletion | None = Field(
        None,
        description="A record deleted on the right: delete, ask or keep the one on the left, or set fields of it.",
        json_schema_extra={"default": "delete"},
    )
    left_scope: (
        Annotated[
            Annotated[leaves.ScopeWord, Tag(WORD)] | Annotated[ScopeShape, Tag(MAPPING)],
            _WORD_OR_MAPPING,
        ]
        | None
    ) = Field(
        None,
        description="A record that still exists but no longer passes the filter.",
        json_schema_extra={"default": "unlink"},
    )
    edit_vs_delete: leaves.EditVsDeleteWord = Field(
        EditVsDelete.EDIT, description="Edited on one side and deleted on the other: which wins."
    )


class ConflictShape(Shape):
    """What is done when both sides changed to different values."""

    rule: leaves.RuleWord = Field(Rule.ASK, description="The rule for all fields.")
    granularity: leaves.GranularityWord = Field(
        Granularity.FIELD, description="Whether the rule decides per field or for the whole record."
    )
    fields: dict[Text, leaves.RuleWord] = Field(
        default_factory=dict, description="Rules of single fields, by left name."
    )
    tolerance: leaves.DurationText | None = Field(
        None,
        description="`newest` asks when the two changes are closer than this.",
        json_schema_extra={"default": "15 minutes"},
    )


class GuardShape(Shape):
    """Limits beyond which a run is held for approval. A percentage counts from 20 linked records up."""

    delete: leaves.GuardLimit | None = Field(None, description="Deletions.", json_schema_extra={"default": "10%"})
    create: leaves.GuardLimit | None = Field(None, description="Creations.", json_schema_extra={"default": "none"})
    change: leaves.GuardLimit | None = Field(None, description="Changes.", json_schema_extra={"default": "none"})
    shrink: leaves.GuardLimit | None = Field(
        None, description="Records fewer than at the last listing.", json_schema_extra={"default": "20%"}
    )


class WindowShape(Shape):
    """A time of the week in which no run begins; one that is going stops after the batch at hand."""

    days: Annotated[list[Annotated[leaves.Day, _SKIP]], Field(min_length=1)] | None = Field(
        None, description="The days on which it begins; else every day.", examples=[["sat", "sun"]]
    )
    from_: leaves.TimeOfDay = Field(alias="from", description="When it begins.", examples=["22:00"])
    to: leaves.TimeOfDay = Field(
        description="When it ends; on the next day where that is not later.", examples=["04:00"]
    )
    zone: leaves.Zone = Field("UTC", description="Time zone of the clock.", examples=["Europe/Moscow"])


Windows = list[Annotated[WindowShape, _SKIP]]


class FlowShape(Shape):
    """Keeps one record type on the left in agreement with one on the right."""

    flow: Name = Field(description="Name of the flow, unique in the file.")
    left: EndShape = Field(description="The records on the left, by convention the CRM.")
    right: EndShape = Field(description="The records on the right.")
    direction: leaves.DirectionWord = Field(Direction.BOTH, description="Where values flow.")
    primary: SideWord = Field(Side.LEFT, description="Who wins at first contact where both have values.")
    fields: Annotated[list[Annotated[FieldShape, _SKIP]], Field(min_length=1)] = Field(
        description="What is kept in agreement with what."
    )
    match: MatchShape = Field(
        default=MatchShape.model_validate({}), description="Which unlinked records belong together."
    )
    on: ReactionShape = Field(default=ReactionShape.model_validate({}), description="Reactions to what was found.")
    conflict: (
        Annotated[
            Annotated[leaves.RuleWord, Tag(WORD)] | Annotated[ConflictShape, Tag(MAPPING)],
            _WORD_OR_MAPPING,
        ]
        | None
    ) = Field(None, description="What is done when both sides changed to different values.")
    guards: GuardShape = Field(default=GuardShape.model_validate({}), description="Limits beyond which a run is held.")
    exchange: ExchangeForms = Field(
        Exchange.ASYNCHRONOUS,
        description="Registered at once and delivered in order, or only when the other confirmed.",
    )
    schedule: leaves.Interval | None = Field(
        None, description="How often the hub runs the flow.", examples=["every 5 minutes"]
    )
    maintenance: Windows = Field(
        default_factory=list, description="Times of the week in which the hub lets the flow rest."
    )
    full: leaves.Interval | None = Field(
        None,
        description="How often everything is compared, besides reading what changed.",
        json_schema_extra={"default": "every day"},
    )


class SystemShape(BaseModel):
    """A system; all keys but `connector` are the settings of that connector and are checked by it."""

    model_config = ConfigDict(extra="allow", frozen=True)

    connector: Name = Field(description="Which connector reaches it.", examples=["sql", "dav"])


class IntegrationShape(Shape):
    """The agreement between systems."""

    integration: Name = Field(description="Name of the integration.")
    title: Text | None = Field(None, description="A title for people.")
    systems: Annotated[dict[Name, SystemShape], Field(min_length=1)] = Field(
        description="The systems by the names that the flows use."
    )
    code_sets: dict[Text, Annotated[dict[Code, CodeValues], Field(min_length=1)]] = Field(
        default_factory=dict, description="Left value: right value, or a list of which the first is written."
    )
    maintenance: Windows = Field(
        default_factory=list, description="Times of the week in which the hub lets all flows rest."
    )
    flows: list[Annotated[FlowShape, _SKIP]] = Field(default_factory=list, description="What is kept in agreement.")
