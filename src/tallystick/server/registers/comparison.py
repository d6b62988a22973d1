"""The register is compared with what is discovered every few minutes, beside the web."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Final

from django.utils import timezone

from tallystick.server.registers.domain.comparing import compare_if_due
from tallystick.server.ui.companions import again_and_again

EVERY_S: Final = 60.0


def comparing() -> AbstractContextManager[None]:
    return again_and_again("register", lambda _stopping: compare_if_due(timezone.now()), every_s=EVERY_S)
