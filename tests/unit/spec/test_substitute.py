"""`${NAME}` and `${secret:name}` are filled in when a system is connected to, and a missing one is named."""

import pytest

from tallystick.errors import ConfigurationError, DocumentErrors
from tallystick.ports.world import Secrets
from tallystick.spec import loads
from tallystick.spec.substitute import resolve


class Kept:
    """Secrets held in memory."""

    def __init__(self, **kept: str) -> None:
        self.kept = kept

    def secret(self, name: str) -> str:
        if name not in self.kept:
            raise ConfigurationError(f"There is no secret {name}.")
        return self.kept[name]


SECRETS: Secrets = Kept(token="s3cr3t", **{"dav-password": "pw"})
ENVIRONMENT = {"HOST": "db.example.com", "EMPTY": "", "TRICK": "${HOST}", "PORT": "5432"}


@pytest.mark.parametrize(
    ("written", "filled"),
    [
        ("plain", "plain"),
        ("${HOST}", "db.example.com"),
        ("postgresql://${HOST}:${PORT}/x", "postgresql://db.example.com:5432/x"),
        ("${EMPTY}", ""),
        ("${TRICK}", "${HOST}"),
        ("${secret:token}", "s3cr3t"),
        ("a-${secret:dav-password}-b", "a-pw-b"),
        ("$${HOST}", "${HOST}"),
        ("$HOST and 5$", "$HOST and 5$"),
        (5, 5),
        (True, True),
        (None, None),
        (["${HOST}", {"deep": "${PORT}"}], ["db.example.com", {"deep": "5432"}]),
    ],
)
def test_resolve_fills_in_variables_and_secrets(written, filled):
    assert resolve({"key": written}, ENVIRONMENT, SECRETS) == {"key": filled}


def test_resolve_leaves_the_settings_as_they_were():
    settings = {"list": ["${HOST}"], "map": {"a": "${PORT}"}}
    resolve(settings, ENVIRONMENT, SECRETS)
    assert settings == {"list": ["${HOST}"], "map": {"a": "${PORT}"}}


def test_resolve_names_every_missing_variable_and_secret_with_its_line():
    loaded = loads(
        "integration: x\nsystems:\n  crm:\n    connector: sql\n    url: ${CRM_URL}\n"
        "    options:\n      - ${secret:gone}\n      - ${HOST}\n",
        "x.yaml",
    )
    settings = loaded.integration.systems["crm"].settings
    with pytest.raises(DocumentErrors) as raised:
        resolve(settings, ENVIRONMENT, SECRETS, source=loaded.source, path=("systems", "crm"))
    assert [(fault.file, fault.line, fault.key, fault.message) for fault in raised.value.faults] == [
        ("x.yaml", 5, "systems.crm.url", "The environment variable CRM_URL is not set."),
        ("x.yaml", 7, "systems.crm.options[0]", "There is no secret gone."),
    ]


def test_resolve_without_a_file_names_the_setting_and_never_a_value():
    with pytest.raises(ConfigurationError) as raised:
        resolve({"url": "${HOST}/${secret:token}/${MISSING}"}, ENVIRONMENT, SECRETS)
    assert str(raised.value) == (
        "url: The environment variable MISSING is not set. Set MISSING in the environment, and start again."
    )


@pytest.mark.parametrize("written", ["${not a name}", "${secret:}", "${}", "a${HOST"])
def test_resolve_refuses_what_names_nothing_and_shows_nothing_of_it(written):
    with pytest.raises(ConfigurationError) as raised:
        resolve({"url": written}, ENVIRONMENT, SECRETS)
    assert str(raised.value) == (
        "url: A `${` here names neither a variable nor a secret. Write ${NAME} or ${secret:name}."
    )
