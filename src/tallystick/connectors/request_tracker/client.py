"""Request Tracker over REST2: what the hub asks of it and writes to it.

Seen with 5.0.3 of Debian: its links name the configured base and not the address that was asked, so addresses are
built here; a PUT with one bad field answers 200 and applies the others, so what came of it is read again; a page may
be short because some of its rows may not be seen, so the end is known by the newest id.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from itertools import count
from typing import Any, Final
from urllib.parse import quote, urlencode

from tallystick.connectors.http.client import Answer, HttpClient
from tallystick.connectors.http.errors import AnswerLost, of_status
from tallystick.connectors.request_tracker.answers import (
    Happened,
    Said,
    Ticket,
    content_of,
    happened_of,
    items_of,
    parsed,
    part_of,
    ticket_of,
)
from tallystick.errors import ConfigurationError, PermissionRefused, RecordError, SystemFault, TallystickError

A_PAGE: Final = 100
OF_TICKETS: Final = "ObjectType = 'RT::Ticket'"


class ConditionRefused(ConfigurationError):
    """Request Tracker does not understand a query."""

    code = "condition_refused"


class TicketMoved(TallystickError):
    """Somebody changed the ticket since it was read; nothing was written."""

    code = "ticket_moved"


class TicketGone(RecordError):
    """There is no such ticket, or the hub's user may not see it."""

    code = "ticket_gone"


class RequestTracker:
    """Safe for threads. Besides what is said, everything raises what HttpClient and `of_status` raise."""

    def __init__(self, http: HttpClient, *, base: str, token: str) -> None:
        self._http = http
        self._base = base
        self._heads = {"Accept": "application/json"}
        if token:
            self._heads["Authorization"] = f"token {token}"

    def close(self) -> None:
        self._http.close()

    def version(self) -> str:
        """Raises SystemFault where something else answers."""
        found = self._get("/rt", "its version")
        if not isinstance(found, dict) or not isinstance(found.get("Version"), str):
            raise SystemFault(f"{self._http.host} is no Request Tracker.", hint="Correct `url`.")
        return str(found["Version"])

    def fields_of_queue(self, name: str) -> dict[str, str]:
        """id -> name of the custom fields its tickets have. Raises ConfigurationError for a queue not to be seen."""
        answer = self._read(f"/queue/{quote(name, safe='')}")
        if answer.status in (403, 404):
            raise ConfigurationError(
                f"Request Tracker shows the hub's user no queue {name!r}.",
                hint="Check its name, and that the user has the rights SeeQueue and SeeCustomField there.",
            )
        found = self._judged(answer, f"the queue {name}")
        fields = found.get("TicketCustomFields") if isinstance(found, dict) else None
        return {str(one["id"]): str(one["name"]) for one in fields or () if isinstance(one, dict)}

    def newest(self) -> int:
        """The id of the last transaction of any ticket that can be seen; 0 for none."""
        found = self._transactions(f"{OF_TICKETS} AND id > 0", order="DESC")
        return max((int(one["id"]) for one in found), default=0)

    def happened(self, since: int, until: int) -> Iterator[Happened]:
        """Transactions of tickets with since < id <= `until`, in order."""
        seen, number = since, 0
        while seen < until and number * A_PAGE < until - since:
            number += 1
            page = self._transactions(f"{OF_TICKETS} AND id > {since} AND id <= {until}", page=number)
            for one in page:
                yield (found := happened_of(one, self._http.host))
                seen = found.id

    def tickets(self, query: str) -> tuple[int, ...]:
        """Ids by TicketSQL, all of them. Raises ConditionRefused for a query that is none."""
        ids: dict[int, None] = {}
        for number in count(1):
            asked = {"query": query, "orderby": "id", "per_page": A_PAGE, "page": number}
            answer = self._read(f"/tickets?{urlencode(asked)}")
            if answer.status == 400:
                raise ConditionRefused(
                    f"Request Tracker does not understand the condition: {self._told(answer)[:200]}",
                    hint="Try it in Request Tracker's own query builder.",
                )
            found = self._judged(answer, "tickets")
            page = items_of(found, self._http.host)
            ids |= dict.fromkeys(int(one["id"]) for one in page)
            pages = found.get("pages")
            if not page or (isinstance(pages, int | float) and number >= pages):
                break
        return tuple(ids)

    def ticket(self, number: int) -> Ticket:
        """Raises TicketGone."""
        answer = self._read(f"/ticket/{number}")
        if answer.status in (403, 404):
            raise _gone(number)
        etag = str(answer.headers.get("ETag", ""))
        return ticket_of(self._judged(answer, f"ticket {number}"), etag, self._http.host)

    def said(self, transaction: int) -> Said:
        """The text alone is fetched: files may be large, and stay where they are."""
        host, what = self._http.host, f"transaction {transaction}"
        asked = urlencode({"fields": "ContentType,Filename", "per_page": A_PAGE})
        part = part_of(items_of(self._get(f"/transaction/{transaction}/attachments?{asked}", what), host), host)
        text = content_of(self._get(f"/attachment/{part.attachment}", what), host) if part.attachment else ""
        return Said(text=text, is_html=part.is_html, others=part.others)

    def first_said(self, ticket: int) -> Said:
        """What a ticket began with."""
        found = self._transactions(f"{OF_TICKETS} AND ObjectId = {ticket} AND Type = 'Create'")
        if not found:
            return Said(text="", is_html=False, others=0)
        return self.said(int(found[0]["id"]))

    def email_of(self, user: str) -> tuple[str, str]:
        """Name and address of a user; empty where the hub's user may not know."""
        answer = self._read(f"/user/{quote(user, safe='')}")
        if answer.status in (403, 404):
            return "", ""
        found = self._judged(answer, f"the user {user}")
        if not isinstance(found, dict):
            return "", ""
        return str(found.get("RealName") or found.get("Name") or ""), str(found.get("EmailAddress") or "")

    def has_said(self, ticket: int, subject: str) -> bool:
        """Whether a comment of exactly this subject stands on the ticket."""
        mark = subject.rpartition("[")[2].rstrip("]")
        query = f"{OF_TICKETS} AND ObjectId = {ticket} AND Data LIKE '{_plain(mark)}'"
        return any(str(one.get("Data") or "").strip() == subject for one in self._transactions(query))

    def update(self, ticket: Ticket, *, status: str = "", fields: Mapping[str, str] | None = None) -> str:
        """Writes what is given; what Request Tracker said to it. Raises TicketMoved, TicketGone, AnswerLost."""
        wanted: dict[str, Any] = {"CustomFields": dict(fields)} if fields else {}
        if status:
            wanted["Status"] = status
        answer = self._send("PUT", f"/ticket/{ticket.id}", wanted, {"If-Match": ticket.etag} if ticket.etag else {})
        if answer.status == 412:
            raise TicketMoved(f"Ticket {ticket.id} was changed meanwhile.", hint="It is written again later.")
        if answer.status == 404:
            raise _gone(ticket.id)
        told = self._judged(answer, f"ticket {ticket.id}")
        return " ".join(str(one) for one in told) if isinstance(told, list) else ""

    def comment(self, ticket: int, subject: str, text: str) -> None:
        """Raises TicketGone, PermissionRefused, AnswerLost."""
        given = {"Subject": subject, "Content": text, "ContentType": "text/plain"}
        answer = self._send("POST", f"/ticket/{ticket}/comment", given, {})
        if answer.status == 404:
            raise _gone(ticket)
        if answer.status == 400:
            raise RecordError(f"Request Tracker took no comment on ticket {ticket}: {self._told(answer)[:200]}")
        self._judged(answer, f"ticket {ticket}")

    # --- plumbing

    def _transactions(self, query: str, *, page: int = 1, order: str = "ASC") -> list[Any]:
        fields = "Type,Data,Creator,Field,NewValue,ObjectId"
        asked = {"query": query, "fields": fields, "orderby": "id", "order": order, "per_page": A_PAGE, "page": page}
        return items_of(self._get(f"/transactions?{urlencode(asked)}", "transactions"), self._http.host)

    def _get(self, path: str, what: str) -> Any:
        return self._judged(self._read(path), what)

    def _read(self, path: str) -> Answer:
        return self._http.read("GET", self._base + path, headers=self._heads)

    def _send(self, method: str, path: str, given: Mapping[str, Any], more: Mapping[str, str]) -> Answer:
        heads = {**self._heads, **more, "Content-Type": "application/json"}
        answer = self._http.send(method, self._base + path, headers=heads, body=json.dumps(given).encode())
        if answer.status >= 500 and answer.status != 503:
            raise AnswerLost(f"{self._http.host} answered {answer.status}, perhaps after it had written.")
        if answer.status == 403:
            raise PermissionRefused(
                f"{self._http.host} does not permit to write there: {self._told(answer)[:200]}",
                hint="Give the hub's user CommentOnTicket, ModifyTicket and ModifyCustomField in the queue.",
            )
        return answer

    def _judged(self, answer: Answer, what: str) -> Any:
        if not 200 <= answer.status < 300:
            raise of_status(answer.status, host=self._http.host, what=what, wait_s=answer.wait_s)
        return parsed(answer.body, self._http.host)

    def _told(self, answer: Answer) -> str:
        try:
            found = json.loads(answer.body)
        except (ValueError, RecursionError):
            return ""
        return str(found.get("message", "")).strip() if isinstance(found, dict) else ""


def _plain(text: str) -> str:
    """For a place between quotes in a query: letters, digits and a few signs alone."""
    return "".join(sign for sign in text if sign.isalnum() or sign in "._:-")


def _gone(number: int) -> TicketGone:
    return TicketGone(f"Request Tracker shows the hub's user no ticket {number}.")
