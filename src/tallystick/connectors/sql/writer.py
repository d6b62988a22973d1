"""Writes into one table: one transaction for a call, and yet every write for itself.

Rows about to be written are locked and looked at, and what moved is left alone. Equal writes then go in bulk; only
when the database refuses a bulk are its writes tried one by one, each behind a savepoint.
Source: spec/engine.md E27, E28, E31.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sqlalchemy import Connection

from tallystick.connectors.sql import where
from tallystick.connectors.sql.database import MARK, Database, Page
from tallystick.connectors.sql.errors import Complaint, Said, as_error, as_refusal, foreign, said
from tallystick.connectors.sql.keys import by_ids
from tallystick.connectors.sql.orders import Order, Orders, groups, waves
from tallystick.connectors.sql.reading import Reading, ids_of, rows_by_id
from tallystick.connectors.sql.touch import stamp_now
from tallystick.model.selection import id_of
from tallystick.model.value import Value
from tallystick.model.write import Action, Outcome, Result, Write

_AT_COMMIT_UNKNOWN = (Complaint.UNREACHABLE,)
_LATER = (Complaint.BUSY, Complaint.DISK_FULL)


class TableWriter:
    """Carries out writes into the table of one reading."""

    def __init__(self, database: Database, reading: Reading, *, touches: bool) -> None:
        self._database = database
        self._reading = reading
        self._table = reading.table
        self._touches = touches
        self._orders = Orders(database, reading)
        self._place = database.quoted(self._table)

    def write(self, writes: Sequence[Write]) -> Sequence[Outcome]:
        """Outcomes in the order of `writes`.

        Raises Unreachable, SignInFailed, PermissionRefused and configuration errors when nothing was written.
        """
        orders = [Order(write=write) for write in writes]
        if self._table.is_view or not self._table.is_transactional:
            reason = "is a view" if self._table.is_view else "knows no transactions"
            for order in orders:
                order.settle(Result.REFUSED, f"{self._table.name!r} {reason}, so nothing is written to it.")
        else:
            self._orders.make_ready(orders)
        self._transact([order for order in orders if order.outcome is None])
        return [order.outcome for order in orders if order.outcome is not None]

    # --- the transaction

    def _transact(self, orders: Sequence[Order]) -> None:
        if not orders:
            return
        try:
            with self._database.engine.connect() as connection:
                connection = connection.execution_options(is_writing=True)
                transaction = connection.begin()
                self._carry_out(connection, orders)
                try:
                    transaction.commit()
                except foreign() as error:
                    self._not_committed(said(error), orders)
                    connection.invalidate()  # closed: what may still be open of the transaction goes with it
        except foreign() as error:
            found = said(error)
            if found.complaint not in _LATER:
                raise as_error(error, where=self._database.where, record=self._table.name) from error
            message = str(as_error(error, where=self._database.where, record=self._table.name))
            for order in orders:
                order.settle(Result.RETRY, message)
            return
        again = [order for order in orders if order.outcome is None]
        if again and len(orders) == 1:
            again[0].settle(*as_refusal(Said(complaint=Complaint.CONSTRAINT)))
        for order in again:  # refused at commit, by a deferred constraint: which of them is found one by one
            self._transact([order])

    def _not_committed(self, found: Said, orders: Sequence[Order]) -> None:
        """The commit failed: undecided writes are left without an outcome, to be tried one by one."""
        done = [order for order in orders if order.outcome and order.outcome.result is Result.DONE]
        for order in done:
            if found.complaint in _AT_COMMIT_UNKNOWN:
                order.settle(Result.UNKNOWN, f"The connection to {self._database.where} broke before it confirmed.")
            elif found.is_of_row and len(orders) == 1:
                order.settle(*as_refusal(found))
            elif found.is_of_row:
                order.outcome = None
            else:
                order.settle(Result.RETRY, f"Nothing was written to {self._database.where}: it was busy or full.")

    def _carry_out(self, connection: Connection, orders: Sequence[Order]) -> None:
        stamp = self._stamp(connection)
        for wave in waves(orders):
            self._look(connection, wave)
            going = [order for order in wave if order.outcome is None]
            for group in groups(going):
                self._send(connection, group, stamp)
            self._read_back(connection, [order for order in going if order.write.action is not Action.DELETE])

    def _stamp(self, connection: Connection) -> object | None:
        column = self._reading.changed
        if column is None or not self._touches:
            return None
        return stamp_now(self._database, connection, self._table, column)

    def _look(self, connection: Connection, wave: Sequence[Order]) -> None:
        """Settles writes whose record is gone or moved."""
        there = [order for order in wave if order.write.action is not Action.CREATE]
        if not there:
            return
        reading, deleted = self._reading, self._reading.selection.deleted
        names = dict.fromkeys(reading.key)
        names |= dict.fromkeys(name for order in there for name in order.write.expected if self._table.has(name))
        names |= dict.fromkeys(name for name in (reading.version, deleted.column if deleted else None) if name)
        columns = [self._table.column(name) for name in names]
        pages: dict[str, list[tuple[_Rows, int]]] = {}
        ids = [str(order.write.id) for order in there]
        for rest, parameters, _ in by_ids(self._database, self._table, reading.key, ids):
            if rest:
                page = self._database.read(connection, self._table, columns, rest + self._database.lock, parameters)
                gone = where.is_deleted(deleted, self._table, page.columns, page.row_count).to_pylist()
                seen = _Rows(page)
                for id_, rows in rows_by_id(ids_of(page, reading.key).to_pylist()).items():
                    pages.setdefault(id_, []).extend((seen, row) for row in rows if not gone[row])
        for order in there:
            found = pages.get(str(order.write.id), [])
            if len(found) > 1:
                order.settle(Result.REFUSED, f"{len(found)} records of {self._table.name!r} have this key.")
            elif not found and order.write.action is Action.DELETE:
                order.settle(Result.DONE, id_=order.write.id)
            elif not found:
                order.settle(Result.ABSENT)
            else:
                self._compare(order, *found[0])

    def _compare(self, order: Order, seen: _Rows, row: int) -> None:
        order.raw_key = tuple(seen.page.raw[name][row] for name in self._reading.key)
        if self._reading.version:
            order.version = seen.values[self._reading.version][row]
            if order.write.version is not None:
                if order.write.version != order.version:
                    order.settle(Result.MOVED)
                return
        faults = seen.page.faults.get(row, {})
        for name, value in order.write.expected.items():
            if name not in seen.values or name in faults or seen.values[name][row] != value:
                order.settle(Result.MOVED)
                return

    # --- sending

    def _send(self, connection: Connection, group: Sequence[Order], stamp: object | None) -> None:
        send = {Action.CREATE: self._insert, Action.UPDATE: self._update, Action.DELETE: self._delete}
        carry_out = send[group[0].write.action]
        savepoint = connection.begin_nested()
        try:
            hit = carry_out(connection, group, stamp)
            if hit == len(group):
                savepoint.commit()
                for order in group:
                    self._done(order)
                return
            savepoint.rollback()
        except foreign() as error:
            self._undo(savepoint.rollback, error)
        for order in group:
            self._send_one(connection, order, carry_out, stamp)

    def _send_one(
        self,
        connection: Connection,
        order: Order,
        carry_out: Callable[[Connection, Sequence[Order], object | None], int],
        stamp: object | None,
    ) -> None:
        savepoint = connection.begin_nested()
        try:
            hit = carry_out(connection, (order,), stamp)
            if hit == 1:
                savepoint.commit()
                self._done(order)
                return
            savepoint.rollback()
            reason = "did not take the record" if hit < 1 else f"has {hit} records with this key"
            order.settle(Result.REFUSED, f"The table {self._table.name!r} {reason}; nothing was changed.")
        except foreign() as error:
            found = self._undo(savepoint.rollback, error)
            is_create = order.write.action is Action.CREATE
            if found.complaint is Complaint.UNIQUE and is_create and self._revive(connection, order, stamp):
                return
            result, message = as_refusal(found)
            order.settle(Result.REFUSED if result is Result.EXISTS and not is_create else result, message)

    def _undo(self, rollback: Callable[[], None], error: BaseException) -> Said:
        """Back to the savepoint, when a row is to blame; anything else ends the transaction."""
        found = said(error)
        if not found.is_of_row:
            raise error
        rollback()
        return found

    def _insert(self, connection: Connection, group: Sequence[Order], stamp: object | None) -> int:
        names, reading = group[0].names, self._reading
        extra: dict[str, object] = {}
        if stamp is not None and reading.changed and reading.changed.name not in names:
            extra[reading.changed.name] = stamp
        columns = [*names, *extra]
        listed, marks = ", ".join(map(self._database.quote, columns)), ", ".join([MARK] * len(columns))
        overriding = " OVERRIDING SYSTEM VALUE" if self._database.engine.dialect.name == "postgresql" else ""
        sql = f"INSERT INTO {self._place} ({listed}){overriding} VALUES ({marks})"
        if not columns:
            sql = f"INSERT INTO {self._place} DEFAULT VALUES"
        rest = tuple(extra.values())
        if group[0].write.id is not None:
            hit = self._database.run_many(connection, sql, [order.row + rest for order in group])
            return len(group) if hit < 0 else hit
        for order in group:
            order.raw_key = self._database.insert_one(connection, self._table, sql, order.row + rest, reading.key)
        return len(group)

    def _update(self, connection: Connection, group: Sequence[Order], stamp: object | None) -> int:
        return self._set(connection, group, group[0].names, [order.row for order in group], stamp)

    def _delete(self, connection: Connection, group: Sequence[Order], stamp: object | None) -> int:
        deleted = self._reading.selection.deleted
        if deleted is not None:
            value = self._orders.native(deleted.column, where.marker(deleted, self._table))
            return self._set(connection, group, (deleted.column,), [(value,)] * len(group), stamp)
        rows = [order.raw_key for order in group]
        return self._database.run_many(connection, f"DELETE FROM {self._place} {self._here()}", rows)

    def _set(
        self,
        connection: Connection,
        group: Sequence[Order],
        names: Sequence[str],
        rows: Sequence[tuple[object, ...]],
        stamp: object | None,
    ) -> int:
        reading, quote = self._reading, self._database.quote
        sets = [f"{quote(name)} = {MARK}" for name in names]
        rest: tuple[object, ...] = ()
        if stamp is not None and reading.changed and reading.changed.name not in names:
            sets.append(f"{quote(reading.changed.name)} = {MARK}")
            rest = (stamp,)
        if reading.version and reading.version not in names:
            sets.append(f"{quote(reading.version)} = {quote(reading.version)} + 1")
        if not sets:
            return len(group)
        sql = f"UPDATE {self._place} SET {', '.join(sets)} {self._here()}"
        values = [row + rest + order.raw_key for order, row in zip(group, rows, strict=True)]
        return self._database.run_many(connection, sql, values)

    def _here(self) -> str:
        return "WHERE " + " AND ".join(f"{self._database.quote(name)} = {MARK}" for name in self._reading.key)

    def _revive(self, connection: Connection, order: Order, stamp: object | None) -> bool:
        """A create whose id belongs to a record deleted by its mark: the mark is taken away again."""
        deleted, id_ = self._reading.selection.deleted, order.write.id
        if deleted is None or id_ is None:
            return False
        columns = [self._table.column(name) for name in dict.fromkeys((*self._reading.key, deleted.column))]
        found: list[tuple[object, ...]] = []
        for rest, parameters, _ in by_ids(self._database, self._table, self._reading.key, [id_]):
            page = self._database.read(connection, self._table, columns, rest + self._database.lock, parameters)
            gone = where.is_deleted(deleted, self._table, page.columns, page.row_count).to_pylist()
            rows = rows_by_id(ids_of(page, self._reading.key).to_pylist()).get(id_, [])
            found += [tuple(page.raw[name][row] for name in self._reading.key) for row in rows if gone[row]]
        if len(found) != 1:
            return False
        order.raw_key = found[0]
        if deleted.column not in order.names:
            order.names += (deleted.column,)
            order.row += (self._orders.native(deleted.column, where.unmarked(deleted, self._table)),)
        savepoint = connection.begin_nested()
        try:
            hit = self._set(connection, (order,), order.names, [order.row], stamp)
        except foreign() as error:
            order.settle(*as_refusal(self._undo(savepoint.rollback, error)))
            return True
        if hit != 1:
            savepoint.rollback()
            return False
        savepoint.commit()
        self._done(order)
        return True

    # --- outcomes

    def _done(self, order: Order) -> None:
        id_ = order.write.id
        if id_ is None:
            id_ = id_of(tuple(map(str, order.raw_key)))
        stored = {**order.write.values, **order.stored} if order.stored else None
        order.outcome = Outcome(key=order.write.key, result=Result.DONE, id=id_, stored=stored)

    def _read_back(self, connection: Connection, orders: Sequence[Order]) -> None:
        """What a table with triggers made of our values, and the version a record has now."""
        version = self._reading.version
        if not (self._table.has_triggers or version):
            return
        done = {str(o.outcome.id): o for o in orders if o.outcome is not None and o.outcome.result is Result.DONE}
        names = dict.fromkeys(self._reading.key)
        names |= dict.fromkeys(name for order in done.values() for name in order.write.values)
        names |= {version: None} if version else {}
        columns = [self._table.column(name) for name in names]
        for rest, parameters, _ in by_ids(self._database, self._table, self._reading.key, list(done)):
            page = self._database.read(connection, self._table, columns, rest, parameters)
            for id_, rows in rows_by_id(ids_of(page, self._reading.key).to_pylist()).items():
                if id_ in done and len(rows) == 1:
                    order, row = done[id_], rows[0]
                    stored = {name: page.columns[name][row].as_py() for name in order.write.values}
                    order.outcome = Outcome(
                        key=order.write.key,
                        result=Result.DONE,
                        id=id_,
                        version=page.columns[version][row].as_py() if version else None,
                        stored=stored,
                    )


class _Rows:
    """A page whose values are looked at one by one."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.values: dict[str, list[Value]] = {name: array.to_pylist() for name, array in page.columns.items()}
