"""A question as people see it: the records side by side, what differs, who else it could be, what may be answered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final
from urllib.parse import urlencode

from tallystick.engine.evidence import named_evidence
from tallystick.model.flow import FieldMap, Flow, Scope
from tallystick.model.link import LinkState
from tallystick.model.plan import Review, ReviewKind, Take
from tallystick.model.side import SIDES, Side
from tallystick.model.value import Value
from tallystick.ports.store import Store
from tallystick.runs.shown import TAKES
from tallystick.server.ops.records import Title, title_of
from tallystick.server.review import words
from tallystick.server.review.domain.decide import is_open_who
from tallystick.server.review.references import Names
from tallystick.server.state.queue import Asked

MOST_CANDIDATES: Final = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One field on both sides. `base`: what both said when they last agreed; None where they never did."""

    name: str
    base: Value
    left: Value
    right: Value
    is_asked: bool = True  # part of the question
    similarity: float | None = None

    agrees: bool = False  # spelled differently, but each stands for the other

    @property
    def is_equal(self) -> bool:
        return self.agrees or self.left == self.right

    @property
    def changed(self) -> tuple[str, ...]:
        """The sides that differ from the base, where there is one."""
        if self.base is None:
            return ()
        return tuple(side for side, value in (("left", self.left), ("right", self.right)) if value != self.base)


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """Somebody the record could be. `partner` is what an answer names; None: it says too little."""

    left: str
    right: str
    partner: str | None
    title: str
    rule: str
    score: float | None
    rows: tuple[Row, ...] = ()
    evidence: tuple[str, ...] = ()  # names of the fields that agreed or were compared
    is_linked: bool = False

    @property
    def percent(self) -> int | None:
        return None if self.score is None else int(self.score * 100)


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """An answer it takes."""

    take: str
    words: words.TakeWords
    title: str
    effect: str


@dataclass(frozen=True, slots=True, kw_only=True)
class QuestionShown:
    asked: Asked
    kind: words.KindWords
    title: str
    systems: Mapping[str, str]  # side -> "crm · contact"
    titles: Mapping[str, Title | None]  # side -> the record on that side
    rows: tuple[Row, ...]  # what is asked about
    others: tuple[Row, ...]  # the rest of the two records
    candidates: tuple[Candidate, ...]
    more_candidates: int
    choices: tuple[Choice, ...]
    message: str
    guards: Sequence[Mapping[str, Any]] = ()
    singles: Mapping[str, tuple[tuple[str, Value], ...]] = field(default_factory=dict)  # side -> a lone record's fields
    by_field: bool = False  # each field may be answered by itself
    asks_partner: bool = False  # the answer "link" names a record by hand
    why: Mapping[str, str] = field(default_factory=dict)  # side -> query of the page that explains the record

    @property
    def review(self) -> Review:
        return self.asked.review


@dataclass(frozen=True, slots=True, kw_only=True)
class QuestionLine:
    """A question in the list."""

    number: int
    kind: words.KindWords
    title: str
    about: str
    flow: str
    since: str
    alike: int
    decision: Any = None
    is_going: bool = False


@dataclass(slots=True)
class Known:
    """Values the state holds of records: side -> id -> values, as their own system names the fields."""

    values: dict[Side, dict[str, Mapping[str, Value]]] = field(default_factory=lambda: {side: {} for side in SIDES})
    linked: set[tuple[Side, str]] = field(default_factory=set)


def names(page: Sequence[Asked], store: Store) -> dict[int, str]:
    """What the records of these questions are called, where the questions themselves do not say: two statements or
    three for each scope and side.
    """
    found: dict[int, str] = {}
    unnamed: dict[tuple[Scope, Side], dict[str, list[int]]] = {}
    for asked in page:
        review = asked.review
        if _name_in(review):
            continue
        for side, id_ in ((Side.LEFT, review.left_id), (Side.RIGHT, review.right_id)):
            if id_ is not None:
                unnamed.setdefault((asked.scope, side), {}).setdefault(id_, []).append(review.number)
                break
    for (scope, side), ids in unnamed.items():
        known = _values(store, scope, side, list(ids))
        for id_, values in known.items():
            title = title_of(values, id_)
            for number in ids.get(id_, ()) if title is not None and title.name else ():
                found[number] = title.name if title else ""
    return found


def _values(store: Store, scope: Scope, side: Side, ids: Sequence[str]) -> dict[str, Mapping[str, Value]]:
    """Of linked records their base, of others what was read last."""
    known: dict[str, Mapping[str, Value]] = {}
    for link in store.links_of(scope, side, ids):
        end = link.end(side)
        if end is not None and end.base:
            known[end.id] = end.base
    for one in store.unlinked(scope, side, [id_ for id_ in ids if id_ not in known]):
        known[one.id] = one.values
    return known


def line(asked: Asked, *, name: str = "", is_going: bool = False) -> QuestionLine:
    """`name`: what `names` found."""
    review = asked.review
    return QuestionLine(
        number=review.number,
        kind=words.kind_words(review),
        title=_name_in(review) or name or _ids(review) or asked.scope.integration,
        about=_about(review),
        flow=f"{asked.scope.integration} · {review.flow}",
        since=review.since,
        alike=asked.alike,
        decision=review.decision,
        is_going=is_going,
    )


def question(asked: Asked, store: Store, flow: Flow | None) -> QuestionShown:
    """Reads the link bases and parked records of everybody named: at most four statements, and as many for each flow
    that their fields refer to.
    """
    review = asked.review
    found = list(review.evidence.get("candidates") or ())
    ids = {side: _named(review, found[:MOST_CANDIDATES], side) for side in SIDES}
    known = _known(asked, store, ids)
    rows = tuple(
        Row(name=name, base=of.get("base"), left=of.get("left"), right=of.get("right"))
        for name, of in review.fields.items()
    )
    names = {row.name for row in rows}
    pair = _pair(review, known, flow)
    candidates = tuple(_candidate(review, one, known, flow) for one in found[:MOST_CANDIDATES])
    called = Names(flow, asked.scope, store, [*rows, *pair, *(row for one in candidates for row in one.rows)])
    rows, pair = called.named(rows), called.named(pair)
    candidates = tuple(replace(one, rows=called.named(one.rows)) for one in candidates)
    systems = {side.value: _system(flow, side) for side in SIDES}
    titles = {
        "left": title_of(known.values[Side.LEFT].get(review.left_id or ""), review.left_id),
        "right": title_of(known.values[Side.RIGHT].get(review.right_id or ""), review.right_id),
    }
    shown = next((one.name for one in titles.values() if one is not None and one.name), "")
    return QuestionShown(
        asked=asked,
        kind=words.kind_words(review),
        title=shown or _name_in(review) or _ids(review) or str(words.kind_words(review).title),
        systems=systems,
        titles=titles,
        rows=rows,
        others=tuple(row for row in pair if row.name not in names),
        candidates=candidates,
        more_candidates=max(0, len(found) - MOST_CANDIDATES),
        choices=_choices(review, flow),
        message="" if words.is_new(review) else str(review.evidence.get("message") or ""),
        guards=tuple(review.evidence.get("guards") or ()),
        singles={} if rows or pair or found else _singles(review, known, flow),
        by_field=review.kind in (ReviewKind.CONFLICT, ReviewKind.LOSSY_EDIT) and len(rows) > 1,
        asks_partner=review.kind is ReviewKind.UNKNOWN and (review.left_id is None or review.right_id is None),
        why={
            side.value: urlencode(
                {
                    "integration": asked.scope.integration,
                    "system": flow.end(side).system,
                    "type": flow.end(side).selection.record,
                    "id": (review.left_id if side is Side.LEFT else review.right_id) or "",
                }
            )
            for side in SIDES
        }
        if flow
        else {},
    )


def _singles(review: Review, known: Known, flow: Flow | None) -> dict[str, tuple[tuple[str, Value], ...]]:
    """The mapped fields of a record that stands alone, as it was last read."""
    found: dict[str, tuple[tuple[str, Value], ...]] = {}
    for side, id_ in ((Side.LEFT, review.left_id), (Side.RIGHT, review.right_id)):
        values = known.values[side].get(id_ or "")
        if flow is not None and values is not None:
            names = dict.fromkeys(name for line in flow.maps for name in line.fields(side) if name in values)
            found[side.value] = tuple((name, values[name]) for name in names)
    return found


def _choices(review: Review, flow: Flow | None) -> tuple[Choice, ...]:
    names = {
        "left": flow.left.system if flow else "left",
        "right": flow.right.system if flow else "right",
    }
    cannot_link = is_open_who(review) and review.left_id is None and review.right_id is None
    found: list[Choice] = []
    for take in TAKES[review.kind]:
        if take is Take.LINK and (cannot_link or words.is_new(review)):
            continue
        told = words.take_words(review, take)
        found.append(
            Choice(
                take=take.value,
                words=told,
                title=str(told.title).format(**names),
                effect=str(told.effect).format(**names),
            )
        )
    return tuple(found)


def _system(flow: Flow | None, side: Side) -> str:
    return f"{flow.end(side).system} · {flow.end(side).selection.record}" if flow else side.value


def _named(review: Review, candidates: Sequence[Any], side: Side) -> list[str]:
    ids = {review.left_id if side is Side.LEFT else review.right_id}
    ids |= {one[side.value] for one in candidates if isinstance(one, Mapping)}
    return sorted(id_ for id_ in ids if id_)


def _known(asked: Asked, store: Store, ids: Mapping[Side, Sequence[str]]) -> Known:
    known = Known()
    for side in SIDES:
        if not ids[side]:
            continue
        for link in store.links_of(asked.scope, side, ids[side]):
            for of in SIDES:
                end = link.end(of)
                if end is not None and end.base:
                    known.values[of].setdefault(end.id, end.base)
            mine = link.end(side)
            if mine is not None and link.state is LinkState.ACTIVE:
                known.linked.add((side, mine.id))
        for one in store.unlinked(asked.scope, side, list(ids[side])):
            known.values[side][one.id] = one.values
    return known


def _pair(review: Review, known: Known, flow: Flow | None) -> tuple[Row, ...]:
    """Every mapped field of the two records the question is about, as they were last read."""
    if flow is None or review.left_id is None or review.right_id is None:
        return ()
    left = known.values[Side.LEFT].get(review.left_id)
    right = known.values[Side.RIGHT].get(review.right_id)
    return _rows(flow, left, right) if left is not None and right is not None else ()


def _rows(
    flow: Flow, left: Mapping[str, Value] | None, right: Mapping[str, Value] | None, *, is_asked: bool = False
) -> tuple[Row, ...]:
    return tuple(
        Row(
            name=line.name,
            base=None,
            left=(on_left := _joined(left, line.left)),
            right=(on_right := _joined(right, line.right)),
            is_asked=is_asked,
            agrees=_agrees(line, on_left, on_right),
        )
        for line in flow.maps
        if line.left and line.right
    )


def _agrees(line: FieldMap, left: Value, right: Value) -> bool:
    """Codes that stand for each other."""
    codes = line.codes
    return codes is not None and left is not None and right is not None and right in codes.to_right.get(left, ())


def _joined(values: Mapping[str, Value] | None, names: Sequence[str]) -> Value:
    found = [values.get(name) for name in names] if values else []
    texts = [one for one in found if one is not None]
    return " ".join(texts) if texts else None


def _candidate(review: Review, one: Mapping[str, Any], known: Known, flow: Flow | None) -> Candidate:
    left, right = str(one.get("left")), str(one.get("right"))
    partner = right if review.left_id is not None else left if review.right_id is not None else None
    side = Side.RIGHT if review.left_id is not None else Side.LEFT
    values = known.values[side].get(right if side is Side.RIGHT else left)
    title = title_of(values, right if side is Side.RIGHT else left)
    evidence = one.get("fields") or ()
    likeness = {name: of.get("similarity") for name, of in evidence.items()} if isinstance(evidence, Mapping) else {}
    rows: tuple[Row, ...] = ()
    if flow is not None:
        mine = known.values[Side.LEFT].get(left), known.values[Side.RIGHT].get(right)
        rows = tuple(
            Row(
                name=row.name,
                base=None,
                left=row.left,
                right=row.right,
                agrees=row.agrees,
                is_asked=row.name in evidence,
                similarity=likeness.get(row.name),
            )
            for row in _rows(flow, *mine)
        )
    score = one.get("score")
    return Candidate(
        left=left,
        right=right,
        partner=partner,
        title=title.name or title.id if title else partner or f"{left} – {right}",
        rule=str(one.get("rule") or ""),
        score=float(score) if isinstance(score, (int, float)) else None,
        rows=rows,
        evidence=named_evidence(evidence),
        is_linked=(Side.LEFT, left) in known.linked or (Side.RIGHT, right) in known.linked,
    )


def _name_in(review: Review) -> str:
    """A name among the fields that are asked about."""
    for side in ("left", "right", "base"):
        title = title_of({name: of.get(side) for name, of in review.fields.items()}, "", is_strict=True)
        if title is not None and title.name:
            return title.name
    for candidate in review.evidence.get("candidates") or ():
        fields = candidate.get("fields") if isinstance(candidate, Mapping) else None
        if isinstance(fields, Mapping):
            values = {name: of.get("left") for name, of in fields.items() if isinstance(of, Mapping)}
            title = title_of(values, "", is_strict=True)
            if title is not None and title.name:
                return title.name
    return ""


def _ids(review: Review) -> str:
    return " – ".join(id_ for id_ in (review.left_id, review.right_id) if id_)


def _about(review: Review) -> str:
    message = review.evidence.get("message")
    if message:
        return str(message)
    if review.fields and review.kind in (ReviewKind.CONFLICT, ReviewKind.LOSSY_EDIT):
        return ", ".join(review.fields)
    candidates = review.evidence.get("candidates") or ()
    best = max((one.get("score") or 0 for one in candidates if isinstance(one, Mapping)), default=0)
    return f"{len(candidates)} × {int(best * 100)} %" if best else f"{len(candidates)}" if candidates else ""
