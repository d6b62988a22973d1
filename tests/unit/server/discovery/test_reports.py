"""Reports of all protocols in one form, whatever their encoding, and nothing of what must not be kept.

Rows A2, A13; issue 4, "Bad input".
"""

from __future__ import annotations

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tallystick.server.discovery.facts import facts_of, mac_text, uuid_of
from tallystick.server.discovery.protocol import json_reports, xml_reports
from tallystick.server.discovery.protocol.refusal import Refused
from tallystick.server.discovery.protocol.report import Query

SMALL = """<?xml version="1.0" encoding="{encoding}"?>
<REQUEST>
  <CONTENT>
    <HARDWARE><NAME>Büro-Ж1</NAME><UUID>4C4C4544-0034-3010-8048-B6C04F503732</UUID><MEMORY>7800</MEMORY></HARDWARE>
    <BIOS><SSN>640HP72</SSN><SMANUFACTURER>Dell Inc.</SMANUFACTURER><SMODEL>XPS 13</SMODEL></BIOS>
    <ENVS><KEY>PASSWORD</KEY><VAL>hunter2</VAL></ENVS>
    <PROCESSES><CMD>mysql -phunter2</CMD></PROCESSES>
    <SOFTWARES><NAME>gitg</NAME><VERSION>3.32</VERSION></SOFTWARES>
    <SOFTWARES><NAME>vim</NAME></SOFTWARES>
    <VERSIONCLIENT>FusionInventory-Agent_v2.6</VERSIONCLIENT>
  </CONTENT>
  <DEVICEID>pc-2026-11-22-08-51-53</DEVICEID>
  <QUERY>INVENTORY</QUERY>
</REQUEST>
"""


def small(encoding="UTF-8"):
    return SMALL.format(encoding=encoding)


def test_xml_report_is_read_A2():
    report = xml_reports.read(small().encode())
    assert (report.query, report.device_id) == (Query.INVENTORY, "pc-2026-11-22-08-51-53")
    assert report.agent == "FusionInventory-Agent_v2.6"
    facts = facts_of(report)
    assert facts.values["hostname"] == "Büro-Ж1"
    assert facts.values["uuid"] == "4c4c4544-0034-3010-8048-b6c04f503732"
    assert (facts.values["serial_number"], facts.values["manufacturer"]) == ("640HP72", "Dell Inc.")
    assert facts.values["memory_mb"] == 7800
    assert [(one.name, one.version) for one in facts.programs or ()] == [("gitg", "3.32"), ("vim", "")]


def test_environment_and_processes_are_never_kept_A2():
    report = xml_reports.read(small().encode())
    assert sorted(report.sections) == ["bios", "hardware", "softwares"]
    assert "hunter2" not in repr(report)


def test_prolog_is_known_A13():
    prolog = b"<?xml version='1.0'?><REQUEST><DEVICEID>pc-1</DEVICEID><QUERY>PROLOG</QUERY></REQUEST>"
    assert xml_reports.read(prolog).query is Query.PROLOG


@pytest.mark.parametrize(
    ("declared", "sent", "name", "is_told"),
    [
        ("UTF-8", "utf-8", "Büro-Ж1", False),
        ("ISO-8859-1", "utf-8", "Büro-Ж1", False),  # says one thing and sends another
        ("windows-1251", "cp1251", "B?ro-Ж1", False),
        ("UTF-8", "cp1252", "Büro-?1", True),
        ("klingon", "cp1252", "Büro-?1", True),
        ("UTF-16", "utf-16", "Büro-Ж1", False),
    ],
)
def test_wrong_encoding_is_read_all_the_same_A2(declared, sent, name, is_told):
    report = xml_reports.read(small(declared).encode(sent, "replace"))
    assert report.first("hardware")["name"] == name
    assert bool(report.remarks) is is_told


def test_characters_that_are_none_are_left_out_A2():
    text = small().replace("gitg", "g\x00i\x1ft&#0;g&#x1F;&#xFFFE;")
    report = xml_reports.read(text.encode())
    assert report.first("softwares")["name"] == "gitg"


@pytest.mark.parametrize(
    "head",
    [
        '<!DOCTYPE r [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>',
        '<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]>',
        '<!DOCTYPE r SYSTEM "http://example.org/r.dtd">',
    ],
)
def test_document_type_is_refused_whatever_it_declares_A2(head):
    with pytest.raises(Refused, match="document type") as refused:
        xml_reports.read(f"<?xml version='1.0'?>{head}<REQUEST><DEVICEID>&x;</DEVICEID></REQUEST>".encode())
    assert refused.value.status == 400


@pytest.mark.parametrize(
    ("document", "sentence"),
    [
        (small().encode()[:400], "breaks off or is wrong at line"),
        (b"", "breaks off or is wrong"),
        (b"<html><body>Sign in</body></html>", "no REQUEST"),
        (b"<REQUEST><QUERY>INVENTORY</QUERY></REQUEST>", "DEVICEID is missing"),
        (b"\xff\xd8\xff\xe0 not text at all", "neither XML nor JSON"),
        (b"<REQUEST>" + b"<A>" * 50 + b"</A>" * 50 + b"</REQUEST>", "more levels"),
    ],
)
def test_xml_that_is_no_report_is_told_so_A2(document, sentence):
    with pytest.raises(Refused, match=sentence):
        xml_reports.read(document)


@pytest.mark.parametrize(
    ("document", "sentence"),
    [
        (b'{"deviceid": "pc", "content": {', "breaks off or is wrong"),
        (b'{"content": {}}', "deviceid is missing"),
        (b'["deviceid"]', "no inventory"),
        (b"[" * 100_000, "breaks off or is wrong"),
        (b'{"deviceid": null}', "deviceid is missing"),
    ],
)
def test_json_that_is_no_report_is_told_so_A2(document, sentence):
    with pytest.raises(Refused, match=sentence):
        json_reports.read(document)


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(), lambda x: st.lists(x) | st.dictionaries(st.text(), x)
    )
)
def test_json_of_any_content_is_read_or_refused_A2(content):
    sections = {
        "hardware": content,
        "networks": [content],
        "memories": content,
        "softwares": [content],
        "storages": content,
    }
    report = json_reports.read(json.dumps({"deviceid": "pc", "content": sections}).encode())
    facts_of(report)


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused_A2(body):
    for read in (xml_reports.read, json_reports.read):
        with suppress(Refused):
            read(body)


# --- samples


@pytest.fixture
def glpi(samples):
    return lambda name: json_reports.read((samples / "glpi" / name).read_bytes())


def test_glpi_computer_is_read_A2(glpi):
    facts = facts_of(glpi("computer_1.json"))
    values = facts.values
    assert (values["hostname"], values["serial_number"], values["model"]) == ("glpixps", "640HP72", "XPS 13 9350")
    assert (values["manufacturer"], values["subtype"], values["kind"]) == ("Dell Inc.", "LAPTOP", "computer")
    assert values["operating_system"] == "Fedora 31 (Workstation Edition)"
    assert (values["memory_mb"], values["storage_gb"]) == (7800, 256)
    assert facts.remote == {"teamviewer": "123456789"}
    assert [(one.name, one.serial) for one in facts.parts["monitor"]] == [("DJCP6", "ABH55D")]
    assert all(one.size_mb == 4096 for one in facts.parts["memory"])
    assert "00:00:00:00:00:00" not in facts.macs
    assert facts.macs == ("00:e0:4c:68:01:db", "44:85:00:2b:90:bc")
    assert "127.0.0.1" not in facts.ips


def test_glpi_partial_report_is_known_as_one_A2(glpi):
    report = glpi("computer_1_partial_cpu.json")
    assert report.is_partial
    assert facts_of(report).programs is None


def test_glpi_phone_and_printer_are_read_A2(glpi):
    phone, printer = facts_of(glpi("phone_1.json")), facts_of(glpi("printer_1.json"))
    assert (phone.values["kind"], phone.values["subtype"], phone.values["manufacturer"]) == ("phone", "PHONE", "Xiaomi")
    assert (printer.values["kind"], printer.values["subtype"]) == ("printer", "PRINTER")
    assert printer.values["serial_number"]


# --- what is no value


@pytest.mark.parametrize(
    "text", ["", "0" * 32, "FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF", "03000200-0400-0500-0006-000700080009", "x"]
)
def test_junk_uuid_is_none_A23(text):
    assert uuid_of(text) == ""


@pytest.mark.parametrize("text", ["", "00:00:00:00:00:00", "FF-FF-FF-FF-FF-FF", "01:00:5e:00:00:01", "nonsense"])
def test_junk_mac_is_none_A23(text):
    assert mac_text(text) == ""


def test_mac_is_written_one_way_A23():
    assert {mac_text(text) for text in ("AA-BB-CC-DD-EE-0F", "aabb.ccdd.ee0f", "aa:bb:cc:dd:ee:0f")} == {
        "aa:bb:cc:dd:ee:0f"
    }


@pytest.mark.parametrize("serial", ["To be filled by O.E.M.", "0", "N/A", "  ", "Default string", "xxxxxxxx"])
def test_junk_serial_is_none_S2(serial):
    text = small().replace("640HP72", serial)
    assert facts_of(xml_reports.read(text.encode())).values["serial_number"] is None
