"""Which emails are left alone: what a machine wrote, lists, our own, and what comes too often. No Django here.

Nobody is lost: what is left alone is kept with its reason, and a person can make a case of it.
"""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass
from typing import Final

from tallystick.server.desk.mail.reading import Mail

MOST_AN_HOUR: Final = 30
"""So many emails of one address within an hour are taken; more look like a loop."""
_BULK: Final = ("bulk", "junk", "list")
_ANSWERED_BY_MACHINE: Final = ("x-autoreply", "x-autorespond", "x-autoresponder")


class Aside(enum.StrEnum):
    """Why an email is left alone."""

    AUTOMATIC = "automatic"  # an answer that a machine gave, like one of somebody on holiday
    UNDELIVERED = "undelivered"  # a mail server tells that a letter did not arrive
    LIST = "list"
    OWN = "own"
    TOO_MANY = "too_many"
    NO_SENDER = "no_sender"


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """`may_answer`: a letter may go back to whoever wrote it without the two answering each other for ever."""

    aside: Aside | None
    may_answer: bool


def judge(mail: Mail, *, envelope_sender: str, own: frozenset[str], is_ours: bool, lately: int) -> Judged:
    """`own`: the hub's addresses, folded; `is_ours`: its id is one of our letters; `lately`: emails of this address
    within the last hour.
    """
    aside = _aside(mail, envelope_sender=envelope_sender, own=own, is_ours=is_ours, lately=lately)
    is_machine = _submitted(mail) not in ("", "no") or bool(mail.first("list-id")) or _has_bulk(mail)
    return Judged(aside=aside, may_answer=aside is None and not is_machine)


def _aside(mail: Mail, *, envelope_sender: str, own: frozenset[str], is_ours: bool, lately: int) -> Aside | None:
    if is_ours or mail.author.casefold() in own or envelope_sender.casefold() in own:
        return Aside.OWN
    if mail.is_report or not envelope_sender:
        return Aside.UNDELIVERED
    submitted = _submitted(mail)
    if submitted == "auto-replied" or any(name in mail.headers for name in _ANSWERED_BY_MACHINE):
        return Aside.AUTOMATIC
    if mail.first("precedence").casefold() == "auto_reply":
        return Aside.AUTOMATIC
    if submitted not in ("", "no") and mail.answers:  # a machine that answers, whatever it calls itself
        return Aside.AUTOMATIC
    if mail.first("list-id") or mail.first("list-unsubscribe") or _has_bulk(mail):
        return Aside.LIST
    if not mail.author:
        return Aside.NO_SENDER
    return Aside.TOO_MANY if lately >= MOST_AN_HOUR else None


def _submitted(mail: Mail) -> str:
    """The keyword without parameters and remarks; empty where there is none."""
    found = re.match(r"[a-z-]+", mail.first("auto-submitted").casefold())
    return found[0] if found else ""


def _has_bulk(mail: Mail) -> bool:
    return mail.first("precedence").casefold() in _BULK
