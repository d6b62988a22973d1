"""What the hub is told by its environment, read once. Importing this module imports no Django."""

from __future__ import annotations

import base64
import os
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

from cryptography.fernet import Fernet, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from tallystick.errors import ConfigurationError

KEY_LENGTH: Final = 32
"""Characters a secret key has at least."""
KEYS_FILE: Final = "secret-keys"
ON: Final = ("1", "true", "yes", "on")
OFF: Final = ("", "0", "false", "no", "off")
REMOTE_PLACES: Final = ("hostname", "name", "domain", "serial_number", "uuid", "asset_tag", "ip_address", "id")
"""What TALLYSTICK_REMOTE_URL may name of a device; `id` is what the device's own remote control calls it."""
NO_SCHEMES: Final = ("javascript", "data", "vbscript", "file", "about", "blob")


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInService:
    """An OpenID Connect provider people may sign in with."""

    issuer: str
    client_id: str
    client_secret: str
    name: str
    new_people_role: str  # the role of a person who was not known before; empty: such a person is refused


@dataclass(frozen=True, slots=True, kw_only=True)
class MailServer:
    """Takes the hub's emails. `security`: empty, `starttls` or `tls`."""

    host: str
    port: int
    security: str
    user: str
    password: str = field(repr=False)
    sender: str  # like "Service desk <desk@example.org>"


@dataclass(frozen=True, slots=True, kw_only=True)
class MailIntake:
    """Emails to `address` become cases; other mail servers hand them over at `host` and `port`.

    With a certificate they may encrypt what they hand over; `key` is None where it stands in the same file.
    """

    address: str  # like desk@example.org
    host: str
    port: int
    certificate: Path | None = None
    key: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration:
    """`secret_keys`: the newest first; empty when there are none yet. `address` has no slash at its end."""

    data: Path
    database_url: str
    secret_keys: tuple[str, ...]
    address: str
    hosts: tuple[str, ...]  # further names the hub answers to
    proxies: int  # trusted reverse proxies in front of the hub
    allowed_networks: tuple[IPv4Network | IPv6Network, ...]  # private networks that connections may reach
    sign_in_service: SignInService | None
    remote_url: str  # begins remote control of a device, with places like {hostname}; empty: there is none
    is_debug: bool
    mail: MailServer | None = None  # without one, emails wait
    mail_intake: MailIntake | None = None  # without it no emails come in
    inbox: Path | None = None  # of the demo: the folder of the emails that the hub sent

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Configuration:
        """Reads, and makes nothing. Raises ConfigurationError naming the variable."""
        data = Path(environment.get("TALLYSTICK_DATA") or "tallystick-data").absolute()
        return cls(
            data=data,
            database_url=environment.get("TALLYSTICK_DATABASE_URL") or f"sqlite:///{data / 'hub.db'}",
            secret_keys=_keys(environment, data),
            address=_address(environment),
            hosts=_words(environment, "TALLYSTICK_HOSTS"),
            proxies=_count(environment, "TALLYSTICK_PROXIES"),
            allowed_networks=tuple(_network(word) for word in _words(environment, "TALLYSTICK_ALLOWED_NETWORKS")),
            sign_in_service=_sign_in_service(environment),
            remote_url=_remote_url(environment),
            is_debug=_switch(environment, "TALLYSTICK_DEBUG"),
            mail=_mail(environment),
            mail_intake=_mail_intake(environment),
            inbox=Path(folder) if (folder := environment.get("TALLYSTICK_DEMO_INBOX")) else None,
        )

    @property
    def is_secure(self) -> bool:
        """People reach the hub by https."""
        return self.address.startswith("https://")

    def signing_keys(self) -> list[str]:
        """Keys for sessions and links, the newest first. Without secret keys one that lasts as long as the process."""
        return [_derived(key, "signing").decode() for key in self.secret_keys] or [secrets.token_urlsafe(48)]

    def cipher(self) -> MultiFernet:
        """Encrypts with the newest key, reads with all. Raises ConfigurationError when there are no keys."""
        if not self.secret_keys:
            raise ConfigurationError(
                f"There are no secret keys: neither TALLYSTICK_SECRET_KEYS nor the file {self.data / KEYS_FILE}.",
                hint="`tallystick serve` makes the file; a further process needs the same data folder or variable.",
            )
        return MultiFernet([Fernet(_derived(key, "secrets")) for key in self.secret_keys])


def ensure_keys(data: Path, environment: Mapping[str, str] = os.environ) -> None:
    """Makes the file of secret keys where neither it nor TALLYSTICK_SECRET_KEYS is there. Raises OSError."""
    if environment.get("TALLYSTICK_SECRET_KEYS"):
        return
    try:
        handle = os.open(data / KEYS_FILE, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return
    with open(handle, "w", encoding="ascii") as stream:
        stream.write(secrets.token_urlsafe(48) + "\n")


def add_key(data: Path) -> None:
    """Puts a new key before those of the file, which stay. The file is replaced in one step. Raises OSError."""
    kept = (data / KEYS_FILE).read_text("utf-8")
    fresh = data / f"{KEYS_FILE}.new"
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with open(handle, "w", encoding="ascii") as stream:
        stream.write(f"{secrets.token_urlsafe(48)}\n{kept}")
        stream.flush()
        os.fsync(stream.fileno())
    fresh.replace(data / KEYS_FILE)


def _keys(environment: Mapping[str, str], data: Path) -> tuple[str, ...]:
    given = environment.get("TALLYSTICK_SECRET_KEYS", "")
    place = "TALLYSTICK_SECRET_KEYS"
    if not given:
        place = str(data / KEYS_FILE)
        try:
            given = (data / KEYS_FILE).read_text("utf-8")
        except (FileNotFoundError, NotADirectoryError):  # the folder is judged by who makes it
            return ()
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigurationError(
                f"The secret keys in {place} cannot be read: {error}.", hint="Give the file back its owner and content."
            ) from error
    keys = tuple(given.replace(",", " ").split())
    if not keys or any(len(key) < KEY_LENGTH for key in keys):
        raise ConfigurationError(
            f"A secret key in {place} is shorter than {KEY_LENGTH} characters.",
            hint="Make one with `openssl rand -hex 32`; several are separated by commas, the newest first.",
        )
    return keys


def _derived(key: str, purpose: str) -> bytes:
    """One key for each purpose, so that what signs cannot decrypt."""
    raw = HKDF(algorithm=SHA256(), length=32, salt=None, info=f"tallystick {purpose}".encode()).derive(key.encode())
    return base64.urlsafe_b64encode(raw)


def _address(environment: Mapping[str, str]) -> str:
    given = environment.get("TALLYSTICK_ADDRESS", "").rstrip("/")
    if not given:
        return ""
    try:
        parts = urlsplit(given)
        is_right = parts.scheme in ("http", "https") and bool(parts.hostname) and not parts.path and parts.port != 0
    except ValueError:
        is_right = False
    if not is_right:
        raise ConfigurationError(
            "TALLYSTICK_ADDRESS is not an address people can open.", hint="Write https://hub.example.org, no path."
        )
    return given


def _sign_in_service(environment: Mapping[str, str]) -> SignInService | None:
    issuer = environment.get("TALLYSTICK_OIDC_ISSUER", "").rstrip("/")
    if not issuer:
        return None
    client_id = environment.get("TALLYSTICK_OIDC_CLIENT_ID", "")
    client_secret = environment.get("TALLYSTICK_OIDC_CLIENT_SECRET", "")
    if not client_id or not client_secret:
        raise ConfigurationError(
            "TALLYSTICK_OIDC_ISSUER is set, TALLYSTICK_OIDC_CLIENT_ID or TALLYSTICK_OIDC_CLIENT_SECRET is not.",
            hint="Register the hub with the provider and set all three.",
        )
    return SignInService(
        issuer=issuer,
        client_id=client_id,
        client_secret=client_secret,
        name=environment.get("TALLYSTICK_OIDC_NAME") or urlsplit(issuer).hostname or issuer,
        new_people_role=environment.get("TALLYSTICK_OIDC_ROLE", ""),
    )


def _remote_url(environment: Mapping[str, str]) -> str:
    given = environment.get("TALLYSTICK_REMOTE_URL", "").strip()
    if not given:
        return ""
    scheme, colon, rest = given.partition(":")
    is_scheme = re.fullmatch(r"[a-z][a-z0-9+.-]*", scheme, re.ASCII) is not None and scheme not in NO_SCHEMES
    unknown = [place for place in re.findall(r"\{([^{}]*)\}", given) if place not in REMOTE_PLACES]
    if not colon or not rest or not is_scheme or unknown:
        raise ConfigurationError(
            "TALLYSTICK_REMOTE_URL is no address that remote control could begin with.",
            hint="Write https://remote.example.org/?host={hostname} or rustdesk://{hostname}; the places are "
            f"{', '.join(REMOTE_PLACES)}.",
        )
    return given


_MAIL: Final = {"smtp": ("", 25), "smtp+starttls": ("starttls", 587), "smtps": ("tls", 465)}


def _mail(environment: Mapping[str, str]) -> MailServer | None:
    given = environment.get("TALLYSTICK_MAIL_SERVER", "")
    if not given:
        return None
    try:
        parts = urlsplit(given)
        security, port = _MAIL[parts.scheme]
        host, port = parts.hostname or "", parts.port or port
    except (KeyError, ValueError):
        host = ""
    if not host:
        raise ConfigurationError(
            "TALLYSTICK_MAIL_SERVER is not the address of a mail server.",
            hint="Write smtp+starttls://user:password@mail.example.org, smtps://... or smtp://localhost:25.",
        )
    sender = environment.get("TALLYSTICK_MAIL_FROM", "")
    if "@" not in sender or not sender.isprintable():
        raise ConfigurationError(
            "TALLYSTICK_MAIL_SERVER is set, and TALLYSTICK_MAIL_FROM is not an email address.",
            hint="Write the sender of the hub's emails: TALLYSTICK_MAIL_FROM='Service desk <desk@example.org>'.",
        )
    return MailServer(
        host=host,
        port=port,
        security=security,
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        sender=sender,
    )


def _mail_intake(environment: Mapping[str, str]) -> MailIntake | None:
    address, listen = environment.get("TALLYSTICK_MAIL_ADDRESS", ""), environment.get("TALLYSTICK_MAIL_LISTEN", "")
    if not address and not listen:
        return None
    local, at, domain = address.partition("@")
    if not re.fullmatch(r"[A-Za-z0-9._-]{1,30}", local) or not at or not re.fullmatch(r"[A-Za-z0-9.-]{1,253}", domain):
        raise ConfigurationError(
            "TALLYSTICK_MAIL_ADDRESS is not the address that emails of the help desk come to.",
            hint="Write TALLYSTICK_MAIL_ADDRESS=desk@example.org, 30 characters without a + before the @.",
        )
    try:
        parts = urlsplit(f"//{listen}")
        host, port = parts.hostname or "", parts.port or 0
    except ValueError:
        host, port = "", 0
    if not host or not port:
        raise ConfigurationError(
            "TALLYSTICK_MAIL_LISTEN does not say where emails are handed over.",
            hint="Write an address of this machine and a port: TALLYSTICK_MAIL_LISTEN=127.0.0.1:2525.",
        )
    certificate, key = environment.get("TALLYSTICK_MAIL_CERTIFICATE", ""), environment.get("TALLYSTICK_MAIL_KEY", "")
    if key and not certificate:
        raise ConfigurationError(
            "TALLYSTICK_MAIL_KEY is the key of no certificate.",
            hint="Write the file of the certificate in TALLYSTICK_MAIL_CERTIFICATE as well.",
        )
    return MailIntake(
        address=address,
        host=host,
        port=port,
        certificate=Path(certificate) if certificate else None,
        key=Path(key) if key else None,
    )


def _network(word: str) -> IPv4Network | IPv6Network:
    try:
        return ip_network(word, strict=False)
    except ValueError:
        raise ConfigurationError(
            f"TALLYSTICK_ALLOWED_NETWORKS holds {word!r}, which is not a network.",
            hint="Write networks like 10.0.0.0/8, separated by commas.",
        ) from None


def _words(environment: Mapping[str, str], name: str) -> tuple[str, ...]:
    return tuple(environment.get(name, "").replace(",", " ").split())


def _count(environment: Mapping[str, str], name: str) -> int:
    given = environment.get(name) or "0"
    if not given.isdecimal() or len(given) > 3:
        raise ConfigurationError(f"{name} is not a small whole number.", hint=f"Write {name}=1, for instance.")
    return int(given)


def _switch(environment: Mapping[str, str], name: str) -> bool:
    given = environment.get(name, "").strip().lower()
    if given not in ON + OFF:
        raise ConfigurationError(f"{name} is neither on nor off.", hint=f"Write {name}=on, or leave it away.")
    return given in ON
