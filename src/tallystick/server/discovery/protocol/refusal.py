"""Why a report is not taken: one sentence and an HTTP status, whatever the protocol."""

from __future__ import annotations


class Refused(Exception):
    """`message` is a sentence without anything of the report's content."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message


def too_large(limit_bytes: int, *, is_unpacked: bool) -> Refused:
    what = "unpacked inventory" if is_unpacked else "report"
    return Refused(413, "too_large", f"The {what} is larger than {limit_bytes // 1024 // 1024} MiB.")


def not_understood(why: str) -> Refused:
    return Refused(400, "not_understood", why)
