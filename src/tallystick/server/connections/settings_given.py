"""Settings as people give them (texts of a form, values of a file) into settings as they are kept, secrets apart."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

from django.utils.translation import gettext as _

from tallystick.connectors import settings_model
from tallystick.connectors.declared import Kind, Setting, settings_of
from tallystick.errors import DocumentErrors, InputRefused
from tallystick.spec.parse import parse


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """`plain` is kept as it stands, `secrets` encrypted."""

    plain: dict[str, Any]
    secrets: dict[str, str] = field(repr=False)
    entered: frozenset[str] = frozenset()  # the secrets that were given anew


def taken(connector: str, given: Mapping[str, Any], *, kept: Mapping[str, str] | None = None) -> Given:
    """Judges settings by the connector itself. `kept`: secrets that stay where none are given anew.

    Raises InputRefused with a sentence for each setting that is wrong, ConfigurationError for an unknown connector.
    """
    declared = {setting.name: setting for setting in settings_of(connector)}
    faults: dict[str, str] = {}
    plain: dict[str, Any] = {}
    secrets: dict[str, str] = {}
    for name, value in given.items():
        setting = declared.get(name)
        if setting is None or setting.is_guard:
            if setting is None:
                faults[name] = _("The connector {connector} has no setting {name}.").format(
                    connector=connector, name=name
                )
            continue
        try:
            value = _value(setting, value)
        except ValueError as error:
            faults[name] = str(error)
            continue
        if value is None or value == "":
            continue
        if setting.is_secret:
            secrets[name] = str(value)
        else:
            plain[name] = value
    _part_address(declared, plain, secrets)
    entered = frozenset(secrets)
    for name, value in (kept or {}).items():
        if name in declared and name not in secrets:
            secrets[name] = value
    for name, setting in declared.items():
        if setting.is_required and name not in plain and name not in secrets and name not in faults:
            faults[name] = _("This is needed.")
    if not faults:
        faults = _judged(connector, {**plain, **secrets})
    if faults:
        raise InputRefused(_("The settings are not right yet."), fields=faults)
    return Given(plain=plain, secrets=secrets, entered=entered)


def _value(setting: Setting, value: Any) -> Any:
    """A text of a form as what the setting takes. Raises ValueError with a sentence."""
    if not isinstance(value, str):
        return value
    text = value if setting.is_secret or setting.name == "delimiter" else value.strip()
    if text == "":
        return None
    match setting.kind:
        case Kind.WHOLE:
            try:
                return int(text)
            except ValueError:
                raise ValueError(_("Write a whole number.")) from None
        case Kind.NUMBER:
            try:
                return float(text.replace(",", "."))
            except ValueError:
                raise ValueError(_("Write a number.")) from None
        case Kind.SWITCH:
            return text.lower() in ("1", "true", "yes", "on")
        case Kind.TABLE:
            return _table(text)
    return text


def _table(text: str) -> Any:
    try:
        data = parse(text, "settings").data
    except DocumentErrors as errors:
        fault = errors.faults[0]
        raise ValueError(
            _("Line {line}: {message}").format(line=fault.line, message=f"{fault.message} {fault.hint}".strip())
        ) from None
    if not isinstance(data, dict | list):
        raise ValueError(_("Write `name: value`, one a line."))
    return data


def _part_address(declared: Mapping[str, Setting], plain: dict[str, Any], secrets: dict[str, str]) -> None:
    """Takes user name and password out of an address: what is shown again holds no secret."""
    url = plain.get("url")
    if not isinstance(url, str) or "password" not in declared or "://" not in url:
        return
    try:
        parts = urlsplit(url)
    except ValueError:
        return
    user, at, place = parts.netloc.rpartition("@")
    name, _colon, password = user.partition(":")
    query = parts.query
    pairs = parse_qsl(query, keep_blank_values=True)
    for key, value in pairs:
        if key == "password":
            password = password or quote(value)
    if any(key == "password" for key, _value in pairs):
        query = urlencode([(key, value) for key, value in pairs if key != "password"])
    if password:
        secrets.setdefault("password", unquote(password))
    if "username" in declared:
        if name:
            plain.setdefault("username", unquote(name))
        netloc = place
    else:
        netloc = f"{name}@{place}" if at and name else place
    if (netloc, query) != (parts.netloc, parts.query):
        plain["url"] = f"{url.partition('://')[0]}://{netloc}{parts.path}{'?' if query else ''}{query}"


def _judged(connector: str, settings: Mapping[str, Any]) -> dict[str, str]:
    """What the connector's own model says against them, by setting; never a value: it may be a secret."""
    from pydantic import ValidationError

    try:
        settings_model(connector).model_validate(dict(settings))
    except ValidationError as error:
        found = error.errors(include_url=False, include_context=False, include_input=False)
        faults: dict[str, str] = {}
        for fault in found:
            place = str(fault["loc"][0]) if fault["loc"] else ""
            message = fault["msg"].removeprefix("Value error, ").rstrip(".")
            faults.setdefault(place, f"{message[:1].upper()}{message[1:]}.")
        return faults
    return {}
