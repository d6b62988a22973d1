"""Of the locations of an account exactly one is the main one. Source: spec/accounts.md K22 to K24."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from django.utils.translation import gettext as _

from tallystick.server.records.domain import tables
from tallystick.server.records.domain.rules import Rules
from tallystick.server.records.domain.steps import GOING, Doing, Draft, Step
from tallystick.server.records.domain.tables import Place
from tallystick.server.records.models import Account, Location
from tallystick.server.records.record_types import record_type

MAIN = "Main"
_ADDRESS = ("street", "city", "state", "zip", "country", "phone")


def main_steps(drafts: Iterable[Draft]) -> list[Step]:
    """The main locations of new accounts, at the address of the account."""
    return [
        Step(
            doing=Doing.CREATE,
            values={
                "account": draft.id,
                "name": MAIN,
                "is_main": "true",
                **{name: draft.after[name] for name in _ADDRESS if draft.after[name]},
            },
        )
        for draft in drafts
    ]


def main_locations(accounts: Iterable[str], place: Place) -> dict[str, str]:
    """account -> its main location."""
    found = Location.objects.using(place.using).filter(account__in=list(accounts), is_main=True, gone_at__isnull=True)
    return dict(found.values_list("account", "id"))


class LocationRules(Rules):
    def prepare(self, drafts: Sequence[Draft], place: Place) -> list[Draft]:
        accounts = {draft.after["account"] or "" for draft in drafts}
        accounts |= {draft.before.get("account") or "" for draft in drafts}
        mains = main_locations(accounts, place)
        demoted: dict[str, Draft] = {}
        by_id = {draft.id: draft for draft in drafts}
        leaving = [draft for draft in drafts if mains.get(draft.before.get("account") or "") == draft.id]
        gone_accounts = self._gone({draft.before.get("account") or "" for draft in leaving}, place)
        for draft in drafts:
            if draft.faults:
                continue
            account = draft.after["account"] or ""
            was_main = mains.get(draft.before.get("account") or "") == draft.id
            if was_main and draft.doing not in GOING and draft.before["account"] in gone_accounts:
                was_main = False  # it moves on: its account was merged into another one
            if draft.doing in GOING:
                if was_main and draft.before["account"] not in gone_accounts:
                    draft.refuse(
                        "is_main", _("This is the main location of its account; convert another one to main first.")
                    )
                elif was_main:
                    draft.after["is_main"] = "false"
                continue
            if was_main and draft.is_changed("account"):
                draft.refuse("account", _("The main location of an account stays with it."))
            elif was_main and draft.after["is_main"] != "true":
                draft.refuse("is_main", _("An account keeps one main location; convert another one to main instead."))
            elif draft.after["is_main"] == "true" and not was_main:
                if draft.after["is_active"] != "true":
                    draft.refuse("is_main", _("A location that is not active cannot be the main one."))
                    continue
                self._demote(mains.get(account), draft.step, by_id, demoted, place)
                mains[account] = draft.id
            elif account not in mains and draft.doing is Doing.CREATE:
                draft.after["is_main"] = "true"
                mains[account] = draft.id
        return list(demoted.values())

    def _demote(
        self, main: str | None, why: Step, by_id: dict[str, Draft], demoted: dict[str, Draft], place: Place
    ) -> None:
        """The location that was main until now, wherever it is to be changed."""
        if main is None:
            return
        if main in by_id:
            by_id[main].after["is_main"] = "false"
            return
        if main not in demoted:
            row = tables.rows(record_type("location"), [main], place)[main]
            step = Step(doing=Doing.UPDATE, id=main, values={"is_main": "false"}, key=why.key, reason=why.reason)
            demoted[main] = Draft(step=step, doing=Doing.UPDATE, id=main, row=row, after=dict(row.values))
        demoted[main].after["is_main"] = "false"

    def _gone(self, accounts: set[str], place: Place) -> set[str]:
        found = Account.objects.using(place.using).filter(pk__in=accounts - {""}, gone_at__isnull=False)
        return set(found.values_list("pk", flat=True))
