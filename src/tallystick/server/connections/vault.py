"""Secrets at rest: encrypted with keys that can be changed (`tallystick keys`), read by nobody but connectors."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Final

from cryptography.fernet import InvalidToken, MultiFernet
from django.conf import settings

from tallystick.errors import ConfigurationError
from tallystick.server.configuration import Configuration

_rotations: Final[dict[str, Callable[[Callable[[str], str]], int]]] = {}


def sealed(secrets: Mapping[str, str]) -> str:
    """One text that holds all of them; empty for none. Raises ConfigurationError when the hub has no keys."""
    return seal(json.dumps(dict(sorted(secrets.items())))) if secrets else ""


def opened(text: str) -> dict[str, str]:
    """What `sealed` was given. Raises ConfigurationError when no key fits."""
    return dict(json.loads(unseal(text))) if text else {}


def seal(text: str) -> str:
    return _cipher().encrypt(text.encode()).decode()


def unseal(text: str) -> str:
    """Raises ConfigurationError when no key fits: those of this process, or those that were made since it began."""
    return _by_any(lambda cipher: cipher.decrypt(text.encode())).decode()


def add_rotation(name: str, rotate: Callable[[Callable[[str], str]], int]) -> None:
    """Something else is encrypted here too: `rotate` is handed what to put each text through, and says how many."""
    _rotations[name] = rotate


def rotate() -> int:
    """Encrypts every secret anew with the newest key; how many texts. Safe to break off and to do again."""
    from tallystick.server.connections.models import Connection

    newest = Configuration.from_environment().cipher()

    def again(text: str) -> str:
        try:
            return newest.rotate(text.encode()).decode()
        except InvalidToken:
            raise _no_key() from None

    count = 0
    for connection in Connection.objects.exclude(secrets="").only("pk", "secrets").iterator():
        # unless somebody edited it meanwhile: then it is encrypted with the newest key already
        rotated = again(connection.secrets)
        count += Connection.objects.filter(pk=connection.pk, secrets=connection.secrets).update(secrets=rotated)
    return count + sum(one(again) for one in _rotations.values())


def _cipher() -> MultiFernet:
    configuration: Configuration = settings.CONFIGURATION
    return configuration.cipher()


def _by_any(use: Callable[[MultiFernet], bytes]) -> bytes:
    try:
        return use(_cipher())
    except InvalidToken:
        pass
    try:
        return use(Configuration.from_environment().cipher())
    except InvalidToken:
        raise _no_key() from None


def _no_key() -> ConfigurationError:
    return ConfigurationError(
        "A secret was encrypted with a key that the hub no longer has.",
        hint="Give back the key (TALLYSTICK_SECRET_KEYS or the file secret-keys), or enter the secret again.",
    )
