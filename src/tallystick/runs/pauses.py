"""What people paused: no tick of it is begun, and a run that is going stops after the batch at hand (E39)."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from tallystick.runs.jobs import Jobs, told


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    integration: str
    flow: str  # "": every flow
    token: str  # another each time
    by: str
    at: str


class Pauses:
    """Kept in the database of jobs, so that every worker of a state heeds them."""

    def __init__(self, jobs: Jobs) -> None:
        self._jobs = jobs
        self._table = jobs.pauses

    def all(self) -> Mapping[str, Pause]:
        """Token -> pause. Raises StateUnusable or Unreachable."""
        import sqlalchemy as sa

        try:
            with self._jobs.engine.connect() as connection:
                rows = connection.execute(sa.select(self._table)).mappings().all()
        except sa.exc.SQLAlchemyError as error:
            raise told(error, self._jobs.file) from error
        return {row["token"]: Pause(**row) for row in rows}

    def pause(self, integration: str, flow: str, *, by: str, at: datetime) -> bool:
        """Whether it was not paused already."""
        import sqlalchemy as sa

        row = {
            "integration": integration,
            "flow": flow,
            "token": secrets.token_hex(8),
            "by": by,
            "at": at.isoformat(),
        }
        try:
            with self._jobs.engine.begin() as connection:
                connection.execute(sa.insert(self._table).values(row))
        except sa.exc.IntegrityError:
            return False
        except sa.exc.SQLAlchemyError as error:
            raise told(error, self._jobs.file) from error
        return True

    def resume(self, integration: str, flow: str) -> bool:
        """Whether it was paused. An integration (`flow` is "") goes on whole, also flows paused one by one."""
        import sqlalchemy as sa

        where = [self._table.c.integration == integration]
        if flow:
            where.append(self._table.c.flow == flow)
        try:
            with self._jobs.engine.begin() as connection:
                return connection.execute(sa.delete(self._table).where(*where)).rowcount > 0
        except sa.exc.SQLAlchemyError as error:
            raise told(error, self._jobs.file) from error


def is_paused(pauses: Mapping[str, Pause], integration: str, flow: str) -> bool:
    return any(one.integration == integration and one.flow in ("", flow) for one in pauses.values())
