"""The settings every connector over HTTP takes."""

from __future__ import annotations

import enum
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator


class SignIn(enum.StrEnum):
    BASIC = "basic"
    DIGEST = "digest"
    BEARER = "bearer"


class HttpSettings(BaseModel):
    """Where and how to connect. Sizes are in bytes, durations in seconds."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    url: str = Field(min_length=1, description="Address of the server.")
    username: str = Field(default="", description="Name to sign in with.")
    password: SecretStr = Field(default=SecretStr(""), description="Password of that name; write ${secret:NAME}.")
    token: SecretStr = Field(default=SecretStr(""), description="Bearer token, instead of name and password.")
    sign_in: SignIn | None = Field(default=None, description="basic (default), digest or bearer.")
    ca_file: Path | None = Field(
        default=None, description="PEM file of a certificate authority to trust besides the usual ones."
    )
    allow_private: bool = Field(default=True, description="May the address be inside the own network?")
    connect_timeout_s: float = Field(default=10, gt=0, le=120, description="Longest wait for a connection.")
    read_timeout_s: float = Field(default=120, gt=0, le=600, description="Longest silence while an answer is awaited.")
    total_timeout_s: float = Field(default=300, gt=0, le=3600, description="Longest time one request may take.")
    attempts: int = Field(default=4, ge=1, le=10, description="How often a reading request is tried.")
    parallel: int = Field(default=8, ge=1, le=64, description="Requests under way at once.")
    rate_per_s: float | None = Field(
        default=None, gt=0, description="Most requests a second, over all flows; none: no limit."
    )
    max_answer_bytes: int = Field(default=100 * 2**20, ge=2**16, description="Largest answer taken.")

    @model_validator(mode="after")
    def _sign_in_is_complete(self) -> HttpSettings:
        if "@" in self.url.partition("://")[2].partition("/")[0]:
            raise ValueError("url must not hold a user name or password; give username and password")
        has_token = bool(self.token.get_secret_value())
        if has_token and (self.username or self.password.get_secret_value()):
            raise ValueError("give either token, or username and password, not both")
        if self.sign_in is SignIn.BEARER and not has_token:
            raise ValueError("sign_in: bearer needs token")
        if self.sign_in in (SignIn.BASIC, SignIn.DIGEST) and not self.username:
            raise ValueError(f"sign_in: {self.sign_in} needs username and password")
        return self
