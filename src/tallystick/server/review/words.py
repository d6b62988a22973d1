"""Kinds of questions and answers in words people read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from tallystick.model.plan import Review, ReviewKind, Take

Text = str | Promise


@dataclass(frozen=True, slots=True, kw_only=True)
class KindWords:
    title: Text
    icon: str
    question: Text
    next_step: Text = ""  # what makes it go away besides an answer


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeWords:
    """`{left}` and `{right}` in a title are the names of the two systems."""

    title: Text
    icon: str
    key: str
    effect: Text
    is_primary: bool = False


KINDS: Final[Mapping[ReviewKind, KindWords]] = {
    ReviewKind.CONFLICT: KindWords(
        title=_("Conflict"),
        icon="compare_arrows",
        question=_("Both sides changed the same field to different values. Which one stands?"),
    ),
    ReviewKind.POSSIBLE: KindWords(
        title=_("Possible match"),
        icon="join",
        question=_("These records look alike. Are they the same?"),
    ),
    ReviewKind.DISPUTED: KindWords(
        title=_("Disputed identity"),
        icon="call_split",
        question=_("Two rules, or several records, claim to be the same record. Who is who?"),
    ),
    ReviewKind.LOSSY_EDIT: KindWords(
        title=_("Lossy edit"),
        icon="content_cut",
        question=_("A value was edited on the side that holds only a part of it. Which one stands?"),
    ),
    ReviewKind.UNMAPPED_CODE: KindWords(
        title=_("Unmapped code"),
        icon="translate",
        question=_("This value has no counterpart on the other side; the field is held, all others flow."),
        next_step=_("Add it to the code set of the integration; then it flows by itself and this question clears."),
    ),
    ReviewKind.REJECT: KindWords(
        title=_("Rejected record"),
        icon="block",
        question=_("This record cannot be carried over as it is."),
        next_step=_("Mend it in its system, or change the mapping; the next run tries it again and clears this."),
    ),
    ReviewKind.UNKNOWN: KindWords(
        title=_("Unknown outcome"),
        icon="help",
        question=_("A record was sent and the answer was lost; nobody can tell whether it arrived."),
        next_step=_("Look in the other system whether it is there."),
    ),
    ReviewKind.HELD: KindWords(
        title=_("Held run"),
        icon="front_hand",
        question=_("A run would change more than its guards allow. Nothing was written. May it go on?"),
    ),
    ReviewKind.COLLISION: KindWords(
        title=_("Collision"),
        icon="merge_type",
        question=_("An id that was linked now means another record."),
    ),
}

_LINK = TakeWords(
    title=_("Same: link them"),
    icon="link",
    key="m",
    effect=_("The records are linked and brought into agreement."),
    is_primary=True,
)
_CREATE = TakeWords(
    title=_("Different: create new"),
    icon="add",
    key="c",
    effect=_("Each record gets a new partner on the other side."),
)
_IGNORE = TakeWords(
    title=_("Leave as it is"),
    icon="visibility_off",
    key="i",
    effect=_("Nothing is written until the record is edited again."),
)
TAKES: Final[Mapping[Take, TakeWords]] = {
    Take.LEFT: TakeWords(
        title=_("Take {left}"),
        icon="arrow_back",
        key="l",
        effect=_("The values of {left} are written to {right}."),
        is_primary=True,
    ),
    Take.RIGHT: TakeWords(
        title=_("Take {right}"),
        icon="arrow_forward",
        key="r",
        effect=_("The values of {right} are written to {left}."),
        is_primary=True,
    ),
    Take.LINK: _LINK,
    Take.CREATE: _CREATE,
    Take.IGNORE: _IGNORE,
    Take.APPROVE: TakeWords(
        title=_("Let it pass"),
        icon="check",
        key="a",
        effect=_("The flow runs now, up to the amounts shown."),
        is_primary=True,
    ),
    Take.REFUSE: TakeWords(
        title=_("Keep holding"), icon="front_hand", key="x", effect=_("Nothing is written; it stays held.")
    ),
}
OF_KIND: Final[Mapping[tuple[ReviewKind, Take], TakeWords]] = {
    (ReviewKind.UNKNOWN, Take.CREATE): TakeWords(
        title=_("Not there: send it again"), icon="send", key="c", effect=_("The record is created once more.")
    ),
    (ReviewKind.UNKNOWN, Take.LINK): TakeWords(
        title=_("It is there: link it"), icon="link", key="m", effect=_("The two records are linked."), is_primary=True
    ),
    (ReviewKind.COLLISION, Take.LINK): TakeWords(
        title=_("Same record after all"), icon="link", key="m", effect=_("The link is taken up again."), is_primary=True
    ),
    (ReviewKind.COLLISION, Take.CREATE): TakeWords(
        title=_("Another record: create new"),
        icon="add",
        key="c",
        effect=_("The id starts anew; its old partner keeps resting."),
    ),
}


NEW: Final = KindWords(
    title=_("New record"),
    icon="add_circle",
    question=_("A record appeared on one side only. Should the other side get it too?"),
)
"""A possible match without anybody it could match: the flow asks about every new record."""

_CREATE_NEW: Final = TakeWords(
    title=_("Create it there too"),
    icon="add",
    key="c",
    effect=_("The record is created on the other side and linked."),
    is_primary=True,
)

TAKEN: Final[Mapping[Take, Text]] = {
    Take.LEFT: _("the left stands"),
    Take.RIGHT: _("the right stands"),
    Take.LINK: _("linked"),
    Take.CREATE: _("created anew"),
    Take.IGNORE: _("left as it was"),
    Take.APPROVE: _("approved"),
    Take.REFUSE: _("kept held"),
}
"""An answer that was given."""


def is_new(review: Review) -> bool:
    return review.kind is ReviewKind.POSSIBLE and review.topic == "new"


def kind_words(review: Review) -> KindWords:
    return NEW if is_new(review) else KINDS[review.kind]


def take_words(review: Review, take: Take) -> TakeWords:
    if take is Take.CREATE and is_new(review):
        return _CREATE_NEW
    return OF_KIND.get((review.kind, take), TAKES[take])
