"""The settings of a `request_tracker` system."""

from __future__ import annotations

from pydantic import Field, SecretStr

from tallystick.connectors.http.settings import HttpSettings


class Settings(HttpSettings):
    url: str = Field(
        min_length=1,
        title="Address",
        description="Address of Request Tracker, such as https://rt.example.org.",
    )
    token: SecretStr = Field(
        default=SecretStr(""),
        title="Token",
        description="Authentication token of the hub's own user in Request Tracker.",
    )
