"""The two ways in which people and programs work with the assets pack: the pages of the web, and the API.

Nothing here goes past them: what is done is done by a request, and what came of it is read from an answer.
"""

from __future__ import annotations

import re
import time
from typing import Any

from django.http import HttpResponse
from django.test import Client

from tests.server.api.conftest import Program

REFERENCES = (
    "COPY_AM_SUBTYPE",
    "MANUFACTURER_FULLSYNC",
    "LOCATION_FULLSYNC",
    "DEPARTMENT_FULLSYNC",
    "EMPLOYEE_FULLSYNC",
)
DEADLINE_S = 200.0


def until(found: Any) -> Any:
    """What `found` gives as soon as that is something."""
    end = time.monotonic() + DEADLINE_S
    while not (value := found()):
        assert time.monotonic() < end, "It did not come to that in time."
        time.sleep(0.05)
    return value


class ByApi:
    """A program with a token, and two agents with theirs."""

    def __init__(self, program: Any) -> None:
        self._admin: Program = program("administrator")
        self.agents: list[Any] = [program("agent", name=name) for name in ("Ada Byron", "Bob Cole")]

    def make(self, kind: str, **values: Any) -> str:
        return str(self._done(self._admin.post(f"/records/{kind}", {"values": values}), 201)["id"])

    def change(self, kind: str, id_: str, **values: Any) -> None:
        self._done(self._admin.patch(f"/records/{kind}/{id_}", {"values": values}))

    def delete(self, kind: str, id_: str) -> None:
        assert self._admin.delete(f"/records/{kind}/{id_}").status_code == 204

    def assets(self) -> list[dict[str, Any]]:
        """All live installed assets: their values, with `id` and `version`."""
        items = self._done(self._admin.get("/records/installed_asset?limit=200"))["items"]
        return [{**one["values"], "id": one["id"], "version": one["version"]} for one in items]

    def install(self, company: str, register_url: str) -> None:
        body = {"values": {"company": company}, "register_url": register_url}
        self._done(self._admin.post("/packs/assets/install", body), 201)

    def switch(self, unit: str) -> None:
        self._done(self._admin.post("/packs/assets/units", {"unit": unit, "is_on": True}))

    def refused(self, operation: str) -> str:
        """What is said of an operation that cannot be run."""
        answer = self._admin.post("/packs/assets/run", {"operation": operation})
        assert answer.status_code >= 400
        return str(answer.json()["detail"])

    def run(self, operation: str) -> int:
        """Runs it to its end; how many writes it came to on both sides."""
        asked = self._done(self._admin.post("/packs/assets/run", {"operation": operation}), 202)
        return self.ended(asked["run"], asked["flows"][0])

    def ended(self, run: str, flow: str) -> int:
        def look() -> Any:
            answer = self._admin.get(f"/runs/{run}")
            return answer.status_code == 200 and answer.json()["status"] in ("done", "partial") and answer.json()

        sides = until(look)["result"]["flows"][flow]["writes"].values()
        return sum(sum(side.values()) for side in sides)

    def questions(self, kind: str) -> list[dict[str, Any]]:
        return list(self._done(self._admin.get(f"/reviews?kind={kind}"))["items"])

    def answer(self, who: int, question: dict[str, Any], take: str, partner: str = "") -> str:
        """What the agent is told: empty where the answer took effect."""
        body = {"take": take, "seen": question["seen"], **({"partner": partner} if partner else {})}
        return self._told(self.agents[who], f"/reviews/{question['id']}/answer", body)

    def take_back(self, who: int, question: dict[str, Any]) -> str:
        return self._told(self.agents[who], f"/reviews/{question['id']}/undo", None)

    def _told(self, agent: Program, path: str, body: Any) -> str:
        answer = agent.post(path, body)
        if answer.status_code >= 400:
            return str(answer.json()["detail"])
        errand = answer.json()
        if answer.status_code == 202:
            path = f"/errands/{errand['id']}"
            errand = until(lambda: (one := agent.get(path).json())["status"] in ("done", "failed") and one)
        return " ".join([errand["message"], *(str(one) for one in errand["refused"])]).strip()

    @staticmethod
    def _done(answer: HttpResponse, status: int = 200) -> Any:
        assert answer.status_code == status, answer.content.decode()
        return answer.json()


class ByWeb:
    """A person at the pages, and two agents at theirs; what the pages do not show in full is read by `eyes`."""

    def __init__(self, client_of: Any, eyes: ByApi) -> None:
        self._admin: Client = client_of("administrator")
        self.agents: list[Any] = [client_of("agent", name=name) for name in ("Ada Byron", "Bob Cole")]
        self._eyes = eyes

    def make(self, kind: str, **values: Any) -> str:
        form = self._admin.get(f"/records/{kind}/new/").context["form"]
        data = {name: form[name].value() for name in form.fields}
        data = {name: value for name, value in data.items() if value not in (None, False)} | values
        answer = self._admin.post(f"/records/{kind}/new/", data)
        assert answer.status_code == 302, answer.context["form"].errors
        return str(answer["Location"].rstrip("/").rpartition("/")[2])

    def change(self, kind: str, id_: str, **values: Any) -> None:
        """The form as it is shown, with some fields written over."""
        form = self._admin.get(f"/records/{kind}/{id_}/edit/").context["form"]
        data = {name: form[name].value() for name in form.fields}
        data = {name: value for name, value in data.items() if value not in (None, False)} | values
        answer = self._admin.post(f"/records/{kind}/{id_}/edit/", data)
        assert answer.status_code == 302, answer.context["form"].errors

    def delete(self, kind: str, id_: str) -> None:
        page = self._admin.post(f"/records/{kind}/delete/", {"id": [id_]}, follow=True).content.decode()
        assert "1 record deleted." in page

    def assets(self) -> list[dict[str, Any]]:
        shown = self._admin.get("/records/installed_asset/").content.decode()
        found = self._eyes.assets()
        assert all(f"/records/installed_asset/{one['id']}/" in shown for one in found)
        return found

    def install(self, company: str, register_url: str) -> None:
        answer = self._admin.post("/packs/assets/install/", {"company": company, "register_url": register_url})
        assert answer.status_code == 302, answer.content.decode()

    def switch(self, unit: str) -> None:
        answer = self._admin.post("/packs/assets/unit/", {"unit": unit, "to": "on"}, follow=True)
        assert f"{unit} takes part from now on." in answer.content.decode()

    def refused(self, operation: str) -> str:
        answer = self._admin.post("/packs/assets/run/", {"operation": operation})
        assert answer.status_code >= 400
        return answer.content.decode()

    def run(self, operation: str) -> int:
        before = self._runs()
        answer = self._admin.post("/packs/assets/run/", {"operation": operation}, follow=True).content.decode()
        assert f"{operation} is asked for" in answer
        (run,) = until(lambda: self._runs() - before)
        writes = self._eyes.ended(run, FLOWS[operation])
        shown = self._admin.get("/packs/assets/").content.decode()
        assert f"/runs/{run}/" in shown  # the page of the pack tells how it went
        assert self._admin.get(f"/runs/{run}/").status_code == 200
        return writes

    def questions(self, kind: str) -> list[dict[str, Any]]:
        found = self._eyes.questions(kind)
        queue = self._admin.get("/review/").content.decode()
        assert all(f"/review/{one['id']}/" in queue for one in found)
        return found

    def answer(self, who: int, question: dict[str, Any], take: str, partner: str = "") -> str:
        data = {"seen": question["seen"], "query": "", "take": take, **({"partner": partner} if partner else {})}
        answer = self.agents[who].post(f"/review/{question['id']}/answer/", data, follow=True)
        return self._refusal(answer)

    def take_back(self, who: int, question: dict[str, Any]) -> str:
        return self._refusal(self.agents[who].post(f"/review/{question['id']}/undo/", follow=True))

    def reconciliation(self) -> str:
        return self.agents[0].get("/packs/assets/reconciliation/").content.decode()

    def _runs(self) -> set[str]:
        page = self._admin.get("/runs/?integration=it-assets").content.decode()
        return set(re.findall(r"/runs/([0-9a-f]{32})/", page))

    @staticmethod
    def _refusal(answer: HttpResponse) -> str:
        """Whole pages say more than what was refused: tests look for a sentence in it."""
        return answer.content.decode()


FLOWS = {
    "COPY_AM_SUBTYPE": "subtypes",
    "MANUFACTURER_FULLSYNC": "manufacturers",
    "LOCATION_FULLSYNC": "locations",
    "DEPARTMENT_FULLSYNC": "departments",
    "EMPLOYEE_FULLSYNC": "employees",
    "COPY_IT_ASSET": "assets",
    "SYNC_IT_ASSET": "assets",
}
