"""Signatures of Standard Webhooks: HMAC-SHA256 over id, time and body. Source: standardwebhooks.com, version 1."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

PREFIX: Final = "whsec_"
TOLERANCE: Final = timedelta(minutes=5)
ID, TIME, SIGNATURE = "webhook-id", "webhook-timestamp", "webhook-signature"


class Refused(Exception):
    """A message that is not what it should be; the text is a sentence."""


def new_secret() -> str:
    return PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


def key_of(secret: str) -> bytes:
    """The bytes of a secret. Raises ValueError for what is none of 24 to 64 bytes."""
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("the secret is not base64") from None
    if not 24 <= len(key) <= 64:
        raise ValueError("a secret has 24 to 64 bytes")
    return key


def headers(message: str, at: datetime, body: bytes, keys: Sequence[bytes]) -> dict[str, str]:
    """What goes with the body: one signature for each key."""
    seconds = str(int(at.timestamp()))
    signed = " ".join(f"v1,{_signature(key, message, seconds, body)}" for key in keys)
    return {ID: message, TIME: seconds, SIGNATURE: signed}


def verify(given: Mapping[str, str], body: bytes, keys: Sequence[bytes], now: datetime) -> str:
    """The id of a message that is right and of these minutes. Raises Refused."""
    message, seconds, signed = (given.get(name, "") for name in (ID, TIME, SIGNATURE))
    if not message or len(message) > 200 or not message.isprintable() or not message.isascii():
        raise Refused(f"The header {ID} is missing or too long.")
    if not seconds.isascii() or not seconds.isdecimal() or len(seconds) > 12:
        raise Refused(f"The header {TIME} is missing or no number.")
    if abs(now.timestamp() - int(seconds)) > TOLERANCE.total_seconds():
        raise Refused("The message is too old, or of the future.")
    offered = [one.removeprefix("v1,") for one in signed.split(" ") if one.startswith("v1,")][:10]
    right = [_signature(key, message, seconds, body) for key in keys]
    # every one is compared, so that the time tells nothing
    matches = [hmac.compare_digest(one.encode(), other.encode()) for one in offered for other in right]
    if not any(matches):
        raise Refused("No signature fits.")
    return message


def _signature(key: bytes, message: str, seconds: str, body: bytes) -> str:
    return base64.b64encode(hmac.digest(key, f"{message}.{seconds}.".encode() + body, hashlib.sha256)).decode()
