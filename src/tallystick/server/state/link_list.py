"""The link table as people look through it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from tallystick.model.flow import Scope
from tallystick.model.link import Link
from tallystick.model.side import SIDES
from tallystick.server.state.links import WHOLE, link_of
from tallystick.server.state.pages import At, Page, bounds, page
from tallystick.server.state.rows import Rows

READ_APART: Final = 40
"""Scopes whose links are read each by itself for one page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LinksWanted:
    """Which links; empty: any. `id` is a whole id of either side."""

    integration: str = ""
    flow: str = ""
    id: str = ""
    is_active: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Linked:
    link: Link
    scope: Scope


@dataclass(frozen=True, slots=True, kw_only=True)
class ScopeLine:
    """A scope with how many active links it has."""

    number: int
    scope: Scope
    linked: int
    last_full_at: str


class LinkListRows(Rows):
    def scopes(self) -> list[ScopeLine]:
        with self._database.reading() as cursor:
            cursor.execute(
                "SELECT number, integration, flow, instance, linked, last_full_at FROM state_scope "
                "ORDER BY integration, flow, instance LIMIT 2000"
            )
            return [
                ScopeLine(
                    number=number,
                    scope=Scope(integration=integration, flow=flow, instance=instance),
                    linked=linked,
                    last_full_at=last_full_at,
                )
                for number, integration, flow, instance, linked, last_full_at in cursor.fetchall()
            ]

    def links_page(self, wanted: LinksWanted, at: At) -> Page[Linked]:
        """The oldest first. Two statements."""
        with self._database.reading() as cursor:
            scopes = {
                line.number: line.scope
                for line in self.scopes()
                if wanted.integration in ("", line.scope.integration) and wanted.flow in ("", line.scope.flow)
            }
            conditions, values = self._wanted(wanted, scopes)
            more, places, order = bounds(at, "n.number", is_descending=False)
            narrowed = [*conditions, *more, "1 = 1"]
            if wanted.id:
                order = order.replace("n.number", "+n.number")  # few rows: found by their id, then sorted
            elif 0 < len(scopes) <= READ_APART:
                # An index of several scopes has no order of its own: of each the first ones, then the first of these.
                first = f"SELECT n.number FROM state_link n WHERE n.scope_id = %s AND {' AND '.join(narrowed)} {order}"
                each = " UNION ALL ".join([f"SELECT number FROM ({first}) q"] * len(scopes))
                narrowed = [f"n.number IN ({each})"]
                values, places = [value for number in scopes for value in (number, *values, *places)], []
            else:  # in the order of the numbers themselves
                narrowed.append(f"+n.scope_id IN ({', '.join(map(str, scopes)) or '-1'})")
            select = WHOLE.replace("SELECT ", "SELECT n.scope_id, ", 1)
            cursor.execute(f"{select} WHERE {' AND '.join(narrowed)} {order}", [*values, *places])
            rows = cursor.fetchall()
        return page(rows, at, lambda row: int(row[1]), lambda row: Linked(link=link_of(row[1:]), scope=scopes[row[0]]))

    def _wanted(self, wanted: LinksWanted, scopes: Iterable[int]) -> tuple[list[str], list[Any]]:
        conditions, values = list[str](), list[Any]()
        if wanted.id:  # each side by its own index, which begins with the scope
            scoped = f"n.scope_id IN ({', '.join(map(str, scopes)) or '-1'})"
            found = [self._bulk.among(f"n.{side}_id", [wanted.id], is_id=True) for side in SIDES]
            conditions.append(f"({' OR '.join(f'({scoped} AND {condition})' for condition, _ in found)})")
            values += [value for _, of in found for value in of]
        if wanted.is_active is not None:
            conditions.append("n.is_active" if wanted.is_active else "NOT n.is_active")
        return conditions, values

    def linked(self, number: int) -> Linked | None:
        with self._database.reading() as cursor:
            select = WHOLE.replace("SELECT ", "SELECT s.integration, s.flow, s.instance, ", 1)
            cursor.execute(f"{select} JOIN state_scope s ON s.number = n.scope_id WHERE n.number = %s", [number])
            row = cursor.fetchone()
        if row is None:
            return None
        integration, flow, instance = row[:3]
        return Linked(link=link_of(row[3:]), scope=Scope(integration=integration, flow=flow, instance=instance))
