"""What the hub is told by its environment."""

from __future__ import annotations

import stat
from ipaddress import ip_network
from pathlib import Path

import pytest

from tallystick.errors import ConfigurationError
from tallystick.server.configuration import KEYS_FILE, Configuration, ensure_keys

KEY = "k" * 32
OLD = "o" * 32


def test_defaults_are_one_folder_here(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    found = Configuration.from_environment({})
    assert found.data == tmp_path / "tallystick-data"
    assert found.database_url == f"sqlite:///{tmp_path / 'tallystick-data' / 'hub.db'}"
    assert (found.secret_keys, found.address, found.is_secure, found.is_debug) == ((), "", False, False)
    assert list(tmp_path.iterdir()) == []


def test_every_variable_is_read(tmp_path):
    found = Configuration.from_environment(
        {
            "TALLYSTICK_DATA": str(tmp_path),
            "TALLYSTICK_DATABASE_URL": "postgresql://hub@db/hub",
            "TALLYSTICK_SECRET_KEYS": f"{KEY},{OLD}",
            "TALLYSTICK_ADDRESS": "https://hub.example.org/",
            "TALLYSTICK_HOSTS": "hub.internal, 192.0.2.1",
            "TALLYSTICK_PROXIES": "1",
            "TALLYSTICK_ALLOWED_NETWORKS": "10.1.2.3/8,fd00::/8",
            "TALLYSTICK_OIDC_ISSUER": "https://id.example.org/",
            "TALLYSTICK_OIDC_CLIENT_ID": "hub",
            "TALLYSTICK_OIDC_CLIENT_SECRET": "s",
            "TALLYSTICK_OIDC_ROLE": "agent",
            "TALLYSTICK_DEBUG": "on",
        }
    )
    assert found.database_url == "postgresql://hub@db/hub"
    assert found.secret_keys == (KEY, OLD)
    assert (found.address, found.is_secure) == ("https://hub.example.org", True)
    assert (found.hosts, found.proxies) == (("hub.internal", "192.0.2.1"), 1)
    assert found.allowed_networks == (ip_network("10.0.0.0/8"), ip_network("fd00::/8"))
    assert found.sign_in_service is not None
    assert (found.sign_in_service.issuer, found.sign_in_service.name) == ("https://id.example.org", "id.example.org")
    assert found.is_debug


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("TALLYSTICK_SECRET_KEYS", "short", "shorter than 32"),
        ("TALLYSTICK_SECRET_KEYS", " , ", "shorter than 32"),
        ("TALLYSTICK_ADDRESS", "hub.example.org", "not an address"),
        ("TALLYSTICK_ADDRESS", "https://hub.example.org/sub", "not an address"),
        ("TALLYSTICK_ADDRESS", "ftp://hub.example.org", "not an address"),
        ("TALLYSTICK_ADDRESS", "http://hub:99999", "not an address"),
        ("TALLYSTICK_PROXIES", "-1", "not a small whole number"),
        ("TALLYSTICK_MAIL_ADDRESS", "desk@example.org", "handed over"),
        ("TALLYSTICK_MAIL_LISTEN", "127.0.0.1:2525", "help desk come to"),
        ("TALLYSTICK_PROXIES", "many", "not a small whole number"),
        ("TALLYSTICK_ALLOWED_NETWORKS", "intranet", "not a network"),
        ("TALLYSTICK_OIDC_ISSUER", "https://id.example.org", "TALLYSTICK_OIDC_CLIENT_ID"),
        ("TALLYSTICK_DEBUG", "maybe", "neither on nor off"),
    ],
)
def test_wrong_value_is_refused_by_name_and_never_repeated(name, value, said):
    with pytest.raises(ConfigurationError, match=said) as refused:
        Configuration.from_environment({name: value})
    assert refused.value.hint
    if name == "TALLYSTICK_SECRET_KEYS":
        assert "short," not in str(refused.value)


def test_mail_server_is_read_with_its_security_and_never_shown(tmp_path):
    given = {
        "TALLYSTICK_DATA": str(tmp_path),
        "TALLYSTICK_MAIL_SERVER": "smtp+starttls://desk:p%40ss@mail.example.org",
        "TALLYSTICK_MAIL_FROM": "Service desk <desk@example.org>",
    }
    mail = Configuration.from_environment(given).mail
    assert mail is not None
    assert (mail.host, mail.port, mail.security, mail.user) == ("mail.example.org", 587, "starttls", "desk")
    assert mail.password == "p@ss"
    assert "p@ss" not in repr(mail)
    assert Configuration.from_environment({"TALLYSTICK_DATA": str(tmp_path)}).mail is None


@pytest.mark.parametrize(
    ("server", "sender", "said"),
    [
        ("mail.example.org", "desk@example.org", "TALLYSTICK_MAIL_SERVER"),
        ("http://mail.example.org", "desk@example.org", "TALLYSTICK_MAIL_SERVER"),
        ("smtp://mail.example.org:x", "desk@example.org", "TALLYSTICK_MAIL_SERVER"),
        ("smtp://mail.example.org", "", "TALLYSTICK_MAIL_FROM"),
    ],
)
def test_wrong_mail_server_is_refused_by_name(tmp_path, server, sender, said):
    given = {"TALLYSTICK_MAIL_SERVER": server, "TALLYSTICK_MAIL_FROM": sender, "TALLYSTICK_DATA": str(tmp_path)}
    with pytest.raises(ConfigurationError, match=said):
        Configuration.from_environment(given)


def test_keys_file_is_made_once_for_its_owner_alone(tmp_path):
    ensure_keys(tmp_path, {})
    made = (tmp_path / KEYS_FILE).read_text("ascii")
    ensure_keys(tmp_path, {})
    assert (tmp_path / KEYS_FILE).read_text("ascii") == made
    assert stat.S_IMODE((tmp_path / KEYS_FILE).stat().st_mode) == 0o600
    assert Configuration.from_environment({"TALLYSTICK_DATA": str(tmp_path)}).secret_keys == (made.strip(),)


def test_keys_file_is_not_made_beside_keys_of_the_environment(tmp_path):
    ensure_keys(tmp_path, {"TALLYSTICK_SECRET_KEYS": KEY})
    assert list(tmp_path.iterdir()) == []


def test_damaged_keys_file_is_told(tmp_path):
    (tmp_path / KEYS_FILE).write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigurationError, match="cannot be read"):
        Configuration.from_environment({"TALLYSTICK_DATA": str(tmp_path)})


def _with_keys(keys: str, data: Path) -> Configuration:
    return Configuration.from_environment({"TALLYSTICK_DATA": str(data), "TALLYSTICK_SECRET_KEYS": keys})


def test_rotated_key_still_reads_and_new_secrets_use_the_new_one(tmp_path):
    secret = _with_keys(OLD, tmp_path).cipher().encrypt(b"password of the CRM")
    rotated = _with_keys(f"{KEY},{OLD}", tmp_path).cipher()
    assert rotated.decrypt(secret) == b"password of the CRM"
    again = rotated.rotate(secret)
    assert _with_keys(KEY, tmp_path).cipher().decrypt(again) == b"password of the CRM"


def test_cipher_without_keys_says_where_they_should_be(tmp_path):
    with pytest.raises(ConfigurationError, match="no secret keys"):
        Configuration.from_environment({"TALLYSTICK_DATA": str(tmp_path)}).cipher()


def test_signing_key_is_not_the_encrypting_one(tmp_path):
    found = _with_keys(f"{KEY},{OLD}", tmp_path)
    assert len(set(found.signing_keys())) == 2
    assert not any(KEY in key or OLD in key for key in found.signing_keys())


def test_place_for_emails_is_read(tmp_path):
    given = {
        "TALLYSTICK_DATA": str(tmp_path),
        "TALLYSTICK_MAIL_ADDRESS": "desk@example.org",
        "TALLYSTICK_MAIL_LISTEN": "[::1]:2525",
    }
    place = Configuration.from_environment(given).mail_intake
    assert place is not None
    assert (place.address, place.host, place.port) == ("desk@example.org", "::1", 2525)
    assert Configuration.from_environment({"TALLYSTICK_DATA": str(tmp_path)}).mail_intake is None


def test_certificate_for_emails_is_read(tmp_path):
    given = {
        "TALLYSTICK_DATA": str(tmp_path),
        "TALLYSTICK_MAIL_ADDRESS": "desk@example.org",
        "TALLYSTICK_MAIL_LISTEN": "127.0.0.1:2525",
        "TALLYSTICK_MAIL_KEY": "/etc/key.pem",
    }
    with pytest.raises(ConfigurationError, match="the key of no certificate"):
        Configuration.from_environment(given)
    place = Configuration.from_environment({**given, "TALLYSTICK_MAIL_CERTIFICATE": "/etc/chain.pem"}).mail_intake
    assert place is not None
    assert (place.certificate, place.key) == (Path("/etc/chain.pem"), Path("/etc/key.pem"))


@pytest.mark.parametrize("address", ["desk", "de+sk@example.org", "a" * 31 + "@example.org", "Desk <desk@example.org>"])
def test_address_that_answers_could_not_come_to_is_refused(tmp_path, address):
    given = {"TALLYSTICK_MAIL_ADDRESS": address, "TALLYSTICK_MAIL_LISTEN": "127.0.0.1:25"}
    with pytest.raises(ConfigurationError, match="TALLYSTICK_MAIL_ADDRESS"):
        Configuration.from_environment({**given, "TALLYSTICK_DATA": str(tmp_path)})
