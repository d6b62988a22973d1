"""Real inventory agents from Debian report to a hub that listens. Rows A2, A13, A14.

Run by `make test-agents`, which needs the Debian packages fusioninventory-agent and ocsinventory-agent.
"""

from __future__ import annotations

import base64
import platform
import shutil
import subprocess
from pathlib import Path

import pytest
from django.test import Client

from tallystick.server.discovery.domain.keys import make_key
from tallystick.server.discovery.models import Device, DeviceKey, Part, Sighting
from tests.hub import signed_in

pytestmark = [pytest.mark.slow, pytest.mark.agents]
WAIT_S = 110


@pytest.fixture
def made(transactional_db, actor):
    return make_key(actor, name="Real agents")


def fusioninventory(url: str, made, folder: Path, password: str = "") -> str:
    settings = {
        "server": url,
        "user": made.key.user,
        "password": password or made.password,
        "vardir": folder,
        "tasks": "inventory",
        "no-category": "environment,process",
        "no-httpd": 1,
        "logger": "stderr",
    }
    file = folder / "agent.cfg"
    file.write_text("".join(f"{name} = {value}\n" for name, value in settings.items()))
    return run("fusioninventory-agent", f"--conf-file={file}", "--force", "--no-fork", "--debug")


def ocsinventory(url: str, made, folder: Path, password: str = "") -> str:
    options = {
        "--server": url,
        "--user": base64.b64encode(made.key.user.encode()).decode(),  # this agent reads both so
        "--password": base64.b64encode((password or made.password).encode()).decode(),
        "--realm": "Tallystick",
        "--basevardir": str(folder),
    }
    words = [word for option in options.items() for word in option]
    return run("ocsinventory-agent", "--nolocal", *words, "--force", "--debug")


AGENTS = [pytest.param(agent, id=agent.__name__) for agent in (fusioninventory, ocsinventory)]


def run(program: str, *words: str) -> str:
    where = shutil.which(program)
    if where is None:
        pytest.skip(f"There is no {program}: install the Debian package of that name.")
    done = subprocess.run([where, *words], capture_output=True, text=True, timeout=WAIT_S, check=False)
    return done.stdout + done.stderr


@pytest.mark.parametrize("report", AGENTS)
def test_agent_of_debian_reports_this_machine_once_A2(report, made, live_server, tmp_path):
    told = [report(f"{live_server.url}/inventory", made, tmp_path) for _ in range(2)]
    assert Device.objects.count() == 1, told[0][-2000:]
    device = Device.objects.get()
    assert device.hostname.split(".")[0] == platform.node().split(".")[0]
    assert device.operating_system
    assert device.memory_mb > 0
    assert Sighting.objects.get().reports == 2, told[1][-2000:]
    assert {"processor", "network"} <= set(Part.objects.values_list("kind", flat=True))
    assert device.programs.count() > 10
    page = signed_in_page(device)
    assert device.operating_system in page


@pytest.mark.parametrize("report", AGENTS)
def test_agent_installed_anew_is_the_same_machine_A13(report, made, live_server, tmp_path):
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
        report(f"{live_server.url}/inventory", made, tmp_path / name)
        DeviceKey.objects.filter(kind="agent").delete()  # as if the agent had called it otherwise
    assert Device.objects.count() == 1
    assert Sighting.objects.get().reports == 2


@pytest.mark.parametrize("report", AGENTS)
def test_agent_with_a_wrong_password_is_refused_A2(report, made, live_server, tmp_path):
    report(f"{live_server.url}/inventory", made, tmp_path, password="wrong")
    assert not Device.objects.exists()


def signed_in_page(device: Device) -> str:
    from django.contrib.auth.models import Group

    from tallystick.server.people.models import User

    user = User.objects.create(email="reader@example.org", name="Reader")
    user.groups.add(Group.objects.get(name="technician"))
    client: Client = signed_in(user)
    return client.get(f"/records/device/{device.pk}/").content.decode()
