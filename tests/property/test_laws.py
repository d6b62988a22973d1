"""The laws of keeping two systems in agreement, held over random lives of both.

Rows E1, E2, E16, E17, E19, E23, E24, E29, E34. Users of both systems create, edit, delete, archive, merge and restore;
the hub runs, is killed at any durable point and started again, meets faults, loses its links, and people answer its
questions. Whatever happens on the way:

- no value that the hub overwrote or deleted is missing from the journal's `before` (E19);
- no field that a person is being asked about is written while it says what the question shows (E17, E19);
- the hub deletes a record only when its partner was deleted by a user, or left the filter where that deletes (E1, E2);
- no id stands in two links (E16), and nothing is created twice.

And once the faults have stopped and two runs are through, every pair that no question is open about agrees field by
field, and the next run writes nothing (E23).
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import note, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from tallystick.connectors.memory import Changes, IdsFrom, Versions
from tallystick.engine import questions
from tallystick.errors import StaleDecision, TallystickError
from tallystick.model.link import LinkState
from tallystick.model.plan import Operation, Review, ReviewKind, ReviewStatus, Take
from tallystick.model.record import Cause
from tallystick.model.selection import Selection
from tallystick.model.side import SIDES, Side
from tallystick.model.value import Value
from tallystick.model.write import Action, Outcome, Result, Write
from tallystick.ports.system import System
from tallystick.runs.links import rebuild
from tallystick.runs.plans import apply_plan, make_plan
from tallystick.testing.faults import (
    ALWAYS,
    CallFails,
    EmptyListing,
    FaultySystem,
    HalfBatch,
    Hangs,
    IncompleteListing,
    LostAnswer,
    ReadFails,
    ShortPage,
    WriteFails,
    fault_plans,
)
from tallystick.testing.faults.fault import Fault, Layer
from tests.property.lives import both, case
from tests.two_systems import FIELDS, RECORD, TwoSystems, flow, killed, loaded, person

READING = (ReadFails, ShortPage, IncompleteListing, EmptyListing, Hangs)
WRITING = (LostAnswer, WriteFails, CallFails, HalfBatch)
EDITED = tuple(name for name in FIELDS if name != "tag")
TEXTS: st.SearchStrategy[Value] = st.sampled_from(["a", "b", "c", "", None])

LEAVING = (Cause.ARCHIVED, Cause.FORBIDDEN, Cause.MERGED)

OUTSIDE = "c"

EDITS: st.SearchStrategy[dict[str, Value]] = st.dictionaries(st.sampled_from(EDITED), TEXTS, min_size=1)

RULES = ("ask", "ask", "left", "right", "newest", "add_both", "ignore")


@dataclass(frozen=True)
class Terms:
    """What is agreed and what the two systems can do."""

    rule: str = "ask"
    granularity: str = "field"
    edit_vs_delete: str = "edit"
    new: str = "create"
    filtered: Side | None = None  # the side of which records of OUTSIDE take no part
    left_scope: str = "unlink"
    is_matching: bool = False  # by the tag, which tells a record and its copies from all others
    ids: Mapping[Side, IdsFrom] = field(default_factory=lambda: dict.fromkeys(SIDES, IdsFrom.WRITER))
    versions: Mapping[Side, Versions] = field(default_factory=lambda: dict.fromkeys(SIDES, Versions.COUNTER))
    changes: Mapping[Side, Changes] = field(default_factory=lambda: dict.fromkeys(SIDES, Changes.SEQUENCE))
    idempotency: Mapping[Side, bool] = field(default_factory=lambda: dict.fromkeys(SIDES, True))
    find: Mapping[Side, bool] = field(default_factory=lambda: dict.fromkeys(SIDES, True))
    causes: Mapping[Side, bool] = field(default_factory=lambda: dict.fromkeys(SIDES, True))
    batch_rows: int = 1_000
    batch: int = 4_000
    max_writes: int = 500

    def flow(self, version: int) -> str:
        """The flow of the file; versions of it say the same in other words."""
        more = [
            f"full: every {version + 1} days",
            f"conflict: {{rule: {self.rule}, granularity: {self.granularity}}}",
            f"'on': {{edit_vs_delete: {self.edit_vs_delete}, new_left: {self.new}, left_scope: {self.left_scope}}}",
        ]
        if self.is_matching:
            more.append("match: {definite: [[tag]]}")
        ends = {self.filtered.value: f"where: {{field: city, is_not: {OUTSIDE}}}"} if self.filtered is not None else {}
        return flow(*more, guards="{delete: none}", **ends)

    def takes_part(self, side: Side, record: Mapping[str, Value]) -> bool:
        return side is not self.filtered or record["city"] != OUTSIDE


terms = st.builds(
    Terms,
    rule=st.sampled_from(RULES),
    granularity=st.sampled_from(["field", "record"]),
    edit_vs_delete=st.sampled_from(["edit", "delete", "ask"]),
    new=st.sampled_from(["create", "create", "ask"]),
    filtered=st.sampled_from([None, None, *SIDES]),
    left_scope=st.sampled_from(["unlink", "delete", "keep"]),
    is_matching=st.booleans(),
    ids=both(st.sampled_from(IdsFrom)),
    versions=both(st.sampled_from([Versions.COUNTER, Versions.COUNTER, Versions.NONE])),
    changes=both(st.sampled_from([Changes.SEQUENCE, Changes.NONE])),
    idempotency=both(st.booleans()),
    find=both(st.booleans()),
    causes=both(st.booleans()),
    batch_rows=st.sampled_from([1_000, 2]),
    batch=st.sampled_from([4_000, 1, 2]),
    max_writes=st.sampled_from([500, 1]),
).filter(
    lambda t: (
        not (t.is_matching and t.rule == "add_both")  # two versions of one record cannot share its tag
        and (t.filtered is None or t.causes[t.filtered])  # else nothing tells a record outside from a deleted one
    )
)


Lost = tuple[Side, str, Action, dict[str, Value]]
"""What one write took away: side, id, action, field -> value."""


class Witness(Layer):
    """Stands beside a system and writes down what the hub overwrites and deletes there."""

    def __init__(self, inner: System, side: Side, lives: Lives) -> None:
        super().__init__(inner)
        self._side = side
        self._granularity = lives.terms.granularity
        self._two = lives.two
        self._table = lives.two.table(side)
        self._seen = lives.seen
        self._deleted = lives.deleted
        self._there = lives.there
        self._overruled = lives.overruled

    def write(self, selection: Selection, writes: Sequence[Write]) -> Sequence[Outcome]:
        outcomes: list[Outcome] = []
        for write in writes:
            before = self._table.get(write.id) if write.id is not None else None
            if before is not None:
                self._check_asked(write, before)
            outcomes += self.inner.write(selection, [write])
            if before is None or outcomes[-1].result is not Result.DONE or write.action is Action.CREATE:
                continue
            after = self._table.get(write.id or "") or {}
            lost = {name: value for name, value in before.items() if after.get(name, ...) != value}
            self._seen.append((self._side, write.id or "", write.action, lost))
            if write.action is Action.DELETE:
                self._deleted.append((self._side, write.id or "", self._there(self._side.other, lost["tag"])))
        return outcomes

    def _check_asked(self, write: Write, before: dict[str, Value]) -> None:
        for review in self._two.memory.reviews(self._two.scope(), kinds=(ReviewKind.CONFLICT,)):
            ids = {Side.LEFT: review.left_id, Side.RIGHT: review.right_id}
            if ids[self._side] != write.id:
                continue
            other = self._two.table(self._side.other).get(ids[self._side.other] or "") or {}
            if not self._is_clashing(review, before, other):
                continue  # a question about a whole record ends with the last field that both sides had edited
            for name, shown in review.fields.items():
                is_as_shown = before.get(name) == shown[self._side] and other.get(name) == shown[self._side.other]
                if name in write.values and is_as_shown:
                    self._overruled.append(f"{self._side.value} {write.id} {name}, asked as {shown}")

    def _is_clashing(self, review: Review, ours: dict[str, Value], theirs: dict[str, Value]) -> bool:
        if self._granularity == "field":
            return True
        return any(len({ours.get(n), theirs.get(n), shown["base"]}) == 3 for n, shown in review.fields.items())


class Lives(RuleBasedStateMachine):
    """Random lives of two systems and the hub between them."""

    two: TwoSystems

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[Lost] = []
        self.deleted: list[tuple[Side, str, list[Cause | None]]] = []  # side, id, what became of its copies by then
        self.overruled: list[str] = []
        self.checked = 0
        self.tags = 0
        self.edited_copies: set[str] = set()
        self.version = 0
        self.has_lost_links = False
        self.faults: dict[Side, tuple[Fault, ...]] = dict.fromkeys(SIDES, ())

    @initialize(terms=terms)
    def begin(self, terms: Terms) -> None:
        self.terms = terms
        types = {
            side: person(
                ids=terms.ids[side],
                versions=terms.versions[side],
                changes=terms.changes[side],
                idempotency=terms.idempotency[side],
                find=terms.find[side],
                causes=terms.causes[side],
                max_writes=terms.max_writes,
            )
            for side in SIDES
        }
        self.two = TwoSystems(
            terms.flow(0),
            left=[types[Side.LEFT]],
            right=[types[Side.RIGHT]],
            batch_rows=terms.batch_rows,
            batch=terms.batch,
            wrap=self.wrap,
        )

    def wrap(self, side: Side, system: System) -> System:
        return FaultySystem(
            Witness(system, side, self),
            self.faults[side],
            self.two.clock,
        )

    def teardown(self) -> None:
        if hasattr(self, "two"):  # a life that broke a law is at its end already
            try:
                self.end()
            finally:
                self.two.close()

    def rows(self, side: Side) -> dict[str, tuple[Cause | None, Value]]:
        """Every record there is or was: id -> why it is gone, tag."""
        with self.two.worlds[side].reading() as state:
            return {id_: (row.gone, row.values["tag"]) for id_, row in state.tables[RECORD].rows.items()}

    # --- users

    def some(self, side: Side, number: int) -> str | None:
        ids = sorted(self.two.table(side).records())
        return ids[number % len(ids)] if ids else None

    @rule(side=st.sampled_from(SIDES), values=st.fixed_dictionaries(dict.fromkeys(EDITED, TEXTS)))
    def create(self, side: Side, values: dict[str, Value]) -> None:
        self.tags += 1
        tag = f"t{self.tags}"
        self.two.table(side).put({**values, "tag": tag}, id=tag if self.terms.ids[side] is IdsFrom.WRITER else None)

    @rule(
        side=st.sampled_from(SIDES),
        number=st.integers(0, 3),
        values=st.dictionaries(st.sampled_from(EDITED), TEXTS, min_size=1, max_size=2),
    )
    def edit(self, side: Side, number: int, values: dict[str, Value]) -> None:
        if (id_ := self.some(side, number)) is None:
            return
        if self.is_copy(side, id_):
            if id_ in self.edited_copies:
                return
            self.edited_copies.add(id_)
            values = dict(list(values.items())[:1])
        self.two.clocks[side].move(1_000)
        self.two.table(side).edit(id_, values)

    def is_copy(self, side: Side, id_: str) -> bool:
        """Whether a create without an answer made it: edited throughout, nobody could know it for that."""
        tags = {record["tag"] for record in self.two.table(side.other).records().values()}
        return (self.two.table(side).get(id_) or {}).get("tag") in tags and not self.two.store.links_of(
            self.two.scope(), side, [id_]
        )

    @rule(number=st.integers(0, 3), left=EDITS, right=EDITS)
    def edit_both(self, number: int, left: dict[str, Value], right: dict[str, Value]) -> None:
        """What makes conflicts: two people at one record."""
        links = [link for link in self.two.links() if link.state is LinkState.ACTIVE]
        if links:
            link = links[number % len(links)]
            for side, values in ((Side.LEFT, left), (Side.RIGHT, right)):
                end = link.end(side)
                assert end is not None
                if self.two.table(side).get(end.id) is not None:
                    self.two.table(side).edit(end.id, values)

    @rule(side=st.sampled_from(SIDES), number=st.integers(0, 3))
    def delete(self, side: Side, number: int) -> None:
        if (id_ := self.some(side, number)) is not None:
            self.two.table(side).delete(id_)

    @rule(side=st.sampled_from(SIDES), number=st.integers(0, 3), into=st.integers(0, 3), cause=st.sampled_from(LEAVING))
    def leave(self, side: Side, number: int, into: int, cause: Cause) -> None:
        """The record is gone, but not deleted."""
        if (id_ := self.some(side, number)) is None:
            return
        table = self.two.table(side)
        if cause is Cause.ARCHIVED:
            table.archive(id_)
        elif cause is Cause.FORBIDDEN:
            table.forbid(id_)
        elif (winner := self.some(side, into)) not in (None, id_):
            table.merge(id_, winner or "")

    @rule(side=st.sampled_from(SIDES), number=st.integers(0, 3))
    def restore(self, side: Side, number: int) -> None:
        """Only what has a link, and no living copy: two live records of one tag would be the users' own doing."""
        rows = self.rows(side)
        living = {tag for gone, tag in rows.values() if gone is None}
        gone = [id_ for id_, (why, tag) in sorted(rows.items()) if why is not None and tag not in living]
        gone = [id_ for id_ in gone if self.two.memory.links_of(self.two.scope(), side, [id_])]
        if gone:
            self.two.table(side).restore(gone[number % len(gone)])

    # --- the hub

    def run(self, **options: Any) -> None:
        """One run; whatever a fault makes of it, the hub says so and stands."""
        self.two.run(**options)

    @rule(is_full=st.booleans(), is_approved=st.booleans())
    def sync(self, is_full: bool, is_approved: bool) -> None:
        self.run(is_full=is_full, approval=is_approved)

    @rule(dies_at=st.integers(1, 60), is_full=st.booleans())
    def sync_killed(self, dies_at: int, is_full: bool) -> None:
        killed(self.two, dies_at, lambda: self.run(is_full=is_full))

    @precondition(lambda self: self.terms.is_matching)
    @rule(dies_at=st.one_of(st.none(), st.integers(1, 30)))
    def lose_links(self, dies_at: int | None) -> None:
        """The link table is lost and found again from both sides; what was asked about is then first contact (E34).

        Where that is killed, the next run does it; killed before it is written down, a person begins it again.
        """
        self.two.store.replace_links(self.two.scope(), [])
        self.has_lost_links = True

        def find_again() -> None:
            with self.two.workspace() as workspace:
                assert rebuild(workspace).errors == {}

        is_killed = dies_at is not None and killed(self.two, dies_at, find_again)
        if dies_at is None or (is_killed and self.two.store.unfinished(self.two.scope()) is None):
            find_again()

    @rule()
    def edit_file(self) -> None:
        """What an earlier run had planned is of another file now."""
        self.version += 1
        self.two.loaded = loaded(self.terms.flow(self.version))

    @rule(
        dies_at=st.integers(1, 60),
        side=st.sampled_from(SIDES),
        number=st.integers(0, 3),
        values=EDITS,
        is_edited=st.booleans(),
    )
    def sync_resumed(self, dies_at: int, side: Side, number: int, values: dict[str, Value], is_edited: bool) -> None:
        """A worker is killed, somebody edits, and another worker goes on with the same run."""
        run = self.two.ids.new()
        if killed(self.two, dies_at, lambda: self.two.run_in_stages(run)):
            self.edit(side, number, values)
            if is_edited:
                self.edit_file()
            self.two.run_in_stages(run)

    @rule(side=st.sampled_from(SIDES), plan=fault_plans(most=2, of=READING), is_full=st.booleans())
    def sync_badly_read(self, side: Side, plan: Iterable[Fault], is_full: bool) -> None:
        """Readings that fail, break off or say nothing: the hub deletes nothing that was not deleted."""
        self.faults[side] = tuple(plan)
        self.run(is_full=is_full)
        self.faults[side] = ()

    @rule(side=st.sampled_from(SIDES), plan=fault_plans(most=2, of=WRITING), is_full=st.booleans())
    def sync_badly_written(self, side: Side, plan: Iterable[Fault], is_full: bool) -> None:
        self.faults[side] = tuple(plan)
        self.run(is_full=is_full)
        self.faults[side] = ()

    @rule(side=st.sampled_from(SIDES), is_written=st.booleans())
    def sync_unanswered(self, side: Side, is_written: bool) -> None:
        """One side answers no write at all, whether it does them or not."""
        self.faults[side] = (LostAnswer(times=ALWAYS, is_written=is_written),)
        self.run()
        self.faults[side] = ()

    @rule(is_full=st.booleans())
    def plan_and_apply(self, is_full: bool) -> None:
        """The plan says line by line what applying it then does (E24)."""
        before = {side: len(self.two.worlds[side].accepted()) for side in SIDES}
        with self.two.workspace() as workspace:
            plan = make_plan(workspace, is_full=is_full)
        settled = {side: len(self.two.worlds[side].accepted()) for side in SIDES}
        if before != settled:
            return  # a killed run was finished first; its writes are not the plan's
        with self.two.workspace() as workspace:
            report = apply_plan(workspace, plan)
        planned = Counter(
            (
                line["side"],
                line["action"],
                line["id"] if line["action"] != "create" else None,
                tuple(sorted(line["fields"])),
            )
            for flow_plan in plan["flows"].values()
            for line in flow_plan["operations"]
            if line["action"] in ("create", "update", "delete")
        )
        done = Counter(
            (
                side.value,
                write.action.value,
                write.id if write.action is not Action.CREATE else None,
                tuple(sorted(FIELDS)) if write.action is Action.DELETE else write.fields,
            )
            for side in SIDES
            for write in self.two.worlds[side].accepted()[before[side] :]
        )
        assert not report.extra["refused"]
        assert report.errors == {}
        assert planned == done

    @rule(number=st.integers(0, 3), choice=st.integers(0, 3), dies_at=st.one_of(st.none(), st.integers(1, 30)))
    def decide(self, number: int, choice: int, dies_at: int | None) -> None:
        reviews = [review for review in self.two.reviews() if review.kind is not ReviewKind.HELD]
        if not reviews:
            return
        review = reviews[number % len(reviews)]
        takes = {
            ReviewKind.CONFLICT: ("left", "right", "ignore"),
            ReviewKind.COLLISION: ("link", "create", "ignore"),
            ReviewKind.POSSIBLE: ("create", "ignore"),
            ReviewKind.UNKNOWN: ("create", "ignore") if self.is_certainly_not_there(review) else ("ignore",),
        }.get(review.kind, ("ignore",))
        take = takes[choice % len(takes)]
        note(f"{review.kind} {take}")

        def act() -> None:
            try:
                self.two.state().decide(review.number, take)
            except StaleDecision:
                pass
            except TallystickError as error:
                raise AssertionError(f"{error!r}") from error

        if dies_at is None:
            act()
        else:
            killed(self.two, dies_at, act)

    @rule(number=st.integers(0, 3))
    def reconsider(self, number: int) -> None:
        """An answer is taken back: the question is open again, if it still is one."""
        decided = self.two.store.reviews(self.two.scope(), status=ReviewStatus.DECIDED)
        if decided:
            review = decided[number % len(decided)]
            note(f"{review.kind} {review.decision}")
            with suppress(StaleDecision):
                self.two.state().undo_decision(review.number)

    def is_certainly_not_there(self, review: Review) -> bool:
        """What the answer "create" gives a person's word for."""
        (side, id_), *others = questions.named(questions.key_of(review))
        tag = self.rows(side)[id_][1]
        return not others and tag not in {t for gone, t in self.rows(side.other).values() if gone is None}

    # --- the laws that always hold

    @invariant()
    def no_value_is_lost(self) -> None:
        new = self.seen[self.checked :]
        if not new:
            return
        self.checked = len(self.seen)
        journal: dict[tuple[Side, str | None], list[Operation]] = {}
        for operation in self.two.journal():
            journal.setdefault((operation.side, operation.id_on(operation.side)), []).append(operation)
        for side, id_, action, lost in new:
            kept = journal.get((side, id_), [])
            for name, value in lost.items():
                assert any(name in one.before and one.before[name] == value for one in kept if one.action is action), (
                    f"{action.value} of {side.value} {id_} lost {name}={value!r}: {kept}"
                )

    @invariant()
    def nobody_is_overruled(self) -> None:
        assert self.terms_rule != "ask" or self.has_lost_links or not self.overruled, self.overruled

    @property
    def terms_rule(self) -> str:
        return self.terms.rule if hasattr(self, "terms") else ""

    @invariant()
    def nothing_is_deleted_that_lives_on_the_other_side(self) -> None:
        deleted, self.deleted[:] = list(self.deleted), []
        for side, id_, there in deleted:
            assert None not in there or self.terms.rule == "add_both", f"{side.value} {id_} deleted, its partner lives"
            is_left = Cause.OUT_OF_FILTER in there and self.terms.left_scope == "delete"
            is_deleted = Cause.DELETED in there or is_left or not self.terms.causes[side.other]
            assert is_deleted, f"{side.value} {id_} deleted, its partner is {there}"

    def there(self, side: Side, tag: Value) -> list[Cause | None]:
        """Why each record of this tag is gone; None for one that lives. One that was merged into a record outside the
        filter has left it.
        """
        with self.two.worlds[side].reading() as state:
            rows = state.tables[RECORD].rows
            causes: list[Cause | None] = []
            for row in (one for one in rows.values() if one.values["tag"] == tag):
                now = row
                while now.gone is Cause.MERGED and now.merged_into in rows:
                    now = rows[now.merged_into]
                is_outside = now.gone is None and not self.terms.takes_part(side, now.values)
                causes.append(Cause.OUT_OF_FILTER if is_outside else row.gone)
        return causes

    @invariant()
    def one_link_per_id(self) -> None:
        if not hasattr(self, "two"):
            return
        for side in SIDES:
            ids = Counter(end.id for link in self.two.links() if (end := link.end(side)) is not None)
            assert all(count == 1 for count in ids.values())

    @invariant()
    def nothing_is_created_twice(self) -> None:
        if not hasattr(self, "two") or self.terms.rule == "add_both":
            return
        for side in SIDES:
            tags = Counter(record["tag"] for record in self.two.table(side).records().values())
            assert all(count == 1 for count in tags.values()), f"twice on the {side.value}: {tags}"

    # --- the laws of the end

    def end(self) -> None:
        """No more faults: two runs and everything agrees that nobody is asked about, and the third writes nothing."""
        for _ in range(3):
            self.sync(is_full=True, is_approved=True)
        before = self.two.writes()
        report = self.two.run(is_full=True, approval=True)
        assert report.errors == {}
        assert self.two.writes() == before, f"still writing: {report.shown()}"
        self.two.run()
        assert self.two.writes() == before, "an incremental run after full ones writes"
        for check in (
            self.no_value_is_lost,
            self.nobody_is_overruled,
            self.one_link_per_id,
            self.nothing_is_created_twice,
        ):
            check()
        self.all_agree()

    def all_agree(self) -> None:
        reviews = self.two.store.reviews(self.two.scope(), status=None)
        waiting = {
            (side, id_)
            for review in reviews
            if review.status is ReviewStatus.OPEN or _is_left(review)
            for side, id_ in ((Side.LEFT, review.left_id), (Side.RIGHT, review.right_id))
            if id_ is not None
        }
        linked: set[tuple[Side, str]] = set()
        for link in self.two.links():
            ids = {side: end.id for side in SIDES if (end := link.end(side)) is not None}
            linked |= set(ids.items())
            if any(one in waiting for one in ids.items()) or link.state is LinkState.DORMANT:
                continue
            kept = {Cause.FORBIDDEN, *((Cause.ARCHIVED,) if self.terms.left_scope == "keep" else ())}
            if any(self.terms.causes[side] and self.rows(side)[ids[side]][0] in kept for side in SIDES):
                continue
            left, right = (self.two.table(side).get(ids[side]) for side in SIDES)
            if any(
                one and not self.terms.takes_part(side, one) for side, one in zip(SIDES, (left, right), strict=True)
            ):
                continue
            if self.terms.rule == "ignore" and left is not None and right is not None and left["tag"] == right["tag"]:
                continue
            assert left == right, f"{link.left} {link.right}"
            assert left is not None
        parked = {(side, one.id) for side in SIDES for one in self.two.store.unlinked(self.two.scope(), side)}
        for side in SIDES:
            for id_, record in self.two.table(side).records().items():
                is_known = not self.terms.takes_part(side, record) or (side, id_) in linked | waiting | parked
                assert is_known, f"nobody knows {side.value} {id_}"


def _is_left(review: Review) -> bool:
    return review.decision is not None and review.decision.take is Take.IGNORE


class Long(Lives):
    """The same, for `make test-slow`."""


class Soak(Lives):
    """The same, for `make soak`."""


TestLaws = case(Lives, settings().max_examples * 3)
TestLawsLong = pytest.mark.slow(pytest.mark.timeout(900)(case(Long, 2_000)))
TestLawsSoak = pytest.mark.soak(case(Soak, int(os.environ.get("SOAK_LIVES", "100000")), is_random=True))
