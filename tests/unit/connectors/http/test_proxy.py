"""Proxies of the setting and of the environment; the guard looks at the address behind them."""

import base64
import contextlib
import socket
import socketserver
import ssl
import threading

import pytest
import trustme

from tallystick.connectors.http.client import HttpClient
from tallystick.connectors.http.proxy import Proxies
from tallystick.connectors.http.settings import HttpSettings
from tallystick.errors import AddressRefused, ConfigurationError, Unreachable
from tallystick.testing.clock import FixedClock
from tests.scripted_server import Reply, scripted

VARIABLES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch):
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@contextlib.contextmanager
def tunnels(answer=b"HTTP/1.1 200 Connection established\r\nVia: x\r\n\r\n"):
    """A proxy that connects to what it is asked for; the heads of what it was asked."""
    heads = []

    class Handler(socketserver.BaseRequestHandler):
        def handle(self):
            head = b""
            while not head.endswith(b"\r\n\r\n"):
                head += self.request.recv(1)
            heads.append(head.decode())
            self.request.sendall(answer)
            if b" 200 " not in answer:
                return
            host, _, port = head.split()[1].decode().rpartition(":")
            with socket.create_connection((host.strip("[]"), int(port))) as there:
                threading.Thread(target=copy, args=(there, self.request), daemon=True).start()
                copy(self.request, there)

    def copy(source, target):
        with contextlib.suppress(OSError):
            while octets := source.recv(65536):
                target.sendall(octets)

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield server.server_address[1], heads
        server.shutdown()


@contextlib.contextmanager
def client(url, **settings):
    opened = HttpClient(HttpSettings(url=url, attempts=1, **settings), origins=(url,), clock=FixedClock())
    yield opened
    opened.close()


@pytest.fixture
def name(monkeypatch):
    """A name of this machine that does not look like it."""
    usual = socket.getaddrinfo
    monkeypatch.setattr(
        socket, "getaddrinfo", lambda host, *more, **others: usual(NAMES.get(host, host), *more, **others)
    )
    return "dav.example.com"


NAMES = {"dav.example.com": "127.0.0.1", "metadata.example.com": "169.254.169.254", "10.example.com": "10.1.2.3"}


def test_proxy_of_the_setting_is_asked_for_the_address_that_was_checked(name):
    with tunnels() as (port, heads), scripted(lambda request: Reply(body=b"x")) as server:
        url = server.url.replace("127.0.0.1", name)
        with client(url, proxy=f"http://127.0.0.1:{port}") as http:
            assert [http.read("GET", url).body for _ in range(2)] == [b"x", b"x"]
        (head,) = heads
        place = server.url.partition("://")[2].rstrip("/")
        assert head.splitlines()[:2] == [f"CONNECT {place} HTTP/1.1", f"Host: {place}"]
        assert server.requests[0].headers["Host"] == place.replace("127.0.0.1", name)


def test_certificate_behind_a_proxy_is_that_of_the_server(name, tmp_path):
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(context)
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    with tunnels() as (port, heads), scripted(lambda request: Reply(body=b"x"), tls=context) as server:
        url = server.url.replace("127.0.0.1", name)
        with client(url, proxy=f"http://127.0.0.1:{port}", ca_file=tmp_path / "ca.pem") as http:
            assert http.read("GET", url).body == b"x"
    assert len(heads) == 1


def test_proxy_of_the_environment_is_used_with_its_password_except_for_what_it_excepts(name, monkeypatch):
    with tunnels() as (port, heads), scripted(lambda request: Reply(body=b"x")) as server:
        url = server.url.replace("127.0.0.1", name)
        monkeypatch.setenv("HTTP_PROXY", f"http://ann:s%40cret@127.0.0.1:{port}")
        for address, settings in ((url, {}), (server.url, {}), (url, {"proxy": "direct"})):
            with client(address, **settings) as http:
                assert http.read("GET", address).body == b"x"
        monkeypatch.setenv("NO_PROXY", "localhost,.example.com")
        with client(url) as http:
            assert http.read("GET", url).body == b"x"
    (head,) = heads
    signed = base64.b64encode(b"ann:s@cret").decode()
    assert f"Proxy-Authorization: Basic {signed}\r\n" in head


@pytest.mark.parametrize("target", ["metadata.example.com", "169.254.169.254", "10.example.com"])
def test_guard_holds_for_what_is_behind_a_proxy(name, monkeypatch, target):
    with tunnels() as (port, heads):
        monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{port}")
        url = f"http://{target}/"
        with client(url, allow_private=target != "10.example.com") as http, pytest.raises(AddressRefused):
            http.read("GET", url)
    assert not heads


def test_guard_holds_for_a_proxy_of_the_setting_but_not_of_the_environment(name, monkeypatch):
    with tunnels(b"HTTP/1.1 403 No\r\n\r\n") as (port, heads):
        url, proxy = "http://93.184.215.14/", f"http://127.0.0.1:{port}"
        with client(url, allow_private=False, proxy=proxy) as http, pytest.raises(AddressRefused, match="the proxy"):
            http.read("GET", url)
        assert not heads
        monkeypatch.setenv("HTTP_PROXY", proxy)
        with client(url, allow_private=False) as http, pytest.raises(Unreachable, match="does not permit it"):
            http.read("GET", url)
        assert len(heads) == 1


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (b"HTTP/1.1 407 Sign in\r\n\r\n", "asks for a user name and password"),
        (b"HTTP/1.1 502 Bad\r\n\r\n", "status 502"),
        (b"SSH-2.0-OpenSSH\r\n\r\n", "something else than HTTP"),
        (b"", "something else than HTTP"),
    ],
)
def test_proxy_that_does_not_connect_says_why_and_nothing_was_sent(answer, words):
    with tunnels(answer) as (port, _), scripted(lambda request: Reply()) as server:
        with (
            client(server.url, proxy=f"http://127.0.0.1:{port}") as http,
            pytest.raises(Unreachable, match=rf"the proxy 127.0.0.1:{port} does not connect to it: .*{words}"),
        ):
            http.send("PUT", server.url, body=b"x")
        assert not server.requests


def test_proxy_that_is_not_there_is_named():
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        proxy = f"127.0.0.1:{unused.getsockname()[1]}"
        with (
            client("http://127.0.0.1:9/", proxy=f"http://{proxy}") as http,
            pytest.raises(Unreachable, match=f"the proxy {proxy} cannot be reached"),
        ):
            http.read("GET", "http://127.0.0.1:9/")


@pytest.mark.parametrize(
    "text", ["socks5://proxy:1080", "proxy:3128", "http://:3128", "http://proxy:x", "http://proxy:0"]
)
def test_proxy_that_is_none_is_refused_without_its_address_being_told(text):
    with pytest.raises(ConfigurationError) as caught:
        Proxies(text, scheme="https")
    assert text not in str(caught.value)


@pytest.mark.parametrize(
    ("environment", "scheme", "port"),
    [
        ({"HTTPS_PROXY": "http://p:1", "HTTP_PROXY": "http://p:2"}, "https", 1),
        ({"HTTPS_PROXY": "http://p:1", "HTTP_PROXY": "http://p:2"}, "http", 2),
        ({"https_proxy": "p:1"}, "https", 1),
        ({"ALL_PROXY": "http://p"}, "https", 80),
        ({"HTTP_PROXY": "http://p:2", "REQUEST_METHOD": "GET"}, "http", None),
        ({"HTTP_PROXY": "http://p:2"}, "https", None),
        ({"HTTPS_PROXY": "http://p:1", "NO_PROXY": "*"}, "https", None),
        ({"HTTPS_PROXY": "http://p:1", "no_proxy": "example.com"}, "https", None),
        ({"HTTPS_PROXY": ""}, "https", None),
    ],
)
def test_environment_names_the_proxy_in_the_usual_variables(environment, scheme, port):
    proxy = Proxies(None, scheme=scheme, environment=environment).lead_to("dav.example.com", 443)
    assert (proxy.port if proxy else None) == port


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "::1"])
def test_environment_names_no_proxy_to_this_machine(host):
    assert Proxies(None, scheme="https", environment={"ALL_PROXY": "http://p:1"}).lead_to(host, 80) is None
