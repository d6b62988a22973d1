"""The address that answers go to: it says which case they belong to, and is signed, so that nobody guesses one.

`desk+c1042-k3f9...@example.org` is the address of the desk with the number of the case and sixteen characters that only
the hub can make. Letters are small, because mail servers may fold the part before the @.
"""

from __future__ import annotations

import base64
import re
import secrets
from typing import Final

from django.conf import settings
from django.utils.crypto import salted_hmac

from tallystick.server.configuration import MailIntake

_SALT: Final = "desk.mail.reply"
_TAG: Final = re.compile(r"c([1-9][0-9]{0,17})-([a-z2-7]{16})")


def intake() -> MailIntake | None:
    """Where emails come in; None where they do not."""
    found: MailIntake | None = settings.CONFIGURATION.mail_intake
    return found


def is_desk(address: str) -> bool:
    """Whether emails to this address are for the desk, with or without a case in it."""
    place = intake()
    return place is not None and _tag_of(address, place.address) is not None


def reply_address(number: int, case: str) -> str:
    """Where answers about a case go; empty where no emails come in. `number` is people's, `case` the id."""
    place = intake()
    if place is None:
        return ""
    local, _at, domain = place.address.rpartition("@")
    return f"{local}+c{number}-{_signature(settings.SECRET_KEY, case)}@{domain}"


def number_of(address: str) -> tuple[int, str] | None:
    """The number of the case an address speaks of, and its signature yet to be checked."""
    place = intake()
    found = _TAG.fullmatch(_tag_of(address, place.address) or "") if place is not None else None
    return (int(found[1]), found[2]) if found else None


def is_signed(case: str, signature: str) -> bool:
    keys = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    return any(secrets.compare_digest(_signature(key, case), signature) for key in keys)


def _signature(key: str, case: str) -> str:
    raw = salted_hmac(_SALT, case, secret=key, algorithm="sha256").digest()
    return base64.b32encode(raw[:10]).decode().lower()


def _tag_of(address: str, own: str) -> str | None:
    """What stands after the + of an address of ours; empty where nothing does, None where it is not ours."""
    local, _at, domain = own.casefold().rpartition("@")
    given, at, its_domain = address.strip().casefold().rpartition("@")
    if not at or its_domain != domain:
        return None
    name, _plus, tag = given.partition("+")
    return tag if name == local else None
