"""Where connections may go, and what of an address may be shown."""

import ipaddress

import pytest

from tallystick.connectors.http.addresses import allowed_addresses, check_address, check_url, is_same_site, shown
from tallystick.errors import AddressRefused, ConfigurationError

NEVER = [
    "169.254.169.254", "169.254.0.1", "fe80::1", "fe80::1%eth0", "::ffff:169.254.169.254", "fd00:ec2::254",
    "100.100.100.200", "168.63.129.16", "64:ff9b::a9fe:a9fe", "2002:a9fe:a9fe::", "224.0.0.1", "0.0.0.0", "::",
    "240.0.0.1", "ff02::1",
]  # fmt: skip
PRIVATE = ["10.0.0.1", "192.168.1.1", "172.16.0.1", "127.0.0.1", "::1", "fd12::1", "100.64.0.1", "::ffff:10.0.0.1"]
PUBLIC = ["93.184.215.14", "2606:4700::1111"]


@pytest.mark.parametrize("address", NEVER)
@pytest.mark.parametrize("allow_private", [True, False])
def test_metadata_and_link_local_addresses_are_never_connected_to(address, allow_private):
    with pytest.raises(AddressRefused):
        check_address(address, host="h", allow_private=allow_private)


@pytest.mark.parametrize("address", PRIVATE)
def test_private_addresses_are_connected_to_only_when_allowed(address):
    check_address(address, host="h", allow_private=True)
    with pytest.raises(AddressRefused):
        check_address(address, host="h", allow_private=False)


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_are_connected_to(address):
    check_address(address, host="h", allow_private=False)


@pytest.mark.parametrize(
    "url", ["ftp://x/", "file:///etc/passwd", "//x/", "http://", "https://x:99999/", "http://[::1", "x"]
)
def test_address_of_another_kind_is_refused(url):
    with pytest.raises(ConfigurationError):
        check_url(url)


@pytest.mark.parametrize(
    ("url", "text"),
    [
        ("https://ann:secret@x.example:8443/a/b?token=1#f", "https://x.example:8443/a/b"),
        ("https://x.example?token=1", "https://x.example"),
        ("ann:secret@x.example", "x.example"),
    ],
)
def test_what_is_shown_of_an_address_holds_no_secret(url, text):
    assert shown(url) == text


@pytest.mark.parametrize(
    ("url", "other", "is_same"),
    [
        ("https://x.example/a", "https://x.example/b", True),
        ("https://x.example:8443/", "https://x.example/", True),
        ("https://p7-dav.x.example/", "https://dav.x.example/", True),
        ("https://x.example/", "http://x.example/", True),
        ("http://x.example/", "https://x.example/", False),
        ("http://p7.x.example/", "http://x.example/", False),
        ("https://evil.example/", "https://x.example/", False),
        ("https://a.co.uk/", "https://b.co.uk/", False),
        ("https://10.0.0.1/", "https://10.0.0.2/", False),
        ("https://x.example.evil.test/", "https://x.example/", False),
    ],
)
def test_credentials_go_to_the_same_site_only(url, other, is_same):
    assert is_same_site(url, other) is is_same


@pytest.mark.parametrize(("address", "is_taken"), [("10.1.2.3", True), ("10.2.0.1", False), ("::1", True)])
def test_own_network_is_allowed_by_name(address, is_taken):
    networks = (ipaddress.ip_network("10.1.0.0/16"), ipaddress.ip_network("::1/128"))
    if is_taken:
        check_address(address, host="h", allow_private=networks)
        return
    with pytest.raises(AddressRefused, match="inside the own network"):
        check_address(address, host="h", allow_private=networks)


def test_name_is_refused_when_one_of_its_addresses_is(monkeypatch):
    found = [(0, 0, 0, "", (address, 80)) for address in ("93.184.216.34", "127.0.0.1")]
    monkeypatch.setattr("socket.getaddrinfo", lambda *_, **__: found)
    with pytest.raises(AddressRefused, match=r"leads to 127\.0\.0\.1"):
        allowed_addresses("two.example.com", 80, allow_private=())
    assert allowed_addresses("two.example.com", 80, allow_private=True) == ("93.184.216.34", "127.0.0.1")
