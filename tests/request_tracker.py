"""A real Request Tracker 5 for tests: of Debian, as a process of its own on a free port, its database in a folder.

Nothing of the machine's own configuration is touched. `make test-request-tracker` installs the packages.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import httpx
import pytest

SETUP: Final = "/usr/sbin/rt-setup-database-5"
SERVER: Final = "/usr/share/request-tracker5/libexec/rt-server"
STARTS_WITHIN_S: Final = 90
CONFIGURATION: Final = """\
Set($rtname, 'example.org');
Set($Organization, 'example.org');
Set($WebDomain, '127.0.0.1');
Set($WebPort, {port});
Set($WebPath, '');
Set($DatabaseType, 'SQLite');
Set($DatabaseName, '{folder}/rt.db');
Set($MailCommand, 'mbox');
Set($LogToSyslog, undef);
Set($LogToSTDERR, 'warning');
Set($LogToFile, undef);
Set($Timezone, 'UTC');
Set($BcryptCost, 4); # a safe one takes a third of a second of every request
1;
"""
SEED: Final = r"""
@Queues = (map {{ {{ Name => $_, Description => $_ }} }} ('Facilities', 'Network'));
@Users = (
    {{ Name => 'hub', RealName => 'Hub', EmailAddress => 'hub@example.org', Privileged => 1 }},
    {{ Name => 'olga', RealName => 'Olga Agent', EmailAddress => 'olga@example.org', Privileged => 1 }},
);
@CustomFields = (
    (map {{ {{ Name => $_, Type => 'FreeformSingle', Queue => 'Facilities', LookupType => 'RT::Queue-RT::Ticket' }} }}
     ('Work order', 'Work order status', 'Shop', 'Work priority', 'Problem')),
    {{ Name => 'Assets', Type => 'FreeformMultiple', Queue => 'Facilities', LookupType => 'RT::Queue-RT::Ticket' }},
);
my @rights = qw(SeeQueue ShowTicket ShowTicketComments CommentOnTicket ReplyToTicket ModifyTicket SeeCustomField
                ModifyCustomField);
@ACL = (
    map {{
        my $queue = $_;
        (map {{ {{ UserId => 'hub', Queue => $queue, Right => $_ }} }} @rights),
        (map {{ {{ UserId => 'olga', Queue => $queue, Right => $_ }} }} (@rights, 'CreateTicket', 'OwnTicket')),
    }} ('Facilities', 'Network')
);
@Final = (sub {{
    for my $name (qw(hub olga)) {{
        my $user = RT::User->new(RT->SystemUser);
        $user->Load($name);
        my $token = RT::AuthToken->new(RT->SystemUser);
        my ($ok, $told, $text) = $token->Create(Owner => $user->Id, Description => 'tests');
        open my $out, '>', "{folder}/$name.token" or die $!;
        print $out $text;
        close $out;
    }}
}});
1;
"""


class Person:
    """Somebody with a token, over REST2."""

    def __init__(self, url: str, token: str) -> None:
        heads = {"Authorization": f"token {token}"}
        self._client = httpx.Client(base_url=f"{url}/REST/2.0", headers=heads, timeout=30, trust_env=False)

    def ask(self, method: str, path: str, **given: Any) -> Any:
        answer = self._client.request(method, path, **given)
        assert answer.status_code < 300, (answer.status_code, answer.text)
        return answer.json() if answer.content else None

    def ticket(self, number: int) -> dict[str, Any]:
        found: dict[str, Any] = self.ask("GET", f"/ticket/{number}")
        return found

    def field(self, number: int, name: str) -> list[str]:
        return next(one["values"] for one in self.ticket(number)["CustomFields"] if one["name"] == name)

    def make(self, subject: str, content: str = "It is dark.", **given: Any) -> int:
        """A ticket's number."""
        fields = {"Shop": "S1", "Work priority": "1", "Problem": "EL1", **given.pop("CustomFields", {})}
        values = {"Queue": "Facilities", "Subject": subject, "Content": content, "Requestor": "rita@example.com"}
        return int(self.ask("POST", "/ticket", json={**values, "CustomFields": fields, **given})["id"])

    def change(self, number: int, **given: Any) -> list[str]:
        told: list[str] = self.ask("PUT", f"/ticket/{number}", json=given)
        return told

    def comment(self, number: int, text: str, kind: str = "text/plain", **given: Any) -> None:
        self.ask("POST", f"/ticket/{number}/comment", json={"Content": text, "ContentType": kind, **given})

    def reply(self, number: int, text: str) -> None:
        self.ask("POST", f"/ticket/{number}/correspond", json={"Content": text, "ContentType": "text/plain"})

    def said(self, number: int, kind: str = "Comment") -> list[tuple[str, str]]:
        """(by whom, text) of the comments of a ticket, in order."""
        asked = {"fields": "Type,Creator", "per_page": "100"}
        items = self.ask("GET", f"/ticket/{number}/history", params=asked)["items"]
        found = []
        for one in sorted(items, key=lambda item: int(item["id"])):
            if one["Type"] == kind:
                parts = {"fields": "Content,ContentType"}
                texts = self.ask("GET", f"/transaction/{one['id']}/attachments", params=parts)["items"]
                found.append((one["Creator"]["id"], texts[0]["Content"]))
        return found


class RequestTracker:
    """`hub` and `olga` are people; `log` is what the server said."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = int(free.getsockname()[1])
        self.url = f"http://127.0.0.1:{self.port}"
        (folder / "site.d").mkdir()
        (folder / "RT_SiteConfig.pm").write_text(CONFIGURATION.format(port=self.port, folder=folder))
        (folder / "seed.pl").write_text(SEED.format(folder=folder))
        self._set_up("--action", "init")
        self._set_up("--action", "insert", "--datafile", str(folder / "seed.pl"))
        self.hub_token = (folder / "hub.token").read_text()
        self.hub = Person(self.url, self.hub_token)
        self.olga = Person(self.url, (folder / "olga.token").read_text())
        self._process: subprocess.Popen[bytes] | None = None

    def _environment(self) -> dict[str, str]:
        given = {"RT_SITE_CONFIG": str(self.folder / "RT_SiteConfig.pm"), "RT_SITE_CONFIG_DIR": f"{self.folder}/site.d"}
        return {**os.environ, **given}

    def _set_up(self, *words: str) -> None:
        command = [SETUP, *words, "--dba", "", "--skip-create"]
        done = subprocess.run(
            command, env=self._environment(), cwd=self.folder, capture_output=True, text=True, timeout=120, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr

    def start(self) -> None:
        command = [SERVER, "--server", "Starlet", "--host", "127.0.0.1", "--port", str(self.port), "--max-workers", "2"]
        with (self.folder / "server.log").open("ab") as log:
            self._process = subprocess.Popen(
                command, env=self._environment(), cwd=self.folder, stdout=log, stderr=log, start_new_session=True
            )
        patience = time.monotonic() + STARTS_WITHIN_S
        while True:
            try:
                self.hub.ask("GET", "/rt")
                return
            except (httpx.HTTPError, AssertionError, json.JSONDecodeError):
                assert self._process.poll() is None, (self.folder / "server.log").read_text()
                assert time.monotonic() < patience, "Request Tracker did not start."
                time.sleep(0.3)

    def stop(self) -> None:
        """As a power cut would."""
        if self._process is not None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._process = None


@contextmanager
def request_tracker(folder: Path) -> Iterator[RequestTracker]:
    """Skips the test where the packages are not installed."""
    if not Path(SERVER).exists() or shutil.which("rt-setup-database-5", path="/usr/sbin:/usr/bin") is None:
        if os.environ.get("CI"):
            pytest.fail("CI must test with Request Tracker, and there is none: run `make deps-request-tracker`.")
        pytest.skip("Request Tracker is not installed; `make test-request-tracker` says how.")
    server = RequestTracker(folder)
    server.start()
    try:
        yield server
    finally:
        server.stop()
