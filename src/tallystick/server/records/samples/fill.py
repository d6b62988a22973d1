"""Fills an empty hub with records. Everything goes the way of every other change, so the history holds it too."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from tallystick.model.value import Value
from tallystick.model.write import Result
from tallystick.server.records.domain.steps import Author, Doing, Step
from tallystick.server.records.domain.tables import Place
from tallystick.server.records.domain.write import carry_out
from tallystick.server.records.record_types import record_type
from tallystick.server.records.samples import work
from tallystick.server.records.samples.places import (
    DEPARTMENTS,
    INDUSTRIES,
    JOBS,
    LANDS,
    MANUFACTURERS,
    SUBTYPES,
    SYSTEMS,
    Land,
)
from tallystick.server.records.values import list_of

BATCH: Final = 500
AUTHOR: Final = Author(by="Sample data", via="demo")
Values = Mapping[str, Value]
Tell = Callable[[str, int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """How many of each; of what is not named, a share that goes with it."""

    accounts: int = 2_000
    people: int = 10_000
    assets: int = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """What later samples need to know of one."""

    id: str
    name: str
    land: Land
    domain: str
    departments: tuple[str, ...] = ()
    locations: tuple[str, ...] = ()


def fill(
    sizes: Sizes | None = None,
    *,
    seed: int = 1042,
    now: datetime | None = None,
    using: str = "default",
    tell: Tell = lambda what, count: None,
) -> dict[str, int]:
    """Makes the records; how many of each type. `tell` hears how far it is. Same seed and `now`: same records."""
    return _Filling(sizes or Sizes(), random.Random(seed), now or datetime.now(UTC), using, tell).fill()  # noqa: S311


class _Filling:
    def __init__(self, sizes: Sizes, chance: random.Random, now: datetime, using: str, tell: Tell) -> None:
        self.sizes, self.chance, self.now, self.using, self._tell = sizes, chance, now, using, tell
        self.made: dict[str, int] = {}
        self._ids = 0
        self._at = now - timedelta(days=200)
        total = sizes.accounts + sizes.people + sizes.assets
        self._step = timedelta(days=199) / max(2 * total // BATCH, 60)

    def fill(self) -> dict[str, int]:
        chance = self.chance
        types = self.make("account_type", [{"name": name} for name in ("Customer", "Partner", "Supplier", "Internal")])
        self.makers = self.make("manufacturer", [{"name": name, "code": name[:3].upper()} for name in MANUFACTURERS])
        self._make_products()
        accounts = self._make_accounts(types)
        self.accounts = [self._with_places(account) for account in self._placed(accounts)]
        self.workers = self._make_workers()
        self.teams = self.make(
            "team",
            [
                {
                    "name": name,
                    "kind": kind,
                    "members": list_of(chance.sample(self.workers, 5)),
                    "lead": chance.choice(self.workers),
                }
                for name, kind in (
                    ("First line", "support"),
                    ("Field north", "field"),
                    ("Field south", "field"),
                    ("Sales", "sales"),
                )
            ],
        )
        self.people = self._make_people()
        self.assets = self._make_assets()
        work.fill(self)
        return self.made

    # --- making

    def new_id(self) -> str:
        """Sorts by time like every other id, and is the same at every call."""
        self._ids += 1
        return f"{int(self._at.timestamp() * 1000) + self._ids:012x}{self.chance.getrandbits(80):020x}"

    def make(self, name: str, values: Sequence[Values]) -> list[str]:
        """The ids of new records with these values, in their order."""
        ids: list[str] = []
        for start in range(0, len(values), BATCH):
            steps = [Step(doing=Doing.CREATE, values=of_one) for of_one in values[start : start + BATCH]]
            self._at += self._step
            place = Place(using=self.using, now=self._at.replace(microsecond=0))
            for done in carry_out(record_type(name), steps, AUTHOR, place, new_id=self.new_id):
                if done.result is not Result.DONE or done.id is None:
                    raise ValueError(f"A sample {name} was refused: {done.message}")
                ids.append(done.id)
            self.made[name] = self.made.get(name, 0) + len(steps)
            self._tell(name, self.made[name])
        return ids

    def _make_products(self) -> None:
        names = list(SUBTYPES)
        types = self.make("asset_type", [{"name": name, "code": f"0{10 + n}"} for n, name in enumerate(names)])
        rows = [(type_, *row) for type_, name in zip(types, names, strict=True) for row in SUBTYPES[name]]
        subtypes = self.make(
            "asset_subtype",
            [{"asset_type": type_, "name": name, "code": code} for type_, name, code, _word in rows],
        )
        models = []
        for subtype, (type_, _name, code, word) in zip(subtypes, rows, strict=True):
            for maker in self.chance.sample(range(len(self.makers)), 4):
                models.append(
                    (type_, subtype, maker, f"{word} {self.chance.choice('ELTX')}{self.chance.randint(2, 9)}00", code)
                )
        products = self.make(
            "product",
            [
                {
                    "name": f"{MANUFACTURERS[maker]} {model}",
                    "code": f"{code}-{number:04d}",
                    "kind": "hardware",
                    "manufacturer": self.makers[maker],
                    "model": model,
                    "price": str(self.chance.randint(80, 4000)),
                    "currency": "EUR",
                    "unit": "pc",
                }
                for number, (_type, _subtype, maker, model, code) in enumerate(models)
            ],
        )
        self.models = [
            (type_, subtype, self.makers[maker], model, product)
            for (type_, subtype, maker, model, _code), product in zip(models, products, strict=True)
        ]
        (other,) = self.make("product", [{"name": "Unspecified asset", "code": "GEN-0000", "kind": "hardware"}])
        mappings: dict[tuple[str, str, str], Values] = {}
        for _type, subtype, made_by, model, product in self.models:
            row: Values = {"asset_subtype": subtype, "manufacturer": made_by, "model": model, "product": product}
            mappings.setdefault((subtype, made_by, model), row)
        self.make("product_mapping", [{"product": other}, *mappings.values()])

    def _make_accounts(self, types: Sequence[str]) -> list[Account]:
        chance = self.chance
        facts: list[tuple[Land, str, str]] = []
        values: list[Values] = []
        for number in range(self.sizes.accounts):
            land = chance.choices(LANDS, weights=(6, 6, 4, 2, 2, 1, 2, 1, 2))[0]
            name = f"{chance.choice(land.stems)} {chance.choice(land.trades)} {chance.choice(land.forms)}"
            city, state, zip_ = chance.choice(land.cities)
            domain = f"account{number + 1}.example"
            facts.append((land, name, domain))
            values.append(
                {
                    "name": name,
                    "status": chance.choices(("active", "prospect", "inactive"), weights=(85, 10, 5))[0],
                    "account_type": chance.choice(types),
                    "phone": self._phone(land),
                    "email": f"office@{domain}",
                    "website": f"https://www.{domain}/",
                    "street": f"{chance.choice(land.streets)} {chance.randint(1, 180)}",
                    "city": city,
                    "state": state or None,
                    "zip": zip_,
                    "country": land.country,
                    "industry": chance.choice(INDUSTRIES),
                    "external_id": f"ORG-{number + 1:05d}",
                    "employee_count": str(chance.randint(3, 900)),
                    "credit_limit": str(chance.randint(1, 200) * 500),
                    "currency": land.currency,
                }
            )
        ids = self.make("account", values)
        return [
            Account(id=id_, name=name, land=land, domain=domain)
            for id_, (land, name, domain) in zip(ids, facts, strict=True)
        ]

    def _placed(self, accounts: list[Account]) -> Iterator[tuple[Account, list[str], list[str]]]:
        """Some accounts have further locations, and departments."""
        chance = self.chance
        sites = [(account, n) for account in accounts for n in range(chance.choices((0, 1, 3), weights=(7, 3, 1))[0])]
        locations = self.make(
            "location",
            [
                {
                    "account": account.id,
                    "name": f"{chance.choice(account.land.cities)[0]} {n + 2}",
                    "street": f"{chance.choice(account.land.streets)} {chance.randint(1, 99)}",
                    "country": account.land.country,
                }
                for account, n in sites
            ],
        )
        parts = [
            (account, name)
            for account in accounts
            for name in chance.sample(DEPARTMENTS, chance.choices((0, 2, 4), weights=(6, 3, 1))[0])
        ]
        departments = self.make("department", [{"account": account.id, "name": name} for account, name in parts])
        by_account: dict[str, tuple[list[str], list[str]]] = {account.id: ([], []) for account in accounts}
        for (account, _n), id_ in zip(sites, locations, strict=True):
            by_account[account.id][0].append(id_)
        for (account, _name), id_ in zip(parts, departments, strict=True):
            by_account[account.id][1].append(id_)
        for account in accounts:
            yield account, *by_account[account.id]

    def _with_places(self, placed: tuple[Account, list[str], list[str]]) -> Account:
        account, locations, departments = placed
        return Account(
            id=account.id,
            name=account.name,
            land=account.land,
            domain=account.domain,
            departments=tuple(departments),
            locations=tuple(locations),
        )

    def _person(self, land: Land, number: int, domain: str) -> dict[str, Value]:
        first, last = self.chance.choice(land.first), self.chance.choice(land.last)
        return {
            "first_name": first,
            "last_name": last,
            "email1": f"p{number}@{domain}",
            "phone_work": self._phone(land),
            "phone_mobile": self._phone(land) if self.chance.random() < 0.6 else None,
            "job_title": self.chance.choice(JOBS),
            "address_work_country": land.country,
        }

    def _make_workers(self) -> list[str]:
        """The service company's own people."""
        values = []
        for number in range(60):
            person = self._person(self.chance.choice(LANDS[:2]), number, "tallystick-service.example")
            values.append({**person, "roles": list_of(["worker"]), "employee_id": f"E{1000 + number}"})
        return self.make("person", values)

    def _make_people(self) -> list[tuple[str, Account]]:
        chance = self.chance
        values: list[Values] = []
        of: list[Account] = []
        for number in range(max(self.sizes.people - len(self.workers), 0)):
            account = chance.choice(self.accounts)
            person = self._person(account.land, 1000 + number, account.domain)
            roles = chance.choices((("contact",), ("consumer",), ("contact", "consumer")), weights=(80, 12, 8))[0]
            person["roles"] = list_of(roles)
            person["account"] = account.id
            if chance.random() < 0.06:
                person["companies"] = list_of([account.name, chance.choice(self.accounts).name])
            if account.departments and chance.random() < 0.5:
                person["department"] = chance.choice(account.departments)
            values.append(person)
            of.append(account)
        return list(zip(self.make("person", values), of, strict=True))

    def _make_assets(self) -> list[tuple[str, Account]]:
        chance = self.chance
        values: list[Values] = []
        of: list[Account] = []
        people: dict[str, list[str]] = {}
        for id_, account in self.people:
            people.setdefault(account.id, []).append(id_)
        for number in range(self.sizes.assets):
            account = chance.choice(self.accounts)
            type_, subtype, maker, model, product = chance.choice(self.models)
            day = (self.now - timedelta(days=chance.randint(10, 2400))).date()
            is_computer = model.startswith(("Notebook", "Desktop", "Server"))
            values.append(
                {
                    "name": f"{model.split()[0]}-{number + 1:05d}",
                    "status": chance.choices(
                        ("installed", "in_stock", "in_repair", "retired", "missing"), weights=(82, 8, 4, 5, 1)
                    )[0],
                    "business_unit": f"US{1 + number % 3:03d}",
                    "asset_id": f"{100_000 + number}",
                    "serial_number": f"{chance.choice('ABCDEFGHJK')}{chance.getrandbits(36):09X}"[:10],
                    "asset_type": type_,
                    "asset_subtype": subtype,
                    "manufacturer": maker,
                    "model": model,
                    "product": product,
                    "account": account.id,
                    "location": chance.choice(account.locations)
                    if account.locations and chance.random() < 0.4
                    else None,
                    "person": chance.choice(people[account.id]) if is_computer and account.id in people else None,
                    "hostname": f"host-{number + 1:05d}.{account.domain}" if is_computer else None,
                    "operating_system": chance.choice(SYSTEMS) if is_computer else None,
                    "memory_mb": str(chance.choice((8, 16, 32, 64)) * 1024) if is_computer else None,
                    "mac_addresses": list_of([_mac(chance)]) if is_computer else None,
                    "purchased_on": day.isoformat(),
                    "installed_on": (day + timedelta(days=chance.randint(1, 30))).isoformat(),
                    "warranty_until": (day + timedelta(days=1095)).isoformat(),
                    "cost": str(chance.randint(80, 4000)),
                    "currency": account.land.currency,
                }
            )
            of.append(account)
        for row in values:  # an asset that names no location stands at the main one
            if row["location"] is None:
                del row["location"]  # type: ignore[attr-defined]
        return list(zip(self.make("installed_asset", values), of, strict=True))

    def _phone(self, land: Land) -> str:
        return f"{land.prefix} {self.chance.randint(1000, 9999)} {self.chance.randint(100, 9999)}"


def _mac(chance: random.Random) -> str:
    return ":".join(f"{chance.getrandbits(8):02x}" for _ in range(6))
