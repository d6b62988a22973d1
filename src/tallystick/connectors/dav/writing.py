"""Writes, many under way at once. Source: spec/engine.md E27, E28, E31; RFC 4791 5.3.2, 6352 6.3.2."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from typing import Final

from tallystick.connectors.dav.bodies import Bodies
from tallystick.connectors.dav.session import Locked, Session, Stored, url_of, version_of
from tallystick.connectors.dav.text import decode, encode
from tallystick.connectors.dav.view import View
from tallystick.connectors.dav.xml import multistatus, precondition
from tallystick.connectors.http.client import Answer
from tallystick.connectors.http.errors import AnswerLost, AnswerTooLarge
from tallystick.errors import (
    CollectionGone,
    PermissionRefused,
    RecordError,
    SignInFailed,
    SystemFault,
    TallystickError,
    Throttled,
    Unreachable,
)
from tallystick.model.value import Value
from tallystick.model.write import Action, Outcome, Result, Write

SPOKEN: Final = {
    "no-uid-conflict": "another record has this unique id already",
    "valid-address-data": "it is not taken as a valid contact",
    "valid-calendar-data": "it is not taken as a valid calendar object",
    "valid-calendar-object-resource": "it is not taken as a valid calendar object",
    "supported-address-data": "this version of vCard is not supported (see `vcard_version`)",
    "supported-calendar-data": "this kind of calendar object is not supported",
    "supported-calendar-component": "this calendar does not hold that kind of entry",
    "max-resource-size": "it is too large",
    "max-instances": "it recurs too often",
    "max-attendees-per-instance": "it has too many attendees",
    "min-date-time": "it lies too far back",
    "max-date-time": "it lies too far ahead",
    "quota-not-exceeded": "the quota is used up",
    "need-privileges": "the user may not do that here",
}
"""Preconditions of the RFCs in words."""

AHEAD: Final = 100
"""Writes whose records are read in one request before they are sent; what moves meanwhile, the server refuses."""

WHOLE_CALL: Final = (SignInFailed, PermissionRefused, Unreachable, CollectionGone)
"""Faults that are raised when they kept every single write of a call from being sent."""


class Writer:
    """Writes to one record type of one server."""

    def __init__(self, session: Session, view: View, bodies: Bodies, pool: ThreadPoolExecutor) -> None:
        self._session = session
        self._view = view
        self._bodies = bodies
        self._pool = pool
        self._ahead: dict[str, Stored] = {}  # id -> body, read before its turn to be written came
        self._vocabulary = view.vocabulary
        self._collection = view.shelf.collection

    def write(self, writes: Sequence[Write]) -> list[Outcome]:
        width = self._session.width
        answers: list[Outcome | TallystickError] = []
        for start in range(0, len(writes), AHEAD):
            part = writes[start : start + AHEAD]
            self._ahead = self._bodies.proven([write.id for write in part if write.id and self._is_looked_at(write)])
            answers += width.each(self._one, part, self._pool)
        for place, answer in enumerate(answers):
            if isinstance(answer, Locked):  # the server does not queue what gets into each other's way
                width.narrow()
                answers[place] = self._one(writes[place])
        faults = [answer for answer in answers if isinstance(answer, TallystickError)]
        if faults and len(faults) == len(answers) and isinstance(faults[0], WHOLE_CALL):
            raise faults[0]
        return [
            _unsent(write.key, answer) if isinstance(answer, TallystickError) else answer
            for write, answer in zip(writes, answers, strict=True)
        ]

    def _is_looked_at(self, write: Write) -> bool:
        """Whether what is there has to be seen before it is written to."""
        if write.action is Action.DELETE:
            return self._view.selection.deleted is not None and self._collection.can_update
        return write.action is Action.UPDATE and self._collection.can_update

    def _one(self, write: Write) -> Outcome | TallystickError:
        """The outcome, or the fault for which certainly nothing was written."""
        try:
            match write.action:
                case Action.CREATE:
                    return self._create(write)
                case Action.UPDATE:
                    return self._update(write)
                case Action.DELETE:
                    return self._delete(write)
        except RecordError as error:
            return Outcome(key=write.key, result=Result.REFUSED, message=str(error))
        except TallystickError as error:
            return error
        return Outcome(key=write.key, result=Result.REFUSED, message=f"A {write.action} is no write to a server.")

    # --- create ------------------------------------------------------------------------------------------------

    def _create(self, write: Write) -> Outcome:
        if not self._collection.can_create:
            return self._not_permitted(write, "create records in")
        id = write.id or f"{sha256(write.key.encode()).hexdigest()[:32]}{self._vocabulary.suffix}"
        body = self._vocabulary.created(write.values, _stem(id))
        try:
            answer = self._put(id, body, version=None, is_new=True)
        except (AnswerLost, AnswerTooLarge) as lost:
            return Outcome(key=write.key, result=Result.UNKNOWN, id=id, message=str(lost))
        if answer.status in (200, 201, 204):
            return self._written(write, id, body, answer)
        if answer.status in (409, 412):
            return self._taken(write, id, answer)
        return self._refusal(write, answer, is_create=True)

    def _taken(self, write: Write, id: str, answer: Answer) -> Outcome:
        """Something is in the way: the record itself, created before without our knowing, or another one."""
        there = self._stored(id)
        if there is not None and self._holds(decode(there.content), write.values):
            return Outcome(key=write.key, result=Result.DONE, id=id, version=there.version)
        if there is None and answer.status == 409 and precondition(answer.body) != "no-uid-conflict":
            return self._refusal(write, answer, is_create=True)
        why = "has a record of this id" if there is not None else "has a record of this unique id at another address"
        return Outcome(
            key=write.key,
            result=Result.EXISTS,
            message=f"{self._session.http.host} already {why} in {self._collection.what}.",
        )

    def _holds(self, body: str, values: Mapping[str, Value]) -> bool:
        try:
            wanted = {name: value for name, value in values.items() if name != self._vocabulary.body_field}
            return self._vocabulary.read(body, list(wanted)) == wanted
        except RecordError:
            return False

    # --- update ------------------------------------------------------------------------------------------------

    def _update(self, write: Write) -> Outcome:
        if not self._collection.can_update:
            return self._not_permitted(write, "change records in")
        return self._patch(write, write.values)

    def _patch(self, write: Write, values: Mapping[str, Value]) -> Outcome:
        id = write.id or ""
        there = self._ahead.pop(id, None) or self._stored(id)
        if there is None:
            return Outcome(key=write.key, result=Result.ABSENT)
        body = decode(there.content)
        if self._has_moved(write, there, body):
            return Outcome(key=write.key, result=Result.MOVED)
        patched = self._vocabulary.patched(body, values, self._view.selection.fields)
        if patched == body:
            return Outcome(key=write.key, result=Result.DONE, id=id, version=there.version)
        try:
            answer = self._put(id, patched, version=there.version, is_new=False)
        except (AnswerLost, AnswerTooLarge) as lost:
            return Outcome(key=write.key, result=Result.UNKNOWN, id=id, message=str(lost))
        if answer.status in (200, 201, 204):
            return self._written(write, id, patched, answer)
        if answer.status == 412 or (answer.status == 409 and precondition(answer.body) != "no-uid-conflict"):
            return Outcome(key=write.key, result=Result.MOVED)
        return self._refusal(write, answer, is_create=False)

    def _has_moved(self, write: Write, there: Stored, body: str) -> bool:
        if write.version is not None and there.version is not None:
            return version_of(write.version) != there.version
        fields = {field.name for field in self._vocabulary.fields}
        expected = {name: value for name, value in write.expected.items() if name in fields}
        return self._vocabulary.read(body, list(expected)) != expected

    # --- delete ------------------------------------------------------------------------------------------------

    def _delete(self, write: Write) -> Outcome:
        soft = self._view.selection.deleted
        if not (self._collection.can_update if soft else self._collection.can_delete):
            return self._not_permitted(write, "delete records of")
        if soft is not None:
            outcome = self._patch(write, {soft.column: soft.equals})
            is_gone = outcome.result is Result.ABSENT
            return Outcome(key=write.key, result=Result.DONE) if is_gone else outcome
        id, version = write.id or "", write.version
        if version is None:
            there = self._stored(id)
            if there is None:
                return Outcome(key=write.key, result=Result.DONE)
            if self._has_moved(write, there, decode(there.content)):
                return Outcome(key=write.key, result=Result.MOVED)
            version = there.version
        try:
            answer = self._session.delete(url_of(self._collection.url, id), version=version_of(version))
        except (AnswerLost, AnswerTooLarge) as lost:
            return Outcome(key=write.key, result=Result.UNKNOWN, message=str(lost))
        match self._status(answer):
            case 200 | 202 | 204 | 404 | 410:
                return Outcome(key=write.key, result=Result.DONE)
            case 412:
                is_gone = self._stored(id) is None  # some servers refuse a precondition on what is not there
                return Outcome(key=write.key, result=Result.DONE if is_gone else Result.MOVED)
        return self._refusal(write, answer, is_create=False)

    # --- answers -----------------------------------------------------------------------------------------------

    def _put(self, id: str, body: str, *, version: str | None, is_new: bool) -> Answer:
        content = encode(body)
        if len(content) > self._view.max_record_bytes:
            raise RecordError("It would be larger than `max_record_bytes` allows.")
        answer = self._session.put(
            url_of(self._collection.url, id),
            content,
            media_type=self._vocabulary.media_type,
            version=version,
            is_new=is_new,
        )
        if answer.status != 207:
            return answer
        return Answer(status=self._status(answer), headers=answer.headers, body=answer.body, url=answer.url)

    def _status(self, answer: Answer) -> int:
        """The status of an answer; of a multistatus the worst one in it."""
        if answer.status != 207:
            return answer.status
        try:
            return max((one.status for one in multistatus(answer.body, self._session.http.host).resources), default=200)
        except SystemFault:
            return 500

    def _stored(self, id: str) -> Stored | None:
        return self._session.get(url_of(self._collection.url, id), what=f"a record of {self._collection.what}")

    def _written(self, write: Write, id: str, body: str, answer: Answer) -> Outcome:
        """Done. What the record says now is told where it is not what was asked for."""
        version = version_of(answer.headers.get("ETag"))
        if version is None:
            version = self._version_of_ours(id, body)
        names = [name for name in write.values if name != self._vocabulary.body_field]
        try:
            now = self._vocabulary.read(body, names)
        except RecordError:
            now = {}
        stored = {name: value for name, value in now.items() if value != write.values[name]}
        return Outcome(key=write.key, result=Result.DONE, id=id, version=version, stored=stored or None)

    def _version_of_ours(self, id: str, body: str) -> str | None:
        """The version after a write whose answer tells none (RFC 4791 5.3.4); None where another may have followed."""
        fields = self._view.selection.fields
        try:
            there = self._stored(id)
            if there is None:
                return None
            is_ours = self._vocabulary.read(decode(there.content), fields) == self._vocabulary.read(body, fields)
        except TallystickError:
            return None  # it is written; the version is read next time
        return there.version if is_ours else None

    def _not_permitted(self, write: Write, doing: str) -> Outcome:
        what = f"The user may not {doing} the {self._collection.what}."
        return Outcome(key=write.key, result=Result.REFUSED, message=what)

    def _refusal(self, write: Write, answer: Answer, *, is_create: bool) -> Outcome:
        host, reason, what = self._session.http.host, precondition(answer.body), self._collection.what
        match answer.status:
            case 401 | 404 | 410 if answer.status == 401 or is_create:
                raise self._session.error(answer, what)
            case 404 | 410:
                return Outcome(key=write.key, result=Result.ABSENT)
            case 403 if not reason:
                raise PermissionRefused(
                    f"{host} does not permit to write to {what}.", hint="Ask for the right to write."
                )
            case 423:
                raise Locked(f"{host} has locked {what}.", hint="It is tried again.")
            case 425 | 429 | 503 | 507:
                return Outcome(
                    key=write.key,
                    result=Result.RETRY,
                    message=f"{host} cannot take it now ({answer.status}).",
                    retry_after_s=answer.wait_s,
                )
            case status if status >= 500:
                message = f"{host} answered {status}; it may have been written all the same."
                return Outcome(key=write.key, result=Result.UNKNOWN, id=write.id, message=message)
        because = (
            SPOKEN.get(reason) or reason or {413: "it is too large", 415: "its kind is not taken"}.get(answer.status)
        )
        message = f"{host} refused it ({answer.status}{': ' + because if because else ''})."
        return Outcome(key=write.key, result=Result.REFUSED, message=message)


def _unsent(key: str, fault: TallystickError) -> Outcome:
    """The outcome of one write among others that certainly was not carried out."""
    if isinstance(fault, Throttled):
        return Outcome(key=key, result=Result.RETRY, message=str(fault), retry_after_s=fault.retry_after_s)
    is_final = isinstance(fault, SignInFailed | PermissionRefused)
    return Outcome(key=key, result=Result.REFUSED if is_final else Result.RETRY, message=str(fault))


def _stem(id: str) -> str:
    stem, dot, _ = id.rpartition(".")
    return stem if dot and stem else id
