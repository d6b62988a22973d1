"""A report becomes what is known of a device: in one transaction, and twice the same changes nothing more.

A report that tells nothing new touches one row: when it was seen. Source: spec/assets.md A2; issue 4.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import orjson
from django.db import transaction

from tallystick.model.value import Value
from tallystick.model.write import Result
from tallystick.runs.world import TimeIds
from tallystick.server.discovery.domain import recognising
from tallystick.server.discovery.domain.recognising import Marks
from tallystick.server.discovery.facts import Facts, PartFound, Program, facts_of
from tallystick.server.discovery.kinds import DEVICE
from tallystick.server.discovery.models import AgentKey, Device, DeviceKey, Installed, KeyKind, Part, Sighting, Software
from tallystick.server.discovery.protocol.refusal import Refused
from tallystick.server.discovery.protocol.report import Report
from tallystick.server.records.domain.steps import Author, Doing, Step
from tallystick.server.records.domain.tables import Place
from tallystick.server.records.domain.write import carry_out
from tallystick.server.records.queries import HUB
from tallystick.server.records.values import list_of

MOST_AGENT_IDS: Final = 10
"""How many ids of its agent a device is known by: those of an agent that changes it daily are not kept for ever."""
_IDS: Final = TimeIds()
_AT_ONCE: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """`changed`: the sections that were not as before, "device" for its own fields."""

    device: str
    is_new: bool
    recognised_by: str
    changed: tuple[str, ...]


def keep(report: Report, key: AgentKey, now: datetime, *, address: str = "") -> Kept:
    """Raises Refused for a report about nothing that is known."""
    facts = facts_of(report)
    marks = recognising.marks_of(report.device_id, facts)
    with transaction.atomic(using=HUB):
        device, by = recognising.recognise(marks)
        if not device and report.is_partial:
            raise Refused(409, "send_all", "The device is not known yet: send a full inventory first.")
        sighting = Sighting.objects.select_for_update().filter(pk=device).first() if device else None
        digests = _digests(report, facts, key)
        before: Mapping[str, str] = sighting.digests if sighting is not None else {}
        changed = tuple(name for name, digest in digests.items() if before.get(name) != digest)
        is_new_day = sighting is None or sighting.last_seen_at.date() != now.date()
        is_gone = bool(device) and Device.objects.filter(pk=device, gone_at__isnull=False).exists()
        if "device" in changed or is_new_day or is_gone:
            device = _write_device(device, report, facts, key, now, is_gone=is_gone)
        if "device" in changed or sighting is None or not _has_agent(device, marks):
            _write_keys(device, marks, now, is_partial=report.is_partial)
        _write_contents(device, facts, changed, now)
        _see(device, sighting, key, now, {**before, **digests}, by, report, address)
    return Kept(device=device, is_new=sighting is None, recognised_by=by, changed=changed)


def _write_device(device: str, report: Report, facts: Facts, key: AgentKey, now: datetime, *, is_gone: bool) -> str:
    values = _values(report, facts, key)
    values["last_seen_on"] = now.date().isoformat()
    if not device:
        values |= {"first_seen_on": values["last_seen_on"]}
    doing = Doing.RESTORE if is_gone else Doing.UPDATE if device else Doing.CREATE
    (done,) = carry_out(
        DEVICE,
        [Step(doing=doing, id=device or None, values=values)],
        Author(by=key.name, via="inventory"),
        Place(using=HUB, now=now),
        new_id=_IDS.new,
    )
    if done.result is not Result.DONE or done.id is None:
        raise Refused(422, "refused", f"The device was not kept: {done.message}")
    return done.id


def _values(report: Report, facts: Facts, key: AgentKey) -> dict[str, Value]:
    """Fields of the device; what the report says nothing of is left as it is."""
    found: dict[str, Value] = {}
    for name, value in facts.values.items():
        if value is not None:
            text = str(value)
            found[name] = text[: DEVICE.fields[name].limit or None] if isinstance(value, str) else text
    found["name"] = found.get("hostname") or report.device_id[:150]
    if facts.macs:
        found["mac_addresses"] = list_of(facts.macs[:100])
    if facts.ips:
        found["ip_addresses"] = list_of(facts.ips[:100])
    if facts.remote:
        found["remote_ids"] = orjson.dumps(facts.remote, option=orjson.OPT_SORT_KEYS).decode()
    found["device_id"] = report.device_id
    if report.agent:
        found["agent"] = report.agent[:100]
    if report.tag:
        found["tag"] = report.tag
    if key.business_unit:
        found["business_unit"] = key.business_unit
    return found


# --- what a device is recognised by


def _has_agent(device: str, marks: Marks) -> bool:
    return DeviceKey.objects.filter(device=device, kind=KeyKind.AGENT, value=marks.agent).exists()


def _write_keys(device: str, marks: Marks, now: datetime, *, is_partial: bool) -> None:
    """The machine's keys are those of the last full report; of its agent's ids the last few are kept."""
    kept = DeviceKey.objects.filter(device=device)
    machine = [(kind, value) for kind, value in marks.pairs() if kind != KeyKind.AGENT]
    if not is_partial:
        known = set(kept.exclude(kind=KeyKind.AGENT).values_list("kind", "value"))
        for kind, value in known - set(machine):
            kept.filter(kind=kind, value=value).delete()
        fresh = [one for one in machine if one not in known]
        DeviceKey.objects.bulk_create([DeviceKey(device_id=device, kind=k, value=v, seen_at=now) for k, v in fresh])
    if DeviceKey.objects.filter(kind=KeyKind.AGENT, value=marks.agent).exclude(device=device).exists():
        return  # a copied disk: the id stays with the machine that had it first
    DeviceKey.objects.update_or_create(
        kind=KeyKind.AGENT, value=marks.agent, defaults={"device_id": device, "seen_at": now}
    )
    old = kept.filter(kind=KeyKind.AGENT).order_by("-seen_at", "-pk").values_list("pk", flat=True)[MOST_AGENT_IDS:]
    DeviceKey.objects.filter(pk__in=list(old)).delete()


# --- what is in a device


def _write_contents(device: str, facts: Facts, changed: Sequence[str], now: datetime) -> None:
    for kind in changed:
        if kind in facts.parts:
            _write_parts(device, kind, facts.parts[kind])
    if "software" in changed and facts.programs is not None:
        _write_programs(device, facts.programs, now)


def _write_parts(device: str, kind: str, parts: Sequence[PartFound]) -> None:
    Part.objects.filter(device=device, kind=kind).delete()
    Part.objects.bulk_create(
        Part(
            device_id=device,
            kind=kind,
            place=place,
            name=part.name,
            maker=part.maker,
            serial=part.serial,
            size_mb=part.size_mb,
            details=dict(part.details),
        )
        for place, part in enumerate(parts)
    )


def _write_programs(device: str, programs: Sequence[Program], now: datetime) -> None:
    """Only what came and went: a device has hundreds, and one is updated."""
    wanted = {_mark(program): program for program in programs}
    ids: dict[str, int] = {}
    marks = list(wanted)
    for start in range(0, len(marks), _AT_ONCE):
        part = marks[start : start + _AT_ONCE]
        ids |= dict(Software.objects.filter(mark__in=part).values_list("mark", "pk"))
        if missing := [mark for mark in part if mark not in ids]:
            rows = [
                Software(mark=m, name=wanted[m].name, publisher=wanted[m].publisher, version=wanted[m].version)
                for m in missing
            ]
            Software.objects.bulk_create(rows, ignore_conflicts=True)
            ids |= dict(Software.objects.filter(mark__in=missing).values_list("mark", "pk"))
    there = set(Installed.objects.filter(device=device).values_list("software", flat=True))
    gone = list(there - set(ids.values()))
    for start in range(0, len(gone), _AT_ONCE):
        Installed.objects.filter(device=device, software__in=gone[start : start + _AT_ONCE]).delete()
    fresh = sorted(set(ids.values()) - there)
    Installed.objects.bulk_create(
        (Installed(device_id=device, software_id=id_, since=now) for id_ in fresh), batch_size=_AT_ONCE
    )


def _mark(program: Program) -> str:
    return hashlib.sha256("\x1f".join((program.name, program.publisher, program.version)).encode()).hexdigest()


# --- when it was seen


def _see(
    device: str,
    sighting: Sighting | None,
    key: AgentKey,
    now: datetime,
    digests: Mapping[str, str],
    by: str,
    report: Report,
    address: str,
) -> None:
    remarks = "\n".join(report.remarks)
    if sighting is None:
        Sighting.objects.update_or_create(
            device_id=device,
            defaults={
                "key": key,
                "first_seen_at": now,
                "last_seen_at": now,
                "reports": 1,
                "digests": digests,
                "recognised_by": by,
                "remarks": remarks,
                "address": address,
            },
        )
        return
    changes: dict[str, Any] = {"last_seen_at": max(now, sighting.last_seen_at), "reports": sighting.reports + 1}
    changes |= {"key": key, "digests": digests, "recognised_by": by, "remarks": remarks, "address": address}
    Sighting.objects.filter(pk=device).update(**changes)


def _digests(report: Report, facts: Facts, key: AgentKey) -> dict[str, str]:
    """Of what would be kept, section by section."""
    found: dict[str, Any] = {"device": _values(report, facts, key)}
    for kind, parts in facts.parts.items():
        found[kind] = [(part.name, part.maker, part.serial, part.size_mb, part.details) for part in parts]
    if facts.programs is not None:
        found["software"] = sorted((one.name, one.publisher, one.version) for one in facts.programs)
    return {name: _digest(value) for name, value in found.items()}


def _digest(value: Any) -> str:
    return hashlib.sha256(orjson.dumps(value, option=orjson.OPT_SORT_KEYS)).hexdigest()[:32]


def not_seen_since(days: int, now: datetime) -> list[str]:
    """Ids of devices that have not reported for this long."""
    late = Sighting.objects.filter(last_seen_at__lt=now - timedelta(days=days), device__gone_at__isnull=True)
    return list(late.values_list("device", flat=True))
