"""A process of its own that uses a store until it is told to stop, or is killed.

python -m tests.unit.server.state.writer commits URL NAME [COUNT]
python -m tests.unit.server.state.writer holds URL
"""

from __future__ import annotations

import itertools
import sys
import time

from msgspec.structs import replace

from tallystick.model.flow import Scope
from tallystick.model.link import Link, LinkEnd, MatchKey, Standing, Unlinked
from tallystick.model.plan import Operation, OperationState, Parked
from tallystick.model.side import Side
from tallystick.model.write import Action
from tallystick.ports.store import Commit, Store
from tallystick.server.state.store import open_store
from tallystick.testing.clock import FixedClock

SCOPE = Scope(integration="killed", flow="assets")
BATCH = 5


def commit_batch(store: Store, name: str, batch: int) -> None:
    """BATCH creates from plan to outcome: an operation done, a link, a key and a parked record each."""
    run = f"{name}-{batch}"
    ids = [f"{run}-{number}" for number in range(BATCH)]
    create = Operation(run=run, flow="assets", action=Action.CREATE, side=Side.RIGHT, left_id=None, right_id=None)
    store.add_operations(SCOPE, [replace(create, seq=seq, left_id=id_) for seq, id_ in enumerate(ids)])
    planned = store.operations(run, "assets")
    store.mark_sent(planned)
    store.commit(
        SCOPE,
        Commit(
            operations=[replace(one, state=OperationState.DONE, right_id=one.left_id) for one in planned],
            links=[
                Link(
                    number=0,
                    left=LinkEnd(id=id_, fingerprint=1, base={"name": id_ * 20}),
                    right=LinkEnd(id=id_, fingerprint=2, base={"name": id_ * 20}),
                )
                for id_ in ids
            ],
            keys=[MatchKey(side=Side.LEFT, key=1, id=id_) for id_ in ids],
            parked=Parked(
                keep=tuple(
                    Unlinked(side=Side.RIGHT, id=id_, fingerprint=3, values={}, standing=Standing.IGNORED)
                    for id_ in ids
                )
            ),
        ),
    )


def main() -> None:
    what, url, *rest = sys.argv[1:]
    store = open_store(url, clock=FixedClock())
    if what == "holds":
        with store.exclusive(SCOPE):
            print("held", flush=True)
            time.sleep(60)
    else:
        name = rest[0]
        for batch in range(int(rest[1])) if len(rest) > 1 else itertools.count():
            commit_batch(store, name, batch)
            print(batch, flush=True)


if __name__ == "__main__":
    main()
