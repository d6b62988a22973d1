"""A month at the desk, with the clock in hand: requesters, agents and technicians who do what comes to them, answers
that get lost, processes that die. Each case is a life of its own; between its steps the time goes on.
"""

from __future__ import annotations

import heapq
import itertools
import random
from collections import Counter
from collections.abc import Callable, Generator
from dataclasses import dataclass, field

from tallystick.errors import InputRefused, LinkExpired
from tallystick.server.desk.domain import cases, closing, help_desk, replying, technician
from tallystick.server.desk.domain.help_desk import Wanted
from tallystick.server.desk.domain.technician import Doing
from tallystick.server.desk.mail import addresses, intake
from tallystick.server.desk.models import CaseOrder, Question, Satisfaction, WorkOrder
from tallystick.server.messages.courier import Courier, Point
from tallystick.server.messages.course import OPEN, Came, Found
from tallystick.server.messages.models import Direction, Transaction
from tallystick.server.messages.transports import LookedUp, Sent, Straight
from tallystick.server.people.actor import Actor
from tallystick.server.records.domain import actions, history
from tallystick.server.records.models import Case

MINUTE, HOUR, DAY = 60.0, 3_600.0, 86_400.0
Life = Generator[float, None, None]
"""Yields how many seconds it waits for its next step."""


class Died(BaseException):
    """The process ends between two steps of a courier; the next one begins from what was written."""


@dataclass
class Lossy:
    """The way into the other half, on which requests and answers get lost."""

    chance: random.Random
    share: float = 0.08
    lost: Counter[str] = field(default_factory=Counter)
    straight: Straight = field(default_factory=Straight)

    def send(self, peer, message) -> Sent:
        how = self.chance.random()
        if how < self.share:
            self.lost["not sent"] += 1
            return Sent(came=Came.NOT_SENT, message="There is no connection.")
        if how < 2 * self.share:
            self.lost["lost on the way there"] += 1
            return Sent(came=Came.LOST, message="No answer.")
        sent = self.straight.send(peer, message)
        if how < 3 * self.share:
            self.lost["lost on the way back"] += 1
            return Sent(came=Came.LOST, message="No answer.")
        return sent

    def look_up(self, peer, id_) -> LookedUp:
        if self.chance.random() < self.share:
            self.lost["look-up lost"] += 1
            return LookedUp(found=Found.UNANSWERED, message="No answer.")
        return self.straight.look_up(peer, id_)

    def read_list(self, peer, name, words):
        return self.straight.read_list(peer, name, words)


@dataclass
class Month:
    """`agents` and `technicians` act; `requesters` have an address each."""

    desk: object
    agents: list[Actor]
    technicians: list[Actor]
    chance: random.Random
    count: int
    post: object
    dies: float = 0.03  # at each point between two steps
    deaths: int = 0
    did: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.wire = Lossy(self.chance)

    def go(self) -> None:
        """All lives to their ends, then the time until nothing is under way."""
        order = itertools.count()
        lives: list[tuple[float, int, Life]] = []
        now, opens = 0.0, sorted(self.chance.uniform(0, 26 * DAY) for _ in range(self.count))
        for number, begin in enumerate(opens):
            heapq.heappush(lives, (begin, next(order), self._life(number)))
        next_chores = DAY
        while lives:
            at, _ordinal, life = heapq.heappop(lives)
            self.desk.clock.move(at - now)
            now = at
            wait = next(life, None)
            if wait is not None:
                heapq.heappush(lives, (now + wait, next(order), life))
            self.deliver()
            if now > next_chores:
                closing.close_due()
                next_chores += DAY
        self.settle()

    def settle(self) -> None:
        """Nobody dies and nothing is lost any more; two weeks go by."""
        self.wire.share, self.dies = 0.0, 0.0
        for _half_day in range(28):
            self.deliver()
            while closing.close_due():
                self.deliver()
            self.desk.clock.move(DAY / 2)
        assert not Transaction.objects.filter(state__in=OPEN).exists()

    def deliver(self) -> None:
        try:
            self.courier().deliver_due()
        except Died:
            self.deaths += 1

    def courier(self) -> Courier:
        return Courier(transport=lambda _peer: self.wire, watch=self._watch)

    def _watch(self, _point: Point) -> None:
        if self.chance.random() < self.dies:
            raise Died

    # --- one case

    def _life(self, number: int) -> Life:
        agent = self.chance.choice(self.agents)
        case = self._by_mail(number) if self.chance.random() < 0.3 else self._by_telephone(agent, number)
        yield self._some(8 * HOUR)
        for _round in range(3):
            if self.chance.random() < 0.15:
                break  # solved on the telephone
            yield from self._work(agent, case)
            if self.chance.random() < 0.2:
                self.did["two orders of a case"] += 1
                yield from self._work(agent, case)
            if self.chance.random() < 0.1:
                self._note("closed early", lambda: cases.close(agent, case.pk))
                return
            cases.resolve(agent, case.pk, "It works again.")
            yield self._some(2 * DAY)
            if self._is_satisfied(case):
                break
        if self.chance.random() < 0.7:
            self._note("closed", lambda: cases.close(agent, case.pk))

    def _by_telephone(self, agent: Actor, number: int) -> Case:
        self.did["cases by telephone"] += 1
        values = {"subject": f"Lamp {number} is dark", "kind": "help_desk", "person": self.desk.requester}
        return Case.objects.get(pk=actions.create(agent, "case", values).id)

    def _by_mail(self, number: int) -> Case:
        self.did["cases by email"] += 1
        author = f"person{number}@requesters.example"
        raw = self.post.letter(f"Lamp {number} is dark", author=author, subject=f"Lamp {number}").as_bytes()
        for _delivery in range(self.chance.choice((1, 1, 2))):  # mail servers try again
            kept = intake.keep(raw, envelope_sender=author, sent_for=["desk@hub.example"])
            if kept is not None and self.chance.random() < 0.9:
                intake.take(kept)
        intake.take_waiting()  # what a process kept and died before it was taken
        return Case.objects.get(subject=f"Lamp {number}")

    # --- one order

    def _work(self, agent: Actor, case: Case) -> Life:
        is_wrong = self.chance.random() < 0.15
        wanted = Wanted(subject=f"Order for {case.subject}", shop="S9" if is_wrong else "S1", priority="1")
        try:
            found = help_desk.request_order(agent, case.pk, self.desk.maintenance, wanted, courier=self.courier())
        except Died:
            self.deaths += 1
            found = CaseOrder.objects.filter(case=case).latest("pk")
        self.did["orders asked for"] += 1
        waited = 0.0
        while not CaseOrder.objects.get(pk=found.pk).number:
            state = Transaction.objects.get(pk=found.transaction_id).state
            assert state in OPEN or (is_wrong and state == "refused"), f"{wanted.subject}: the request is {state}"
            assert waited < 3 * DAY, f"{wanted.subject}: no answer for {waited / DAY} days"
            yield 10 * MINUTE
            waited += 10 * MINUTE
            if is_wrong and Transaction.objects.get(pk=found.transaction_id).state == "refused":
                self.did["corrected"] += 1
                is_wrong = False
                try:
                    help_desk.correct(
                        agent, found.pk, Wanted(subject=wanted.subject, shop="S1"), courier=self.courier()
                    )
                except Died:
                    self.deaths += 1
        found = CaseOrder.objects.get(pk=found.pk)
        order = WorkOrder.objects.get(number=int(found.number.removeprefix("WO-")))
        who = self.chance.choice(self.technicians)
        technician.take(who, order.pk)
        self._do(who, order, Doing.BEGIN)
        for _step in range(self.chance.randrange(4)):
            yield self._some(DAY)
            yield from self._step(agent, who, found, order)
        if self.chance.random() < 0.07:
            actions.update(self.desk.boss, "work_order", order.pk, {"status": "cancelled", "own_status": None})
            self.did["cancelled"] += 1
            return
        self._do(who, order, Doing.COMPLETE, resolution=f"Done by {who.name}.")
        if self.chance.random() < 0.2:
            yield self._some(HOUR)
            self._do(who, order, Doing.CLOSE)
        yield self._some(4 * HOUR)

    def _step(self, agent: Actor, who: Actor, found: CaseOrder, order: WorkOrder) -> Life:
        match self.chance.randrange(5):
            case 0:
                self._do(who, order, Doing.HOLD)
                yield self._some(DAY)
                self._do(who, order, Doing.BEGIN)
            case 1:
                technician.note(who, order.pk, "The ladder is in the store.")
                self.did["notes of technicians"] += 1
            case 2:
                help_desk.write(agent, found.pk, "The requester is in after ten.")
                self.did["notes of agents"] += 1
            case 3:
                text = f"{order.subject}, in room {self.chance.randrange(99)}"
                actions.update(self.desk.boss, "work_order", order.pk, {"description": text})
                self.did["descriptions"] += 1
            case _:
                yield from self._question(agent, who, found, order)

    def _question(self, agent: Actor, who: Actor, found: CaseOrder, order: WorkOrder) -> Life:
        question = replying.ask(who, order.pk, "Which of the lamps?")
        self.did["questions"] += 1
        yield self._some(9 * DAY)
        token = replying.link(question).rstrip("/").rpartition("/")[2]
        try:
            if self.chance.random() < 0.6:
                shown = replying.show(order.pk, token, address="")
                replying.answer_by_link(order.pk, token, form=shown.form, text="The left one.", address="")
                self.did["answers by link"] += 1
            else:
                help_desk.write(agent, found.pk, "The left one.", is_answer=True)
                self.did["answers by note"] += 1
        except (LinkExpired, InputRefused) as error:  # too late, or the question is not here yet
            self.did[f"answers refused: {type(error).__name__}"] += 1
            help_desk.write(agent, found.pk, "Sorry for the delay: the left one.")
        if self.chance.random() < 0.2:
            self._note("link used again", lambda: replying.show(order.pk, token, address=""))

    def _is_satisfied(self, case: Case) -> bool:
        asked = Satisfaction.objects.filter(case=case).order_by("-asked_at").first()
        if asked is None or self.chance.random() < 0.2:
            return True  # never answered
        if self.chance.random() < 0.2 and case.source == "email":
            self.post.write(
                "Still dark.", author=asked.email, sender=asked.email, to=addresses.reply_address(case.number, case.pk)
            )
            self.did["answers by email"] += 1
            return False
        is_satisfied = self.chance.random() < 0.8
        token = cases.link(asked).rstrip("/").rpartition("/")[2]
        cases.answer(token, is_satisfied=is_satisfied, remark="", address="")
        self.did["satisfied" if is_satisfied else "not satisfied"] += 1
        return is_satisfied

    def _do(self, who: Actor, order: WorkOrder, doing: Doing, **more: str) -> None:
        self._note(str(doing), lambda: technician.do(who, order.pk, doing, **more))

    def _note(self, what: str, do: Callable[[], object]) -> None:
        try:
            do()
            self.did[what] += 1
        except (InputRefused, LinkExpired) as error:
            self.did[f"{what} refused: {type(error).__name__}"] += 1

    def _some(self, most: float) -> float:
        return self.chance.uniform(MINUTE, most)


def faults() -> list[str]:
    """Where cases and work orders do not agree, or the history does not explain them; empty when all is right."""
    found: list[str] = []
    found += [f"{one} is open still" for one in Transaction.objects.filter(state__in=OPEN)]
    numbers = Counter(CaseOrder.objects.exclude(number="").values_list("number", flat=True))
    orders = {f"WO-{one.number}": one for one in WorkOrder.objects.all()}
    found += [f"{number} is on {count} cases" for number, count in numbers.items() if count > 1]
    found += [f"{number} belongs to no case" for number in orders.keys() - numbers.keys()]
    for one in CaseOrder.objects.select_related("case", "transaction"):
        found += _of(one, orders.get(one.number))
    return found


def _of(one: CaseOrder, order: WorkOrder | None) -> list[str]:
    name = f"{one.number or one.pk} of C-{one.case.number}"
    row = one.transaction
    if row.state != "done" or order is None:
        return [f"{name}: its request is {row.state}"]
    found = []
    if (one.status, one.subject, one.description) != (order.status, order.subject, order.description or ""):
        found.append(f"{name}: the case says {one.status}, maintenance {order.status}")
    open_ = Question.objects.filter(order=order, answered_at__isnull=True).exists()
    if bool(one.question) and not open_:
        found.append(f"{name}: the case has a question that is answered")
    last = order.conversation.sequence
    told = sorted(one.told.values_list("sequence", flat=True))
    if told != list(range(1, last + 1)):
        found.append(f"{name}: it heard {told} of {last} events")
    events = Transaction.objects.filter(direction=Direction.OUT, subject=one.number)
    statuses = [
        body["status"]["kind"]
        for body in sorted(
            events.filter(operation="work_order.status_changed").values_list("body", flat=True),
            key=lambda body: body["sequence"],
        )
    ]

    changes = [
        past.changes["status"][1]
        for past in reversed(history.of_record(order.pk, count=200))
        if "status" in past.changes
    ]
    if changes[1:] != statuses:
        found.append(f"{name}: the history has {changes[1:]}, the messages {statuses}")
    tries = list(row.tries.order_by("ordinal").values_list("ordinal", "came", "ended_at"))
    if [ordinal for ordinal, _came, _ended in tries] != list(range(1, len(tries) + 1)) or not all(e for *_, e in tries):
        found.append(f"{name}: attempts {tries} do not explain it")
    elif not tries or tries[-1][1] != "answered":
        found.append(f"{name}: no attempt was answered last")
    return found
