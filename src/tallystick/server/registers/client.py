"""The register as an open system."""

from __future__ import annotations

from tallystick.server.records.client import RecordsSystem
from tallystick.server.registers import kinds
from tallystick.server.registers.models import APP

kinds.add()


class RegisterSystem(RecordsSystem):
    app = APP
