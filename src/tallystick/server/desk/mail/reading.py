"""What an email says: its sender, text and files, as plain as can be. No Django, no network; nothing here raises.

Text in HTML becomes plain text; nothing of it is loaded or run. What a character set or a structure makes unreadable is
read as far as it goes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from email import message_from_bytes
from email.errors import MessageError
from email.header import decode_header
from email.message import Message
from email.utils import parseaddr
from html.parser import HTMLParser
from typing import Final

from inscriptis import get_text
from inscriptis.model.config import ParserConfig
from lxml.etree import LxmlError

LARGEST_HTML: Final = 2_000_000
"""Characters of HTML that are read; what is longer is kept as a file besides."""
MOST_PARTS: Final = 400
DEEPEST: Final = 20
LONGEST_NAME: Final = 150
_CONTROLS: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ufffe\uffff]|[\ud800-\udfff]")
_UNSEEN: Final = re.compile(r"[\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]")
_BLANK_LINES: Final = re.compile(r"(?:[ \t]*\n){4,}")
_ID: Final = re.compile(r"<([^<>\s]{1,900})>")
_ABOVE: Final = re.compile(r"^[>|\s]*##- .{1,200} -##\s*$", re.M)
_LINKS: Final = ParserConfig(display_links=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    name: str  # without a path
    media: str  # as its sender calls it, like application/pdf
    content: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """Headers by their small names, each with all its values, unfolded and decoded."""

    headers: dict[str, list[str]] = field(repr=False)
    author: str  # the address it says it is from; empty where it says none
    author_name: str
    subject: str
    text: str  # what was written, without what our own letter said below it
    files: tuple[File, ...]
    answers: tuple[str, ...]  # ids of messages it answers, the nearest first
    is_report: bool = False  # a mail server tells that a letter did not arrive

    @property
    def message_id(self) -> str:
        found = ids(self.first("message-id"))
        return found[0] if found else ""

    def first(self, name: str) -> str:
        return self.headers.get(name, [""])[0]


def read(raw: bytes, *, is_whole: bool = False) -> Mail:
    """Reads an email as it came over the wire; `is_whole`: also what our own letter said below an answer."""
    message = message_from_bytes(raw)
    headers: dict[str, list[str]] = {}
    for name, value in message.raw_items():
        headers.setdefault(str(name).lower(), []).append(one_line(_decoded(str(value))))
    name, author = parseaddr(_header(message, "from"))
    texts, files = _parts(message)
    body = "\n\n".join(one for one in texts if one.strip())
    if not is_whole:
        body = _ABOVE.split(body, maxsplit=1)[0]
    nearest = ids(_header(message, "in-reply-to")) + ids(_header(message, "references"))[::-1]
    return Mail(
        headers=headers,
        author=one_line(author),
        author_name=one_line(_decoded(name)),
        subject=one_line(_decoded(_header(message, "subject"))),
        text=body.strip(),
        files=tuple(files),
        answers=tuple(dict.fromkeys(nearest)),
        is_report=message.get_content_type() == "multipart/report",
    )


def ids(text: str) -> list[str]:
    """Message ids of a header, without their brackets."""
    return _ID.findall(text)


def one_line(text: str) -> str:
    return " ".join(_UNSEEN.sub("", _CONTROLS.sub(" ", text)).split())


def lines(text: str) -> str:
    """Text without control characters, its lines ended alike, no more than two of them blank together."""
    plain = _CONTROLS.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
    return _BLANK_LINES.sub("\n\n\n", plain).strip()


def file_name(given: str) -> str:
    """A name without a path or what a screen turns around; empty where nothing is left."""
    name = one_line(given).replace("\\", "/").rpartition("/")[2].strip(". ")
    if len(name) > LONGEST_NAME:
        stem, dot, ending = name.rpartition(".")
        is_ending = bool(dot) and len(ending) <= 10
        name = f"{stem[: LONGEST_NAME - len(ending) - 1]}.{ending}" if is_ending else name[:LONGEST_NAME]
    return name


def _header(message: Message, name: str) -> str:
    return next((str(value) for key, value in message.raw_items() if str(key).lower() == name), "")


def _decoded(value: str) -> str:
    """Encoded words, and bytes that nobody encoded, as text."""
    value = _from_bytes(value)
    if "=?" not in value:
        return value
    try:
        parts = decode_header(value)
    except (MessageError, ValueError, LookupError):  # base64 that is none
        return value
    return "".join(part if isinstance(part, str) else _text_of(part, charset) for part, charset in parts)


def _from_bytes(value: str) -> str:
    """A header with bytes above 127, which the parser keeps as surrogates."""
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        return _text_of(value.encode("ascii", "surrogateescape"), None)
    return value


def _text_of(raw: bytes, charset: str | None) -> str:
    for name in (charset, "utf-8", "cp1252"):
        if name:
            try:
                return raw.decode(name)
            except (LookupError, ValueError):  # nobody knows it, or it is another one
                continue
    return raw.decode("latin-1")


# --- the parts


def _parts(message: Message) -> tuple[list[str], list[File]]:
    count = iter(range(MOST_PARTS))
    texts: list[str] = []
    files: list[File] = []
    for part in _leaves(message, 0, count):
        _take(part, texts, files)
    return texts, files


def _leaves(message: Message, depth: int, count: Iterator[int]) -> Iterator[Message]:
    """What is not made of parts, without HTML that says the same as plain text beside it."""
    payload = message.get_payload()
    if not isinstance(payload, list) or message.get_content_maintype() == "message" or depth >= DEEPEST:
        if next(count, None) is not None:
            yield message
        return
    parts = [part for part in payload if isinstance(part, Message)]
    if message.get_content_subtype() == "alternative" and any(_is_text(part) for part in parts):
        parts = [part for part in parts if part.get_content_type() != "text/html"]
        for part in parts:
            inside = _leaves(part, depth + 1, count)
            is_group = part.get_content_maintype() == "multipart"
            yield from (one for one in inside if not (is_group and one.get_content_type() == "text/html"))
        return
    for part in parts:
        yield from _leaves(part, depth + 1, count)


def _is_text(part: Message) -> bool:
    return part.get_content_type() == "text/plain" and not _is_file(part) and bool(_content(part).strip())


def _is_file(part: Message) -> bool:
    return part.get_content_disposition() == "attachment" or bool(_named(part))


def _named(part: Message) -> str:
    try:
        return part.get_filename() or ""
    except (ValueError, LookupError, TypeError):  # parameters that are no parameters
        return ""


def _take(part: Message, texts: list[str], files: list[File]) -> None:
    media = part.get_content_type()
    if _is_file(part) or media not in ("text/plain", "text/html"):
        found = _file(part, media, len(files) + 1)
        if found is not None:
            files.append(found)
        return
    raw = _content(part)
    text = _text_of(raw, part.get_content_charset())
    if media == "text/html":
        if len(text) > LARGEST_HTML:
            files.append(File(name="message.html", media=media, content=raw))
        text = plain(text[:LARGEST_HTML])
    texts.append(lines(text))


def _content(part: Message) -> bytes:
    found = part.get_payload(decode=True)
    return found if isinstance(found, bytes) else b""


def _file(part: Message, media: str, ordinal: int) -> File | None:
    payload = part.get_payload()
    if isinstance(payload, list):  # an email inside the email, or parts that go too deep
        content = b"".join(one.as_bytes() for one in payload if isinstance(one, Message))
    else:
        content = _content(part)
    if not content:
        return None
    name = file_name(_decoded(_named(part)))
    if not name:
        ending = {"message/rfc822": "eml", "text/calendar": "ics"}.get(media) or _ENDINGS.get(media, "bin")
        name = f"file-{ordinal}.{ending}"
    return File(name=name, media=one_line(media)[:100], content=content)


_ENDINGS: Final = {
    "image/png": "png",
    "image/jpeg": "jpg",
    "image/gif": "gif",
    "application/pdf": "pdf",
    "application/pgp-signature": "asc",
}


# --- HTML


def plain(html: str) -> str:
    """HTML as text: no scripts, styles or hidden parts; links with the address they lead to."""
    if not html.strip():
        return ""
    try:
        found: str = get_text(html, _LINKS)
    except (LxmlError, ValueError, LookupError, TypeError, AttributeError, AssertionError, RecursionError):
        found = ""
    if found.strip():
        return found
    stripped = _Stripped()  # nested more deeply than the parser goes, for instance
    stripped.feed(html)
    return "".join(stripped.found)


class _Stripped(HTMLParser):
    """The text between the tags, for what has no sound structure."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._unread = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._unread += tag in ("script", "style")
        if tag in ("p", "br", "div", "tr", "li"):
            self.found.append("\n")

    def handle_endtag(self, tag: str) -> None:
        self._unread -= tag in ("script", "style") and self._unread > 0

    def handle_data(self, data: str) -> None:
        if not self._unread:
            self.found.append(data)
