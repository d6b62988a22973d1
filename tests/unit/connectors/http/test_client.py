"""The HTTP client against servers that misbehave. Rows E28, E30."""

import datetime
import gzip
import ssl
import time

import pytest
import trustme

from tallystick.connectors.http.budget import RateBudget, turns_kept_by
from tallystick.connectors.http.client import HttpClient
from tallystick.connectors.http.errors import AnswerLost, AnswerTooLarge
from tallystick.connectors.http.settings import HttpSettings
from tallystick.errors import AddressRefused, CertificateRefused, ConfigurationError, Throttled, Unreachable
from tallystick.testing.clock import FixedClock
from tallystick.testing.store import MemoryStore
from tests.scripted_server import Reply, scripted


def client(url, **settings):
    return HttpClient(HttpSettings(url=url, **settings), origins=(url,), clock=FixedClock())


def in_turn(*replies):
    left = list(replies)
    return lambda request: left.pop(0) if len(left) > 1 else left[0]


def test_read_is_tried_again_until_it_is_answered_E30():
    with scripted(
        in_turn(Reply(503), Reply(is_lost=True), Reply(429, headers={"Retry-After": "0"}), Reply(body=b"x"))
    ) as server:
        assert client(server.url).read("GET", server.url).body == b"x"
        assert len(server.requests) == 4


def test_read_that_is_always_put_off_says_how_long_E30():
    with scripted(in_turn(Reply(429, headers={"Retry-After": "3600"}))) as server:
        with pytest.raises(Throttled) as caught:
            client(server.url).read("GET", server.url)
        assert caught.value.retry_after_s == 3600
        assert len(server.requests) == 1, "nobody waits an hour in a thread"


def test_retry_after_may_be_a_date():
    with scripted(in_turn(Reply(503, headers={"Retry-After": "Sun, 22 Nov 2026 10:30:00 GMT"}))) as server:
        with pytest.raises(Throttled) as caught:
            client(server.url).read("GET", server.url)
        assert caught.value.retry_after_s == 3600, "the clock stands at 09:30"


def test_only_what_comes_over_a_network_is_asked_for_packed():
    with scripted(in_turn(Reply())) as server:
        for origin in (server.url, "https://dav.example.com/"):
            HttpClient(HttpSettings(url=origin), origins=(origin,), clock=FixedClock()).send("GET", server.url)
        assert [request.headers["Accept-Encoding"] for request in server.requests] == ["identity", "gzip, deflate"]


def test_send_is_sent_once_and_a_lost_answer_says_so_E28():
    with scripted(in_turn(Reply(is_lost=True))) as server:
        with pytest.raises(AnswerLost):
            client(server.url).send("PUT", server.url, body=b"x")
        assert len(server.requests) == 1


def test_answer_that_breaks_off_is_lost_not_short_E1():
    with scripted(in_turn(Reply(body=b"x" * 1000, breaks_off_after=10))) as server, pytest.raises(AnswerLost):
        client(server.url).send("GET", server.url)


def test_answer_too_large_is_not_read_whether_it_says_so_or_not():
    def endless():
        while True:
            yield b"x" * 65536

    for reply in (
        Reply(body=b"x" * 70_000),
        Reply(chunks=endless()),
        Reply(body=gzip.compress(b"x" * 10_000_000), headers={"Content-Encoding": "gzip"}),
    ):
        with scripted(in_turn(reply)) as server, pytest.raises(AnswerTooLarge):
            client(server.url, max_answer_bytes=65536).send("GET", server.url)


def test_answer_that_drips_for_ever_is_given_up():
    def dripping():
        while True:
            time.sleep(0.05)
            yield b"x"

    with scripted(in_turn(Reply(chunks=dripping()))) as server, pytest.raises(AnswerLost, match="too long"):
        client(server.url, total_timeout_s=0.3).send("GET", server.url)


def test_silence_is_given_up():
    with scripted(lambda request: time.sleep(0.6) or Reply()) as server, pytest.raises(AnswerLost, match="in time"):
        client(server.url, read_timeout_s=0.2).send("GET", server.url)


def test_host_that_is_not_there_is_unreachable_E30():
    with scripted(in_turn(Reply())) as server:
        url = server.url
    for address in (url, "http://no-such-host.invalid/"):
        with pytest.raises(Unreachable):
            client(address).send("GET", address)


def test_plain_server_at_a_tls_address_is_told_apart():
    with scripted(in_turn(Reply())) as server, pytest.raises(Unreachable, match="does not speak TLS"):
        client(server.url.replace("http:", "https:")).send("GET", server.url.replace("http:", "https:"))


def test_metadata_service_is_never_asked():
    with pytest.raises(AddressRefused):
        client("http://169.254.169.254/latest/").send("GET", "http://169.254.169.254/latest/")
    with scripted(in_turn(Reply())) as server, pytest.raises(AddressRefused):
        client(server.url, allow_private=False).send("GET", server.url)


def test_redirect_is_handed_on_and_not_followed():
    with scripted(in_turn(Reply(302, headers={"Location": "http://169.254.169.254/"}))) as server:
        assert client(server.url).send("GET", server.url).status == 302


@pytest.fixture(scope="module")
def authority():
    return trustme.CA()


def tls_server(authority, **certificate):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(certificate.pop("name", "127.0.0.1"), **certificate).configure_cert(context)
    return scripted(in_turn(Reply(body=b"safe")), tls=context)


def test_own_authority_is_trusted_when_it_is_named(authority, tmp_path):
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    with tls_server(authority) as server:
        assert client(server.url, ca_file=tmp_path / "ca.pem").send("GET", server.url).body == b"safe"
        with pytest.raises(CertificateRefused, match="ca_file"):
            client(server.url).send("GET", server.url)


def test_expired_certificate_and_one_of_another_host_are_refused_each_with_its_reason(authority, tmp_path):
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    for certificate, reason in (
        ({"not_after": datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)}, "expired"),
        ({"name": "other.example"}, "IP address mismatch"),
    ):
        with tls_server(authority, **certificate) as server, pytest.raises(CertificateRefused, match=reason):
            client(server.url, ca_file=tmp_path / "ca.pem").send("GET", server.url)


def test_certificate_file_that_is_none_is_refused_with_its_name(tmp_path):
    (tmp_path / "not.pem").write_text("hello")
    for name in ("not.pem", "missing.pem"):
        with pytest.raises(ConfigurationError, match=name):
            client("https://x.example/", ca_file=tmp_path / name)


@pytest.mark.parametrize(
    ("settings", "header"),
    [
        ({"username": "ann", "password": "s"}, "Basic YW5uOnM="),
        ({"token": "t0ken"}, "Bearer t0ken"),
        ({}, None),
    ],
)
def test_sign_in_goes_to_the_server_and_to_no_other(settings, header):
    with scripted(in_turn(Reply())) as server, scripted(in_turn(Reply())) as other:
        http = client(server.url, **settings)
        http.send("GET", server.url)
        assert server.requests[0].headers.get("Authorization") == header
        http.send("GET", other.url.replace("127.0.0.1", "localhost"))
        assert "Authorization" not in other.requests[0].headers


def test_digest_sign_in_answers_the_challenge():
    challenge = Reply(401, headers={"WWW-Authenticate": 'Digest realm="r", nonce="n", qop="auth", algorithm=SHA-256'})
    with scripted(in_turn(challenge, Reply(body=b"in"))) as server:
        assert client(server.url, username="ann", password="s", sign_in="digest").send("GET", server.url).body == b"in"
        assert server.requests[1].headers["Authorization"].startswith('Digest username="ann"')


@pytest.mark.parametrize(
    "settings",
    [
        {"url": "https://ann:s@x.example/"},
        {"url": "https://x/", "token": "t", "username": "ann"},
        {"url": "https://x/", "sign_in": "bearer"},
        {"url": "https://x/", "sign_in": "basic"},
        {"url": "https://x/", "no_such_setting": 1},
    ],
)
def test_settings_that_contradict_themselves_are_refused(settings):
    with pytest.raises(ValueError, match=r"url|token|sign_in|no_such_setting"):
        HttpSettings(**settings)


def test_secrets_are_not_shown():
    shown = repr(HttpSettings(url="https://x/", username="ann", password="s3cret"))
    assert "s3cret" not in shown


class Still:
    """Time that passes only by waiting."""

    def __init__(self):
        self.now_s = 100.0

    def monotonic(self):
        return self.now_s

    def sleep(self, seconds):
        self.now_s += seconds


def test_budget_spaces_requests_and_stands_still_while_the_server_asks_for_it_E30():
    pace = Still()
    budget = RateBudget(4, pace=pace)
    for _ in range(9):
        budget.take()
    assert pace.now_s == 102.0
    budget.pause(10)
    budget.take()
    assert pace.now_s == 112.0


def test_budget_is_shared_by_all_that_take_turns_from_one_keeper_E30():
    """As two processes, each with a budget of its own for the same server."""
    budgets = [RateBudget(20, name="server") for _ in range(2)]
    with turns_kept_by(MemoryStore()):
        started_s = time.monotonic()
        for turn in range(20):
            budgets[turn % 2].take()
        assert time.monotonic() - started_s > 0.9
        budgets[0].pause(0.5)
        paused_s = time.monotonic()
        budgets[1].take()
        assert time.monotonic() - paused_s > 0.4


def test_budget_takes_turns_ahead_and_asks_its_keeper_seldom_E30():
    pace, asked = Still(), []

    class Keeper(MemoryStore):
        def take_turns(self, name, count, interval_s):
            asked.append(count)
            return super().take_turns(name, count, interval_s)

    budget = RateBudget(100, name="server", pace=pace)
    with turns_kept_by(Keeper()):
        for _ in range(120):
            budget.take()
    assert asked == [50, 50, 50]


def test_request_is_one_segment_head_and_body_together(monkeypatch):
    import httpcore

    sent = []
    write = httpcore._backends.sync.SyncStream.write
    monkeypatch.setattr(
        httpcore._backends.sync.SyncStream,
        "write",
        lambda self, data, timeout=None: sent.append(data) or write(self, data, timeout),
    )
    with scripted(in_turn(Reply())) as server:
        client(server.url).send("PUT", server.url, body=b"the body")
    assert len(sent) == 1
    assert sent[0].endswith(b"\r\n\r\nthe body")
