"""The companies a person belongs to: names in `companies`, the main one in `account`, a row behind each.

A name that is an account's is that account, whichever came first; the name follows the account when it is renamed.
Source: spec/pim.md P9, P10.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Final

from django.db.models import Q
from django.db.models.functions import Lower
from django.utils.translation import gettext as _

from tallystick.server.records.domain.mains import main_steps
from tallystick.server.records.domain.places import PlacedRules
from tallystick.server.records.domain.rules import Follow, Rules
from tallystick.server.records.domain.steps import Doing, Draft, Step
from tallystick.server.records.domain.tables import ROWS_AT_ONCE, Place
from tallystick.server.records.models import Account, Employment, Person
from tallystick.server.records.values import list_of, listed

_NAMES: Final = ("first_name", "middle_name", "last_name", "suffix")


class PersonRules(PlacedRules):
    def derive(self, draft: Draft, place: Place) -> None:
        after = draft.after
        parts = [after[name] for name in _NAMES]
        name = " ".join(part.strip() for part in parts if part and part.strip())
        companies = listed(after["companies"])
        after["name"] = name or after["email1"] or (companies[0] if companies else None) or after["employee_id"]
        if after["name"]:
            after["name"] = after["name"][:330]

    def check(self, draft: Draft) -> None:
        if not draft.after["name"]:
            draft.refuse("last_name", _("A person needs a name, an email address, a company or an employee number."))

    def prepare(self, drafts: Sequence[Draft], place: Place) -> list[Draft]:
        moved = [draft for draft in drafts if not draft.faults and draft.is_changed("companies", "account")]
        if moved:
            by_name = _accounts_named({name for draft in moved for name in listed(draft.after["companies"])}, place)
            ids = {draft.after["account"] or "" for draft in moved}
            names = _names_of(ids | {draft.before.get("account") or "" for draft in moved}, place)
            for draft in moved:
                _settle(draft, by_name, names)
        return super().prepare(drafts, place)

    def follow(self, drafts: Sequence[Draft], place: Place) -> Iterable[Follow]:
        moved = [draft for draft in drafts if draft.is_changed("companies", "account")]
        by_name = _accounts_named({name for draft in moved for name in listed(draft.after["companies"])}, place)
        kept = Employment.objects.using(place.using)
        old = [draft.id for draft in moved if draft.row is not None]
        for start in range(0, len(old), ROWS_AT_ONCE):
            kept.filter(person__in=old[start : start + ROWS_AT_ONCE]).delete()
        kept.bulk_create([row for draft in moved for row in _rows(draft, by_name, place)], batch_size=ROWS_AT_ONCE)
        return ()


class AccountRules(Rules):
    """New accounts get their main location; people who named a company before it was an account are linked to it."""

    def follow(self, drafts: Sequence[Draft], place: Place) -> Iterable[Follow]:
        created = [draft for draft in drafts if draft.is_create]
        if created:
            yield "location", main_steps(created)
        renamed = {draft.id: draft for draft in drafts if draft.is_changed("name")}
        steps = [*_renamings(renamed, place), *_claims(renamed, place)]
        if steps:
            yield "person", steps


def folded(company: str) -> str:
    return company.strip().casefold()[:150]


def _settle(draft: Draft, by_name: dict[str, list[str]], names: dict[str, str]) -> None:
    """Makes `companies` and `account` agree."""
    after, given = draft.after, draft.step.values
    companies = list(listed(after["companies"]))
    has_companies = draft.is_changed("companies")
    if draft.is_changed("account") and ("account" in given or not has_companies):
        old, new = (names.get(account or "") for account in (draft.before.get("account"), after["account"]))
        place = _place(companies, old)
        if not has_companies and place is not None and new is None:
            del companies[place]
        elif new is not None and _place(companies, new) is None:
            if has_companies or place is None:
                companies.insert(0, new)
            else:
                companies[place] = new
    else:
        current = names.get(after["account"] or "")
        if _place(companies, current) is None:
            known = (by_name.get(folded(name), []) for name in companies)
            after["account"] = next((ids[0] for ids in known if len(ids) == 1), None)
    if tuple(companies) != listed(after["companies"]):
        after["companies"] = list_of(companies)


def _place(companies: Sequence[str], name: str | None) -> int | None:
    if name is None:
        return None
    return next((place for place, company in enumerate(companies) if folded(company) == folded(name)), None)


def _rows(draft: Draft, by_name: dict[str, list[str]], place: Place) -> list[Employment]:
    main = draft.after["account"]
    rows: list[Employment] = []
    for position, company in enumerate(listed(draft.after["companies"])):
        ids = by_name.get(folded(company), [])
        account = main if main in ids else ids[0] if len(ids) == 1 else None
        is_main = account is not None and account == main and not any(row.is_main for row in rows)
        rows.append(
            Employment(
                person_id=draft.id,
                account_id=account,
                company=company,
                folded=folded(company),
                position=position,
                is_main=is_main,
            )
        )
    return rows


def _accounts_named(names: set[str], place: Place) -> dict[str, list[str]]:
    """Folded name -> the live accounts that bear it."""
    found: dict[str, list[str]] = defaultdict(list)
    wanted = sorted({folded(name) for name in names if name.strip()})
    for start in range(0, len(wanted), ROWS_AT_ONCE):
        part = wanted[start : start + ROWS_AT_ONCE]
        query = Account.objects.using(place.using).filter(gone_at__isnull=True)
        query = query.alias(folded=Lower("name")).filter(folded__in=part).order_by("pk")
        for id_, name in query.values_list("pk", "name"):
            found[folded(name)].append(id_)
    return found


def _names_of(ids: set[str], place: Place) -> dict[str, str]:
    found: dict[str, str] = {}
    wanted = sorted(ids - {""})
    for start in range(0, len(wanted), ROWS_AT_ONCE):
        query = Account.objects.using(place.using).filter(pk__in=wanted[start : start + ROWS_AT_ONCE])
        found.update(query.values_list("pk", "name"))
    return found


def _renamings(renamed: dict[str, Draft], place: Place) -> Iterable[Step]:
    """People whose company has another name now."""
    ids = [id_ for id_, draft in renamed.items() if not draft.is_create]
    if not ids:
        return
    of_person: dict[str, dict[int, str]] = defaultdict(dict)
    rows = Employment.objects.using(place.using).filter(account__in=ids)
    for person, position, account in rows.values_list("person", "position", "account"):
        of_person[person][position] = str(renamed[account].after["name"])
    people = Person.objects.using(place.using).filter(pk__in=list(of_person), gone_at__isnull=True)
    for id_, companies in people.values_list("pk", "companies"):
        named = list(listed(companies))
        for position, name in of_person[id_].items():
            named[position] = name
        yield Step(doing=Doing.UPDATE, id=id_, values={"companies": list_of(named)}, reason="The account was renamed.")


def _claims(renamed: dict[str, Draft], place: Place) -> Iterable[Step]:
    """People who named a company that is an account only now."""
    by_name = {folded(str(draft.after["name"])): id_ for id_, draft in renamed.items() if draft.after["name"]}
    names = list(by_name)
    for start in range(0, len(names), ROWS_AT_ONCE):
        rows = Employment.objects.using(place.using).filter(
            Q(account__isnull=True), folded__in=names[start : start + ROWS_AT_ONCE]
        )
        claimed = list(rows.values_list("number", "person", "folded"))
        for number, _person, name in claimed:
            Employment.objects.using(place.using).filter(pk=number).update(account=by_name[name])
        people = {person: by_name[name] for _number, person, name in claimed}
        query = Person.objects.using(place.using).filter(
            pk__in=list(people), account__isnull=True, gone_at__isnull=True
        )
        for id_ in query.values_list("pk", flat=True):
            yield Step(
                doing=Doing.UPDATE, id=id_, values={"account": people[id_]}, reason="The company is an account now."
            )
