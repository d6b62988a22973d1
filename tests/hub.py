"""Fixtures for tests of the hub: people, clients, a browser on a live server; docs/explanation/hub.md lists them.

Tests of the hub (tests/server, tests/web) run in a process of their own, because Django takes its settings once per
process and the command line has others than the hub. tests/conftest.py leaves them out of other processes.

TALLYSTICK_TEST_DATABASE_URL: a PostgreSQL database beside which the tests make theirs; else SQLite in a file.
TALLYSTICK_SHOTS: a folder for the screenshots that `check_page` makes of every page.
"""

from __future__ import annotations

import atexit
import hashlib
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

import pytest

_FOLDER: Final = Path(tempfile.mkdtemp(prefix="tallystick-hub-"))
atexit.register(shutil.rmtree, _FOLDER, ignore_errors=True)
for _name in [name for name in os.environ if name.startswith("TALLYSTICK_OIDC_")]:
    del os.environ[_name]
os.environ |= {
    "DJANGO_SETTINGS_MODULE": "tallystick.server.settings",
    "DJANGO_ALLOW_ASYNC_UNSAFE": "1",  # Playwright has an event loop in the test's thread
    "TALLYSTICK_DATA": str(_FOLDER),
    "TALLYSTICK_DATABASE_URL": os.environ.get("TALLYSTICK_TEST_DATABASE_URL") or f"sqlite:///{_FOLDER / 'hub.db'}",
    "TALLYSTICK_SECRET_KEYS": "a-key-of-the-tests-with-32-characters-or-more",
    "TALLYSTICK_ADDRESS": "",
    "TALLYSTICK_DEBUG": "",
}

import django  # noqa: E402

django.setup()

from django.apps import apps  # noqa: E402
from django.conf import settings  # noqa: E402
from django.contrib.auth.models import Group  # noqa: E402
from django.db import connection, connections  # noqa: E402
from django.test import Client  # noqa: E402
from django.utils import translation  # noqa: E402

from tallystick.server.people.actor import Actor, actor_of, all_permissions  # noqa: E402
from tallystick.server.people.domain.roles import Role  # noqa: E402
from tallystick.server.people.models import User  # noqa: E402

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

_DEFAULT = connections.settings["default"]
settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # a safe one takes half a second
if connection.vendor == "sqlite":
    _DEFAULT["OPTIONS"]["init_command"] += "; PRAGMA synchronous = OFF"  # the tests survive no power cut
    _DEFAULT["TEST"]["NAME"] = str(_FOLDER / "test.db")  # a file, as threads of the live server need

CHROMIUM: Final = "/usr/bin/chromium"
PATIENCE_MS: Final = 60_000
"""How long a page may take on a machine that is busy with other things; no test measures time."""
BACKEND: Final = "tallystick.server.people.backend.Backend"
NARROW: Final = {"width": 390, "height": 844}
WIDE: Final = {"width": 1280, "height": 800}
PASSWORD: Final = "notched across, split in two"


@pytest.fixture(autouse=True)
def in_english() -> Iterator[None]:
    """A thread keeps the language of the last page that was asked of it."""
    with translation.override("en"):
        yield


# --- the database: migrated once per set of migrations on SQLite, then copied


@pytest.fixture(scope="session")
def django_db_keepdb() -> bool:
    """What is copied is brought up to date, not made anew."""
    return connection.vendor == "sqlite"


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings_parallel_suffix: None) -> None:
    if connection.vendor == "sqlite" and migrated().exists():
        shutil.copyfile(migrated(), connection.settings_dict["TEST"]["NAME"])


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any) -> None:
    if connection.vendor != "sqlite" or migrated().exists():
        return
    with django_db_blocker.unblock():
        connection.close()
        made = Path(tempfile.mkstemp(dir=migrated().parent)[1])
        with sqlite3.connect(connection.settings_dict["NAME"]) as source, sqlite3.connect(made) as target:
            source.backup(target)
        made.replace(migrated())


@cache
def migrated() -> Path:
    """A file beside the others of this machine's temporary folder, named by what the migrations hold."""
    digest = hashlib.sha256(django.get_version().encode())
    for config in apps.get_app_configs():
        for file in sorted(Path(config.path).glob("migrations/*.py")):
            digest.update(file.name.encode() + file.read_bytes())
    return Path(tempfile.gettempdir()) / f"tallystick-migrated-{digest.hexdigest()[:16]}.db"


@pytest.fixture(autouse=True)
def fresh_codes() -> Iterator[None]:
    """What a test made of the code sets goes with its transaction."""
    from tallystick.server.records import kept_codes

    kept_codes.forget()
    yield
    kept_codes.forget()


@pytest.fixture
def state_url(db: None) -> str:
    """The address of the tests' database, as `open_store` takes it: the store then uses Django's own alias."""
    kept = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{kept['NAME']}"
    names = {"user": "USER", "password": "PASSWORD", "host": "HOST", "port": "PORT"}
    parts = {name: str(kept[key]) for name, key in names.items() if kept[key]}  # in the query: a host may be a path
    return f"postgresql:///{kept['NAME']}?{urlencode(parts)}"


@pytest.fixture
def person(db: None) -> Callable[..., User]:
    """Makes a person: `person("agent")`, `person("agent", name="Ada", language="ru")`; "" has no role."""

    def make(role: str = Role.ADMINISTRATOR, **fields: Any) -> User:
        number = User.objects.count() + 1
        name = fields.pop("name", f"{role.capitalize() or 'Nobody'} {number}")
        email = fields.pop("email", f"person{number}@example.org")
        user = User(email=email, name=name, **fields)
        user.set_password(PASSWORD)
        user.save()
        if role:
            user.groups.add(Group.objects.get(name=role))
        return user

    return make


@pytest.fixture
def actor(person: Callable[..., User]) -> Actor:
    """An administrator in the web."""
    return actor_of(person(Role.ADMINISTRATOR, name="Ada Byron"))


@pytest.fixture
def actor_with(db: None) -> Callable[..., Actor]:
    """An actor with these permissions alone: `actor_with("records.view_account")`; unknown ones are refused."""

    def make(*permissions: str, person: int | None = None, name: str = "Somebody", via: str = "web") -> Actor:
        if unknown := set(permissions) - all_permissions():
            raise LookupError(f"There are no such permissions: {sorted(unknown)}.")
        return Actor(person=person, name=name, permissions=frozenset(permissions), via=via)

    return make


@pytest.fixture
def client_of(person: Callable[..., User]) -> Callable[..., Client]:
    """A test client signed in as a new person of this role: `client_of("agent")`; its person is `client.person`."""

    def make(role: str = Role.ADMINISTRATOR, **fields: Any) -> Client:
        return signed_in(person(role, **fields))

    return make


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user, backend=BACKEND)
    client.person = user  # type: ignore[attr-defined]
    return client


# --- the browser


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    if not Path(CHROMIUM).exists():
        if os.environ.get("CI"):
            pytest.fail("CI must test pages, and there is no Chromium: run `make deps-system`.")
        pytest.skip("There is no Chromium; `make deps-system` installs it.")
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"]
        )
        yield browser
        browser.close()


@pytest.fixture
def open_page(
    chromium: Browser, live_server: Any, person: Callable[..., User], request: pytest.FixtureRequest
) -> Iterator[Callable[..., Page]]:
    """A browser page on the live server, signed in: `open_page("/people/", role="administrator", theme="dark")`.

    `user` signs in that person, `role=""` nobody; `is_narrow` is 390 px wide. What the page says to the console as an
    error, or loads from elsewhere, fails the test when it ends.
    """
    contexts: list[Any] = []
    faults: list[str] = []

    def make(
        path: str = "/",
        *,
        role: str = Role.ADMINISTRATOR,
        user: User | None = None,
        theme: str = "light",
        is_narrow: bool = False,
        language: str = "en",
    ) -> Page:
        context = chromium.new_context(
            base_url=live_server.url,
            viewport=NARROW if is_narrow else WIDE,
            color_scheme="dark" if theme == "dark" else "light",
            reduced_motion="reduce",
            locale=language,
        )
        contexts.append(context)
        context.set_default_timeout(PATIENCE_MS)
        if user is None and role:
            user = person(role, language=language)
        if user is not None:
            cookie = signed_in(user).cookies[settings.SESSION_COOKIE_NAME]
            context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": live_server.url}])
        page = context.new_page()
        page.on("console", lambda told: faults.append(told.text) if told.type == "error" else None)
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("request", lambda asked: _is_ours(asked.url, live_server.url) or faults.append(f"loads {asked.url}"))
        page.goto(path)
        return page

    yield make
    for context in contexts:
        context.close()
    expected = request.node.get_closest_marker("console_errors")
    assert expected is not None or faults == []


def _is_ours(url: str, ours: str) -> bool:
    return url.startswith((ours, "data:", "blob:", "about:"))


@pytest.fixture
def check_page(request: pytest.FixtureRequest) -> Callable[..., None]:
    """Fails when a page has a serious fault of accessibility or is wider than the window; makes its screenshot.

    `rules`: of axe, where not all of them.
    """
    from axe_playwright_python.sync_playwright import Axe

    shots = os.environ.get("TALLYSTICK_SHOTS")

    def check(page: Page, name: str = "", *, rules: tuple[str, ...] = ()) -> None:
        page.evaluate("document.fonts.ready")
        if shots:
            Path(shots).mkdir(parents=True, exist_ok=True)
            title = name or request.node.name
            page.screenshot(path=Path(shots) / f"{title.replace('/', '_')}.png", full_page=True)
        options: dict[str, Any] = {"resultTypes": ["violations"]}
        if rules:
            options["runOnly"] = {"type": "rule", "values": list(rules)}
        found = Axe().run(page, options=options)
        grave = [
            f"{fault['id']}: {fault['help']}: {node['html'][:200]} ({node.get('failureSummary', '')[:300]})"
            for fault in found.response["violations"]
            if fault["impact"] in ("serious", "critical")
            for node in fault["nodes"]
        ]
        assert grave == []
        wider = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wider <= 0, f"the page is {wider} px wider than the window"

    return check


@pytest.fixture
def check_looks(open_page: Callable[..., Page], check_page: Callable[..., None], person: Callable[..., User]) -> Any:
    """`check_looks("/people/", "people")`: the page in light, dark and 390 px; gives the wide light page."""

    def check(path: str, name: str, **options: Any) -> Page:
        if "user" not in options and options.get("role", "x"):
            options["user"] = person(options.pop("role", Role.ADMINISTRATOR))
        light = open_page(path, **options)
        check_page(light, f"{name}-light")
        dark = open_page(path, **options, theme="dark")
        check_page(dark, f"{name}-dark", rules=("color-contrast",))  # nothing else is different in the dark
        dark.context.close()
        narrow = open_page(path, **options, is_narrow=True)
        check_page(narrow, f"{name}-narrow")
        narrow.context.close()
        return light

    return check
