"""Which case an email answers, and how far that is proven.

Proven is the signed address that a letter of ours asked to answer to, or the id of such a letter, which nobody can
guess; the id of somebody else's email counts only together with the number of its case. A number alone proves nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from email.utils import getaddresses
from typing import Final

from tallystick.server.desk.mail import addresses
from tallystick.server.desk.mail.reading import Mail
from tallystick.server.desk.models import Email
from tallystick.server.messages.models import Letter
from tallystick.server.records.models import Case
from tallystick.server.records.record_types import record_type

_CALLED: Final = re.compile(r"(?<![\w-])C-([1-9][0-9]{0,17})(?![\w-])", re.IGNORECASE)
MOST_MERGES: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Thread:
    """`case` is the one the email answers, None for a new one. `named`: a case it speaks of without any proof."""

    case: Case | None
    is_proven: bool = False  # its sender is who a letter about the case went to
    named: str = ""


def thread_of(mail: Mail, sent_for: Iterable[str]) -> Thread:
    """Raises nothing."""
    places = [*sent_for, *(address for _name, address in getaddresses(mail.headers.get("to", [])))]
    found = _by_address(places) or _by_letter(mail)
    if found is not None:
        return Thread(case=found, is_proven=_was_written_to(found, mail.author))
    named = _CALLED.search(mail.subject)
    if named is None:
        return Thread(case=None)
    case = _standing(Case.objects.filter(number=int(named[1])).first())
    if case is not None and _answers_an_email_of(case, mail):
        return Thread(case=case, is_proven=_was_written_to(case, mail.author))
    return Thread(case=None, named=f"C-{int(named[1])}")


def letter_of(mail: Mail) -> Letter | None:
    """The letter of ours that an email answers."""
    marks = [mark for one in mail.answers if len(mark := one.partition("@")[0]) == 32]
    return Letter.objects.filter(mark__in=marks[:50]).order_by("-pk").first() if marks else None


def is_ours(mail: Mail) -> bool:
    """A letter of ours came back as it was sent."""
    mark = mail.message_id.partition("@")[0]
    return len(mark) == 32 and Letter.objects.filter(mark=mark).exists()


def called(case: Case) -> str:
    return record_type("case").called(case.number)


def _by_address(places: Iterable[str]) -> Case | None:
    for place in places:
        found = addresses.number_of(place)
        case = Case.objects.filter(number=found[0]).first() if found is not None else None
        if found is not None and case is not None and addresses.is_signed(case.pk, found[1]):
            return _standing(case)
    return None


def _by_letter(mail: Mail) -> Case | None:
    letter = letter_of(mail)
    if letter is None or letter.about_type != "case":
        return None
    return _standing(Case.objects.filter(pk=letter.about).first())


def _answers_an_email_of(case: Case, mail: Mail) -> bool:
    return bool(mail.answers) and Email.objects.filter(case=case, message_id__in=mail.answers[:50]).exists()


def _was_written_to(case: Case, author: str) -> bool:
    return bool(author) and Letter.objects.filter(to__iexact=author, about_type="case", about=case.pk).exists()


def _standing(case: Case | None) -> Case | None:
    """The case, or the one it was merged into; None for one that is gone otherwise."""
    for _merge in range(MOST_MERGES):
        if case is None or case.gone_at is None:
            return case
        case = Case.objects.filter(pk=case.merged_into).first() if case.gone_why == "merged" else None
    return None
