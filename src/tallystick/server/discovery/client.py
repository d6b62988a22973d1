"""Devices as an open system."""

from __future__ import annotations

from tallystick.server.discovery import kinds
from tallystick.server.records.client import RecordsSystem

kinds.add()


class DiscoverySystem(RecordsSystem):
    app = kinds.DEVICE.app
