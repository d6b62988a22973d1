"""Emails handed over encrypted: STARTTLS with a certificate of the hub's own, which may be renewed."""

from __future__ import annotations

import os
import smtplib
import ssl
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from django.db import connection

from tallystick.errors import ConfigurationError
from tallystick.server.configuration import MailIntake
from tallystick.server.demo.inbox import free_port
from tallystick.server.desk.mail import receiver
from tallystick.server.desk.mail.certificate import Certificate
from tallystick.server.desk.models import Email
from tests.server.desk.mail import DESK, RITA, Post


def written(folder: Path, name: str) -> tuple[Path, Path]:
    """The files of a certificate for 127.0.0.1 and of its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.now(tz=UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    certificate, private = folder / "chain.pem", folder / "key.pem"
    certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return certificate, private


def handed_over(place: MailIntake, trusted: Path, post: Post) -> str:
    """The name of the certificate that an email was handed over under."""
    with smtplib.SMTP(place.host, place.port, timeout=200) as server:
        server.starttls(context=ssl.create_default_context(cafile=str(trusted)))
        names = dict(part[0] for part in server.sock.getpeercert()["subject"])
        assert server.sendmail(RITA, [DESK], post.letter().as_bytes()) == {}
    return names["commonName"]


@pytest.mark.django_db(transaction=True)
def test_emails_are_handed_over_encrypted_also_under_a_renewed_certificate(tmp_path, settings):
    certificate, key = written(tmp_path, "first")
    place = MailIntake(address=DESK, host="127.0.0.1", port=free_port(), certificate=certificate, key=key)
    settings.CONFIGURATION = replace(settings.CONFIGURATION, mail_intake=place)
    post = Post()
    with receiver.receiving(place):
        assert handed_over(place, certificate, post) == "first"
        written(tmp_path, "second")
        os.utime(certificate, ns=(1, 1))
        assert handed_over(place, certificate, post) == "second"
        certificate.write_text("spoilt")
        with smtplib.SMTP(place.host, place.port, timeout=200) as server:
            assert server.sendmail(RITA, [DESK], post.letter().as_bytes()) == {}  # and plainly, as before
            assert server.has_extn("starttls")
    assert Email.objects.count() == 3
    if connection.vendor == "sqlite":
        connection.close()


def test_without_a_certificate_nothing_is_offered():
    place = MailIntake(address=DESK, host="127.0.0.1", port=free_port())
    with receiver.receiving(place), smtplib.SMTP(place.host, place.port, timeout=200) as server:
        server.ehlo()
        assert not server.has_extn("starttls")


@pytest.mark.parametrize("spoil", ["missing", "not one", "another's key"])
def test_files_that_do_not_fit_are_said_before_anything_is_taken(tmp_path, spoil):
    certificate, key = written(tmp_path, "first")
    if spoil == "missing":
        certificate.unlink()
    elif spoil == "not one":
        certificate.write_text("spoilt")
    else:
        (tmp_path / "other").mkdir()
        _certificate, key = written(tmp_path / "other", "other")
    with pytest.raises(ConfigurationError, match=r"cannot be taken under the certificate .*chain\.pem: .+\.$"):
        Certificate(certificate, key)
