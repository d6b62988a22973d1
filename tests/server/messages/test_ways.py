"""Ways of their own to peers: what is not mapped is parked; where repeats are not known, a lost event is looked up."""

from __future__ import annotations

import pytest

from tallystick.server.messages import lists, moment, operation, outbox, transports
from tallystick.server.messages.courier import Courier
from tallystick.server.messages.course import Came, Found, State
from tallystick.server.messages.domain import handling
from tallystick.server.messages.envelope import accepted
from tallystick.server.messages.models import Peer, Role, Transaction
from tallystick.server.messages.operation import Kind, Operation
from tallystick.server.messages.published import openapi, schema_of
from tallystick.server.messages.transports import LookedUp, Sent
from tests.server.messages.conftest import THING


class Board:
    """A notice board: it keeps what is pinned to it, and knows nothing of ids."""

    knows_repeats = False

    def __init__(self) -> None:
        self.pinned: list[str] = []
        self.known = {"lamp"}
        self.loses = False
        self.looked_up = 0

    def send(self, peer, message):
        if message.body["name"] not in self.known:
            return Sent(came=Came.UNMAPPED, message="There is no such name on the board.")
        self.pinned.append(message.id)
        return Sent(came=Came.LOST) if self.loses else Sent(came=Came.ANSWERED, answer=accepted())

    def look_up(self, peer, id_):
        self.looked_up += 1
        return LookedUp(found=Found.ANSWERED, answer=accepted()) if id_ in self.pinned else LookedUp(found=Found.ABSENT)

    def read_list(self, peer, name, words):
        return lists.read(peer, name, words)


@pytest.fixture
def board(monkeypatch):
    monkeypatch.setattr(transports, "_others", dict(transports._others))
    made = Board()
    transports.register("board", lambda: made)
    return made


@pytest.fixture
def put(db, board, clock):
    now = moment.now()
    peer = Peer.objects.create(
        name="board", title="Board", role=Role.HELP_DESK, address="board:hall", mark="board", secret="", created_at=now,
        changed_at=now,
    )  # fmt: skip
    return lambda name: outbox.put(peer, "test.tell", {"name": name}, subject="hall").pk


def test_event_that_is_not_mapped_is_parked_and_others_go_on_S7(put, board, actor):
    fan, lamp = put("fan"), put("lamp")
    Courier().deliver_due()
    states = dict(Transaction.objects.values_list("pk", "state"))
    assert states == {fan: State.PARKED, lamp: State.DONE}
    assert Transaction.objects.get(pk=fan).why == "There is no such name on the board."
    board.known.add("fan")
    assert handling.take_up(actor, fan) is State.WAITING
    Courier().deliver_due()
    assert Transaction.objects.get(pk=fan).state == State.DONE
    assert len(board.pinned) == 2


def test_lost_event_is_looked_up_where_repeats_are_not_known_S5_E28(put, board):
    board.loses = True
    number = put("lamp")
    Courier().deliver_due()
    assert (Transaction.objects.get(pk=number).state, len(board.pinned), board.looked_up) == (State.DONE, 1, 1)


def test_operation_between_rooms_is_not_published():
    operation.register(
        Operation(
            name="test.inside", version=1, kind=Kind.EVENT, title="", request=THING, response={}, is_published=False
        )
    )
    assert "test.inside.v1" not in openapi()["components"]["schemas"]
    with pytest.raises(Exception, match="not published"):
        schema_of("test.inside", 1)
