"""Runs and each flow's part of them."""

from __future__ import annotations

from typing import Any

from tallystick.model.flow import Scope
from tallystick.model.plan import FlowRun, Run, RunKind, RunStatus
from tallystick.server.state.codec import by_side, mapping, text_of
from tallystick.server.state.rows import Rows

RUN = 'run, kind, integration, file, document, fingerprint, status, "by", started_at, finished_at, result, "of"'
FLOW_RUN = "run, flow, status, is_full, cursors, counts"


class RunRows(Rows):
    def start(self, run: Run) -> None:
        self.save_run(run)

    def save_run(self, run: Run) -> None:
        with self._database.writing() as cursor:
            cursor.execute(
                f"INSERT INTO state_run ({RUN}) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s) "
                "ON CONFLICT (run) DO UPDATE SET kind = excluded.kind, integration = excluded.integration, "
                "file = excluded.file, document = excluded.document, fingerprint = excluded.fingerprint, "
                'status = excluded.status, "by" = excluded."by", started_at = excluded.started_at, '
                'finished_at = excluded.finished_at, result = excluded.result, "of" = excluded."of"',
                [
                    run.id,
                    run.kind.value,
                    run.integration,
                    run.file,
                    run.document,
                    run.fingerprint,
                    run.status.value,
                    run.by,
                    run.started_at,
                    run.finished_at,
                    text_of(run.result),
                    run.of,
                ],
            )

    def run(self, id: str) -> Run | None:
        with self._database.reading() as cursor:
            cursor.execute(f"SELECT {RUN} FROM state_run WHERE run = %s", [id])
            row = cursor.fetchone()
        return _run(row) if row else None

    def runs(
        self,
        integration: str | None = None,
        limit: int = 50,
        *,
        of: str | None = None,
        begins: str = "",
        status: RunStatus | None = None,
    ) -> list[Run]:
        wanted = {
            # Among all runs of an integration those of a status are few: found by that, not by the integration's index.
            "integration" if status is None else "integration || ''": integration,
            '"of"': of,
            f"SUBSTR(run, 1, {len(begins)})": begins or None,
            "status": status.value if status is not None else None,
        }
        given = {f"{one} = %s": value for one, value in wanted.items() if value is not None}
        where = f"WHERE {' AND '.join(given)} " if given else ""
        with self._database.reading() as cursor:
            cursor.execute(
                f"SELECT {RUN} FROM state_run {where}ORDER BY number DESC LIMIT %s", [*given.values(), limit]
            )
            return [_run(row) for row in cursor.fetchall()]

    def newest_runs(self) -> list[Run]:
        with self._database.reading() as cursor:
            cursor.execute(
                f"SELECT {RUN} FROM state_run WHERE number IN "
                "(SELECT MAX(number) FROM state_run GROUP BY integration, file) ORDER BY number DESC"
            )
            return [_run(row) for row in cursor.fetchall()]

    def save_flow_run(self, flow_run: FlowRun, scope: Scope) -> None:
        with self._database.writing() as cursor:
            cursor.execute(
                f"INSERT INTO state_flowrun (scope_id, {FLOW_RUN}) VALUES (%s, %s, %s, %s, %s, %s, %s) "
                "ON CONFLICT (run, flow) DO UPDATE SET scope_id = excluded.scope_id, status = excluded.status, "
                "is_full = excluded.is_full, cursors = excluded.cursors, counts = excluded.counts",
                [
                    self._locked(cursor, scope),
                    flow_run.run,
                    flow_run.flow,
                    flow_run.status.value,
                    flow_run.is_full,
                    text_of(flow_run.cursors),
                    text_of(flow_run.counts),
                ],
            )

    def flow_runs(self, run: str) -> list[FlowRun]:
        with self._database.reading() as cursor:
            cursor.execute(f"SELECT {FLOW_RUN} FROM state_flowrun WHERE run = %s ORDER BY number", [run])
            return [_flow_run(row) for row in cursor.fetchall()]

    def unfinished(self, scope: Scope) -> FlowRun | None:
        with self._database.reading() as cursor:
            cursor.execute(
                f"SELECT {FLOW_RUN} FROM state_flowrun WHERE scope_id = %s AND status IN (%s, %s) "
                "ORDER BY number DESC LIMIT 1",
                [self._known(cursor, scope), RunStatus.PLANNING.value, RunStatus.APPLYING.value],
            )
            row = cursor.fetchone()
        return _flow_run(row) if row else None


def _run(row: tuple[Any, ...]) -> Run:
    id_, kind, integration, file, document, fingerprint, status, by, started_at, finished_at, result, of = row
    return Run(
        id=id_,
        kind=RunKind(kind),
        integration=integration,
        file=file,
        document=document,
        fingerprint=fingerprint,
        status=RunStatus(status),
        by=by,
        started_at=started_at,
        finished_at=finished_at,
        result=mapping(result),
        of=of,
    )


def _flow_run(row: tuple[Any, ...]) -> FlowRun:
    run, flow, status, is_full, cursors, counts = row
    return FlowRun(
        run=run,
        flow=flow,
        status=RunStatus(status),
        is_full=bool(is_full),
        cursors=by_side(cursors),
        counts=mapping(counts),
    )
