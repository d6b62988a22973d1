"""Reports as agents send them, and a key to sign in with."""

from __future__ import annotations

import base64
import zlib
from xml.sax.saxutils import escape

import pytest
from django.test import Client

from tallystick.server.discovery.domain.keys import make_key

NAMES = {"uuid": "HARDWARE UUID", "hostname": "HARDWARE NAME", "serial": "BIOS SSN", "maker": "BIOS SMANUFACTURER"}
NAMES |= {"model": "BIOS SMODEL", "memory": "HARDWARE MEMORY", "user": "HARDWARE LASTLOGGEDUSER"}


def report_of(device="pc-2026-11-22-08-00-00", *, macs=(), software=(), query="INVENTORY", **values):
    """An XML report of a machine."""
    sections = {}
    for name, value in values.items():
        section, field = NAMES[name].split()
        sections.setdefault(section, []).append(f"<{field}>{escape(str(value))}</{field}>")
    rows = [f"<{name}>{''.join(fields)}</{name}>" for name, fields in sections.items()]
    rows += [f"<NETWORKS><DESCRIPTION>eth0</DESCRIPTION><MACADDR>{mac}</MACADDR></NETWORKS>" for mac in macs]
    rows += [f"<SOFTWARES><NAME>{escape(one)}</NAME></SOFTWARES>" for one in software]
    content = f"<CONTENT>{''.join(rows)}<VERSIONCLIENT>Test_1</VERSIONCLIENT></CONTENT>"
    return f"<REQUEST>{content}<DEVICEID>{escape(device)}</DEVICEID><QUERY>{query}</QUERY></REQUEST>".encode()


class Agent:
    """Posts as an agent does."""

    def __init__(self, made):
        self.key = made.key
        pair = base64.b64encode(f"{made.key.user}:{made.password}".encode()).decode()
        self.head = f"Basic {pair}"
        self.client = Client()

    def post(self, body, *, content_type="application/x-compress-zlib", **headers):
        headers.setdefault("HTTP_AUTHORIZATION", self.head)
        return self.client.post("/inventory", body, content_type=content_type, **headers)

    def report(self, device="pc-2026-11-22-08-00-00", **values):
        answer = self.post(zlib.compress(report_of(device, **values)))
        assert answer.status_code == 200, answer.content
        return answer


@pytest.fixture
def agent(actor):
    return Agent(make_key(actor, name="Works", business_unit="US001", frequency_h=12))
