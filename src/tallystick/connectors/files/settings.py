"""Settings of the connector `files`."""

from __future__ import annotations

import codecs
import enum
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, field_validator

from tallystick.connectors.declared import ADVANCED
from tallystick.model.value import FieldType


class Format(enum.StrEnum):
    CSV = "csv"
    JSON_LINES = "jsonl"


class Settings(BaseModel):
    """A file, or a folder of files; a record type is named like its file without the ending."""

    model_config = ConfigDict(extra="forbid")

    path: Path = Field(title="File or folder", description="a file or a folder, relative to the integration file")
    format: Format | None = Field(
        default=None, title="Format", description="where the ending (.csv, .jsonl, .ndjson) does not tell"
    )
    encoding: str = Field(
        default="utf-8", title="Encoding", description="of the text; a byte order mark is taken as it comes"
    )
    delimiter: str = Field(
        default=",", min_length=1, max_length=1, title="Delimiter", description="between the columns of CSV"
    )
    types: dict[str, FieldType] = Field(
        default_factory=dict,
        title="Field types",
        description="field types by `field`, or by `record.field` for one of several files",
    )
    keys: dict[str, tuple[str, ...]] = Field(
        default_factory=dict,
        title="Keys",
        description="by record type, the fields that make the id, where flows name none",
    )
    create: bool = Field(
        default=False,
        title="Make missing files",
        description="a file that is not there is empty, and made by the first write",
    )
    batch_rows: int = Field(
        default=10_000,
        ge=1,
        title="Rows at a time",
        description="most records in one batch of a listing",
        json_schema_extra=ADVANCED,
    )
    timeout_s: float = Field(
        default=30.0,
        gt=0,
        title="Wait (s)",
        description="how long to wait for another writer, in seconds",
        json_schema_extra=ADVANCED,
    )

    @field_validator("encoding")
    @classmethod
    def _is_encoding(cls, encoding: str) -> str:
        try:
            return codecs.lookup(encoding).name
        except LookupError:
            raise ValueError(f"there is no encoding {encoding!r}; write one such as utf-8 or cp1252") from None

    @field_validator("delimiter")
    @classmethod
    def _is_delimiter(cls, delimiter: str) -> str:
        if delimiter in '"\r\n' or not delimiter.isascii():
            raise ValueError("a delimiter is one ASCII character, not a quote and not a line end")
        return delimiter
