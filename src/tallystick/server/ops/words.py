"""States, kinds and actions in words people read, with the tone of their badge."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from tallystick.model.plan import OperationState, RunKind, RunStatus
from tallystick.model.write import Action

Text = str | Promise


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    title: Text
    tone: str
    icon: str


STATUSES: Final[Mapping[RunStatus, Word]] = {
    RunStatus.PLANNING: Word(title=_("planning"), tone="info", icon="sync"),
    RunStatus.PLANNED: Word(title=_("planned"), tone="quiet", icon="draft"),
    RunStatus.HELD: Word(title=_("held"), tone="warn", icon="front_hand"),
    RunStatus.APPLYING: Word(title=_("running"), tone="info", icon="sync"),
    RunStatus.DONE: Word(title=_("done"), tone="ok", icon="check_circle"),
    RunStatus.PARTIAL: Word(title=_("done in part"), tone="warn", icon="rule"),
    RunStatus.FAILED: Word(title=_("failed"), tone="bad", icon="error"),
}
KINDS: Final[Mapping[RunKind, Text]] = {
    RunKind.SYNC: _("Sync"),
    RunKind.PLAN: _("Plan"),
    RunKind.APPLY: _("Apply a plan"),
    RunKind.UNDO: _("Undo"),
    RunKind.DECIDE: _("Answer"),
    RunKind.REBUILD: _("Rebuild links"),
    RunKind.REGISTER: _("Register"),
}
ACTIONS: Final[Mapping[Action, Word]] = {
    Action.CREATE: Word(title=_("create"), tone="ok", icon="add_circle"),
    Action.UPDATE: Word(title=_("change"), tone="info", icon="edit"),
    Action.DELETE: Word(title=_("delete"), tone="bad", icon="delete"),
    Action.LINK: Word(title=_("link"), tone="quiet", icon="link"),
    Action.AGREE: Word(title=_("agree"), tone="quiet", icon="handshake"),
    Action.PART: Word(title=_("unlink"), tone="quiet", icon="link_off"),
    Action.RELINK: Word(title=_("relink"), tone="quiet", icon="add_link"),
}
OUTCOMES: Final[Mapping[OperationState, Word]] = {
    OperationState.PLANNED: Word(title=_("planned"), tone="quiet", icon="draft"),
    OperationState.SENT: Word(title=_("sent"), tone="info", icon="send"),
    OperationState.DONE: Word(title=_("done"), tone="ok", icon="check_circle"),
    OperationState.MOVED: Word(title=_("moved, planned anew"), tone="warn", icon="update"),
    OperationState.REFUSED: Word(title=_("refused"), tone="bad", icon="block"),
    OperationState.FAILED: Word(title=_("failed"), tone="bad", icon="error"),
    OperationState.UNKNOWN: Word(title=_("unknown"), tone="warn", icon="help"),
    OperationState.DROPPED: Word(title=_("not carried out"), tone="quiet", icon="do_not_disturb_on"),
}
SIDES: Final[Mapping[str, Text]] = {"left": _("left"), "right": _("right")}
WRITTEN: Final[Mapping[tuple[str, str], Text]] = {
    ("create", "left"): _("created left"),
    ("create", "right"): _("created right"),
    ("update", "left"): _("changed left"),
    ("update", "right"): _("changed right"),
    ("delete", "left"): _("deleted left"),
    ("delete", "right"): _("deleted right"),
}
COUNTS: Final[Mapping[str, Text]] = {
    "unchanged": _("unchanged"),
    "refused": _("refused"),
    "failed": _("failed"),
    "unknown": _("unknown outcomes"),
    "rejects": _("rejects"),
    "conflicts": _("conflicts"),
    "reviews": _("questions"),
    "missed": _("found late"),
}
