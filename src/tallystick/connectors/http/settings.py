"""The settings every connector over HTTP takes."""

from __future__ import annotations

import enum
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator

from tallystick.connectors.declared import ADVANCED, GUARD
from tallystick.connectors.http.addresses import Networks


class SignIn(enum.StrEnum):
    BASIC = "basic"
    DIGEST = "digest"
    BEARER = "bearer"


class HttpSettings(BaseModel):
    """Where and how to connect. Sizes are in bytes, durations in seconds."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    url: str = Field(min_length=1, title="Address", description="Address of the server.")
    username: str = Field(default="", title="User name", description="Name to sign in with.")
    password: SecretStr = Field(
        default=SecretStr(""), title="Password", description="Password of that name; write ${secret:NAME}."
    )
    token: SecretStr = Field(
        default=SecretStr(""), title="Token", description="Bearer token, instead of name and password."
    )
    sign_in: SignIn | None = Field(
        default=None, title="Sign-in", description="basic (default), digest or bearer.", json_schema_extra=ADVANCED
    )
    ca_file: Path | None = Field(
        default=None,
        title="Certificate authority",
        description="PEM file of a certificate authority to trust besides the usual ones.",
        json_schema_extra=ADVANCED,
    )
    allow_private: bool | Networks = Field(
        default=True,
        title="Own network",
        description="May the address be inside the own network? Or the networks it may be in.",
        json_schema_extra=GUARD,
    )
    proxy: str | None = Field(
        default=None,
        title="Proxy",
        description="Address of the HTTP proxy to go through, or direct; none: as the environment says.",
        json_schema_extra=ADVANCED,
    )
    connect_timeout_s: float = Field(
        default=10,
        gt=0,
        le=120,
        title="Wait to connect (s)",
        description="Longest wait for a connection.",
        json_schema_extra=ADVANCED,
    )
    read_timeout_s: float = Field(
        default=120,
        gt=0,
        le=600,
        title="Wait for data (s)",
        description="Longest silence while an answer is awaited.",
        json_schema_extra=ADVANCED,
    )
    total_timeout_s: float = Field(
        default=300,
        gt=0,
        le=3600,
        title="Wait for an answer (s)",
        description="Longest time one request may take.",
        json_schema_extra=ADVANCED,
    )
    attempts: int = Field(
        default=4,
        ge=1,
        le=10,
        title="Attempts",
        description="How often a reading request is tried.",
        json_schema_extra=ADVANCED,
    )
    parallel: int = Field(
        default=8,
        ge=1,
        le=64,
        title="Requests at once",
        description="Requests under way at once.",
        json_schema_extra=ADVANCED,
    )
    rate_per_s: float | None = Field(
        default=None,
        gt=0,
        title="Rate budget (requests/s)",
        description="Most requests a second, over all flows; none: no limit.",
    )
    max_answer_bytes: int = Field(
        default=100 * 2**20,
        ge=2**16,
        title="Largest answer (bytes)",
        description="Largest answer taken.",
        json_schema_extra=ADVANCED,
    )

    @model_validator(mode="after")
    def _sign_in_is_complete(self) -> HttpSettings:
        if "@" in self.url.partition("://")[2].partition("/")[0]:
            raise ValueError("url must not hold a user name or password; give username and password")
        if self.proxy and "@" in self.proxy:
            raise ValueError("proxy must not hold a user name or password; a proxy with them is named by HTTPS_PROXY")
        has_token = bool(self.token.get_secret_value())
        if has_token and (self.username or self.password.get_secret_value()):
            raise ValueError("give either token, or username and password, not both")
        if self.sign_in is SignIn.BEARER and not has_token:
            raise ValueError("sign_in: bearer needs token")
        if self.sign_in in (SignIn.BASIC, SignIn.DIGEST) and not self.username:
            raise ValueError(f"sign_in: {self.sign_in} needs username and password")
        return self
