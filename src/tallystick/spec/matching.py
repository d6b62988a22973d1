"""How the integration file says which records belong together: `match`. Source: interface.md; engine.md E14."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from tallystick.spec import leaves
from tallystick.spec.leaves import Text
from tallystick.spec.shape import SKIP, Names, Shape, Values


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
    blocks: Annotated[list[Annotated[Names, SKIP]], Field(min_length=1)] = Field(
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

    definite: list[Annotated[Names, SKIP]] = Field(
        default_factory=list, description="Each a list of fields that identify when all are equal after normalising."
    )
    possible: list[Annotated[PossibleShape, SKIP]] = Field(
        default_factory=list, description="Rules for pairs that a person should look at."
    )
    weights: WeightsShape | None = Field(None, description="Evidence added up over all fields.")
    junk: dict[Text, Values] = Field(
        default_factory=dict, description="Values that are never evidence, besides those known everywhere."
    )
