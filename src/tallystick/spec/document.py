"""The integration file as it is written: every key with its shape, its default and what it is for.

Here stands what each key may hold by itself; what the keys say about each other is checked in
`tallystick.spec.check`, and `tallystick.spec.build` makes the engine's `Integration` of it. Where a key takes a
short form beside the long one, the two stand as a tagged union. Source: spec/interface.md.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, Tag, field_validator

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
from tallystick.spec.matching import MatchShape
from tallystick.spec.shape import MAPPING, SKIP, WORD, WORD_OR_MAPPING, CodeValues, Names, Shape


class Clause(Shape):
    """One condition on one field, with exactly one test."""

    takes_null = frozenset({"is_", "is_not"})

    field: Text = Field(description="The field of this side that is looked at.")
    is_: leaves.Is = Field(None, alias="is", description="Equals this value; `null` finds null.")
    is_not: leaves.Is = Field(
        None, description="Does not equal this value; a null field passes unless `null` is given."
    )
    in_: Annotated[list[Annotated[leaves.Scalar, SKIP]], Field(min_length=1)] | None = Field(
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
    all: Annotated[list[Annotated[Clause, SKIP]], Field(min_length=1)] | None = Field(
        None, description="Clauses that all have to pass."
    )
    any: Annotated[list[Annotated[Clause, SKIP]], Field(min_length=1)] | None = Field(
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
    WORD_OR_MAPPING,
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
            WORD_OR_MAPPING,
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
    WORD_OR_MAPPING,
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
            WORD_OR_MAPPING,
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

    days: Annotated[list[Annotated[leaves.Day, SKIP]], Field(min_length=1)] | None = Field(
        None, description="The days on which it begins; else every day.", examples=[["sat", "sun"]]
    )
    from_: leaves.TimeOfDay = Field(alias="from", description="When it begins.", examples=["22:00"])
    to: leaves.TimeOfDay = Field(
        description="When it ends; on the next day where that is not later.", examples=["04:00"]
    )
    zone: leaves.Zone = Field("UTC", description="Time zone of the clock.", examples=["Europe/Moscow"])


Windows = list[Annotated[WindowShape, SKIP]]


class FlowShape(Shape):
    """Keeps one record type on the left in agreement with one on the right."""

    flow: Name = Field(description="Name of the flow, unique in the file.")
    left: EndShape = Field(description="The records on the left, by convention the CRM.")
    right: EndShape = Field(description="The records on the right.")
    direction: leaves.DirectionWord = Field(Direction.BOTH, description="Where values flow.")
    primary: SideWord = Field(Side.LEFT, description="Who wins at first contact where both have values.")
    fields: Annotated[list[Annotated[FieldShape, SKIP]], Field(min_length=1)] = Field(
        description="What is kept in agreement with what."
    )
    match: MatchShape = Field(
        default=MatchShape.model_validate({}), description="Which unlinked records belong together."
    )
    on: ReactionShape = Field(default=ReactionShape.model_validate({}), description="Reactions to what was found.")
    conflict: (
        Annotated[
            Annotated[leaves.RuleWord, Tag(WORD)] | Annotated[ConflictShape, Tag(MAPPING)],
            WORD_OR_MAPPING,
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
    flows: list[Annotated[FlowShape, SKIP]] = Field(default_factory=list, description="What is kept in agreement.")
