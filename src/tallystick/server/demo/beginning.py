"""What the demo has made when it begins: people, records, a register, an address book, two integrations.

Each part is made once; a demo that is started again goes on where it was.
"""

from __future__ import annotations

import random
import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Final

from tallystick.server.demo.address_book import USER, AddressBook
from tallystick.server.demo.people import Person as Entry
from tallystick.server.demo.register import STORES, Asset, Register

ADMINISTRATOR: Final = "demo@tallystick.example"
AGENT: Final = "olga@tallystick.example"
KNOWN_ON_PHONES: Final = 50
SEED: Final = 1042
Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class SignIn:
    email: str
    password: str


def make_people(data: Path) -> SignIn:
    """An administrator and an agent; the password is kept in the data folder, for the next start to tell again."""
    from tallystick.server.people.actor import system_actor
    from tallystick.server.people.domain.roles import Role
    from tallystick.server.people.domain.users import create_user
    from tallystick.server.people.models import User

    kept = data / "sign-in"
    if not kept.is_file():
        kept.touch(mode=0o600)
        kept.write_text(secrets.token_urlsafe(9) + "\n", encoding="ascii")
    password = kept.read_text(encoding="ascii").strip()
    actor = system_actor("Demo", via="first start")
    for email, name, role in (
        (ADMINISTRATOR, "Demo", Role.ADMINISTRATOR),
        (AGENT, "Olga Sokolova", Role.AGENT),
    ):
        if not User.objects.filter(email=email).exists():
            create_user(actor, email=email, name=name, roles=[role.value], password=password)
    return SignIn(email=ADMINISTRATOR, password=password)


def make_records(tell: Tell) -> None:
    """2,000 accounts, 10,000 people, 20,000 assets and the work there is with them."""
    from tallystick.server.records.models import Account
    from tallystick.server.records.samples.fill import fill

    if Account.objects.exists():
        return
    heard: set[str] = set()

    def hear(what: str, _count: int) -> None:
        if what not in heard:
            heard.add(what)
            tell(f"Sample records: {what.replace('_', ' ')} …")

    fill(tell=hear)


def make_register(register: Register, tell: Tell) -> None:
    from tallystick.server.records.models import InstalledAsset

    if register.is_there:
        return
    assets = [
        Asset(
            name=one.name,
            unit=one.business_unit or STORES,
            serial_number=one.serial_number or "",
            model=one.model or "",
            status=one.status,
            cost=str(one.cost) if one.cost is not None else None,
            warranty_until=str(one.warranty_until) if one.warranty_until else None,
        )
        for one in InstalledAsset.objects.order_by("pk").iterator()
    ]
    count = register.fill(assets[: -max(len(assets) // 200, 1)], random.Random(SEED))  # noqa: S311
    tell(f"The asset register, a database of its own, holds {count:,} assets.")


def make_address_book(book: AddressBook, tell: Tell) -> None:
    """Most colleagues are on the telephones already, and three people whom the hub does not know."""
    if book.is_there:
        return
    colleagues = [_entry(one) for one in _colleagues()]
    strangers = [
        Entry(
            number=9_000 + number,
            first_name=first,
            last_name=last,
            company="",
            job_title="Courier",
            email=f"courier{number}@parcel.example",
            phone=f"+49 555 90{number:02d}",
            mobile="",
            city="",
            note="",
        )
        for number, (first, last) in enumerate((("Tarık", "Yıldız"), ("Zofia", "Wójcik"), ("海", "鈴木")))
    ]
    count = book.fill([*colleagues[:KNOWN_ON_PHONES], *strangers])
    tell(f"The address book on the telephones, a CardDAV server, holds {count} cards.")


def make_integrations(book: AddressBook) -> list[str]:
    """Imports the two files, as anybody may; the names of those that are new."""
    from tallystick.server.connections.domain.change import connection_of, edit
    from tallystick.server.designer.domain.standing import enable
    from tallystick.server.designer.domain.transfer import import_file
    from tallystick.server.designer.models import Integration
    from tallystick.server.people.actor import actor_of
    from tallystick.server.people.models import User

    actor = actor_of(User.objects.get(email=ADMINISTRATOR))
    values: Mapping[str, str] = {"ADDRESS_BOOK_URL": book.url, "secret:address-book": book.password}
    new: list[str] = []
    for file in sorted(resources.files("tallystick.server.demo").joinpath("integrations").iterdir(), key=str):
        name = file.name.removesuffix(".yaml")
        if not Integration.objects.filter(name=name).exists():
            import_file(actor, file.read_text(encoding="utf-8"), values=values)
            enable(actor, name)
            new.append(name)
    phones = connection_of("phones")
    if phones.settings.get("url") != book.url:  # the port it had was taken
        edit(actor, "phones", settings={"url": book.url, "username": USER, "password": book.password})
    return new


@contextmanager
def worker() -> Iterator[None]:
    """On SQLite the hub has one beside the web; on PostgreSQL the demo starts one as well."""
    from django.db import connection

    from tallystick.server.designer.worker import start_worker

    if connection.vendor == "sqlite":
        yield
        return
    running = start_worker()
    try:
        yield
    finally:
        running.stop()


def run_all(names: list[str]) -> None:
    """Asks for a run of each."""
    from tallystick.server.designer.domain.standing import run_now
    from tallystick.server.people.actor import actor_of
    from tallystick.server.people.models import User

    actor = actor_of(User.objects.get(email=ADMINISTRATOR))
    for name in names:
        run_now(actor, name, is_full=True)


def _colleagues() -> list[object]:
    from tallystick.server.records.models import Person

    return list(Person.objects.filter(roles__contains="worker", gone_at__isnull=True).order_by("pk"))


def _entry(one: object) -> Entry:
    def text(name: str) -> str:
        return getattr(one, name) or ""

    return Entry(
        number=int(text("number") or 0),
        first_name=text("first_name"),
        last_name=text("last_name"),
        company="",
        job_title=text("job_title"),
        email=text("email1"),
        phone=text("phone_work"),
        mobile=text("phone_mobile"),
        city="",
        note="",
    )
